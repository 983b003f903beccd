/**
 * The tables of the sprint specification (2.9) by the sprint queue alone: every cell of the timeout and budget tables on 4 × 10⁶ queries, and
 * the error of the marginal rate (the first share p of each query speeds up by s; a model that lets all of it speed up by 1/(p/s + 1 − p)) over
 * the 810 conditions of the effective-rate experiment, by load. Published beside found.
 */
import { Rng } from 'halftone/num'
import { simulateSprintQueue, Workspace } from 'halftone/simulate'
import { save } from '../save.js'

const space = new Workspace()
const rows: Record<string, unknown>[] = []
const rng = new Rng(2018)

function columns(count: number) {
  const gaps = new Float64Array(count)
  const workSeconds = new Float64Array(count)
  for (let i = 0; i < count; i++) {
    gaps[i] = rng.exponential()
    workSeconds[i] = rng.exponential()
  }
  const at = (rate: number) => {
    let now = 0
    return { arrivalSeconds: gaps.map((gap) => (now += gap / rate)), workSeconds }
  }
  return { at }
}

const table = columns(4_000_000).at(0.75)
const line = (name: string, published: readonly number[], found: readonly number[]) => {
  const gaps = published.map((value, i) => found[i]! / value - 1)
  rows.push({ name, published, found })
  process.stdout.write(
    `${name.padEnd(26)} ${found.map((value) => value.toFixed(3).padStart(7)).join(' ')}   largest gap ${(100 * Math.max(...gaps.map(Math.abs))).toFixed(2)} %\n`,
  )
}
const timeouts = [0, 1, 2, 4, 8, 16, Number.POSITIVE_INFINITY]
const unlimited = timeouts.map((timeoutSeconds) =>
  simulateSprintQueue(table, { speed: 1.5, timeoutSeconds, quantiles: [0.95] }, space),
)
line(
  'unlimited: mean',
  [1.333, 1.661, 1.968, 2.496, 3.224, 3.825, 4.004],
  unlimited.map((one) => one.meanResponseSeconds),
)
line(
  'unlimited: p95',
  [3.996, 4.396, 4.886, 6.009, 8.499, 11.33, 11.99],
  unlimited.map((one) => one.responseQuantilesSeconds[0]!),
)
line(
  'unlimited: share (T ≤ 8)',
  [0.5, 0.319, 0.217, 0.113, 0.036],
  unlimited.slice(0, 5).map((one) => one.shareSprinting),
)
const budgets: [number, number[]][] = [
  [5, [3.79, 3.77, 3.742, 3.708, 3.667, 3.627, 3.601, 3.624, 3.699]],
  [20, [3.271, 3.176, 3.037, 2.867, 2.766, 2.831, 2.968, 3.249, 3.47]],
  [60, [2.241, 1.8, 1.968, 2.247, 2.497, 2.717, 2.91, 3.225, 3.456]],
]
for (const [budgetSeconds, published] of budgets)
  line(
    `B = ${budgetSeconds} per 200 s: mean`,
    published,
    [0, 1, 2, 3, 4, 5, 6, 8, 10].map(
      (timeoutSeconds) =>
        simulateSprintQueue(table, { speed: 1.5, timeoutSeconds, budgetSeconds, windowSeconds: 200 }, space).meanResponseSeconds,
    ),
  )

const path = columns(400_000)
const errors = new Map<number, number[]>()
for (const load of [0.3, 0.5, 0.7, 0.8, 0.9]) {
  const queries = path.at(load)
  const found: number[] = []
  for (const speed of [1.5, 2, 3])
    for (const responsiveShare of [0.4, 0.6, 0.8])
      for (const timeoutSeconds of [0, 0.5, 1, 2, 4, 8])
        for (const budgetSeconds of [5, 20, 60]) {
          const policy = { timeoutSeconds, budgetSeconds, windowSeconds: 200 }
          const real = simulateSprintQueue(queries, { ...policy, speed, responsiveShare }, space).meanResponseSeconds
          const marginal = 1 / (responsiveShare / speed + 1 - responsiveShare)
          const said = simulateSprintQueue(queries, { ...policy, speed: marginal }, space).meanResponseSeconds
          found.push(100 * Math.abs(said / real - 1))
        }
  errors.set(load, found)
}
const quantile = (values: readonly number[], p: number) => [...values].sort((a, b) => a - b)[Math.floor(p * (values.length - 1))]!
process.stdout.write('\nerror of the marginal rate, %                    median   p90   max     published\n')
const summary = (name: string, values: readonly number[], published: string) => {
  const [median, p90, most] = [quantile(values, 0.5), quantile(values, 0.9), quantile(values, 1)]
  rows.push({ name: `marginal rate, ${name}`, median, p90, most, published })
  process.stdout.write(
    `${name.padEnd(46)} ${median.toFixed(1).padStart(7)} ${p90.toFixed(1).padStart(5)} ${most.toFixed(1).padStart(5)}     ${published}\n`,
  )
}
summary('all 810 conditions', [...errors.values()].flat(), '3.9 / 18.8 / 67')
for (const [load, values] of errors) summary(`load ${load}`, values, load === 0.3 ? '1.8' : load === 0.9 ? '12.1 / 35.6' : '–')
save('quality/sprint-golden', rows)
