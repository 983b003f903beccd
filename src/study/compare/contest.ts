/**
 * One draw of one split: every contender learns from the training rows and foresees the test rows.
 *
 * Intervals are conformal: errors |ln(y/ŷ)| on training rows that were held out in turn, in the way that the split holds rows out (at random, beyond a value, group by
 * group), and their 90 % quantile around each prediction. Source: Vovk, Gammerman, Shafer (2005); Barber et al. (2021), cross-validation intervals.
 * The same held-out errors choose among the grey models, so that the choice has not seen the test rows.
 */
import { conformalQuantile } from '../../grey/index.js'
import { kFold, leaveGroupOut, type Regressor, type Split, takeRows, takeSamples } from '../../learn/index.js'
import { isRefusal } from '../../model/index.js'
import { quantile, type Rng } from '../../num/index.js'
import type { Observed } from './observed.js'
import type { SplitPlan } from './splits.js'

export type ContenderKind = 'baseline' | 'white' | 'black' | 'grey'

/** A predictor that takes part. */
export interface Contender {
  readonly name: string
  readonly kind: ContenderKind
  /** What it is, in a few words. */
  readonly what: string
  /** Beyond the data it is theory times a correction, and not a learner, which has seen nothing there. */
  readonly beyond?: boolean
  /** Beyond the data it is the one to take unless another is clearly better on training rows held out beyond the others: it spreads its bets, the others each make one. */
  readonly preferredBeyond?: boolean
  /** A learner; with `shared` false a fresh one that remembers nothing of earlier fits, so that its cost can be measured. */
  make(shared: boolean): Regressor
}

/** How a contender did in one draw. */
export interface Attempt {
  readonly contender: string
  readonly refusal?: string
  /** One a test row; 0 where there is no answer. */
  readonly foreseen: Float64Array
  /** Half-width of the 90 % interval in ln y; absent where too few rows were held out to say. */
  readonly halfWidth?: number
  /** Absent where the learner could remember answers of earlier draws. */
  readonly trainSeconds?: number
  readonly predictSeconds?: number
  /** Median of |ln(y/ŷ)| on training rows held out in turn, and their mean. */
  readonly heldOutError: number
  readonly heldOutMean: number
  readonly caveats: readonly string[]
}

export const CHOSEN = 'grey, chosen'
const LEVEL = 0.9
const NO_ANSWER = Math.log(20)
/** Beyond the data another is chosen instead of the preferred one only where its held-out error is smaller by more than a quarter: a few held-out sizes tell no smaller difference. */
const CLEARLY = 0.75
/** A column with so few values is cut at its values, one with more at its quantiles. */
const FEW_VALUES = 12
const FEWEST_ROWS = 60

/**
 * Folds in which training rows are held out. With few rows many folds, or the models of the folds would know much less than the one that is judged and its intervals come out wide; a white model
 * that is dear to ask is not calibrated so often.
 */
export function foldsFor(rows: number, dear: boolean): number {
  return rows < FEWEST_ROWS && !dear ? 10 : 4
}

export interface ContestOptions {
  readonly rng: Rng
  readonly edgeColumn?: string
  readonly timed: boolean
  /** The white model is dear to ask. */
  readonly dear?: boolean
  readonly progress?: (share: number) => void
}

/** Runs all contenders on one draw. The last attempt is the grey model chosen by cross-validation, where there are grey ones. */
export function contest(
  observed: Observed,
  plan: SplitPlan,
  draw: Split,
  contenders: readonly Contender[],
  { rng, edgeColumn, timed, dear = false, progress }: ContestOptions,
): Attempt[] {
  const train = takeSamples(observed.samples, draw.train)
  const test = takeRows(observed.samples.features, draw.test)
  const inner = innerSplits(observed, plan, draw, rng.stream('inner'), edgeColumn, foldsFor(draw.train.length, dear))
  const attempts = contenders.map((contender, at): Attempt => {
    progress?.(at / contenders.length)
    const luck = rng.stream(contender.name)
    const began = performance.now()
    const model = contender.make(!timed).fit(train, { rng: luck })
    const fitted = performance.now()
    if (isRefusal(model))
      return {
        contender: contender.name,
        refusal: model.message,
        foreseen: new Float64Array(0),
        heldOutError: Number.POSITIVE_INFINITY,
        heldOutMean: Number.POSITIVE_INFINITY,
        caveats: [],
      }
    const foreseen = model.predict(test)
    const done = performance.now()
    const errors = heldOutErrors(contender.make(true), train.target, (rows) => takeSamples(train, rows), inner, luck)
    const halfWidth = conformalQuantile(errors, LEVEL)
    return {
      contender: contender.name,
      foreseen: foreseen.map((value) => (Number.isFinite(value) && value > 0 ? value : 0)),
      ...(halfWidth === undefined ? {} : { halfWidth }),
      ...(timed ? { trainSeconds: (fitted - began) / 1000, predictSeconds: (done - fitted) / 1000 } : {}),
      heldOutError: errors.length > 0 ? quantile(errors, 0.5) : Number.POSITIVE_INFINITY,
      heldOutMean: errors.length > 0 ? meanOf(errors) : Number.POSITIVE_INFINITY,
      caveats: model.caveats.map(({ code }) => code),
    }
  })
  const beyond = plan.kind === 'unseen-load' || plan.kind === 'unseen-configuration'
  const chosen = choice(attempts, contenders, beyond, inner.length)
  return chosen === undefined ? attempts : [...attempts, chosen]
}

