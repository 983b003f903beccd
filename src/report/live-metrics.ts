import type { LiveStatus } from '../model/index.js'

/** What a controller sees, in the text format that Prometheus scrapes. */
export function liveMetrics(status: LiveStatus): string {
  const lines: string[] = []
  const family = (
    name: string,
    kind: 'gauge' | 'counter',
    help: string,
    samples: readonly (readonly [labels: string, value: number | undefined])[],
  ): void => {
    const known = samples.filter(([, value]) => value !== undefined)
    if (known.length === 0) return
    lines.push(`# HELP halftone_${name} ${help}`, `# TYPE halftone_${name} ${kind}`)
    for (const [labels, value] of known) lines.push(`halftone_${name}${labels} ${value}`)
  }
  const { classes, budget, slots, busySlots, nodes, openSteps, handsOff, blind, heldBack, atSeconds } = status
  const byClass = (value: (one: LiveStatus['classes'][number]) => number | undefined) =>
    classes.map((one) => [`{class="${escaped(one.name)}"}`, value(one)] as const)
  family(
    'jobs_waiting',
    'gauge',
    'Jobs that wait.',
    byClass(({ waiting }) => waiting),
  )
  family(
    'jobs_running',
    'gauge',
    'Jobs that run.',
    byClass(({ running }) => running),
  )
  family(
    'jobs_ended_total',
    'counter',
    'Jobs that ended with a result since the watch began.',
    byClass(({ ended }) => ended),
  )
  family(
    'response_mean_seconds',
    'gauge',
    'Mean response of the last jobs.',
    byClass(({ meanResponseSeconds }) => meanResponseSeconds),
  )
  family(
    'response_p95_seconds',
    'gauge',
    '95th percentile of the response of the last jobs.',
    byClass(({ p95ResponseSeconds }) => p95ResponseSeconds),
  )
  family(
    'response_predicted_mean_seconds',
    'gauge',
    'Mean response that the plan promises.',
    byClass(({ predictedMeanSeconds }) => predictedMeanSeconds),
  )
  family('slots', 'gauge', 'Slots of the cluster.', [['', slots]])
  family('slots_busy', 'gauge', 'Slots that are busy.', [['', busySlots]])
  family('nodes_up', 'gauge', 'Nodes that are up.', [['', nodes]])
  family('sprint_budget', 'gauge', 'What is left of the sprint budget.', [[`{unit="${budget?.unit}"}`, budget?.level]])
  family('steps_open', 'gauge', 'Steps that are done and would be taken back if the controller ended.', [['', openSteps]])
  family('hands_off', 'gauge', 'The controller does nothing more.', [['', handsOff === undefined ? 0 : 1]])
  family('cluster_blind', 'gauge', 'The cluster could not be seen.', [['', blind === undefined ? 0 : 1]])
  family(
    'held_back',
    'gauge',
    'Guards that held an action back at the last look.',
    heldBack.map(({ guard }) => [`{guard="${escaped(guard)}"}`, 1] as const),
  )
  family('looked_at_seconds', 'gauge', 'When the last look was taken, in the clock of the cluster.', [['', atSeconds]])
  return `${lines.join('\n')}\n`
}

const escaped = (label: string): string => label.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')
