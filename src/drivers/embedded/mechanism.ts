/** Which way to control speeds there is here: the best that can really be written to. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Cgroups, type CgroupTree } from './cgroup.js'
import { DutyCycle } from './duty-cycle.js'
import type { SpeedControl } from './speed.js'

export interface Mechanism {
  readonly control: SpeedControl
  /** Removes what a daemon before this one left; how many groups. */
  removeStrangers(known: (name: string) => boolean): number
  /** Why it is not a better one. */
  readonly note?: string
}

export interface MechanismSettings {
  readonly cgroups: 'auto' | 'never'
  /** Name of the cluster’s own group. */
  readonly group: string
  readonly slots: number
}

/** Tries the trees in turn; without one that can be written to, tasks are stopped and continued by signals. */
export function chooseMechanism({ cgroups, group, slots }: MechanismSettings, trees: readonly CgroupTree[]): Mechanism {
  const byHand = (note: string): Mechanism => ({ control: new DutyCycle(), removeStrangers: () => 0, note })
  if (cgroups === 'never') return byHand('control groups were not to be used')
  const reasons: string[] = []
  for (const tree of trees) {
    try {
      const control = new Cgroups(tree, group, slots)
      refusesQuota(tree, group)
      return { control, removeStrangers: (known) => control.removeStrangers(known) }
    } catch (error) {
      reasons.push(`cgroup v${tree.version}: ${(error as Error).message}`)
    }
  }
  return byHand(reasons.length === 0 ? 'there is no control group tree with the cpu controller here' : reasons.join('; '))
}

/** Throws where the group has no file for a quota: the controller is not there although the directory could be made. */
function refusesQuota({ version, cpu }: CgroupTree, group: string): void {
  const file = join(cpu, group, version === 1 ? 'cpu.cfs_quota_us' : 'cgroup.procs')
  if (!existsSync(file)) throw new Error(`${file} is not there`)
  readFileSync(file)
}
