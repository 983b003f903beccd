/**
 * M/G/1, two classes, non-preemptive and preemptive-resume: p50, p95 and p99 of both classes, beside a naive implementation of the same method (bisection on the distribution
 * function, each value by Euler inversion with the busy-period root by plain iteration from 0) in the same run. Aim: below 1 ms.
 */
import { priorityStation, type ServiceLaw, type StationClass, serviceLaw, stagesServiceLaw } from 'halftone/queueing'
import { save } from '../save.js'
import { medianMs } from '../timing.js'

interface Complex {
  readonly re: number
  readonly im: number
}
const add = (a: Complex, b: Complex): Complex => ({ re: a.re + b.re, im: a.im + b.im })
const scale = (a: Complex, x: number): Complex => ({ re: a.re * x, im: a.im * x })
const times = (a: Complex, b: Complex): Complex => ({ re: a.re * b.re - a.im * b.im, im: a.re * b.im + a.im * b.re })
const over = (a: Complex, b: Complex): Complex => {
  const size = b.re ** 2 + b.im ** 2
  return { re: (a.re * b.re + a.im * b.im) / size, im: (a.im * b.re - a.re * b.im) / size }
}

/** The transform of the response of class k, straight from the formula. */
function naiveResponse(classes: readonly StationClass[], k: number, preemptive: boolean, s: Complex): Complex {
  const above = classes.slice(0, k)
  const below = preemptive ? [] : classes.slice(k + 1)
  const rate = above.reduce((sum, one) => sum + one.arrivalRate, 0)
  let sigma = s
  if (rate > 0) {
    let b: Complex = { re: 0, im: 0 }
    for (let step = 0; step < 10_000; step++) {
      const at = add(s, { re: rate * (1 - b.re), im: -rate * b.im })
      const next = above.map((one) => scale(one.service.lst(at.re, at.im), one.arrivalRate / rate)).reduce(add)
      const move = Math.hypot(next.re - b.re, next.im - b.im)
      b = next
      if (move < 1e-12) break
    }
    sigma = add(s, { re: rate * (1 - b.re), im: -rate * b.im })
  }
  const own = classes[k]!
  const idle = 1 - [...above, own, ...below].reduce((sum, one) => sum + one.arrivalRate * one.service.mean, 0)
  let top = scale(sigma, idle)
  for (const one of below) {
    const value = one.service.lst(sigma.re, sigma.im)
    top = add(top, { re: one.arrivalRate * (1 - value.re), im: -one.arrivalRate * value.im })
  }
  const bottom = add({ re: s.re - own.arrivalRate, im: s.im }, scale(own.service.lst(sigma.re, sigma.im), own.arrivalRate))
  const at = preemptive ? sigma : s
  return times(over(top, bottom), own.service.lst(at.re, at.im))
}

function naiveCdf(classes: readonly StationClass[], k: number, preemptive: boolean, t: number): number {
  const a = 18.4
  const partial: number[] = []
  let sum = 0
  for (let j = 0; j <= 26; j++) {
    const s = { re: a / (2 * t), im: (j * Math.PI) / t }
    const term = over(naiveResponse(classes, k, preemptive, s), s).re
    sum += j === 0 ? term / 2 : (j % 2 === 0 ? 1 : -1) * term
    if (j >= 15) partial.push(sum)
  }
  let binomial = 1
  let value = 0
  for (let j = 0; j <= 11; j++) {
    value += (binomial * partial[j]!) / 2048
    binomial = (binomial * (11 - j)) / (j + 1)
  }
  return (Math.exp(a / 2) / t) * value
}

function naiveQuantile(classes: readonly StationClass[], k: number, preemptive: boolean, p: number, mean: number): number {
  let low = 0
  let high = mean
  while (naiveCdf(classes, k, preemptive, high) < p) high *= 2
  while (high - low > 1e-6 * high) {
    const middle = (low + high) / 2
    if (naiveCdf(classes, k, preemptive, middle) < p) low = middle
    else high = middle
  }
  return (low + high) / 2
}

const levels = [0.5, 0.95, 0.99]

function stages(factor: number): ServiceLaw {
  const law = stagesServiceLaw(
    {
      kind: 'stages',
      stages: [
        {
          name: 'map',
          setup: { kind: 'exponential', meanSeconds: 5 },
          tasks: 50,
          taskTime: { kind: 'exponential', meanSeconds: 20 * factor },
          droppable: true,
        },
        {
          name: 'reduce',
          setup: { kind: 'exponential', meanSeconds: 5 * factor },
          tasks: 20,
          taskTime: { kind: 'exponential', meanSeconds: 10 * factor },
          droppable: false,
        },
      ],
    },
    20,
  )
  if ('kind' in law) throw new Error(law.message)
  return law
}

