/**
 * Speed by control groups: one group for each task that runs, below a group of the cluster’s own. The kernel lets the processes of a group run for so many
 * microseconds in every period, and counts their processor time. The shares (v1) or weight (v2) go with the quota, since a quota alone gives nothing
 * where others want the processors too.
 *
 * A task is moved into its group while it runs already: moving waits for the kernel for some milliseconds, in which no slot should stand idle, so the
 * first of them run at full speed. Children that it made before are moved after it.
 *
 * v1: `cpu.cfs_quota_us`, `cpu.cfs_period_us`, `cpu.shares`, and `cpuacct.usage` in the hierarchy of cpuacct.
 * v2: `cpu.max`, `cpu.weight`, `cpu.stat`. Source: the kernel’s admin-guide, cgroup-v1/cpuacct, scheduler/sched-bwc and cgroup-v2.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cpuSecondsOf, descendantsOf, signal } from './processes.js'
import type { SpeedControl } from './speed.js'

/** Short, so that a task of some tenths of a second is slowed down evenly. */
const PERIOD_MICROSECONDS = 20_000
/** The kernel takes no smaller quota. */
const LEAST_QUOTA_MICROSECONDS = 1_000

/** Where groups can be made, and what is written into them. */
export interface CgroupTree {
  readonly version: 1 | 2
  /** Of the cpu controller. */
  readonly cpu: string
  /** Of the cpuacct controller, which v2 has not. */
  readonly accounting?: string
}

interface Grouped {
  readonly pid: number
  share: number
  paused: boolean
  moved: boolean
  /** Processor seconds that the task had used before it was in its group. */
  before: number
}

export class Cgroups implements SpeedControl {
  readonly mechanism: string
  private readonly tasks = new Map<string, Grouped>()
  private readonly own: readonly string[]

  /** `name` is that of the cluster’s own group; throws where it cannot be made. */
  constructor(
    private readonly tree: CgroupTree,
    name: string,
    slots: number,
  ) {
    this.mechanism = `cgroup v${tree.version} quota`
    this.own = [tree.cpu, ...(tree.accounting === undefined ? [] : [tree.accounting])].map((path) => join(path, name))
    for (const path of this.own) mkdirSync(path, { recursive: true })
    this.setWeight(this.own[0]!, slots)
    if (tree.version === 2) writeFileSync(join(this.own[0]!, 'cgroup.subtree_control'), '+cpu')
  }

  begin(name: string, pid: number, share: number): void {
    const task: Grouped = { pid, share, paused: false, moved: false, before: 0 }
    this.tasks.set(name, task)
    for (const path of this.groupsOf(name)) mkdirSync(path, { recursive: true })
    this.writeShare(name, share)
    void this.move(name, task)
  }

  setShare(name: string, share: number): void {
    const task = this.tasks.get(name)
    if (task === undefined || task.share === share) return
    task.share = share
    this.writeShare(name, share)
  }

  pause(name: string): void {
    this.signalAll(name, 'SIGSTOP')
  }

  goOn(name: string): void {
    this.signalAll(name, 'SIGCONT')
  }

  cpuSeconds(name: string): number | undefined {
    const task = this.tasks.get(name)
    if (task === undefined || !task.moved) return undefined
    const used = this.usage(name)
    return used === undefined ? undefined : task.before + used
  }

  members(name: string): readonly number[] {
    return membersOf(this.groupsOf(name)[0]!)
  }

  end(name: string): void {
    this.tasks.delete(name)
    for (const path of this.groupsOf(name)) removeGroup(path)
  }

  close(): void {
    this.tasks.clear()
    for (const path of this.own) removeTree(path)
  }

  /** Groups of tasks that nobody knows any more, and all that runs in them, are removed; left by a daemon that died. */
  removeStrangers(known: (name: string) => boolean): number {
    let removed = 0
    for (const [nth, path] of this.own.entries())
      for (const group of groupsIn(path)) {
        if (known(nameOf(group))) continue
        for (const pid of membersOf(join(path, group))) signal(pid, 'SIGKILL')
        removeGroup(join(path, group))
        if (nth === 0) removed++
      }
    return removed
  }

  private async move(name: string, task: Grouped): Promise<void> {
    // who is moved may have children already, and those may have more by the time they are
    const moved = new Set<number>()
    for (let left = [task.pid]; left.length > 0; left = descendantsOf(task.pid).filter((pid) => !moved.has(pid)))
      for (const pid of left) {
        moved.add(pid)
        await Promise.all(
          this.groupsOf(name).map((path) => writeFile(join(path, 'cgroup.procs'), String(pid)).catch(() => undefined)),
        )
      }
    if (this.tasks.get(name) !== task) {
      // it ended in the meantime
      if (!this.tasks.has(name)) for (const path of this.groupsOf(name)) removeGroup(path)
      return
    }
    task.before = Math.max(0, (cpuSecondsOf(task.pid) ?? 0) - (this.usage(name) ?? 0))
    task.moved = true
  }

