/**
 * The effective-rate experiment: 810 conditions of a server that sprints (examples/sprint/conditions), each observed over 700,000 queries on luck of its own, foreseen by
 *
 *   marginal rate          the simulator at the marginal rate, nothing learned
 *   forest → rate → sim.   a forest foresees the effective rate, the simulator turns it into a response; with a conformal 90 % interval
 *   forest, boosting, net  the response straight from the conditions (forest also on its plain scale, as published)
 *
 * under 10, 25, 50 and 75 % of the grid to learn from (five draws each), the load 0.9 held out, and each workload held out. Observing twice shows the noise that no model
 * can be better than. Observations are made on threads and kept for the run.
 */
import { cpus } from 'node:os'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { type ConformalOptions, conformal, effectiveRate, onLogScale, sprintCurves, sprintQueueModel } from 'halftone/grey'
import {
  boosting,
  forest,
  leaveGroupOut,
  net,
  type Regressor,
  type Split,
  shuffled,
  tableOf,
  takeRows,
  takeSamples,
} from 'halftone/learn'
import { isRefusal } from 'halftone/model'
import { quantile, Rng } from 'halftone/num'
import { conditions, observe } from '../../examples/sprint/conditions.js'
import { save } from '../save.js'

const QUERIES = 700_000
const DRAWS = 5
const all = conditions()

interface Share {
  readonly from: number
  readonly step: number
  readonly seed: number
}

if (!isMainThread) {
  const { from, step, seed } = workerData as Share
  const own = all.filter((_, i) => i % step === from)
  parentPort!.postMessage(own.map((condition) => observe(condition, seed, QUERIES)))
} else await main()

/** Every condition observed once, on as many threads as there are processors. */
async function observations(seed: number): Promise<Float64Array> {
  const step = Math.min(8, cpus().length)
  const parts = await Promise.all(
    Array.from(
      { length: step },
      (_, from) =>
        new Promise<number[]>((resolve, reject) => {
          // a thread does not inherit the loader of TypeScript
          const load = `import('tsx/esm/api').then(({ register }) => { register(); return import(${JSON.stringify(import.meta.url)}) })`
          const worker = new Worker(load, { eval: true, workerData: { from, step, seed } satisfies Share })
          worker.on('message', resolve)
          worker.on('error', reject)
        }),
    ),
  )
  return Float64Array.from(all, (_, i) => parts[i % step]![Math.floor(i / step)]!)
}

