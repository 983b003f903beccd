/**
 * The validation of model-driven sprinting: nine workloads under three mechanisms, each a “real” system with effects that the simple simulator does not know. Times in units of the
 * mean service; s of 1.5, 2, 3 and p of 0.4, 0.6, 0.8 mean for each mechanism:
 *
 *   DVFS           the clock goes s times as fast; the first share p of a query follows it, the rest waits for memory; a toggle stops work for 0.005
 *   core scaling   s times as many cores; the middle share p of a query is parallel (Amdahl); cores take 0.02 to come, 0.01 to go, and after each toggle caches are
 *                  cold: 0.8 of the speed for 0.1
 *   throttling     a burstable instance of baseline 1/s; share p of a query is processor time, in four slices between waits; credits come in only while the processor is idle
 *                  and are spent only while it bursts, whatever the clock on the wall says
 *
 * and, beside the 27, core scaling for short queries (0.05 to come, 0.02 to go), where a sprint often does harm and no speed of at least 1 says so.
 *
 * Profile (loads × timeouts × budgets, R = 200) → calibrated effective rate → forest → simulator, from 10 and 25 % of the conditions of a mechanism, beside the marginal rate and
 * learners that go straight to the response. Then the best timeout by that model against exhaustive search on the real system, and the sprint ability of the policies.
 *
 * Published (EuroSys 2018): median error below 4 % in most of 9 workloads × 3 mechanisms, worst median 11 %. What is printed here is ours.
 */
import { writeFileSync } from 'node:fs'
import { effectiveRate, onLogScale, residual, sprintCurves, sprintQueueModel } from 'halftone/grey'
import {
  crossValidate,
  forest,
  kFold,
  net,
  type RegressionModel,
  type Regressor,
  shuffled,
  type Table,
  tableOf,
  takeRows,
  takeSamples,
} from 'halftone/learn'
import { isRefusal } from 'halftone/model'
import { fillExponential, quantile, Rng } from 'halftone/num'
import { annealingSearch, halvingSearch, type PlayTogether, trialSearch } from 'halftone/sprint'
import { save } from '../save.js'
import { type ErrorRow, type PolicyRow, sprintPage } from '../sprint-page.js'

const QUERIES = 100_000
const JUDGED_QUERIES = 200_000
const LOADS = [0.3, 0.5, 0.7, 0.8, 0.9]
const TIMEOUTS = [0, 1, 2, 4, 6, 9]
const BUDGETS = [5, 20, 60]
const WINDOW = 200
const SHARES = [0.1, 0.25]
const DRAWS = 2
const JUDGED = { load: 0.8, budget: 20 }
const GRID = [0, ...Array.from({ length: 30 }, (_, i) => 0.1 * 1.2 ** i)]

/** What the real system does and the simulator does not know. */
interface Real {
  /** Pieces of a query as shares of its work, in order; only responsive ones go faster. */
  readonly pieces: readonly (readonly [share: number, responsive: boolean])[]
  readonly speed: number
  readonly onDelay: number
  readonly offDelay: number
  readonly coldFor: number
  readonly coldSpeed: number
  /** Credits flow by use of the processor and not by the clock on the wall. */
  readonly credits: boolean
}

const MECHANISMS: readonly (readonly [name: string, (speed: number, p: number) => Real])[] = [
  [
    'DVFS',
    (speed, p) => ({
      pieces: [
        [p, true],
        [1 - p, false],
      ],
      speed,
      onDelay: 0.005,
      offDelay: 0.005,
      coldFor: 0,
      coldSpeed: 1,
      credits: false,
    }),
  ],
  ['core scaling', cores(0.02, 0.01)],
  [
    'throttling',
    (speed, p) => ({
      pieces: Array.from({ length: 8 }, (_, i) => [(i % 2 === 0 ? p : 1 - p) / 4, i % 2 === 0] as const),
      speed,
      onDelay: 0,
      offDelay: 0,
      coldFor: 0,
      coldSpeed: 1,
      credits: true,
    }),
  ],
  ['core scaling, short queries', cores(0.05, 0.02)],
]

