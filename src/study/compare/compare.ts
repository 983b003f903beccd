/** White, black and grey side by side on one table of measurements: every split, every contender, on threads. */
import { inSharedMemory, openThreads } from '../../drivers/index.js'
import type { Split } from '../../learn/index.js'
import { type Caveat, type Comparison, caveat, type Edge } from '../../model/index.js'
import { quantile, Rng } from '../../num/index.js'
import { contendersFor } from './contenders.js'
import { type Attempt, CHOSEN, type Contender, contest } from './contest.js'
import type { Observed } from './observed.js'
import { plannedSplits, type SplitPlan, type SplitQuestion } from './splits.js'
import { regionsOf, summed } from './summary.js'
import type { WhiteSpec } from './white-spec.js'
import { whiteOf } from './whites.js'

export interface CompareRequest extends SplitQuestion {
  readonly observed: Observed
  readonly white?: WhiteSpec
  readonly seed: number
  readonly threads?: number
  readonly progress?: (share: number) => void
  readonly caveats?: readonly Caveat[]
}

/** What each thread is told once; all of it plain. */
export interface CompareSetup {
  readonly observed: Observed
  readonly white?: WhiteSpec
  readonly seed: number
}

/** One draw of one split. */
export interface ComparePiece {
  readonly kind: SplitPlan['kind']
  readonly name: string
  readonly draw: Split
  readonly at: number
  readonly edgeColumn?: string
}

const THREAD = new URL('./thread.js', import.meta.url)

/** What does a piece, on any thread. The answer does not depend on which, but for what it cost. */
export function piecesDone({
  observed,
  white,
  seed,
}: CompareSetup): (piece: ComparePiece, progress?: (share: number) => void) => Attempt[] {
  const theory = white === undefined ? undefined : whiteOf(white)
  const contenders = contendersFor(theory, observed)
  return ({ kind, name, draw, at, edgeColumn }, progress) =>
    contest(observed, { kind, name, repeats: [draw] }, draw, contenders, {
      rng: new Rng(seed, `compare ${name} ${at}`),
      timed: at === 0,
      dear: theory?.dear === true,
      ...(progress === undefined ? {} : { progress }),
      ...(edgeColumn === undefined ? {} : { edgeColumn }),
    })
}

/** The comparison. Same request, same answer, but for what it cost. */
export async function compare(request: CompareRequest): Promise<Comparison> {
  const { observed, white, seed, threads = 1, progress } = request
  const rng = new Rng(seed, 'splits')
  const plans = plannedSplits(observed, request, rng)
  const edgeOf = (kind: SplitPlan['kind']): string | undefined => {
    const edge = kind === 'unseen-load' ? request.load : kind === 'unseen-configuration' ? request.configuration : undefined
    return columnOfEdge(edge)
  }
  const pieces = plans.flatMap((plan) =>
    plan.repeats.map((draw, at): ComparePiece => {
      const edgeColumn = edgeOf(plan.kind)
      return { kind: plan.kind, name: plan.name, draw, at, ...(edgeColumn === undefined ? {} : { edgeColumn }) }
    }),
  )
  const setup: CompareSetup = { observed, seed, ...(white === undefined ? {} : { white }) }
  const attempts = await doneOn(threads, setup, pieces, progress)
  const contenders = contendersFor(white === undefined ? undefined : whiteOf(white), observed)
  let from = 0
  const sums = plans.map((plan) => {
    const own = attempts.slice(from, from + plan.repeats.length)
    from += plan.repeats.length
    return { plan, ...summed(observed, plan, own, contenders, rng.stream(`verdict ${plan.name}`)) }
  })
  const regionColumn = columnOfEdge(request.load) ?? columnOfEdge(request.configuration)
  const edges = regionColumn === undefined ? [] : quarters(observed, regionColumn)
  const largest = sums.filter(({ plan }) => plan.kind === 'random' && plan.repeats.length > 0).at(-1)
  const regions = sums
    .filter((one) => one === largest || (one.plan.kind !== 'random' && one.plan.repeats.length > 0))
    .flatMap(({ plan, errors }) => regionsOf(observed, plan, errors, regionColumn, edges))
  return {
    schema: 'halftone/comparison/1',
    data: {
      path: observed.path,
      rows: observed.samples.target.length,
      observed: observed.name,
      ...(observed.unit ? { unit: observed.unit } : {}),
      features: [...observed.samples.features.names],
      ...(white === undefined ? {} : { white: whiteOf(white).name }),
    },
    seed,
    predictors: [
      ...contenders.map(({ name, kind, what }: Contender) => ({ name, kind, what })),
      ...(contenders.some(({ kind }) => kind === 'grey')
        ? [{ name: CHOSEN, kind: 'grey' as const, what: 'the grey model with the least error on held-out training rows' }]
        : []),
    ],
    splits: sums.map(({ result }) => result),
    regions,
    caveats: [...observed.caveats, ...(request.caveats ?? []), ...generalCaveats(observed)].map(
      ({ code, message, path, numbers }) => ({
        code,
        message,
        ...(path === undefined ? {} : { path }),
        ...(numbers === undefined ? {} : { numbers: { ...numbers } }),
      }),
    ),
  }
}

function generalCaveats(observed: Observed): Caveat[] {
  const rows = observed.samples.target.length
  return [
    caveat('times-of-this-machine', 'training and prediction times were taken while other contenders ran on the same machine'),
    ...(rows < 100
      ? [caveat('few-rows', `${rows} rows: differences of a few points between contenders are luck`, { numbers: { rows } })]
      : []),
  ]
}

export function columnOfEdge(edge: Edge | undefined): string | undefined {
  return typeof edge === 'string' ? edge : edge?.column
}

/** Least, quartiles and largest of a column, each once. */
function quarters(observed: Observed, column: string): number[] {
  const { names, columns } = observed.samples.features
  const sorted = Float64Array.from(columns[names.indexOf(column)]!).sort()
  return [...new Set([0, 0.25, 0.5, 0.75, 1].map((p) => quantile(sorted, p)))]
}

async function doneOn(
  threads: number,
  setup: CompareSetup,
  pieces: readonly ComparePiece[],
  progress?: (share: number) => void,
): Promise<Attempt[][]> {
  if (threads <= 1 || pieces.length <= 1) {
    const work = piecesDone(setup)
    // a draw takes about as long as it has rows to learn from
    const whole = pieces.reduce((sum, { draw }) => sum + draw.train.length, 0)
    let before = 0
    return pieces.map((piece) => {
      const own = piece.draw.train.length
      const done = work(piece, (share) => progress?.((before + share * own) / whole))
      before += own
      progress?.(before / whole)
      return done
    })
  }
  const { samples } = setup.observed
  const shared: CompareSetup = {
    ...setup,
    observed: { ...setup.observed, samples: { ...samples, ...inSharedMemory({ target: samples.target }) } },
  }
  const pool = openThreads<CompareSetup, ComparePiece, Attempt[]>(THREAD, shared, Math.min(threads, pieces.length))
  try {
    return await pool.map(pieces, (done) => progress?.(done / pieces.length))
  } finally {
    await pool.close()
  }
}