  private groupsOf(name: string): readonly string[] {
    return this.own.map((path) => join(path, groupOf(name)))
  }

  private usage(name: string): number | undefined {
    const [cpu, accounting] = this.groupsOf(name)
    if (this.tree.version === 1) {
      const text = accounting && readText(join(accounting, 'cpuacct.usage'))
      return text ? Number(text) / 1e9 : undefined
    }
    const match = /^usage_usec (\d+)/m.exec(readText(join(cpu!, 'cpu.stat')))
    return match ? Number(match[1]) / 1e6 : undefined
  }

  private writeShare(name: string, share: number): void {
    const path = this.groupsOf(name)[0]!
    const quota = Math.max(LEAST_QUOTA_MICROSECONDS, Math.round(share * PERIOD_MICROSECONDS))
    if (this.tree.version === 1) {
      writeFileSync(join(path, 'cpu.cfs_period_us'), String(PERIOD_MICROSECONDS))
      writeFileSync(join(path, 'cpu.cfs_quota_us'), String(quota))
    } else writeFileSync(join(path, 'cpu.max'), `${quota} ${PERIOD_MICROSECONDS}`)
    this.setWeight(path, share)
  }

  /** Ten times what a group of `processors` processors has by default, so that tasks get their quota beside other work. */
  private setWeight(path: string, processors: number): void {
    if (this.tree.version === 1)
      writeFileSync(join(path, 'cpu.shares'), String(Math.min(262_144, Math.round(10_240 * processors))))
    else writeFileSync(join(path, 'cpu.weight'), String(Math.min(10_000, Math.max(1, Math.round(1_000 * processors)))))
  }

  private signalAll(name: string, which: NodeJS.Signals): void {
    const task = this.tasks.get(name)
    if (task === undefined) return
    signal(-task.pid, which)
    for (const pid of this.members(name)) signal(pid, which)
  }
}

/** Trees that this process may make groups in, the first of them to be tried first. */
export function cgroupTrees(
  mountInfo = readText('/proc/self/mountinfo'),
  ownGroups = readText('/proc/self/cgroup'),
): CgroupTree[] {
  const mounts = mountInfo.split('\n').flatMap((line) => {
    const [before, after] = line.split(' - ')
    if (after === undefined) return []
    const [type, , options] = after.split(' ')
    return [{ path: before!.split(' ')[4]!, root: before!.split(' ')[3]!, type, options: (options ?? '').split(',') }]
  })
  const groups = ownGroups.split('\n').map((line) => line.split(':'))
  const own = (controller: string): string =>
    groups.find(([, controllers]) => controllers!.split(',').includes(controller))?.[2] ?? '/'
  /** Where this process is in the hierarchy, below what of it is mounted here. */
  const inside = (mount: { readonly path: string; readonly root: string }, group: string): string =>
    join(mount.path, group.startsWith(mount.root) ? group.slice(mount.root.length) : '')
  const v1 = (controller: string) => mounts.find(({ type, options }) => type === 'cgroup' && options.includes(controller))
  const [cpu, accounting, unified] = [v1('cpu'), v1('cpuacct'), mounts.find(({ type }) => type === 'cgroup2')]
  const trees: CgroupTree[] = []
  if (cpu) {
    const path = inside(cpu, own('cpu'))
    trees.push({ version: 1, cpu: path, ...(accounting ? { accounting: inside(accounting, own('cpuacct')) } : {}) })
  }
  if (unified) {
    const path = inside(unified, groups.find(([id]) => id === '0')?.[2] ?? '/')
    if (readText(join(path, 'cgroup.controllers')).split(/\s+/).includes('cpu')) trees.push({ version: 2, cpu: path })
  }
  return trees
}

/** A control group by its path, given to us to make groups in. */
export function cgroupTreeAt(path: string): CgroupTree {
  return { version: existsSync(join(path, 'cgroup.controllers')) ? 2 : 1, cpu: path }
}

/** Slashes part the name of an attempt, and directories. */
function groupOf(name: string): string {
  return name.replaceAll('/', '.')
}

function nameOf(group: string): string {
  return group.replaceAll('.', '/')
}

function groupsIn(path: string): string[] {
  if (!existsSync(path)) return []
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
}

function membersOf(path: string): number[] {
  return readText(join(path, 'cgroup.procs')).split('\n').filter(Boolean).map(Number)
}

/** A group can be removed only once nobody is in it: the last of its processes may be just on their way out. */
function removeGroup(path: string, tries = 50): void {
  try {
    rmdirSync(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EBUSY' && tries > 0) setTimeout(() => removeGroup(path, tries - 1), 20).unref()
  }
}

function removeTree(path: string): void {
  for (const group of groupsIn(path)) removeGroup(join(path, group), 0)
  removeGroup(path, 0)
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
