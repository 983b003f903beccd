import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { embeddedDriver, startEmbedded } from 'halftone/drivers'
import { isRefusal } from '../../src/model/index.js'
import { type DriverUnderTest, noteCommand } from '../contracts/driver.js'

/** An embedded cluster of two nodes with two slots each, in a directory that goes with it. */
export async function embeddedUnderTest(cgroups: 'auto' | 'never'): Promise<DriverUnderTest> {
  const directory = mkdtempSync(join(tmpdir(), 'halftone-embedded-'))
  const cluster = await startEmbedded({ directory, slots: 4, nodes: 2, normalShare: 0.5, cgroups, calibrate: false })
  if (isRefusal(cluster)) throw new Error(cluster.message)
  return {
    driver: cluster.driver,
    runCommandFor: noteCommand,
    async again() {
      const driver = await embeddedDriver({ socket: cluster.socket })
      if (isRefusal(driver)) throw new Error(driver.message)
      return driver
    },
    async close() {
      await cluster.stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
