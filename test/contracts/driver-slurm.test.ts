import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { slurmDriver } from '../../src/drivers/slurm/index.js'
import type { Driver } from '../../src/model/index.js'
import { realClock } from '../support/slurm/clock.js'
import { slurmIsMissing, startSlurm } from '../support/slurm/cluster.js'
import { driverContract, noteCommand } from './driver.js'

for (const rest of [false, true]) {
  const name = rest ? 'Slurm through slurmrestd' : 'Slurm by its command-line tools'
  const missing = slurmIsMissing({ rest })
  if (missing !== undefined) {
    describe(name, () => it.skip(`keeps the laws of a driver (skipped: ${missing})`))
    continue
  }
  driverContract(
    name,
    async () => {
      const cluster = await startSlurm({ nodes: 2, processors: 2, rest })
      const spool = mkdtempSync(join(cluster.directory, 'spool-'))
      const open = (): Driver =>
        slurmDriver({
          clock: realClock,
          spool,
          conf: cluster.conf,
          ...(rest ? { rest: cluster.rest } : {}),
          quota: { normalShare: 0.5 },
        })
      return {
        driver: open(),
        runCommandFor: noteCommand,
        again: async () => open(),
        close: cluster.stop,
      }
    },
    { patienceSeconds: 30 },
  )
}
