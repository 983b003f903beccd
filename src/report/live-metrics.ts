import type { LiveStatus, Metric, MetricSample } from '../model/index.js'

/** What a controller sees, as numbers by name. What is not known is left out. */
export function liveMetrics(status: LiveStatus): Metric[] {
  const { classes, budget, slots, busySlots, nodes, openSteps, handsOff, blind, heldBack, atSeconds } = status
  const byClass = (value: (one: LiveStatus['classes'][number]) => number | undefined): MetricSample[] =>
    classes.flatMap((one) => {
      const known = value(one)
      return known === undefined ? [] : [{ value: known, labels: { class: one.name } }]
    })
  const gauge = (name: string, help: string, samples: readonly MetricSample[]): Metric => ({
    name: `halftone_${name}`,
    kind: 'gauge',
    help,
    samples,
  })
  const one = (value: number): MetricSample[] => [{ value }]
  const metrics: Metric[] = [
    gauge(
      'jobs_waiting',
      'Jobs that wait.',
      byClass(({ waiting }) => waiting),
    ),
    gauge(
      'jobs_running',
      'Jobs that run.',
      byClass(({ running }) => running),
    ),
    {
      ...gauge(
        'jobs_ended_total',
        'Jobs that ended with a result since the watch began.',
        byClass(({ ended }) => ended),
      ),
      kind: 'counter',
    },
    gauge(
      'response_mean_seconds',
      'Mean response of the last jobs.',
      byClass(({ meanResponseSeconds }) => meanResponseSeconds),
    ),
    gauge(
      'response_p95_seconds',
      '95th percentile of the response of the last jobs.',
      byClass(({ p95ResponseSeconds }) => p95ResponseSeconds),
    ),
    gauge(
      'response_predicted_mean_seconds',
      'Mean response that the plan promises.',
      byClass(({ predictedMeanSeconds }) => predictedMeanSeconds),
    ),
    gauge('slots', 'Slots of the cluster.', one(slots)),
    gauge('slots_busy', 'Slots that are busy.', one(busySlots)),
    gauge('nodes_up', 'Nodes that are up.', one(nodes)),
    gauge(
      'sprint_budget',
      'What is left of the sprint budget.',
      budget ? [{ value: budget.level, labels: { unit: budget.unit } }] : [],
    ),
    gauge('steps_open', 'Steps that are done and would be taken back if the controller ended.', one(openSteps)),
    gauge('hands_off', 'The controller does nothing more.', one(handsOff === undefined ? 0 : 1)),
    gauge('cluster_blind', 'The cluster could not be seen.', one(blind === undefined ? 0 : 1)),
    gauge(
      'held_back',
      'Actions that a guard held back at the last look.',
      [...new Set(heldBack.map(({ guard }) => guard))].map((guard) => ({
        value: heldBack.filter((held) => held.guard === guard).length,
        labels: { guard },
      })),
    ),
    gauge('looked_at_seconds', 'When the last look was taken, in the clock of the cluster.', one(atSeconds)),
  ]
  return metrics.filter(({ samples }) => samples.length > 0)
}
