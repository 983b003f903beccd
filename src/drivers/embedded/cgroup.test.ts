import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Cgroups, cgroupTrees } from './cgroup.js'
import { chooseMechanism } from './mechanism.js'

/** A directory that stands for a control group tree: files are written and read, no kernel makes or heeds them. */
let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'halftone-cgroup-'))
})
// a process may still be on its way into a group
afterEach(() => rmSync(root, { recursive: true, force: true, maxRetries: 20, retryDelay: 10 }))

const read = (...path: string[]): string => readFileSync(join(root, ...path), 'utf8')
const own = process.pid

describe('control groups, v2', () => {
  const open = () => new Cgroups({ version: 2, cpu: root }, 'halftone-x', 4)

  it('gives the tasks’ groups the cpu controller, and the cluster’s weight by its slots', () => {
    open()
    expect(read('halftone-x', 'cgroup.subtree_control')).toBe('+cpu')
    expect(read('halftone-x', 'cpu.weight')).toBe('4000')
  })

  it('writes the share of a task as microseconds of quota in every period, and its weight with it', () => {
    const groups = open()
    groups.begin('j1/0/3/1', own, 0.4)
    expect(read('halftone-x', 'j1.0.3.1', 'cpu.max')).toBe('8000 20000')
    expect(read('halftone-x', 'j1.0.3.1', 'cpu.weight')).toBe('400')
    groups.setShare('j1/0/3/1', 1)
    expect(read('halftone-x', 'j1.0.3.1', 'cpu.max')).toBe('20000 20000')
  })

  it('never writes a quota below the least that the kernel takes', () => {
    const groups = open()
    groups.begin('j1/0/0/1', own, 0.01)
    expect(read('halftone-x', 'j1.0.0.1', 'cpu.max')).toBe('1000 20000')
  })

  it('moves the process of the task into its group and reads its processor time from cpu.stat', async () => {
    const groups = open()
    groups.begin('j1/0/0/1', own, 0.4)
    const stat = join('halftone-x', 'j1.0.0.1')
    writeFileSync(join(root, stat, 'cpu.stat'), 'usage_usec 2500000\nuser_usec 2000000\nsystem_usec 500000\n')
    expect(groups.cpuSeconds('j1/0/0/1')).toBeUndefined()
    while (groups.cpuSeconds('j1/0/0/1') === undefined) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(read(stat, 'cgroup.procs')).toMatch(/^\d+$/)
    // what it had used before it was in the group is counted, the group’s own count not twice
    expect(groups.cpuSeconds('j1/0/0/1')!).toBeGreaterThanOrEqual(2.5)
  })
})

describe('control groups, v1', () => {
  const open = () => {
    for (const name of ['cpu', 'cpuacct']) mkdirSync(join(root, name))
    return new Cgroups({ version: 1, cpu: join(root, 'cpu'), accounting: join(root, 'cpuacct') }, 'halftone-x', 2)
  }

  it('writes quota, period and shares, and reads the processor time in the other hierarchy', async () => {
    const groups = open()
    groups.begin('j2/1/0/1', own, 0.25)
    const at = join('halftone-x', 'j2.1.0.1')
    expect(read('cpu', at, 'cpu.cfs_quota_us')).toBe('5000')
    expect(read('cpu', at, 'cpu.cfs_period_us')).toBe('20000')
    expect(read('cpu', at, 'cpu.shares')).toBe('2560')
    writeFileSync(join(root, 'cpuacct', at, 'cpuacct.usage'), '1500000000\n')
    while (groups.cpuSeconds('j2/1/0/1') === undefined) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(groups.cpuSeconds('j2/1/0/1')!).toBeGreaterThanOrEqual(1.5)
  })

  it('removes groups of tasks that nobody knows, and no others', () => {
    const groups = open()
    for (const name of ['j1.0.0.1', 'j1.0.1.1']) mkdirSync(join(root, 'cpu', 'halftone-x', name))
    mkdirSync(join(root, 'cpu', 'somebody-else'))
    expect(groups.removeStrangers((name) => name === 'j1/0/1/1')).toBe(1)
    expect(readdirSync(join(root, 'cpu', 'halftone-x')).filter((name) => name.startsWith('j'))).toEqual(['j1.0.1.1'])
    expect(existsSync(join(root, 'cpu', 'somebody-else'))).toBe(true)
  })
})

describe('where groups may be made', () => {
  it('is below the group that this process is in, of what is mounted here', () => {
    const mounts = [
      '32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu',
      '33 31 0:30 /docker/abc /sys/fs/cgroup/cpuacct rw,relatime - cgroup cgroup rw,cpuacct',
      '30 23 0:26 / /proc rw - proc proc rw',
    ].join('\n')
    const trees = cgroupTrees(mounts, '2:cpuacct:/docker/abc/inner\n1:cpu:/mine\n0::/\n')
    expect(trees).toEqual([{ version: 1, cpu: '/sys/fs/cgroup/cpu/mine', accounting: '/sys/fs/cgroup/cpuacct/inner' }])
  })

  it('is the v2 tree where its cpu controller is there, and nowhere without', () => {
    const mounts = `41 31 0:38 / ${root} rw,relatime - cgroup2 cgroup2 rw`
    expect(cgroupTrees(mounts, '0::/\n')).toEqual([])
    writeFileSync(join(root, 'cgroup.controllers'), 'cpuset cpu io memory\n')
    expect(cgroupTrees(mounts, '0::/\n')).toEqual([{ version: 2, cpu: root }])
  })
})

describe('the choice of a mechanism', () => {
  it('falls back to signals and says why, where no tree is there, none may be used, or one has no quota', () => {
    const settings = { cgroups: 'auto', group: 'halftone-x', slots: 2 } as const
    const none = chooseMechanism(settings, [])
    expect([none.control.mechanism, none.note]).toEqual([
      'duty cycle by signals',
      'there is no control group tree with the cpu controller here',
    ])
    const never = chooseMechanism({ ...settings, cgroups: 'never' }, [{ version: 2, cpu: root }])
    expect(never.note).toBe('control groups were not to be used')
    const absent = chooseMechanism(settings, [
      { version: 1, cpu: join(root, 'cgroup.procs', 'no-directory') },
      { version: 2, cpu: root },
    ])
    expect(absent.control.mechanism).toBe('duty cycle by signals')
    expect(absent.note).toMatch(/cgroup v1: .*; cgroup v2: /)
  })
})
