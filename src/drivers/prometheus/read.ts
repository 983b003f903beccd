/**
 * Reads series from Prometheus, or anything that speaks its query API, into columns.
 *
 * A range query samples an expression on a grid: it is cut into pieces so that none asks for more points a series than the server gives
 * (11,000), and it sees a sample for five minutes only, so a series that is written less often comes out with holes. A raw query gets the samples as
 * they were written, at their own instants, and is what sparse series should be read by.
 */
import { IssueCollector, type IssueReport, isRefusal, type Refusal, refuse, shown, type UsageSeries } from '../../model/index.js'
import { askPrometheus, type PrometheusServer } from './query.js'

/** Prometheus refuses a query of more points than this in a series. */
export const MOST_POINTS = 11_000

export interface RangeQuery {
  readonly kind: 'range'
  readonly expression: string
  readonly fromSeconds: number
  readonly toSeconds: number
  readonly stepSeconds: number
}

export interface RawQuery {
  readonly kind: 'raw'
  /** One metric with its matchers: `node_load1{instance="a"}`. Not an expression. */
  readonly selector: string
  readonly fromSeconds: number
  readonly toSeconds: number
}

export type UsageQuery = RangeQuery | RawQuery

/** Samples of a raw query are fetched in windows of this length, so that no answer outgrows memory. */
const RAW_WINDOW_SECONDS = 7 * 86_400

export async function readUsage(server: PrometheusServer, query: UsageQuery): Promise<UsageSeries | Refusal> {
  const wrong = refusesQuery(query)
  if (wrong !== undefined) return wrong
  const table = new SampleTable()
  for (const piece of piecesOf(query)) {
    const data = await askPrometheus(server, piece.path, piece.parameters)
    if (isRefusal(data)) return data
    const failed = table.add(data, piece)
    if (failed !== undefined) return failed
  }
  return table.finish(query.kind === 'range' ? query.expression : query.selector)
}

/** One request, and which instants are wanted of its answer: after `afterSeconds`, up to `toSeconds`. */
interface Piece {
  readonly path: '/api/v1/query' | '/api/v1/query_range'
  readonly parameters: Readonly<Record<string, string>>
  readonly afterSeconds: number
  readonly toSeconds: number
}

