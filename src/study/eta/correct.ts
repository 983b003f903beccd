/**
 * What the played futures miss, learned from moments of the past: the queue as it was recorded then is played like the queue of now, and its forecasts are
 * compared with what came. Three corrections of the time to start, judged on the later of these moments, the best one taken:
 *
 * none    as played
 * shift   each quantile moved by a factor of its own, so that as many waits lie below it as should; by how far ahead it looks
 * forest  a quantile forest on the played quantiles and the features of `features.ts`: a grey model, white quantiles corrected by what was seen
 *
 * Of a wait that has not ended by now only a bound is known. Left out, or counted as it is, it would make all corrections hopeful: the longest waits are
 * those that are still open. So corrections are learned as if it lasted as long as was played, in the median of what is longer than the bound, and judged by how
 * much chance they gave to what is shorter.
 */

import { type QuantileModel, quantileForest } from '../../learn/index.js'
import { isRefusal } from '../../model/index.js'
import { quantile, type Rng } from '../../num/index.js'
import { featureTable } from './features.js'
import { RANGE_LEVELS } from './futures.js'
import { crpsOfLog, crpsOfLogUpTo, lawOf } from './law.js'

/** A waiting job at a past moment: what was foreseen and what came. Seconds. */
export interface PastWait {
  readonly moment: number
  /** Quantiles of the played time to start at the levels of a range. */
  readonly played: readonly number[]
  readonly features: readonly number[]
  readonly wait: number
  /** It had not ended: `wait` is how long it had lasted. */
  readonly open: boolean
}

export type CorrectionName = 'none' | 'shift' | 'forest'

/** Quantiles of times to start at the levels of a range, from those that were played and the features. */
export interface Correction {
  readonly name: CorrectionName
  apply(played: readonly (readonly number[])[], features: readonly (readonly number[])[]): number[][]
}

export interface CorrectionScore {
  readonly name: CorrectionName
  readonly crps: number
  readonly covered50: number
  readonly covered90: number
}

export const NO_CORRECTION: Correction = { name: 'none', apply: (played) => played.map((quantiles) => [...quantiles]) }

/** Fewer moments or waits than these correct nothing. */
const MOMENTS_AT_LEAST = 6
const WAITS_AT_LEAST = 60
/** Share of the moments, the earlier ones, that is learned from when corrections are compared. */
const EARLIER = 0.67

export interface Learned {
  readonly correction: Correction
  readonly scores: readonly CorrectionScore[]
  readonly widths: Widths
}

/**
 * Chooses on the later moments what was learned on the earlier, then learns it from all. Judged are moments of which nearly all waits have ended by now; what is
 * learned for that knows no more than was known when they began: waits that were open then are open.
 */
export function learnCorrection(waits: readonly PastWait[], rng: Rng): Learned {
  const moments = judgedMoments(waits)
  if (moments.length < MOMENTS_AT_LEAST || waits.length < WAITS_AT_LEAST)
    return { correction: NO_CORRECTION, scores: [], widths: { half: 1, most: 1 } }
  const border = moments[Math.floor(moments.length * EARLIER)]!
  const earlier = waits.filter(({ moment }) => moment < border).map((wait) => asKnownBy(wait, border))
  const judged = new Set(moments)
  const later = waits.filter(({ moment }) => moment >= border && judged.has(moment))
  const makers: readonly Maker[] = [() => NO_CORRECTION, (past) => shift(closed(past)), (past) => forest(closed(past), rng)]
  const scored = makers.flatMap((make) => {
    const correction = make(earlier)
    return correction === undefined ? [] : [{ make, correction, score: scoreOf(correction, later) }]
  })
  const best = scored.reduce((a, b) => (b.score.crps < a.score.crps ? b : a))
  const correction = best.make(waits) ?? NO_CORRECTION
  const widths = widthsFor(best.correction, later)
  return { correction: widened(correction, widths), scores: scored.map(({ score }) => score), widths }
}

/** By how much the arms of the middle half and of the middle nine tenths have to be stretched; 1: not at all. */
export interface Widths {
  readonly half: number
  readonly most: number
}