const meanOf = (errors: Float64Array): number =>
  errors.reduce((sum, error) => sum + Math.min(error, NO_ANSWER), 0) / errors.length

/**
 * The grey attempt with the least error on held-out training rows; it cost what all of them cost. Where rows beyond the data are asked about, only those are chosen from that are theory times a
 * correction there, since held-out training rows reach a short step beyond the others and do not show where a learner ends; and the preferred one (the blend) is kept unless another errs clearly less.
 */
export function choice(
  attempts: readonly Attempt[],
  contenders: readonly Contender[],
  beyond: boolean,
  held: number,
): Attempt | undefined {
  const able = attempts.flatMap((attempt, i) => {
    const contender = contenders[i]!
    const takesPart = contender.kind === 'grey' && attempt.refusal === undefined && (!beyond || contender.beyond)
    return takesPart ? [{ attempt, preferred: beyond && contender.preferredBeyond === true }] : []
  })
  if (able.length === 0) return undefined
  const errorOf = ({ heldOutError, heldOutMean }: Attempt): number => (beyond ? heldOutMean : heldOutError)
  const least = able.reduce((best, one) => (errorOf(one.attempt) < errorOf(best.attempt) ? one : best)).attempt
  const preferred = able.find((one) => one.preferred)?.attempt
  const best = preferred !== undefined && !(errorOf(least) < CLEARLY * errorOf(preferred)) ? preferred : least
  const trainSeconds = able.reduce((sum, { attempt }) => sum + (attempt.trainSeconds ?? 0), 0) * (1 + held)
  return {
    ...best,
    contender: CHOSEN,
    ...(best.trainSeconds === undefined ? {} : { trainSeconds }),
    caveats: [...best.caveats, `chosen:${best.contender}`],
  }
}

/** Ascending |ln(y/ŷ)| of training rows held out; a row without an answer counts as a factor of 20. */
function heldOutErrors(
  learner: Regressor,
  target: Float64Array,
  take: (rows: Int32Array) => ReturnType<typeof takeSamples>,
  splits: readonly Split[],
  rng: Rng,
): Float64Array {
  const errors: number[] = []
  splits.forEach(({ train, test }, k) => {
    const model = learner.fit(take(train), { rng: rng.stream(`fold ${k}`) })
    if (isRefusal(model)) return
    const foreseen = model.predict(take(test).features)
    foreseen.forEach((value, i) => {
      errors.push(value > 0 && Number.isFinite(value) ? Math.abs(Math.log(target[test[i]!]! / value)) : NO_ANSWER)
    })
  })
  return Float64Array.from(errors).sort()
}

/** Rows of the training part held out in the way of the split, numbered within the training part. */
function innerSplits(
  observed: Observed,
  plan: SplitPlan,
  { train }: Split,
  rng: Rng,
  column: string | undefined,
  parts: number,
): readonly Split[] {
  const rows = train.length
  const folds = kFold(rows, Math.min(parts, rows), rng)
  if (plan.kind === 'unseen-workload' && observed.groups) {
    const groups = leaveGroupOut(Int32Array.from(train, (row) => observed.groups!.codes[row]!)).filter(
      (split) => split.train.length > 0,
    )
    const every = Math.ceil(groups.length / parts)
    return groups.length < 2 ? folds : groups.filter((_, i) => i % every === 0)
  }
  if (plan.kind === 'later') return edges(Float64Array.from(train), folds)
  if (column === undefined || !plan.kind.startsWith('unseen')) return folds
  const values = observed.samples.features.columns[observed.samples.features.names.indexOf(column)]!
  return edges(
    Float64Array.from(train, (row) => values[row]!),
    folds,
  )
}

/**
 * The largest values held out: of a column of few values the largest, the two largest and the three largest of them, as far as two values remain to learn from; of another about a fifth and about two fifths
 * of the rows. The folds where too few rows can be told apart so.
 */
export function edges(values: Float64Array, otherwise: readonly Split[]): readonly Split[] {
  const sorted = Float64Array.from(values).sort()
  const distinct = [...new Set(sorted)]
  const cuts =
    distinct.length <= FEW_VALUES ? distinct.slice(1, -1).slice(-3) : [0.6, 0.8].map((share) => quantile(sorted, share))
  const splits: Split[] = []
  for (const above of cuts) {
    const [train, test]: [number[], number[]] = [[], []]
    values.forEach((value, row) => {
      // ties of the largest value go to the test part
      if (value > above || (value === above && above === sorted.at(-1))) test.push(row)
      else train.push(row)
    })
    if (train.length >= 4 && test.length >= 4 && splits.at(-1)?.test.length !== test.length)
      splits.push({ train: Int32Array.from(train), test: Int32Array.from(test) })
  }
  return splits.length > 0 ? splits : otherwise
}
