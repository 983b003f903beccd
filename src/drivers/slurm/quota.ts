/**
 * Speed by quota of processor time: every task enters a control group of its own as it starts, held to `normalShare` of a core for each of its
 * processors; a sprint raises the quota, and the group’s weight with it, since under load a quota alone gives nothing. Children inherit
 * the group. It works where the tasks run on this host and the cpu controller may be written to; anything else is refused with the reason.
 *
 * cgroup v1: cpu.cfs_quota_us and cpu.shares. v2: cpu.max and cpu.weight.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { type Refusal, refuse } from '../../model/index.js'
import type { NodeRow } from './row.js'
import type { QuotaSettings } from './settings.js'
import type { Site } from './site.js'

const PERIOD = 100_000
const LEAST_SHARE = 0.02

export interface TaskGroup {
  readonly key: string
  readonly stage: string
  readonly task: number
}

export interface Quota {
  readonly mechanism: string
  readonly least: number
  readonly most: number
  /** What a task’s script needs to enter its group at a speed. */
  groupFile(speed: number, processors: number): string
  /** Sets the quota of all groups of a job that exist. */
  apply(key: string, speed: number, processors: number): void
  /** Groups that exist. */
  groups(): readonly TaskGroup[]
  /** Removes the groups of a job in which nothing runs. */
  sweep(key: string): void
  /** Removes what holds the groups, where there are none left. */
  close(): void
}

type Hierarchy = { readonly version: 1 | 2; readonly mount: string }

/** Speed by quota as this host and site permit it, or why not. */
export function openQuota(
  settings: QuotaSettings | undefined,
  spoolRoot: string,
  nodes: readonly NodeRow[],
  site: Pick<Site, 'config'>,
): Quota | Refusal {
  if (settings === undefined)
    return refuse('unsupported', 'no normal share of a core is set, above which a job could be sprinted (quota.normalShare)')
  const { normalShare } = settings
  if (!(normalShare >= LEAST_SHARE && normalShare < 1))
    return refuse(
      'unsupported',
      `a normal share of ${normalShare} leaves nothing to sprint with; give one from ${LEAST_SHARE} to below 1`,
    )
  const away = nodes.find(({ host }) => !isThisHost(host))
  if (away !== undefined)
    return refuse(
      'unsupported',
      `node ${away.name} is another host (${away.host ?? 'unknown'}); quotas can be set only on this one`,
    )
  const hierarchy = findHierarchy(settings.mount)
  if (hierarchy === undefined) return refuse('unsupported', 'no cpu controller of control groups is mounted here')
  if (hierarchy.version === 2 && /cgroup/.test(site.config.get('proctracktype') ?? ''))
    return refuse('unsupported', 'Slurm keeps the control groups of its jobs itself here (proctrack/cgroup with version 2)')
  const root = join(hierarchy.mount, `halftone-slurm-${createHash('sha256').update(spoolRoot).digest('hex').slice(0, 12)}`)
  const failed = prepare(root, hierarchy)
  if (failed !== undefined) return failed
  return quotaIn(root, hierarchy, normalShare)
}

function quotaIn(root: string, { version }: Hierarchy, normalShare: number): Quota {
  const settingsFor = (speed: number, processors: number): readonly (readonly [string, string])[] => {
    const quota = Math.max(1_000, Math.round(PERIOD * normalShare * speed * processors))
    // In proportion to the quota, so that among halftone’s own tasks on a full machine the sprinted have more as well.
    const weight = Math.round(Math.max(2, 1024 * speed * processors))
    return version === 1
      ? [
          ['cpu.cfs_period_us', String(PERIOD)],
          ['cpu.cfs_quota_us', String(quota)],
          ['cpu.shares', String(weight)],
        ]
      : [
          ['cpu.max', `${quota} ${PERIOD}`],
          ['cpu.weight', String(Math.min(10_000, Math.max(1, Math.round((weight * 100) / 1024))))],
        ]
  }
  const names = (): string[] =>
    existsSync(root) ? readdirSync(root, { withFileTypes: true }).flatMap((one) => (one.isDirectory() ? [one.name] : [])) : []
  const groups = (): (TaskGroup & { readonly path: string })[] =>
    names().flatMap((name) => {
      const parts = /^(.+)\.([A-Za-z0-9_-]+)\.(\d+)$/.exec(name)
      return parts === null ? [] : [{ key: parts[1]!, stage: parts[2]!, task: Number(parts[3]), path: join(root, name) }]
    })
  return {
    mechanism: `cgroup v${version} quota, ${normalShare} of a core at speed 1`,
    least: LEAST_SHARE / normalShare,
    most: 1 / normalShare,
    groupFile: (speed, processors) =>
      [root, ...settingsFor(speed, processors).map(([file, value]) => `${file} ${value}`), ''].join('\n'),
    apply(key, speed, processors) {
      const wanted = settingsFor(speed, processors)
      for (const group of groups()) {
        if (group.key !== key) continue
        for (const [file, value] of wanted) {
          const path = join(group.path, file)
          // a group may be gone by now: its task has ended
          if (existsSync(path) && readFileSync(path, 'utf8').trim() !== value) writeFileSync(path, value)
        }
      }
    },
    groups,
    sweep(key) {
      for (const group of groups()) if (group.key === key) removeEmpty(group.path)
    },
    close: () => removeEmpty(root),
  }
}

function findHierarchy(mount: string | undefined): Hierarchy | undefined {
  for (const path of mount === undefined ? ['/sys/fs/cgroup/cpu', '/sys/fs/cgroup/cpu,cpuacct', '/sys/fs/cgroup'] : [mount]) {
    if (existsSync(join(path, 'cpu.shares'))) return { version: 1, mount: path }
    const controllers = join(path, 'cgroup.controllers')
    if (existsSync(controllers) && readFileSync(controllers, 'utf8').split(/\s+/).includes('cpu'))
      return { version: 2, mount: path }
  }
  return undefined
}

/** Makes the group that holds all others and tries whether a quota can be set below it. */
function prepare(root: string, { version, mount }: Hierarchy): Refusal | undefined {
  const probe = join(root, 'probe')
  try {
    if (version === 2) writeFileSync(join(mount, 'cgroup.subtree_control'), '+cpu')
    mkdirSync(root, { recursive: true })
    if (version === 2) writeFileSync(join(root, 'cgroup.subtree_control'), '+cpu')
    // All tasks together must not count as one process against the rest of the machine.
    if (version === 1) writeFileSync(join(root, 'cpu.shares'), String(1024 * 64))
    mkdirSync(probe, { recursive: true })
    writeFileSync(join(probe, version === 1 ? 'cpu.cfs_quota_us' : 'cpu.max'), version === 1 ? '50000' : '50000 100000')
    return undefined
  } catch (cause) {
    return refuse(
      'unsupported',
      `control groups cannot be written at ${mount} (${(cause as NodeJS.ErrnoException).code ?? 'error'})`,
    )
  } finally {
    removeEmpty(probe)
  }
}

/** Removes a control group unless something runs in it. */
function removeEmpty(path: string): void {
  try {
    rmdirSync(path)
  } catch {
    // busy, or gone already
  }
}

function isThisHost(host: string | undefined): boolean {
  const own = hostname()
  return host !== undefined && ['127.0.0.1', '::1', 'localhost', own, own.split('.')[0]].includes(host)
}
