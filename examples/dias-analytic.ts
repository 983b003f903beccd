/**
 * DiAS by analysis: is it better to preempt, to drop tasks or to sprint?
 *
 * Rebuilds the analytic tables of the deflation notes (reference configuration REF-A) from the formulas alone, each number beside the published rebuild's: service laws of jobs of tasks
 * (E3, E4), sprint timer (E8), non-preemptive priorities (E5), preemptive restart (E7), fluid-balance timeout (E9). Takes well under a second.
 *
 *   npm run build && npx tsx examples/dias-analytic.ts
 */
import { isRefusal, type Refusal } from 'halftone/model'
import {
  fluidBalanceTimeout,
  priorityStation,
  restartStation,
  type ServiceLaw,
  sprintLaw,
  stagesServiceLaw,
} from 'halftone/queueing'

const SLOTS = 20
const SPEED = 2.5
/** Low jobs have longer tasks and a longer shuffle than high ones. */
const LOW = 2.36

function given<T>(answer: T | Refusal): T {
  if (isRefusal(answer)) throw new Error(answer.message)
  return answer
}

type Tasks = 'exponential' | 'constant'

function job(factor: number, tasks: Tasks, dropRatio = 0): ServiceLaw {
  const time = (seconds: number) =>
    tasks === 'exponential' ? ({ kind: 'exponential', meanSeconds: seconds } as const) : ({ kind: 'constant', seconds } as const)
  return given(
    stagesServiceLaw(
      {
        kind: 'stages',
        stages: [
          {
            name: 'map',
            setup: { kind: 'exponential', meanSeconds: 5 },
            tasks: 50,
            taskTime: time(20 * factor),
            droppable: true,
          },
          {
            name: 'reduce',
            setup: { kind: 'exponential', meanSeconds: 5 * factor },
            tasks: 20,
            taskTime: time(10 * factor),
            droppable: false,
          },
        ],
      },
      SLOTS,
      dropRatio,
    ),
  )
}

/** Arrival rates at which nothing dropped would load the engine so much, a share `high` of the jobs being of the high class. */
function rates(load: number, high: number, tasks: Tasks): { high: number; low: number } {
  const rate = load / (high * job(1, tasks).mean + (1 - high) * job(LOW, tasks).mean)
  return { high: rate * high, low: rate * (1 - high) }
}

interface Row {
  readonly name: string
  /** Ours and the notes' value, in pairs; undefined where the notes have none. */
  readonly cells: readonly (readonly [number, number | undefined])[]
}

let largest = 0

function table(title: string, columns: readonly string[], rows: readonly Row[]): void {
  console.log(`\n${title}`)
  console.log(`${'policy'.padEnd(22)}${columns.map((name) => name.padStart(22)).join('')}`)
  for (const { name, cells } of rows)
    console.log(
      `${name.padEnd(22)}${cells
        .map(([ours, notes]) => {
          if (notes !== undefined && notes !== 0) largest = Math.max(largest, Math.abs(ours / notes - 1))
          const digits = Math.abs(ours) < 2 ? 4 : 1
          return `${ours.toFixed(digits)} (${notes === undefined ? '-' : notes})`.padStart(22)
        })
        .join('')}`,
    )
}

function ranked(
  name: string,
  of: { high: number; low: number },
  high: ServiceLaw,
  low: ServiceLaw,
  notes: readonly (number | undefined)[],
): Row {
  const answer = given(
    priorityStation(
      [
        { arrivalRate: of.high, service: high },
        { arrivalRate: of.low, service: low },
      ],
      'non-preemptive',
    ),
  )
  const [h, l] = answer.classes
  const values = [
    h!.response.mean,
    given(h!.response.quantile(0.95)),
    l!.response.mean,
    given(l!.response.quantile(0.95)),
    answer.utilisation,
  ]
  return { name, cells: values.map((value, i) => [value, notes[i]] as const) }
}

console.log('ours (notes); times in seconds')

const tenNinety = rates(0.8, 0.1, 'exponential')
const high = job(1, 'exponential')
const quick = sprintLaw(high, { timeoutSeconds: 0, speed: SPEED })
const columns = ['H mean', 'H p95', 'L mean', 'L p95', 'utilisation']
const restart = given(
  restartStation(
    { arrivalRate: tenNinety.high, service: high },
    { arrivalRate: tenNinety.low, service: job(LOW, 'exponential') },
  ),
)

