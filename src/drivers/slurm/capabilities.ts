/** What halftone may do on this site, and why not where it may not. */
import { ACTION_KINDS, type ActionKind, type Capabilities, isRefusal, type Permission, type Refusal } from '../../model/index.js'
import type { Quota } from './quota.js'
import type { PriorityLevels } from './settings.js'
import type { Site } from './site.js'

export interface Means {
  readonly site: Site
  readonly levels: PriorityLevels
  readonly quota: Quota | Refusal
  /** The version of slurmrestd’s interface, or why it is not used; absent: not asked for. */
  readonly rest?: string | Refusal
}

export function capabilitiesOf({ site, levels, quota, rest }: Means): Capabilities {
  const actions = Object.fromEntries(ACTION_KINDS.map((kind): [ActionKind, Permission] => [kind, { permitted: true }]))
  const own = site.operator ? undefined : 'jobs of this user only: the user is not an operator of the cluster'
  const set = (kind: ActionKind, permission: Permission): void => {
    actions[kind] = permission
  }
  if (own !== undefined)
    for (const kind of ['hold', 'release', 'requeue', 'cancel'] as const) set(kind, { permitted: true, note: own })
  for (const kind of ['deflate', 'inflate'] as const) set(kind, { permitted: true, note: 'jobs that were submitted by halftone' })
  set(
    'prioritise',
    site.operator ? { permitted: true } : { permitted: true, note: `${own}; Slurm may not let it put a job forward again` },
  )
  set(
    'sprint',
    isRefusal(quota)
      ? { permitted: false, reason: quota.message }
      : { permitted: true, note: 'jobs that were submitted by halftone' },
  )
  set('discipline', disciplinePermission(levels))
  for (const kind of ['drain', 'resume'] as const)
    if (!site.operator)
      set(kind, { permitted: false, reason: 'only operators of the cluster may change nodes, and this user is none' })
  return {
    driver: 'slurm',
    through: [
      `Slurm ${site.version} ${rest === undefined ? 'by its command-line tools' : isRefusal(rest) ? `by its command-line tools (${rest.message})` : `through slurmrestd ${rest}, changes by scontrol and scancel`}`,
      site.accounting ? 'accounts of slurmdbd' : (site.noQualities ?? 'no accounts'),
      ...(isRefusal(quota) ? [] : [quota.mechanism]),
    ],
    actions: actions as Record<ActionKind, Permission>,
    ...(isRefusal(quota) ? {} : { speeds: { least: quota.least, most: quota.most, mechanism: quota.mechanism } }),
  }
}

/** While the cluster does not answer, nothing is permitted, for that reason. */
export function nothingPermitted(reason: string): Capabilities {
  const no: Permission = { permitted: false, reason }
  return {
    driver: 'slurm',
    through: [`no Slurm: ${reason}`],
    actions: Object.fromEntries(ACTION_KINDS.map((kind) => [kind, no])) as Record<ActionKind, Permission>,
  }
}

function disciplinePermission(levels: PriorityLevels): Permission {
  const known = Object.keys(levels)
  return known.length < 2
    ? { permitted: false, reason: `there is one discipline only, ${known[0] ?? 'the site’s own'}` }
    : { permitted: true, note: `jobs submitted from then on: ${known.join(', ')}` }
}