function cores(onDelay: number, offDelay: number) {
  return (speed: number, p: number): Real => ({
    pieces: [
      [(1 - p) / 2, false],
      [p, true],
      [(1 - p) / 2, false],
    ],
    speed,
    onDelay,
    offDelay,
    coldFor: 0.1,
    coldSpeed: 0.8,
    credits: false,
  })
}

interface Policy {
  readonly timeout: number
  readonly budget: number
}

interface Drawn {
  readonly arrivals: Float64Array
  readonly works: Float64Array
}

/** Plays the real system, piece by piece of each query; fills the responses. */
function play({ arrivals, works }: Drawn, real: Real, { timeout, budget }: Policy, response: Float64Array): void {
  const { speed, onDelay, offDelay, coldFor, coldSpeed, credits } = real
  const shares = Float64Array.from(real.pieces, ([share]) => share)
  const quick = real.pieces.map(([, responsive]) => responsive)
  const refill = budget / WINDOW
  let level = budget
  let free = 0
  let up = false
  let coldUntil = 0
  for (let i = 0; i < arrivals.length; i++) {
    const arrival = arrivals[i]!
    const work = works[i]!
    const onAt = arrival + timeout
    let now = Math.max(arrival, free)
    level = Math.min(budget, level + refill * (now - free))
    // a lever that is up stays up for a query that follows at once and is due
    if (up && !(now === free && onAt <= now && level > 0)) {
      up = false
      now = Math.max(now, free + offDelay)
      coldUntil = now + coldFor
    }
    let spent = false
    let piece = 0
    let left = shares[0]! * work
    for (;;) {
      if (!up && !spent && now >= onAt && level > 0) {
        up = true
        now += onDelay
        level = Math.max(0, level - (1 - refill) * onDelay)
        coldUntil = now + coldFor
      }
      const responsive = quick[piece]!
      const cold = now < coldUntil
      const rate = (up && responsive ? speed : 1) * (cold ? coldSpeed : 1)
      const slope = up ? (credits && !responsive ? refill : refill - 1) : credits && responsive ? 0 : refill
      let step = left / rate
      let until = Number.NaN
      if (cold && coldUntil - now < step) {
        step = coldUntil - now
        until = coldUntil
      }
      if (!up && !spent && onAt > now && onAt - now < step) {
        step = onAt - now
        until = onAt
      }
      const empties = slope < 0 && level / -slope < step
      if (empties) {
        step = level / -slope
        until = Number.NaN
      }
      level = empties ? 0 : Math.min(budget, level + slope * step)
      left -= rate * step
      now = Number.isNaN(until) ? now + step : until
      if (empties) {
        up = false
        spent = true
        now += offDelay
        coldUntil = now + coldFor
      } else if (Number.isNaN(until)) {
        if (++piece === shares.length) break
        left = shares[piece]! * work
      }
    }
    free = now
    response[i] = now - arrival
  }
}

const response = new Float64Array(JUDGED_QUERIES)
const plain = new Float64Array(JUDGED_QUERIES)

function draw(rng: Rng, load: number, queries: number): Drawn {
  const arrivals = new Float64Array(queries)
  const works = new Float64Array(queries)
  fillExponential(rng.stream('arrivals'), arrivals, 0, queries, 1 / load)
  for (let i = 1; i < queries; i++) arrivals[i]! += arrivals[i - 1]!
  fillExponential(rng.stream('work'), works, 0, queries, 1)
  return { arrivals, works }
}

/** Mean response under the policy; what the same queries without a sprint are off their known mean 1/(1 − λ) is taken out (32 batches, as in `sprintPaths`). */
function observe(drawn: Drawn, load: number, real: Real, policy: Policy): number {
  play(drawn, real, policy, response)
  const { arrivals, works } = drawn
  let free = 0
  for (let i = 0; i < arrivals.length; i++) {
    free = Math.max(free, arrivals[i]!) + works[i]!
    plain[i] = free - arrivals[i]!
  }
  const warm = Math.floor(0.05 * arrivals.length)
  const size = Math.floor((arrivals.length - warm) / 32)
  const means = (from: Float64Array): number[] =>
    Array.from({ length: 32 }, (_, b) => {
      let sum = 0
      for (let i = warm + b * size; i < warm + (b + 1) * size; i++) sum += from[i]!
      return sum / size
    })
  const [own, control] = [means(response), means(plain)]
  const [meanOwn, meanControl] = [average(own), average(control)]
  let [products, squares] = [0, 0]
  own.forEach((value, b) => {
    products += (value - meanOwn) * (control[b]! - meanControl)
    squares += (control[b]! - meanControl) ** 2
  })
  const slope = Math.min(1.5, Math.max(0, products / squares))
  return Math.max(meanOwn / 2, meanOwn - slope * (meanControl - 1 / (1 - load)))
}

