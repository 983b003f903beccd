import type { AccuracyCurve, Caveat, Issue } from '../model/index.js'
import { caveat, keptTasks } from '../model/index.js'
import { isotonic, studentQuantile } from '../num/index.js'

/** What was measured at one drop ratio: the relative error of each seeded repetition against the full result. */
export interface MeasuredLoss {
  readonly dropRatio: number
  readonly losses: readonly number[]
}

export type Profile =
  | { readonly ok: true; readonly curve: AccuracyCurve; readonly caveats: readonly Caveat[] }
  | { readonly ok: false; readonly issues: readonly Issue[] }

const CONFIDENCE = 0.95

/**
 * The accuracy curve of a class from measured repetitions: the mean loss at each drop ratio, made never-falling by weighted isotonic
 * regression, with the half-width of a 95 % Student interval of what was pooled into each point.
 *
 * Means that fall by more than their intervals say that something else than dropping moved the result: an issue, not a curve. Means that
 * fall within them are noise: pooled, with the caveat `pooled`. One repetition at a ratio gives a point without interval, with a caveat.
 * Source: specs/deflate.md, E12.
 */
export function accuracyProfile(measured: readonly MeasuredLoss[]): Profile {
  const issues = profileIssues(measured)
  if (issues.length > 0) return { ok: false, issues }
  const points = [...measured].sort((a, b) => a.dropRatio - b.dropRatio)
  const means = points.map(({ losses }) => mean(losses))
  const halfWidths = points.map(({ losses }) => halfWidth(losses))
  const falls = points.flatMap((point, i): Issue[] => {
    const before = i === 0 ? undefined : points[i - 1]!
    const fall = i === 0 ? 0 : means[i - 1]! - means[i]!
    if (!before || fall <= (halfWidths[i - 1] ?? Number.POSITIVE_INFINITY) + (halfWidths[i] ?? Number.POSITIVE_INFINITY))
      return []
    return [
      {
        code: 'not-monotone',
        severity: 'error',
        place: `measured[dropRatio ${point.dropRatio}]`,
        message: `loses ${shortly(means[i]!)} where dropping less (${before.dropRatio}) lost ${shortly(means[i - 1]!)}, by more than both intervals: measure again, on the same data`,
        value: shortly(means[i]!),
      },
    ]
  })
  if (falls.length > 0) return { ok: false, issues: falls }
  const fitted = isotonic(
    means,
    points.map(({ losses }) => losses.length),
  )
  const pooled = points.filter((_, i) => Math.abs(fitted[i]! - means[i]!) > 1e-15)
  const single = points.filter(({ dropRatio, losses }) => losses.length < 2 && dropRatio > 0)
  const caveats = [
    ...(pooled.length > 0
      ? [
          caveat(
            'pooled',
            `losses at drop ratios ${pooled.map(({ dropRatio }) => dropRatio).join(', ')} fell within their noise and were pooled`,
          ),
        ]
      : []),
    ...(single.length > 0
      ? [caveat('one-repetition', `one repetition at ${single.map(({ dropRatio }) => dropRatio).join(', ')}: no interval there`)]
      : []),
  ]
  const block = (i: number): readonly number[] =>
    points.filter((_, j) => Math.abs(fitted[j]! - fitted[i]!) < 1e-15).flatMap(({ losses }) => losses)
  return {
    ok: true,
    caveats,
    curve: {
      source: 'measured',
      points: points.map(({ dropRatio }, i) => {
        const half = halfWidth(block(i))
        return { dropRatio, loss: fitted[i]!, ...(half === undefined ? {} : { halfWidth: half }) }
      }),
    },
  }
}

/**
 * The loss to expect before anything is measured: relative error of a total scaled up from n̂ of `partitions` partitions, as cluster sampling
 * has it: cv · sqrt((1 − n̂/n)/n̂) · sqrt(2/π), the mean absolute error of a normal one. `stages` that feed one another each drop, so their
 * errors add in squares.
 *
 * `cv` is the coefficient of variation of the per-partition totals (for a count of rare things near 1/sqrt(count per partition)). A prior to
 * hold a measured profile against, and no more: it knows nothing of the application. Source: specs/deflate.md, E12.
 */
export function clusterSamplingCurve({
  partitions,
  cv,
  stages = 1,
  upTo = 0.5,
}: {
  readonly partitions: number
  readonly cv: number
  readonly stages?: number
  readonly upTo?: number
}): AccuracyCurve {
  const points = []
  for (let step = 1; step / 20 <= upTo + 1e-12; step++) {
    const dropRatio = step / 20
    const kept = keptTasks(partitions, dropRatio)
    const error = cv * Math.sqrt((1 - kept / partitions) / kept) * Math.sqrt(2 / Math.PI) * Math.sqrt(stages)
    points.push({ dropRatio, loss: Math.min(1, error) })
  }
  return { source: 'cluster-sampling', points }
}

function profileIssues(measured: readonly MeasuredLoss[]): Issue[] {
  const issues: Issue[] = []
  const error = (code: string, place: string, message: string, value?: number): void => {
    issues.push({ code, severity: 'error', place, message, ...(value === undefined ? {} : { value: String(value) }) })
  }
  if (measured.length === 0) error('no-rows', 'measured', 'no drop ratio was measured')
  const seen = new Set<number>()
  measured.forEach(({ dropRatio, losses }, i) => {
    const place = `measured[${i}]`
    if (!(dropRatio >= 0 && dropRatio <= 0.99))
      error('out-of-range', `${place}.dropRatio`, 'is not between 0 and 0.99: dropping everything leaves no result', dropRatio)
    if (seen.has(dropRatio)) error('duplicate', `${place}.dropRatio`, 'was given before: put its repetitions together', dropRatio)
    seen.add(dropRatio)
    if (losses.length === 0) error('no-rows', `${place}.losses`, 'has no repetition')
    losses.forEach((loss, r) => {
      if (!(loss >= 0 && loss <= 1))
        error('out-of-range', `${place}.losses[${r}]`, 'is not a relative error between 0 and 1', loss)
      else if (dropRatio === 0 && loss > 0)
        error(
          'not-zero',
          `${place}.losses[${r}]`,
          'is an error without dropping: the full result is what others are held against',
          loss,
        )
    })
  })
  return issues
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function halfWidth(values: readonly number[]): number | undefined {
  const n = values.length
  if (n < 2) return undefined
  const centre = mean(values)
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0)
  return studentQuantile(CONFIDENCE, n - 1) * Math.sqrt(squares / (n - 1) / n)
}

function shortly(value: number): string {
  return `${Number((value * 100).toPrecision(3))} %`
}