/**
 * The least stretch of the ranges, about the median and on the scale log(1 + minutes), under which those of the later moments would have held as many waits as they
 * say: what was learned holds for the weeks that it was learned in, and the next ones differ by more. Ranges are never narrowed.
 * (Normalised conformal scores: Romano, Patterson and Candès 2019.)
 */
function widthsFor(correction: Correction, later: readonly PastWait[]): Widths {
  const waits = closed(later)
  const answers = correction.apply(
    waits.map(({ played }) => played),
    waits.map(({ features }) => features),
  )
  const stretch = (low: number, high: number, share: number): number => {
    const needed = Float64Array.from(waits, ({ wait }, i) => {
      const [from, middle, to] = [low, 2, high].map((k) => toLog(answers[i]![k]!)) as [number, number, number]
      const off = toLog(wait) - middle
      return Math.abs(off) / Math.max(off < 0 ? middle - from : to - middle, LEAST_ARM)
    })
    return Math.max(1, quantile(needed.sort(), share))
  }
  return { half: stretch(1, 3, 0.5), most: stretch(0, 4, 0.9) }
}

/** Arms are taken to be no shorter than this, so that a range of no width does not ask for an endless stretch. */
const LEAST_ARM = 0.02
const WIDEST = 5

function widened(correction: Correction, { half, most }: Widths): Correction {
  if (half <= 1 && most <= 1) return correction
  const by = [most, half, 0, half, most].map((width) => Math.min(width, WIDEST))
  return {
    name: correction.name,
    apply: (played, features) =>
      correction.apply(played, features).map((quantiles) => {
        const logs = quantiles.map(toLog)
        const middle = logs[2]!
        return logs.map((x, k) => fromLog(middle + Math.max(1, by[k]!) * (x - middle))).sort((a, b) => a - b)
      }),
  }
}

/** Share of the waits of a moment that may still be open for the moment to be judged. */
const OPEN_AT_MOST = 0.1

/** Moments of which nearly all waits have ended, ascending; all of them where too few are. */
function judgedMoments(waits: readonly PastWait[]): number[] {
  const counts = new Map<number, { all: number; open: number }>()
  for (const { moment, open } of waits) {
    const count = counts.get(moment) ?? { all: 0, open: 0 }
    counts.set(moment, { all: count.all + 1, open: count.open + (open ? 1 : 0) })
  }
  const moments = [...counts.keys()].sort((a, b) => a - b)
  const over = moments.filter((moment) => counts.get(moment)!.open <= OPEN_AT_MOST * counts.get(moment)!.all)
  return over.length >= MOMENTS_AT_LEAST ? over : moments
}

function asKnownBy(wait: PastWait, atSeconds: number): PastWait {
  const lasted = atSeconds - wait.moment
  return wait.wait > lasted ? { ...wait, wait: lasted, open: true } : wait
}

type Maker = (waits: readonly PastWait[]) => Correction | undefined

/** Waits with those that are open as long as was played, in the median of what is longer than they have lasted. */
function closed(waits: readonly PastWait[]): PastWait[] {
  return waits.map((wait) => (wait.open ? { ...wait, wait: medianBeyond(wait.played, wait.wait) } : wait))
}

/** Median of what is longer than `bound`, by quantiles at the levels of a range. */
function medianBeyond(quantiles: readonly number[], bound: number): number {
  // the share up to the bound, to a hundredth: what is learned from it is no sharper
  let gone = 0
  while (gone < 1 && quantileAt(quantiles, gone + 0.01) <= bound) gone += 0.01
  return Math.max(bound, quantileAt(quantiles, (1 + Math.min(gone, 0.98)) / 2))
}

/** The quantile at any level: straight lines on the scale log(1 + minutes) between the quantiles of a range, drawn on beyond the outermost two. */
export function quantileAt(quantiles: readonly number[], level: number): number {
  const found = RANGE_LEVELS.findIndex((one) => one >= level)
  const k = found < 0 ? RANGE_LEVELS.length - 1 : Math.max(1, found)
  const [low, high] = [RANGE_LEVELS[k - 1]!, RANGE_LEVELS[k]!]
  const [from, to] = [toLog(quantiles[k - 1]!), toLog(quantiles[k]!)]
  return fromLog(from + ((to - from) * (level - low)) / (high - low))
}