const average = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
const cpu = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}
const percent = (value: number): string => `${(100 * value).toFixed(1)} %`

const workloads = [1.5, 2, 3].flatMap((speed) => [0.4, 0.6, 0.8].map((p) => ({ name: `s${speed} p${p}`, speed, p })))
const marginalOf = (speed: number, p: number): number => 1 / (p / speed + 1 - p)
interface Condition extends Policy {
  readonly workload: number
  readonly load: number
}
const conditions: Condition[] = workloads.flatMap((_, workload) =>
  LOADS.flatMap((load) => TIMEOUTS.flatMap((timeout) => BUDGETS.map((budget) => ({ workload, load, timeout, budget })))),
)
const tableFor = (some: readonly Condition[]) =>
  tableOf(
    {
      arrivalRatePerSecond: some.map(({ load }) => load),
      serviceRatePerSecond: some.map(() => 1),
      marginalRatePerSecond: some.map(({ workload }) => marginalOf(workloads[workload]!.speed, workloads[workload]!.p)),
      timeoutSeconds: some.map(({ timeout }) => timeout),
      budgetSeconds: some.map(({ budget }) => budget),
      windowSeconds: some.map(() => WINDOW),
      workload: some.map(({ workload }) => workload),
    },
    { workload: workloads.map(({ name }) => name) },
  )

let unseen = 3
const errorRows: ErrorRow[] = []
const policyRows: (PolicyRow & { readonly response: number })[] = []
const began = cpu()

for (const [mechanism, realOf] of MECHANISMS) {
  const reals = workloads.map(({ speed, p }) => realOf(speed, p))
  const observing = cpu()
  const target = Float64Array.from(conditions, ({ workload, load, timeout, budget }) => {
    const rng = new Rng(1, `${mechanism} ${workload} ${load} ${timeout} ${budget}`)
    return observe(draw(rng, load, QUERIES), load, reals[workload]!, { timeout, budget })
  })
  console.log(`\n${mechanism}: ${conditions.length} conditions observed in ${(cpu() - observing).toFixed(0)} s of processor time`)
  const features = tableFor(conditions)
  const curves = sprintCurves({ paths: 2, queries: 40_000 })
  const asking = cpu()
  const marginal = sprintQueueModel({ curves }).predict(features, Float64Array.of(1))
  const marginalCost = (cpu() - asking) / conditions.length
  const hybrid = effectiveRate({ inner: forest({ trees: 100, columnsPerSplit: 100 }), curves })
  const learners: [string, Regressor][] = [
    ['forest → rate → simulator', hybrid],
    ['the same × correction', residual(hybrid, forest({ trees: 100, columnsPerSplit: 100 }))],
    ['forest → log response', onLogScale(forest({ trees: 100, columnsPerSplit: 100 }))],
    ['net → log response', onLogScale(net())],
  ]
  for (const share of SHARES) {
    const splits = Array.from({ length: DRAWS }, (_, k) => {
      const order = shuffled(conditions.length, new Rng(k + 1, `share ${share}`))
      const size = Math.round(share * conditions.length)
      return { train: order.slice(0, size).sort(), test: order.slice(size).sort() }
    })
    const report = (predictor: string, secondsEach: number, of: (k: number) => Float64Array): void => {
      const errors = workloads.map((): number[] => [])
      splits.forEach(({ test }, k) => {
        const said = of(k)
        test.forEach((row, i) => {
          errors[conditions[row]!.workload]!.push(Math.abs(said[i]! / target[row]! - 1))
        })
      })
      const each = errors.map((some) => {
        const sorted = Float64Array.from(some).sort()
        return { median: quantile(sorted, 0.5), p90: quantile(sorted, 0.9) }
      })
      each.forEach((one, w) => {
        errorRows.push({ mechanism, workload: workloads[w]!.name, share, predictor, ...one, secondsEach })
      })
      const medians = each.map(({ median }) => median).sort((a, b) => a - b)
      const all = Float64Array.from(errors.flat()).sort()
      const line = `median ${percent(quantile(all, 0.5)).padStart(6)}, p90 ${percent(quantile(all, 0.9)).padStart(6)}; of 9 workloads ${medians.filter((m) => m < 0.04).length} below 4 %, worst median ${percent(medians.at(-1)!).padStart(6)}`
      console.log(`  ${percent(share)} ${predictor.padEnd(26)} ${line}; ${(1000 * secondsEach).toFixed(2)} ms each`)
    }
    report('marginal rate + simulator', marginalCost, (k) => Float64Array.from(splits[k]!.test, (row) => marginal[row]!))
    for (const [name, learner] of learners) {
      let secondsEach = 0
      const said = splits.map(({ train, test }, k) => {
        const model = learner.fit(takeSamples({ features, target }, train), { rng: new Rng(k, 'fit') })
        if (isRefusal(model)) throw new Error(model.message)
        const table = takeRows(features, test)
        if (k === 0) {
          // conditions that nobody asked about before: nothing of them is simulated yet
          unseen += 0.01
          const fresh = tableFor(workloads.map((_, workload) => ({ workload, load: 0.75, timeout: unseen, budget: 30 })))
          const from = cpu()
          model.predict(fresh)
          secondsEach = (cpu() - from) / fresh.rows
        }
        return model.predict(table)
      })
      report(name, secondsEach, (k) => said[k]!)
    }
  }
  console.log(
    `  ${percent(SHARES.at(-1)!)} by workload, median / p90 in %: marginal rate, ${learners.map(([name]) => name).join(', ')}`,
  )
  for (const { name } of workloads) {
    const own = errorRows.filter((row) => row.mechanism === mechanism && row.workload === name && row.share === SHARES.at(-1))
    console.log(
      `    ${name}  ${own.map(({ median, p90 }) => `${(100 * median).toFixed(1)} / ${(100 * p90).toFixed(1)}`.padStart(12)).join(' ')}`,
    )
  }
  judge(mechanism, reals, chosen(features, target, learners.slice(0, 2)), curves)
}

