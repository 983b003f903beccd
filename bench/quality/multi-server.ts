/**
 * How far the multi-server approximations of the analytic predictor are from long simulations: mean wait by class, 2 to 64 servers, load 0.5 to 0.95, SCV 0.25
 * to 4, first come first served and two priority classes of which the high one has a fifth,
 * half or four fifths of the jobs. The largest error among cells whose wait is above 1 % of the service time is what
 * `APPROXIMATION_ERROR` in src/queueing/predictor.ts must cover.
 */
import { isRefusal, type Law, type Policy, type Scenario } from 'halftone/model'
import { APPROXIMATION_ERROR, analyticPredictor } from 'halftone/queueing'
import { simulatedPredictor } from 'halftone/simulate'
import { save } from '../save.js'

// balanced means for SCV 4: p = (1 + √(3/5))/2, rates 2p/m and 2(1 − p)/m
const p = (1 + Math.sqrt(3 / 5)) / 2
const laws: readonly [number, Law][] = [
  [0.25, { kind: 'erlang', shape: 4, meanSeconds: 100 }],
  [1, { kind: 'exponential', meanSeconds: 100 }],
  [4, { kind: 'hyper-erlang', branches: [p, 1 - p].map((q) => ({ probability: q, shape: 1, ratePerSecond: (2 * q) / 100 })) }],
]

interface Row {
  /** `chosen on`: the formula’s form was chosen looking at such cells; `fresh`: measured once, after it stood. */
  readonly cells: 'chosen on' | 'fresh'
  readonly discipline: string
  readonly servers: number
  readonly load: number
  readonly scv: number
  readonly highShare: number
  readonly class: string
  readonly simulated: number
  readonly halfWidth: number
  readonly analytic: number
  readonly error: number
}

function cell(
  discipline: Policy['discipline'],
  servers: number,
  load: number,
  scv: number,
  runTime: Law,
  highShare: number,
  cells: Row['cells'],
): Row[] {
  const work = { kind: 'gang' as const, slots: 1, runTime, divisible: false }
  const arrival = (part: number) => ({ kind: 'poisson' as const, ratePerSecond: (part * servers * load) / 100 })
  const scenario: Scenario = {
    schema: 'halftone/scenario/1',
    name: 'cell',
    workload: {
      schema: 'halftone/workload/1',
      name: 'cell',
      classes: [
        { name: 'high', priority: 1, arrival: arrival(highShare), work },
        { name: 'low', priority: 2, arrival: arrival(1 - highShare), work },
      ],
    },
    cluster: { schema: 'halftone/cluster/1', name: 'c', nodes: [{ name: 'n', count: 1, slots: servers, speed: 1 }] },
    policy: { schema: 'halftone/policy/1', name: discipline, discipline, engine: 'shared', placement: 'pool', drop: {} },
  }
  const simulated = simulatedPredictor.predict(scenario, { seed: 1, precision: 0.005, jobsAtMost: 2_000_000 })
  const analytic = analyticPredictor.predict(scenario, { seed: 1 })
  if (isRefusal(simulated)) throw new Error(simulated.message)
  if (isRefusal(analytic)) throw new Error(analytic.message)
  return simulated.classes.flatMap(({ name, wait }, i) => {
    // first come first served treats both classes alike; a wait under 1 % of the service matters to nobody
    if ((discipline === 'fcfs' && i > 0) || wait.mean.value < 1) return []
    const found = analytic.classes[i]!.wait.mean.value
    const { value, high } = wait.mean
    return [
      {
        cells,
        discipline,
        servers,
        load,
        scv,
        highShare,
        class: name,
        simulated: value,
        halfWidth: high - value,
        analytic: found,
        error: found / value - 1,
      },
    ]
  })
}

const rows: Row[] = []
for (const discipline of ['fcfs', 'priority-nonpreemptive', 'priority-preemptive-resume'] as const) {
  for (const highShare of discipline === 'fcfs' ? [0.5] : [0.2, 0.5, 0.8]) {
    for (const servers of [2, 8, 64]) {
      for (const load of [0.5, 0.8, 0.95])
        for (const [scv, law] of laws) rows.push(...cell(discipline, servers, load, scv, law, highShare, 'chosen on'))
    }
  }
}
const other: readonly [number, Law][] = [
  [0.5, { kind: 'erlang', shape: 2, meanSeconds: 100 }],
  [2.5, { kind: 'lognormal', meanSeconds: 100, scv: 2.5 }],
]
for (const discipline of ['fcfs', 'priority-nonpreemptive', 'priority-preemptive-resume'] as const) {
  for (const highShare of discipline === 'fcfs' ? [0.5] : [0.35, 0.65]) {
    for (const servers of [3, 12, 32]) {
      for (const load of [0.65, 0.9])
        for (const [scv, law] of other) rows.push(...cell(discipline, servers, load, scv, law, highShare, 'fresh'))
    }
  }
}
const figure = (value: number): string => value.toPrecision(4)
console.table(
  rows.map((row) => ({
    ...row,
    simulated: figure(row.simulated),
    halfWidth: figure(row.halfWidth),
    analytic: figure(row.analytic),
    error: `${(100 * row.error).toFixed(1)} %`,
  })),
)
const summary = (['chosen on', 'fresh'] as const).map((cells) => {
  const errors = rows
    .filter((row) => row.cells === cells)
    .map(({ error }) => Math.abs(error))
    .sort((x, y) => x - y)
  return { cells, count: errors.length, median: errors[Math.floor(errors.length / 2)], worst: errors.at(-1) }
})
console.table(summary)
console.log(`interval used: ± ${100 * APPROXIMATION_ERROR} %`)
save('quality/multi-server', rows, { summary, intervalUsed: APPROXIMATION_ERROR })