function scoreOf(correction: Correction, waits: readonly PastWait[]): CorrectionScore {
  const answers = correction.apply(
    waits.map(({ played }) => played),
    waits.map(({ features }) => features),
  )
  let [crps, half, most] = [0, 0, 0]
  answers.forEach((quantiles, i) => {
    const { wait: came, open } = waits[i]!
    const law = lawOfRange(quantiles)
    crps += open ? crpsOfLogUpTo(law, came / MINUTE) : crpsOfLog(law, came / MINUTE)
    if (came <= quantiles[3]! && (open || came >= quantiles[1]!)) half++
    if (came <= quantiles[4]! && (open || came >= quantiles[0]!)) most++
  })
  const n = waits.length
  return { name: correction.name, crps: crps / n, covered50: half / n, covered90: most / n }
}

/** On the scale log(1 + minutes): whether a job starts in two seconds or in five is the same to everybody. */
const MINUTE = 60
/** Each quantile stands for the chance nearest to it. */
const WEIGHTS = [0.15, 0.225, 0.25, 0.225, 0.15]
const lawOfRange = (quantiles: readonly number[]) =>
  lawOf(
    quantiles.map((x) => Math.max(0, x) / MINUTE),
    WEIGHTS,
  )

const toLog = (seconds: number): number => Math.log1p(Math.max(0, seconds) / MINUTE)
const fromLog = (x: number): number => MINUTE * Math.expm1(Math.max(0, x))

/** Bounds of how far ahead the played median looks, in seconds. */
const LEADS = [600, 3600, 6 * 3600, 86_400]
const IN_A_LEAD_AT_LEAST = 40

const leadOf = (median: number): number => {
  const found = LEADS.findIndex((bound) => median < bound)
  return found < 0 ? LEADS.length : found
}

/**
 * Adds to the logarithm of each quantile the quantile at its own level of (log came − log played): then the share of past waits below it is its level.
 * (Conformal calibration of quantiles: Romano, Patterson and Candès 2019, each bound by itself.)
 */
function shift(waits: readonly PastWait[]): Correction {
  const shifts = (of: readonly PastWait[]): number[] =>
    RANGE_LEVELS.map((level, k) =>
      quantile(Float64Array.from(of, ({ wait, played }) => toLog(wait) - toLog(played[k]!)).sort(), level),
    )
  const all = shifts(waits)
  const byLead = Array.from({ length: LEADS.length + 1 }, (_, lead) => {
    const here = waits.filter(({ played }) => leadOf(played[2]!) === lead)
    return here.length >= IN_A_LEAD_AT_LEAST ? shifts(here) : all
  })
  return {
    name: 'shift',
    apply: (played) =>
      played.map((quantiles) => {
        const by = byLead[leadOf(quantiles[2]!)]!
        return quantiles.map((x, k) => fromLog(toLog(x) + by[k]!)).sort((a, b) => a - b)
      }),
  }
}

function forest(waits: readonly PastWait[], rng: Rng): Correction | undefined {
  const model = quantileForest({ trees: 60, rowsPerLeaf: 12, columnsPerSplit: 6, levels: [...RANGE_LEVELS] }).fit(
    {
      features: featureTable(waits.map(({ features }) => features)),
      target: Float64Array.from(waits, ({ wait }) => toLog(wait)),
    },
    { rng: rng.stream('correction') },
  )
  return isRefusal(model) ? undefined : forestCorrection(model)
}

function forestCorrection(model: QuantileModel): Correction {
  return {
    name: 'forest',
    apply: (_, features) => {
      if (features.length === 0) return []
      const logs = model.quantiles(featureTable(features))
      const width = RANGE_LEVELS.length
      return features.map((_row, i) => Array.from({ length: width }, (_, k) => fromLog(logs[i * width + k]!)))
    },
  }
}
