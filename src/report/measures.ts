import type { ClassPrediction, Estimate, Prediction, Times } from '../model/index.js'
import { counted, duration, isPoint, number, percent, type Quantity, type Unit, unitOf } from './format.js'

/** One figure of a class or of the cluster: its name, how to read it, and which direction is better. */
export interface Measure<Of> {
  readonly name: string
  readonly quantity: Quantity
  readonly better: 'less' | 'more' | 'neither'
  readonly of: (from: Of) => Estimate | undefined
}

/** What a plan is judged by, class by class. */
export const CLASS_MEASURES: readonly Measure<ClassPrediction>[] = [
  { name: 'mean response', quantity: 'duration', better: 'less', of: (c) => c.response.mean },
  { name: 'p95 response', quantity: 'duration', better: 'less', of: (c) => c.response.p95 },
  { name: 'p99 response', quantity: 'duration', better: 'less', of: (c) => c.response.p99 },
  { name: 'mean wait', quantity: 'duration', better: 'less', of: (c) => c.wait.mean },
  { name: 'mean service', quantity: 'duration', better: 'neither', of: (c) => c.service.mean },
  { name: 'throughput', quantity: 'rate', better: 'more', of: (c) => c.throughputPerSecond },
  { name: 'accuracy loss', quantity: 'share', better: 'less', of: (c) => c.accuracyLoss },
]

/** The same for the cluster. */
export const CLUSTER_MEASURES: readonly Measure<Prediction['cluster']>[] = [
  { name: 'utilisation', quantity: 'share', better: 'neither', of: (c) => c.utilisation },
  { name: 'waste', quantity: 'share', better: 'less', of: (c) => c.waste },
  { name: 'power', quantity: 'power', better: 'less', of: (c) => c.powerWatts },
  { name: 'energy per job', quantity: 'energy', better: 'less', of: (c) => c.energyPerJobJoules },
]

/** What the waste figure is a share of: written once beside it. */
export const WASTE_NOTE = 'of busy time, on work thrown away'

export const QUANTILES = ['mean', 'p50', 'p95', 'p99'] as const satisfies readonly (keyof Times)[]

/** One unit for several values that are compared: that of the first; undefined (each its own) where they are too far apart for one. */
export function commonUnit(values: readonly (number | undefined)[], quantity: Quantity = 'duration'): Unit | undefined {
  const known = values.filter((x): x is number => x !== undefined && Number.isFinite(x) && x > 0)
  if (known.length === 0) return undefined
  const unit = unitOf(quantity, known[0]!)
  return known.every((x) => x / unit.size >= 0.01 && x / unit.size < 10_000) ? unit : undefined
}

/** One unit for several rates, that of the largest; undefined where the smallest would vanish in it. */
export function commonRate(perSecond: readonly number[]): Unit | undefined {
  return commonUnit(
    [...perSecond].sort((a, b) => b - a),
    'rate',
  )
}

/** The answer of a prediction in one sentence. */
export function predictionInWords(prediction: Prediction): string {
  const { classes, cluster } = prediction
  const busy = `the cluster is busy ${percent(cluster.utilisation.value)} of the time`
  const waste = cluster.waste.value > 0 ? `, ${percent(cluster.waste.value)} of it on work thrown away` : ''
  const unit = (c: ClassPrediction): Unit | undefined => commonUnit([c.response.mean.value, c.response.p95?.value])
  const p95 = (c: ClassPrediction): string =>
    c.response.p95 ? `, 95 % of them within ${duration(c.response.p95.value, unit(c))}` : ''
  if (classes.length <= 3) {
    const each = classes.map(
      (c, i) =>
        `${i === 0 ? 'Jobs of class ' : ''}${c.name} take ${duration(c.response.mean.value, unit(c))} on average${p95(c)}`,
    )
    return `${listed(each, '; ')}; ${busy}${waste}.`
  }
  const sorted = [...classes].sort((a, b) => a.response.mean.value - b.response.mean.value)
  const [fast, slow] = [sorted[0]!, sorted.at(-1)!]
  return `Mean response of the ${counted(classes.length, 'class', 'classes')} runs from ${duration(fast.response.mean.value)} (${fast.name}) to ${duration(slow.response.mean.value)} (${slow.name}); ${busy}${waste}.`
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(items: readonly string[], comma = ', '): string {
  if (items.length <= 1) return items[0] ?? ''
  return comma === ', ' ? `${items.slice(0, -1).join(', ')} and ${items.at(-1)}` : items.join(comma)
}

/** What the intervals of a prediction mean, in a sentence. */
export function confidenceInWords(prediction: Prediction): string {
  const all = everyEstimate(prediction)
  const levels = [...new Set(all.filter((e) => !isPoint(e)).map((e) => e.confidence))].sort((a, b) => a - b)
  if (levels.length === 0)
    return prediction.predictor.kind === 'analytic'
      ? 'Exact values of the model: no sampling error. Where the model differs from the cluster is not in them.'
      : 'No interval was given with these values.'
  const held = levels.map((level) => percent(level))
  const covers =
    prediction.predictor.kind === 'simulated'
      ? 'the luck of the draw in the simulation, not whether the workload’s laws are right'
      : 'what the predictor knows of its own error'
  return `Intervals hold at ${listed(held)} confidence; they cover ${covers}.`
}

function everyEstimate(prediction: Prediction): Estimate[] {
  const times = (t: Times): (Estimate | undefined)[] => [t.mean, t.p50, t.p95, t.p99]
  const { utilisation, waste, powerWatts, energyPerJobJoules } = prediction.cluster
  return [
    ...prediction.classes.flatMap((c) => [
      ...times(c.response),
      ...times(c.wait),
      ...times(c.service),
      c.throughputPerSecond,
      c.accuracyLoss,
    ]),
    utilisation,
    waste,
    powerWatts,
    energyPerJobJoules,
  ].filter((e): e is Estimate => e !== undefined)
}

const KIND: Readonly<Record<Prediction['predictor']['kind'], string>> = {
  analytic: 'a formula',
  simulated: 'simulation',
  learned: 'a learned model',
  grey: 'a calibrated model',
}

/** Who answered, how, and what it cost, in a sentence. */
export function predictorInWords({ predictor, cost }: Prediction): string {
  const work = [
    duration(cost.wallSeconds),
    ...(cost.jobs === undefined ? [] : [counted(cost.jobs, 'job')]),
    ...(cost.events === undefined ? [] : [counted(cost.events, 'event')]),
  ]
  const name = predictor.name === predictor.kind ? '' : ` (${predictor.name})`
  return `Answered by ${KIND[predictor.kind]}${name}: ${predictor.method}. It took ${listed(work)}.`
}

/** The widest interval of a mean response as a share of it, where any has one. */
export function widestMean(prediction: Prediction): string | undefined {
  let widest: { name: string; share: number } | undefined
  for (const c of prediction.classes) {
    const e = c.response.mean
    if (isPoint(e) || e.value <= 0) continue
    const share = Math.max(e.high - e.value, e.value - e.low) / e.value
    if (Number.isFinite(share) && (widest === undefined || share > widest.share)) widest = { name: c.name, share }
  }
  return widest && `The least certain mean response is that of ${widest.name}: ± ${number(100 * widest.share, 2)} %.`
}