function refusesQuery(query: UsageQuery): Refusal | undefined {
  const { fromSeconds, toSeconds } = query
  if (!(Number.isFinite(fromSeconds) && Number.isFinite(toSeconds) && fromSeconds <= toSeconds))
    return refuse('unsupported', 'the range ends before it begins, or has no end')
  if (query.kind === 'range' && !(query.stepSeconds >= 0.001 && Number.isFinite(query.stepSeconds)))
    return refuse('unsupported', `a step of ${query.stepSeconds} s is none; give at least 0.001`)
  if (query.kind === 'raw' && /[[\]()]/.test(query.selector.replace(/"(\\.|[^"\\])*"/g, '')))
    return refuse(
      'unsupported',
      `raw samples are read of a metric with its matchers, and this is an expression: ${shown(query.selector)}`,
    )
  return undefined
}

function piecesOf(query: UsageQuery): Piece[] {
  const { fromSeconds, toSeconds } = query
  const pieces: Piece[] = []
  if (query.kind === 'range') {
    const { expression, stepSeconds } = query
    // By number of the grid point rather than by adding up, so that no piece drifts from the grid.
    const points = Math.floor((toSeconds - fromSeconds) / stepSeconds + 1e-9) + 1
    for (let first = 0; first < points; first += MOST_POINTS) {
      const start = fromSeconds + first * stepSeconds
      const end = fromSeconds + (Math.min(points, first + MOST_POINTS) - 1) * stepSeconds
      const parameters = { query: expression, start: start.toFixed(3), end: end.toFixed(3), step: String(stepSeconds) }
      pieces.push({
        path: '/api/v1/query_range',
        parameters,
        afterSeconds: Number.NEGATIVE_INFINITY,
        toSeconds: Number.POSITIVE_INFINITY,
      })
    }
    return pieces
  }
  // A window [d] at time t is what lies after t − d, up to t; one millisecond more takes the first instant in.
  for (let start = fromSeconds; pieces.length === 0 || start < toSeconds; start += RAW_WINDOW_SECONDS) {
    const end = Math.min(toSeconds, start + RAW_WINDOW_SECONDS)
    const milliseconds = Math.round((end - start) * 1000) + 1
    pieces.push({
      path: '/api/v1/query',
      parameters: { query: `${query.selector}[${milliseconds}ms]`, time: end.toFixed(3) },
      afterSeconds: pieces.length === 0 ? start - 0.0005 : start,
      toSeconds: end,
    })
  }
  return pieces
}

/** Samples as they come in, series by series. */
class SampleTable {
  private readonly byLabels = new Map<string, { labels: Record<string, string>; at: number[]; values: number[] }>()
  private readonly issues = new IssueCollector()

  /** Takes the `data` of an answer in; a refusal where it is not a matrix. */
  add(data: unknown, piece: Piece): Refusal | undefined {
    const { resultType, result } = (data ?? {}) as { resultType?: unknown; result?: unknown }
    if (resultType !== 'matrix' || !Array.isArray(result))
      return refuse(
        'unsupported',
        `the answer is a ${shown(resultType ?? 'nothing')} and not series in time; ask for a metric or an expression of one`,
      )
    for (const one of result as { metric?: Record<string, string>; values?: unknown; histograms?: unknown }[]) {
      const labels = one.metric ?? {}
      const key = JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)))
      const series = this.byLabels.get(key) ?? { labels, at: [], values: [] }
      this.byLabels.set(key, series)
      if (one.histograms !== undefined) this.warn('histogram', key, 'native histograms are left out: only numbers are read')
      for (const sample of Array.isArray(one.values) ? (one.values as unknown[]) : []) this.take(series, sample, key, piece)
    }
    return undefined
  }

  finish(source: string): UsageSeries {
    const all = [...this.byLabels.values()].filter(({ at }) => at.length > 0)
    const offsets = new Uint32Array(all.length + 1)
    for (const [i, { at }] of all.entries()) offsets[i + 1] = offsets[i]! + at.length
    const report: IssueReport = this.issues.report()
    return {
      schema: 'halftone/usage/1',
      source,
      series: all.map(({ labels }) => labels),
      offsets,
      atSeconds: Float64Array.from(all.flatMap(({ at }) => at)),
      values: Float64Array.from(all.flatMap(({ values }) => values)),
      issues: report,
    }
  }

  private take(series: { at: number[]; values: number[] }, sample: unknown, place: string, piece: Piece): void {
    const [at, text] = Array.isArray(sample) ? (sample as unknown[]) : []
    if (typeof at !== 'number' || !Number.isFinite(at) || typeof text !== 'string' || text === '') {
      this.warn('bad-sample', place, 'a sample is not an instant and a number in quotes', shown(sample))
      return
    }
    if (at <= piece.afterSeconds || at > piece.toSeconds + 0.0005) return
    const value = Number(text)
    const last = series.at.at(-1) ?? Number.NEGATIVE_INFINITY
    // Prometheus writes NaN for the outcome of 0/0 and +Inf for that of 1/0: no usage is either
    if (!Number.isFinite(value)) this.warn('not-finite', place, 'values that are not finite are left out', text)
    else if (at <= last)
      this.warn('out-of-order', place, 'a sample is not later than the one before it and is left out', String(at))
    else {
      series.at.push(at)
      series.values.push(value)
    }
  }

  private warn(code: string, place: string, message: string, value?: string): void {
    this.issues.add({ code, severity: 'warning', place, message, ...(value === undefined ? {} : { value }) })
  }
}