/** Of the models that simulate, the one that foresees held-out folds of its own training conditions best; fitted to all of them. */
function chosen(features: Table, target: Float64Array, learners: readonly [string, Regressor][]): RegressionModel {
  const order = shuffled(conditions.length, new Rng(1, `share ${SHARES.at(-1)}`))
  const samples = takeSamples({ features, target }, order.slice(0, Math.round(SHARES.at(-1)! * conditions.length)).sort())
  const errors = learners.map(([, learner]) => {
    const { actual, predicted } = crossValidate(
      learner,
      samples,
      kFold(samples.target.length, 5, new Rng(1, 'folds')),
      new Rng(1, 'choose'),
    )
    return average(Array.from(actual, (value, i) => Math.abs(Math.log(predicted[i]! / value))))
  })
  const [name, learner] = learners[errors.indexOf(Math.min(...errors))]!
  console.log(`  policies by ${name} (held-out folds of its training conditions: ${errors.map(percent).join(' against ')})`)
  const model = learner.fit(samples, { rng: new Rng(0, 'fit') })
  if (isRefusal(model)) throw new Error(model.message)
  return model
}

/** The best timeout by model against exhaustive search, and the ability of every policy, all on the same luck of the real system. */
function judge(mechanism: string, reals: readonly Real[], model: RegressionModel, curves: ReturnType<typeof sprintCurves>): void {
  const { load, budget } = JUDGED
  const drawn = draw(new Rng(7, `judged ${mechanism}`), load, JUDGED_QUERIES)
  const white = sprintQueueModel({ curves })
  let evaluations = 0
  const from = cpu()
  const found = workloads.map((_, workload) => {
    const priced = (price: (timeout: number) => number) => {
      const known = new Map<number, number>()
      return (timeout: number): number => {
        // two timeouts within 1 % are one question
        const near = timeout === 0 ? 0 : Math.exp(Math.round(100 * Math.log(timeout)) / 100)
        const value = known.get(near) ?? price(near)
        if (!known.has(near)) evaluations++
        known.set(near, value)
        return value
      }
    }
    const byModel = priced((timeout) => model.predict(tableFor([{ workload, load, timeout, budget }]))[0]!)
    const byMarginal = priced((timeout) => white.predict(tableFor([{ workload, load, timeout, budget }]), Float64Array.of(1))[0]!)
    const range = { shortest: 0.1, longest: 20, points: 16, rounds: 1 }
    const halved = halvingSearch(byModel, range).timeoutSeconds
    const foreseen = new Map(GRID.map((timeout) => [timeout, byModel(timeout)]))
    return {
      halftone: halved,
      '… five trials': trialSearch(halved, foreseen, playing(mechanism, reals[workload]!), 1).timeoutSeconds,
      annealing: annealingSearch(byModel, { start: 4, longest: 20, steps: 40, rng: new Rng(workload, 'annealing') })
        .timeoutSeconds,
      'marginal rate': halvingSearch(byMarginal, range).timeoutSeconds,
    }
  })
  const searching = (cpu() - from) / (3 * workloads.length)
  const gaps: number[] = []
  const abilities = new Map<string, number[]>()
  workloads.forEach(({ name }, w) => {
    const real = (timeout: number): number => observe(drawn, load, reals[w]!, { timeout, budget })
    const grid = GRID.map(real)
    const exhaustive = Math.min(...grid)
    const policies: Record<string, number> = {
      ...found[w]!,
      'big burst': 0,
      // p95 of M/M/1 without a sprint, and the mean service
      'tail only': Math.log(20) / (1 - load),
      'few to many': 1,
    }
    const responses = Object.fromEntries(Object.entries(policies).map(([policy, timeout]) => [policy, real(timeout)]))
    const best = Math.min(exhaustive, ...Object.values(responses))
    gaps.push(responses['halftone']! / exhaustive - 1)
    for (const [policy, value] of Object.entries(responses)) {
      abilities.set(policy, [...(abilities.get(policy) ?? []), best / value])
      policyRows.push({
        mechanism,
        workload: name,
        policy,
        timeout: policies[policy]!,
        response: value,
        ability: best / value,
        overExhaustive: value / exhaustive - 1,
        bestOfGrid: GRID[grid.indexOf(exhaustive)]!,
      })
    }
  })
  const trials = policyRows.filter((row) => row.mechanism === mechanism && row.policy === '… five trials')
  const after = trials.map((row) => row.overExhaustive)
  console.log(
    `  best timeout at load ${load}, budget ${budget} per ${WINDOW}: over exhaustive search by ${percent(average(gaps))} in the mean, ${percent(Math.max(...gaps))} at most (${gaps.filter((gap) => gap <= 0.02).length} of 9 within 2 %), after five trials ${percent(average(after))} and ${percent(Math.max(...after))} (${after.filter((gap) => gap <= 0.02).length} of 9); ${searching.toFixed(2)} s a search, ${(evaluations / 27).toFixed(0)} questions`,
  )
  for (const [policy, values] of abilities)
    console.log(`    ability of ${policy.padEnd(14)} mean ${percent(average(values))}, least ${percent(Math.min(...values))}`)
}

/** The real system, tried under each timeout for as long as a condition of the profile, always on the same luck. */
function playing(mechanism: string, real: Real): PlayTogether {
  const { load, budget } = JUDGED
  const drawn = draw(new Rng(8, `trial ${mechanism}`), load, QUERIES)
  return (timeouts) => timeouts.map((timeout) => observe(drawn, load, real, { timeout, budget }))
}

console.log(`\n${(cpu() - began).toFixed(0)} s of processor time in all`)
const short = <T extends object>(rows: readonly T[]): T[] =>
  rows.map(
    (row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => [name, typeof value === 'number' ? Number(value.toPrecision(4)) : value]),
      ) as T,
  )
save('quality/sprint-mechanisms', short(errorRows), {
  published: 'EuroSys 2018: median below 4 % in most of 27, worst median 11 %',
  queries: QUERIES,
  draws: DRAWS,
  policies: short(policyRows),
})
if (process.argv.includes('--save')) writeFileSync('docs/sprint-mechanisms.html', sprintPage(errorRows, policyRows))
