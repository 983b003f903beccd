/** Attempts summed up: errors, coverage, cost and the Pareto front of each split, and what it says in a sentence. */
import type { Contest, RegionAccuracy, SplitResult, Verdict } from '../../model/index.js'
import { quantile, type Rng } from '../../num/index.js'
import { type Attempt, CHOSEN, type Contender, type ContenderKind } from './contest.js'
import type { Observed } from './observed.js'
import type { SplitPlan } from './splits.js'

/** Predictions that a cost is for: training once and so many of them. */
export const PREDICTIONS = 10_000
const RESAMPLES = 400

/** Relative errors of a contender over the test rows of all draws; NaN where there was no answer. */
type Errors = Float64Array

export interface Summed {
  readonly result: SplitResult
  readonly errors: ReadonlyMap<string, Errors>
}

/** One split from its draws: `attempts[r]` are those of draw r. */
export function summed(
  observed: Observed,
  plan: SplitPlan,
  attempts: readonly (readonly Attempt[])[],
  contenders: readonly Contender[],
  rng: Rng,
): Summed {
  const { kind, name, repeats } = plan
  const base = { kind, name, repeats: repeats.length }
  if (plan.refusal !== undefined || repeats.length === 0)
    return {
      result: { ...base, trainRows: 0, testRows: 0, results: [], refusal: plan.refusal ?? 'no draw could be made' },
      errors: new Map(),
    }
  const target = observed.samples.target
  const names = [...new Set(attempts.flatMap((draw) => draw.map(({ contender }) => contender)))]
  const errors = new Map<string, Errors>()
  const results = names.map((predictor): Contest => {
    const own = attempts.map((draw) => draw.find(({ contender }) => contender === predictor))
    const held = own.filter((one) => one !== undefined && one.refusal === undefined) as Attempt[]
    const all: number[] = []
    let [within, judged, rows] = [0, 0, 0]
    const widths: number[] = []
    repeats.forEach(({ test }, r) => {
      const attempt = own[r]
      test.forEach((row, i) => {
        rows++
        const value = attempt && attempt.refusal === undefined ? attempt.foreseen[i]! : 0
        if (!(value > 0)) {
          all.push(Number.NaN)
          return
        }
        all.push(Math.abs(value - target[row]!) / target[row]!)
        if (attempt!.halfWidth === undefined) return
        judged++
        if (Math.abs(Math.log(target[row]! / value)) <= attempt!.halfWidth) within++
        widths.push((value * (Math.exp(attempt!.halfWidth) - Math.exp(-attempt!.halfWidth))) / target[row]!)
      })
    })
    const list = Float64Array.from(all)
    errors.set(predictor, list)
    const answered = Float64Array.from(all.filter((error) => !Number.isNaN(error))).sort()
    if (answered.length === 0) {
      const refusal =
        own.find((one) => one?.refusal !== undefined)?.refusal ??
        'no test row has an answer: each is beyond what the model holds for'
      return { predictor, refusal }
    }
    return {
      predictor,
      answered: answered.length / rows,
      medianError: quantile(answered, 0.5),
      p90Error: quantile(answered, 0.9),
      worstError: answered.at(-1)!,
      ...(judged > 0 ? { coverage: within / judged, intervalWidth: quantile(Float64Array.from(widths).sort(), 0.5) } : {}),
      ...cost(held),
    }
  })
  const marked = withFront(results)
  const kinds = new Map(contenders.map(({ name: one, kind: of }) => [one, of]))
  kinds.set(CHOSEN, 'grey')
  return {
    result: {
      ...base,
      trainRows: Math.round(repeats.reduce((sum, { train }) => sum + train.length, 0) / repeats.length),
      testRows: Math.round(repeats.reduce((sum, { test }) => sum + test.length, 0) / repeats.length),
      results: marked,
      verdict: verdictOf(marked, kinds, errors, rng),
    },
    errors,
  }
}