async function main(): Promise<void> {
  const began = performance.now()
  const target = await observations(1)
  const again = await observations(2)
  const noise = target.map((value, i) => Math.abs(again[i]! / value - 1)).sort()
  console.log(
    `${all.length} conditions observed twice over ${QUERIES.toLocaleString('en')} queries in ${((performance.now() - began) / 1000).toFixed(0)} s; ` +
      `they differ by ${percent(quantile(noise, 0.5))} in the median, ${percent(quantile(noise, 0.95))} at the p95 (√2 of the noise of one)`,
  )
  const numbers = [
    'arrivalRatePerSecond',
    'serviceRatePerSecond',
    'marginalRatePerSecond',
    'timeoutSeconds',
    'budgetSeconds',
    'windowSeconds',
  ] as const
  const workloads = [...new Set(all.map(({ workload }) => workload))]
  const codes = all.map(({ workload }) => workloads.indexOf(workload))
  const features = tableOf(
    { ...Object.fromEntries(numbers.map((name) => [name, all.map((one) => one[name])])), workload: codes },
    { workload: workloads },
  )
  const samples = { features, target }
  const curves = sprintCurves()
  const marginal = sprintQueueModel({ curves }).predict(features, Float64Array.of(1))
  const hybrid = effectiveRate({ inner: forest({ trees: 200, columnsPerSplit: 100 }), curves })
  const learned: [string, Regressor][] = [
    ['forest → rate → simulator', hybrid],
    ['forest → response', forest({ trees: 200, columnsPerSplit: 100 })],
    ['forest → log response', onLogScale(forest({ trees: 200, columnsPerSplit: 100 }))],
    ['boosting → log response', onLogScale(boosting())],
    ['net → log response', onLogScale(net())],
  ]
  // intervals from held-out rows of the kind that is asked about: random, of larger loads, of other workloads
  const splits: [string, Split[], ConformalOptions][] = [
    ...[0.1, 0.25, 0.5, 0.75].map((share): [string, Split[], ConformalOptions] => [
      `${100 * share} % to learn from`,
      Array.from({ length: DRAWS }, (_, draw) => {
        const order = shuffled(all.length, new Rng(draw + 1, `share ${share}`))
        const size = Math.round(share * all.length)
        return { train: order.slice(0, size).sort(), test: order.slice(size).sort() }
      }),
      { folds: 20 },
    ]),
    ['load 0.9 held out', [byLoad(0.9)], { folds: 20, grows: 'arrivalRatePerSecond' }],
    ['each workload held out', leaveGroupOut(Int32Array.from(codes)), { configuration: ['workload'] }],
  ]
  const rows: Record<string, unknown>[] = []
  for (const [split, draws, held] of splits) {
    console.log(`\n${split} (${draws[0]!.train.length} of ${all.length}; ${draws.length} draws)`)
    report(
      rows,
      split,
      'marginal rate + simulator',
      errorsOf(draws, target, ({ test }) => Float64Array.from(test, (row) => marginal[row]!)),
    )
    for (const [name, learner] of learned) {
      const interval = { within: 0, of: 0 }
      const errors = errorsOf(draws, target, ({ train, test }, draw) => {
        const asked = takeRows(features, test)
        if (name.includes('rate →')) {
          const model = conformal(learner, { method: 'cv+', ...held }).fit(takeSamples(samples, train), {
            rng: new Rng(draw, 'fit'),
          })
          if (isRefusal(model)) throw new Error(model.message)
          const { low, high } = model.interval(asked)
          test.forEach((row, i) => {
            interval.of++
            if (target[row]! >= low[i]! && target[row]! <= high[i]!) interval.within++
          })
          return model.predict(asked)
        }
        const model = learner.fit(takeSamples(samples, train), { rng: new Rng(draw, 'fit') })
        if (isRefusal(model)) throw new Error(model.message)
        return model.predict(asked)
      })
      report(rows, split, name, errors, interval.of > 0 ? interval.within / interval.of : undefined)
    }
  }
  const noiseRow = { median: quantile(noise, 0.5), p95: quantile(noise, 0.95) }
  save('quality/effective-rate', rows, { queries: QUERIES, draws: DRAWS, reobservation: noiseRow })
}

function byLoad(held: number): Split {
  const index = all.map((_, i) => i)
  return {
    train: Int32Array.from(index.filter((i) => all[i]!.arrivalRatePerSecond < held)),
    test: Int32Array.from(index.filter((i) => all[i]!.arrivalRatePerSecond >= held)),
  }
}

/** Relative errors over all test rows of all draws, ascending. */
function errorsOf(
  draws: readonly Split[],
  target: Float64Array,
  predict: (split: Split, draw: number) => Float64Array,
): Float64Array {
  const errors = draws.flatMap((split, draw) => {
    const foreseen = predict(split, draw)
    return Array.from(split.test, (row, i) => Math.abs(foreseen[i]! / target[row]! - 1))
  })
  return Float64Array.from(errors).sort()
}

function report(
  rows: Record<string, unknown>[],
  split: string,
  predictor: string,
  errors: Float64Array,
  coverage?: number,
): void {
  const [median, p90, worst] = [quantile(errors, 0.5), quantile(errors, 0.9), errors.at(-1)!]
  rows.push({ split, predictor, median, p90, worst, ...(coverage === undefined ? {} : { coverage }) })
  const covers = coverage === undefined ? '' : `   90 % interval covers ${percent(coverage)}`
  console.log(
    `  ${predictor.padEnd(27)} median ${percent(median).padStart(6)}  p90 ${percent(p90).padStart(6)}  worst ${percent(worst).padStart(6)}${covers}`,
  )
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}