table('REF-A, exponential tasks, mix 10/90, nominal load 0.8: exact analysis (E5, E7)', columns, [
  ranked('NP', tenNinety, high, job(LOW, 'exponential'), [292.0, 514.7, 1062.7, 2748.8, 0.8]),
  ranked('DA(0,20)', tenNinety, high, job(LOW, 'exponential', 0.2), [273.9, 490.8, 817.3, 2043.5, 0.747]),
])
table('the same, the notes’ values simulated (1 %)', columns, [
  {
    name: 'P (restart)',
    cells: [
      [restart.high.response.mean, 151.1],
      [given(restart.high.response.quantile(0.95)), 212.8],
      [restart.low!.meanResponse, 1387.6],
    ],
  },
  ranked('DA(0,10)', tenNinety, high, job(LOW, 'exponential', 0.1), [283.1, 503.3, 921.7, 2336, 0.773]),
  ranked('DA(0,40)', tenNinety, high, job(LOW, 'exponential', 0.4), [257.1, 467.3, 652.2, 1575, 0.695]),
  ranked('NPS', tenNinety, quick, job(LOW, 'exponential'), [198.0, 414.9, 967.5, 2454, 0.778]),
  ranked('DiAS(0,20)', tenNinety, quick, job(LOW, 'exponential', 0.2), [179.6, 390.8, 756.2, 1849, 0.725]),
])
table(
  'Preemptive restart (E7)',
  ['rho', 'waste share', 'evictions/low job'],
  [
    {
      name: 'P',
      cells: [
        [restart.utilisation, 0.8348],
        [restart.waste, 0.0416],
        [restart.evictionsPerLowJob, 0.0887],
      ],
    },
  ],
)
for (const share of [0.5, 0.9]) {
  const of = rates(0.8, share, 'exponential')
  const answer = restartStation(
    { arrivalRate: of.high, service: high },
    { arrivalRate: of.low, service: job(LOW, 'exponential') },
  )
  console.log(
    `P with ${100 * share} % high at nominal load 0.8: ${isRefusal(answer) ? `${answer.code}, rho ${answer.numbers!['utilisation']!.toFixed(3)}` : 'stable'}`,
  )
}

const constant = rates(0.8, 0.1, 'constant')
const wave = job(1, 'constant')
const sprinted = (timeoutSeconds: number) => sprintLaw(wave, { timeoutSeconds, speed: SPEED })
table('REF-A, constant tasks, the same mix and load; the notes’ values simulated (1 %)', columns, [
  ranked('NP', constant, wave, job(LOW, 'constant'), [154.1, 253.9, 550.8, 1407, undefined]),
  ranked('DA(0,10)', constant, wave, job(LOW, 'constant', 0.1), [154.1, 253.9, 550.8, 1407, undefined]),
  ranked('DA(0,20)', constant, wave, job(LOW, 'constant', 0.2), [121.5, 207.0, 238.5, 530.8, undefined]),
  ranked('DA(0,40)', constant, wave, job(LOW, 'constant', 0.4), [121.5, 207.0, 238.5, 530.8, undefined]),
  ranked('DiAS(0,20), T = 0', constant, sprinted(0), job(LOW, 'constant', 0.2), [71.4, 155.8, 227.7, 494.1, undefined]),
  ranked('DiAS(0,20), T = 65', constant, sprinted(65), job(LOW, 'constant', 0.2), [112.1, 196.6, 236.2, 522.8, undefined]),
])

const light = rates(0.5, 0.9, 'exponential')
table(
  'Mix 90/10, load 0.5, exponential tasks; the notes’ values simulated (1 %)',
  ['H mean', 'H p95', 'L mean', 'L p95', 'utilisation'],
  [
    ranked('NP', light, high, job(LOW, 'exponential'), [229.4, undefined, 505.0, undefined, undefined]),
    ranked('DA(0,20)', light, high, job(LOW, 'exponential', 0.2), [225.1, undefined, 469.2, undefined, undefined]),
    ranked('DiAS(0,20)', light, quick, job(LOW, 'exponential', 0.2), [84.0, undefined, 351.4, undefined, undefined]),
  ],
)

const ninetyTen = rates(0.8, 0.9, 'exponential')
table(
  'DiAS(0,20), mix 90/10, load 0.8, unlimited budget: exact (E8)',
  ['H mean', 'H p95', 'L mean', 'L p95', 'utilisation'],
  (
    [
      [0, 103.8, 393.9],
      [60, 171.7, 493.3],
      [120, 271.6, 810.2],
    ] as const
  ).map(([timeoutSeconds, h, l]) =>
    ranked(`T = ${timeoutSeconds}`, ninetyTen, sprintLaw(high, { timeoutSeconds, speed: SPEED }), job(LOW, 'exponential', 0.2), [
      h,
      undefined,
      l,
      undefined,
      undefined,
    ]),
  ),
)
const balance = given(
  fluidBalanceTimeout({ classes: [{ arrivalRate: ninetyTen.high, law: high }], speed: SPEED, refillPerSecond: 0.1 }),
)
console.log(`\nfluid-balance timeout at refill 0.1 (E9): ${balance.toFixed(1)} s (about 90 s)`)
console.log(`largest relative difference: ${(100 * largest).toFixed(2)} %`)