/** Seconds that training once and ten thousand predictions take. */
export function costSeconds({ trainSeconds = 0, microsecondsPerPrediction = 0 }: Contest): number {
  return trainSeconds + PREDICTIONS * 1e-6 * microsecondsPerPrediction
}

/** The results with those marked that no other beats in both median error and cost. Only who answered every row takes part. */
export function withFront(results: readonly Contest[]): Contest[] {
  const full = results.filter(({ answered }) => answered === 1)
  return results.map((one) => {
    if (one.medianError === undefined) return one
    const beaten = full.some(
      (other) =>
        other !== one &&
        other.medianError! <= one.medianError! &&
        costSeconds(other) <= costSeconds(one) &&
        (other.medianError! < one.medianError! || costSeconds(other) < costSeconds(one)),
    )
    return { ...one, pareto: one.answered === 1 && !beaten }
  })
}

const percent = (share: number): string => `${Number((100 * share).toPrecision(share < 0.1 ? 2 : 3))} %`

/**
 * Who won, and by how much beyond luck: the grey model that cross-validation on the training rows chose, against the best white and the best learned one in hindsight
 * (a choice that favours them). Differences of the median, and of the p90 where the medians are level, are resampled over test rows, the same for both.
 */
function verdictOf(
  results: readonly Contest[],
  kinds: ReadonlyMap<string, ContenderKind>,
  errors: ReadonlyMap<string, Errors>,
  rng: Rng,
): Verdict {
  const full = results.filter(({ answered }) => answered === 1)
  const least = (kind: ContenderKind): Contest | undefined =>
    full
      .filter(({ predictor }) => kinds.get(predictor) === kind && predictor !== CHOSEN)
      .reduce<Contest | undefined>(
        (best, one) => (best === undefined || one.medianError! < best.medianError! ? one : best),
        undefined,
      )
  const [black, white, baseline] = [least('black'), least('white'), least('baseline')]
  const grey = results.find(({ predictor }) => predictor === CHOSEN)
  const said = (one: Contest): string => `${one.predictor} ${percent(one.medianError!)}`
  const rivals = [white, black].filter((one) => one !== undefined)
  const rival = rivals.reduce<Contest | undefined>(
    (best, one) => (best === undefined || one.medianError! < best.medianError! ? one : best),
    undefined,
  )
  const names = {
    ...(grey?.medianError === undefined ? {} : { grey: grey.predictor }),
    ...(black ? { black: black.predictor } : {}),
    ...(white ? { white: white.predictor } : {}),
  }
  const dull =
    baseline && full.every(({ medianError }) => medianError! >= baseline.medianError!)
      ? ` Nothing beats ${said(baseline)}, which needs no model.`
      : ''
  if (!rival) return { ...names, outcome: 'none', sentence: `no white or learned model answered every row.${dull}` }
  if (grey?.medianError === undefined || grey.answered !== 1) {
    const why =
      grey === undefined
        ? 'there is no grey model'
        : (grey.refusal ?? `grey answers only ${percent(grey.answered ?? 0)} of the rows`)
    return {
      ...names,
      outcome: rival === white ? 'white' : 'black',
      sentence: `${why}; least error: ${said(rival)} in the median.${dull}`,
    }
  }
  const [one, other] = [errors.get(grey.predictor)!, errors.get(rival.predictor)!]
  const difference = resampled(one, other, 0.5, rng.stream('median'))
  const tail = resampled(one, other, 0.9, rng.stream('tail'))
  const others = rivals.map(said).join(', ')
  const winner = ({ low, high }: Gap): Verdict['outcome'] =>
    high < 0 ? 'grey' : low > 0 ? (rival === white ? 'white' : 'black') : 'level'
  const inMedian = winner(difference)
  const inTail = winner(tail)
  const outcome = inMedian === 'level' ? inTail : inMedian
  const same = one.every((error, i) => error === other[i])
  const p90s = `p90 ${percent(grey.p90Error!)} against ${percent(rival.p90Error!)}`
  const terms = `${percent(grey.medianError)} in the median against ${others}`
  const sentence = same
    ? `no clear winner here: grey is as good as ${rival.predictor}, ${percent(rival.medianError!)} in the median, and the same in every row: it adds nothing to it (${others}).`
    : inMedian === 'grey'
      ? `grey wins here: ${terms} (${gapText(difference)}).`
      : inMedian !== 'level'
        ? `grey loses here: ${terms} (${gapText(difference)}).`
        : inTail === 'grey'
          ? `grey wins in the tail: ${p90s} (${gapText(tail)}); level in the median, ${terms}.`
          : inTail !== 'level'
            ? `grey loses in the tail: ${p90s} (${gapText(tail)}); level in the median, ${terms}.`
            : `no clear winner here: grey ${terms} (${gapText(difference)}).`
  return { ...names, outcome, difference, tail, sentence: `${sentence}${dull}` }
}

