/** Forests fitted on several threads: the same bytes as on one. */
import { inSharedMemory, openThreads } from '../drivers/index.js'
import {
  type FitOptions,
  type ForestClassModel,
  type ForestModel,
  type ForestPiece,
  type ForestRequest,
  forestGrower,
  forestOf,
  forestPieces,
  type Ground,
  planForest,
  type QuantileForestModel,
  type Samples,
  type Unfit,
} from '../learn/index.js'

/** What every thread is given once: what trees grow on, in memory that all see. */
export interface ForestThreadSetup {
  readonly ground: Ground
  readonly seed: number
  readonly stream: string
}

/** Trees to grow. */
export interface ForestThreadPiece {
  readonly from: number
  readonly to: number
}

export interface ForestFitOptions extends FitOptions {
  /** 1 unless said. */
  readonly threads?: number
}

const THREAD = new URL('./fit-forest-thread.js', import.meta.url)

/** The model of `task` that the request asks for. */
export type ForestOfTask<Task extends ForestRequest['task']> = {
  readonly regression: ForestModel
  readonly classification: ForestClassModel
  readonly quantile: QuantileForestModel
}[Task]

/**
 * The forest that `forest`, `extraTrees`, `forestClassifier` … of the same settings, samples and stream fit, its trees grown on `threads` threads, eight at a time.
 * Samples are prepared and trees are put together on the thread that asks; codes and targets are shared, trees are copied back.
 */
export async function fitForest<Task extends ForestRequest['task']>(
  request: ForestRequest & { readonly task: Task },
  samples: Samples,
  { rng, progress, threads = 1 }: ForestFitOptions,
): Promise<ForestOfTask<Task> | Unfit> {
  const plan = planForest(request, samples, rng)
  if ('kind' in plan) return plan
  const { ground, seed, stream } = plan
  const work = forestPieces(plan)
  const size = Math.min(threads, work.length)
  const pieces =
    size <= 1
      ? growHere({ ground, seed, stream }, work, progress)
      : await growOn({ ground: inSharedMemory(ground), seed, stream }, work, size, progress)
  return forestOf(plan, pieces) as ForestOfTask<Task>
}

function growHere(
  { ground, seed, stream }: ForestThreadSetup,
  work: readonly ForestThreadPiece[],
  progress: FitOptions['progress'],
): ForestPiece[] {
  const grow = forestGrower(ground, seed, stream)
  return work.map(({ from, to }, k) => {
    const piece = grow(from, to)
    progress?.((k + 1) / work.length)
    return piece
  })
}

async function growOn(
  setup: ForestThreadSetup,
  work: readonly ForestThreadPiece[],
  size: number,
  progress: FitOptions['progress'],
): Promise<ForestPiece[]> {
  const pool = openThreads<ForestThreadSetup, ForestThreadPiece, ForestPiece>(THREAD, setup, size)
  try {
    return await pool.map(work, (done) => progress?.(done / work.length))
  } finally {
    await pool.close()
  }
}
