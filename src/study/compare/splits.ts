/** Which rows are learned from and which are judged on: the honest ways to hold rows out of a table of measurements. */
import { leaveGroupOut, type Split, shuffled } from '../../learn/index.js'
import type { Edge, SplitResult } from '../../model/index.js'
import type { Rng } from '../../num/index.js'
import type { Observed } from './observed.js'

/** One way of holding rows out, drawn several times; or why it cannot be. */
export interface SplitPlan {
  readonly kind: SplitResult['kind']
  readonly name: string
  readonly repeats: readonly Split[]
  readonly refusal?: string
}

export interface SplitQuestion {
  readonly load?: Edge
  readonly configuration?: Edge
  /** Training rows of the random splits: whole numbers of rows, or shares below 1. */
  readonly points: readonly number[]
  /** How often each split is drawn. */
  readonly repeats: number
}

const LEAST_TRAIN = 8
const LEAST_TEST = 4
/** About so much of the rows is held out by a column, where no value is given; a column with few values goes by whole values. */
const HELD = 0.3
const MOST_GROUPS = 20
/** Of the rows that could be learned from, so many are in each draw of a split by column: what several draws differ by. */
const DRAWN = 0.9

/** Every split that was asked for, those that cannot be made with the reason. Rows of `test` are never in `train`. */
export function plannedSplits(observed: Observed, question: SplitQuestion, rng: Rng): SplitPlan[] {
  const rows = observed.samples.target.length
  const plans: SplitPlan[] = []
  const sizes = [...new Set(question.points.map((points) => (points < 1 ? Math.round(points * rows) : points)))].sort(
    (a, b) => a - b,
  )
  for (const size of sizes) plans.push(randomSplit(rows, size, question.repeats, rng.stream(`random ${size}`)))
  for (const [kind, what, edge] of [
    ['unseen-load', 'load', question.load],
    ['unseen-configuration', 'configuration', question.configuration],
  ] as const) {
    plans.push(
      edge === undefined
        ? refused(
            kind,
            kind.replace('-', ' '),
            `no column was named for it (${what}: in the file, --${what} on the command line)`,
          )
        : byColumn(kind, observed, edge, question.repeats, rng.stream(kind)),
    )
  }
  plans.push(byGroup(observed))
  if (observed.ordered) plans.push(later(rows, question.repeats, rng.stream('later')))
  return plans
}

const refused = (kind: SplitPlan['kind'], name: string, refusal: string): SplitPlan => ({ kind, name, repeats: [], refusal })

function randomSplit(rows: number, size: number, repeats: number, rng: Rng): SplitPlan {
  const name = `random, ${size} rows`
  if (size < LEAST_TRAIN || rows - size < LEAST_TEST)
    return refused(
      'random',
      name,
      `${rows} rows are too few: at least ${LEAST_TRAIN} to learn from and ${LEAST_TEST} to judge on are needed`,
    )
  return {
    kind: 'random',
    name,
    repeats: Array.from({ length: repeats }, (_, r) => {
      const order = shuffled(rows, rng.stream(`${r}`))
      return { train: order.slice(0, size).sort(), test: order.slice(size).sort() }
    }),
  }
}

function byColumn(kind: SplitPlan['kind'], observed: Observed, edge: Edge, repeats: number, rng: Rng): SplitPlan {
  const column = typeof edge === 'string' ? edge : edge.column
  const what = kind.replace('-', ' ')
  const values = observed.samples.features.columns[observed.samples.features.names.indexOf(column)]!
  const above = typeof edge === 'string' ? naturalEdge(values) : edge.above
  const name = `${what}: ${column} above ${Number(above.toPrecision(6))}`
  const [known, test]: [number[], number[]] = [[], []]
  values.forEach((value, row) => {
    if (value > above) test.push(row)
    else known.push(row)
  })
  if (test.length < LEAST_TEST || known.length < LEAST_TRAIN)
    return refused(
      kind,
      name,
      `leaves ${known.length} rows to learn from and ${test.length} to judge on; at least ${LEAST_TRAIN} and ${LEAST_TEST} are needed`,
    )
  return { kind, name, repeats: drawn(known, test, repeats, rng) }
}

/** The value above which about three tenths of the rows lie, or the largest value alone where it has more. */
function naturalEdge(values: Float64Array): number {
  const distinct = [...new Set(values)].sort((a, b) => b - a)
  let held = 0
  for (let i = 0; i + 1 < distinct.length; i++) {
    for (const value of values) if (value === distinct[i]) held++
    const next = distinct[i + 1]!
    let more = held
    for (const value of values) if (value === next) more++
    // one value more would hold out too much
    if (more > HELD * values.length) return next
  }
  return distinct.at(-1)!
}

/** The test rows stay the same; each draw learns from nine tenths of the others. */
function drawn(known: readonly number[], test: readonly number[], repeats: number, rng: Rng): Split[] {
  const held = Int32Array.from(test)
  return Array.from({ length: repeats }, (_, r) => {
    const size = Math.max(LEAST_TRAIN, Math.round(DRAWN * known.length))
    const order = shuffled(known.length, rng.stream(`${r}`)).slice(0, size)
    return { train: Int32Array.from(order, (i) => known[i]!).sort(), test: held }
  })
}

function byGroup(observed: Observed): SplitPlan {
  const kind = 'unseen-workload'
  const { groups } = observed
  if (!groups)
    return refused(kind, 'unseen workload', 'no column was named for it (group: in the file, --group on the command line)')
  const name = `unseen workload: each ${groups.column} in turn`
  const count = groups.names.length
  if (count < 2) return refused(kind, name, `${groups.column} has one value only: nothing would be left to learn from`)
  const all = leaveGroupOut(groups.codes).filter(({ train, test }) => train.length >= LEAST_TRAIN && test.length >= 1)
  if (all.length === 0) return refused(kind, name, `too few rows outside any one ${groups.column} to learn from`)
  const every = Math.ceil(all.length / MOST_GROUPS)
  return { kind, name, repeats: all.filter((_, i) => i % every === 0) }
}

/** The last third in the order of the rows, learned from what came before. */
function later(rows: number, repeats: number, rng: Rng): SplitPlan {
  const from = rows - Math.floor(rows / 3)
  const name = 'later: the last third of the time'
  if (from < LEAST_TRAIN || rows - from < LEAST_TEST)
    return refused('later', name, `${rows} rows are too few: at least ${LEAST_TRAIN} and ${LEAST_TEST} are needed`)
  const all = Array.from({ length: rows }, (_, i) => i)
  return { kind: 'later', name, repeats: drawn(all.slice(0, from), all.slice(from), repeats, rng) }
}