interface Gap {
  readonly value: number
  readonly low: number
  readonly high: number
}

const gapText = ({ value, low, high }: Gap): string => `${signed(value)} points, 95 % [${signed(low)}, ${signed(high)}]`

const signed = (share: number): string => `${share < 0 ? '−' : '+'}${Number(Math.abs(100 * share).toPrecision(2))}`

/** A quantile of the errors of one minus that of the other, with a 95 % bootstrap interval over rows. */
function resampled(one: Errors, other: Errors, level: number, rng: Rng): Gap {
  const rows = one.length
  const [a, b] = [new Float64Array(rows), new Float64Array(rows)]
  const difference = (): number => quantile(a.sort(), level) - quantile(b.sort(), level)
  a.set(one)
  b.set(other)
  const value = difference()
  const drawn = Float64Array.from({ length: RESAMPLES }, () => {
    for (let i = 0; i < rows; i++) {
      const at = rng.below(rows)
      a[i] = one[at]!
      b[i] = other[at]!
    }
    return difference()
  }).sort()
  return { value, low: quantile(drawn, 0.025), high: quantile(drawn, 0.975) }
}

function cost(held: readonly Attempt[]): Pick<Contest, 'trainSeconds' | 'microsecondsPerPrediction'> {
  const timed = held.filter(({ trainSeconds }) => trainSeconds !== undefined)
  if (timed.length === 0) return {}
  return {
    trainSeconds: middle(timed.map(({ trainSeconds }) => trainSeconds!)),
    microsecondsPerPrediction: middle(timed.map(({ predictSeconds, foreseen }) => (1e6 * predictSeconds!) / foreseen.length)),
  }
}

function middle(values: readonly number[]): number {
  return quantile(Float64Array.from(values).sort(), 0.5)
}

/** Errors of every contender by region: quarters of a column among the test rows of a split, or all rows as one where there is no column. */
export function regionsOf(
  observed: Observed,
  plan: SplitPlan,
  errors: ReadonlyMap<string, Errors>,
  column: string | undefined,
  edges: readonly number[],
): RegionAccuracy[] {
  const at = column === undefined ? -1 : observed.samples.features.names.indexOf(column)
  const values = plan.repeats.flatMap(({ test }) =>
    Array.from(test, (row) => (at < 0 ? 0 : observed.samples.features.columns[at]![row]!)),
  )
  const regions: RegionAccuracy[] = []
  for (const [predictor, list] of errors) {
    const bins =
      at < 0
        ? [[Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] as const]
        : edges.slice(1).map((high, i) => [edges[i]!, high] as const)
    bins.forEach(([low, high], i) => {
      const own = Float64Array.from(
        list.filter(
          (error, k) =>
            !Number.isNaN(error) && values[k]! >= low && (values[k]! < high || (i === bins.length - 1 && values[k]! <= high)),
        ),
      ).sort()
      if (own.length === 0) return
      regions.push({
        predictor,
        ...(at < 0 ? {} : { column: column!, low, high }),
        split: plan.kind,
        rows: own.length,
        medianError: quantile(own, 0.5),
        p90Error: quantile(own, 0.9),
      })
    })
  }
  return regions
}