const cases: { name: string; services: [ServiceLaw, ServiceLaw] }[] = [
  {
    name: 'Erlang-2 over H2',
    services: [
      serviceLaw({ kind: 'erlang', shape: 2, meanSeconds: 1 }),
      serviceLaw({
        kind: 'hyper-erlang',
        branches: [
          { probability: 0.887, shape: 1, ratePerSecond: 1.775 },
          { probability: 0.113, shape: 1, ratePerSecond: 0.2254 },
        ],
      }),
    ],
  },
  { name: 'jobs of 72 phases (REF-A)', services: [stages(1), stages(2.36)] },
  {
    name: 'lognormal over lognormal',
    services: [
      serviceLaw({ kind: 'lognormal', meanSeconds: 1, scv: 2 }),
      serviceLaw({ kind: 'lognormal', meanSeconds: 2, scv: 4 }),
    ],
  },
]

const rows: Record<string, unknown>[] = []
process.stdout.write(
  'case                        discipline          load   ours ms   naive ms   ratio   largest gap of a quantile\n',
)
for (const { name, services } of cases)
  for (const discipline of ['non-preemptive', 'preemptive-resume'] as const)
    for (const load of [0.5, 0.8, 0.95]) {
      const rate = load / (0.4 * services[0].mean + 0.6 * services[1].mean)
      const classes = [
        { arrivalRate: 0.4 * rate, service: services[0] },
        { arrivalRate: 0.6 * rate, service: services[1] },
      ]
      const ours = () => {
        const answer = priorityStation(classes, discipline)
        if ('kind' in answer) throw new Error(answer.message)
        return answer.classes.map((one) => levels.map((p) => Number(one.response.quantile(p))))
      }
      const answer = priorityStation(classes, discipline)
      if ('kind' in answer) throw new Error(answer.message)
      const naive = () =>
        answer.classes.map((one, k) =>
          levels.map((p) => naiveQuantile(classes, k, discipline !== 'non-preemptive', p, one.response.mean)),
        )
      const slow = naive()
      const gap = Math.max(...ours().flatMap((row, k) => row.map((value, i) => Math.abs(value / slow[k]![i]! - 1))))
      const quick = medianMs(ours, 60)
      const naiveTime = medianMs(naive, 3)
      rows.push({ name, discipline, load, oursMs: quick, naiveMs: naiveTime, gap })
      process.stdout.write(
        `${name.padEnd(27)} ${discipline.padEnd(18)} ${load.toFixed(2).padStart(5)} ${quick.toFixed(3).padStart(9)} ${naiveTime.toFixed(1).padStart(10)} ${(naiveTime / quick).toFixed(0).padStart(7)}   ${gap.toExponential(1)}\n`,
      )
    }

/** A bar a row: cost against order and classes, on one scale. */
function growth(title: string, costs: readonly (readonly [string, number])[]): void {
  process.stdout.write(`\n${title}\n`)
  const most = Math.max(...costs.map(([, time]) => time))
  for (const [name, time] of costs) {
    rows.push({ name, oursMs: time })
    process.stdout.write(
      `${name.padEnd(14)} ${time.toFixed(3).padStart(8)} ms  ${'#'.repeat(Math.max(1, Math.round((50 * time) / most)))}\n`,
    )
  }
}

const chainOf = (tasks: number): ServiceLaw => {
  const law = stagesServiceLaw(
    { kind: 'stages', stages: [{ name: 'map', tasks, taskTime: { kind: 'exponential', meanSeconds: 1 }, droppable: true }] },
    Math.max(1, tasks >> 1),
  )
  if ('kind' in law) throw new Error(law.message)
  return law
}
const allQuantiles = (services: readonly ServiceLaw[]) => {
  const mean = services.reduce((sum, one) => sum + one.mean, 0)
  const classes = services.map((service) => ({ arrivalRate: 0.8 / mean, service }))
  return () => {
    const answer = priorityStation(classes, 'non-preemptive')
    if ('kind' in answer) throw new Error(answer.message)
    return answer.classes.map((one) => levels.map((p) => Number(one.response.quantile(p))))
  }
}
growth(
  'cost against the phases of a job (two classes, three quantiles each)',
  [10, 30, 100, 300, 1000].map(
    (phases) => [`${phases} phases`, medianMs(allQuantiles([chainOf(phases), chainOf(phases)]), 15)] as const,
  ),
)
growth(
  'cost against the number of classes (exponential services, three quantiles each)',
  [1, 2, 3, 5, 8, 12].map(
    (count) =>
      [
        `${count} classes`,
        medianMs(
          allQuantiles(Array.from({ length: count }, (_, k) => serviceLaw({ kind: 'exponential', meanSeconds: 1 + k }))),
          15,
        ),
      ] as const,
  ),
)
save('kernels/priority-mg1', rows)
