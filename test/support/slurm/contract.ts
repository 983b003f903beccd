import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { slurmDriver, systemClock } from '../../../src/drivers/index.js'
import type { Driver } from '../../../src/model/index.js'
import { driverContract, noteCommand } from '../../contracts/driver.js'
import { slurmIsMissing, startSlurm } from './cluster.js'

/** Holds the Slurm driver to the laws of a driver, on a cluster of its own. */
export function slurmContract(name: string, { rest }: { readonly rest: boolean }): void {
  const missing = slurmIsMissing({ rest })
  if (missing !== undefined) {
    describe(name, () => it.skip(`keeps the laws of a driver (skipped: ${missing})`))
    return
  }
  driverContract(
    name,
    async () => {
      const cluster = await startSlurm({ rest })
      const spool = mkdtempSync(join(cluster.directory, 'spool-'))
      const open = (): Driver =>
        slurmDriver({
          clock: systemClock,
          spool,
          conf: cluster.conf,
          ...(rest ? { rest: cluster.rest } : {}),
          quota: { normalShare: 0.5 },
        })
      const driver = open()
      // a driver that fell back to the tools would pass, and prove nothing of slurmrestd
      const [through] = (await driver.capabilities()).through
      expect(through!.includes('through slurmrestd')).toBe(rest)
      return { driver, runCommandFor: noteCommand, again: async () => open(), close: cluster.stop }
    },
    { patienceSeconds: 30 },
  )
}
