/** Forests fitted on several threads: the same bytes as on one. */
import { inSharedMemory, openThreads } from '../drivers/index.js'
import {
  type FitOptions,
  type ForestClassModel,
  type ForestModel,
  type ForestPiece,
  type ForestRequest,
  forestOf,
  forestPieces,
  planForest,
  type QuantileForestModel,
  type Samples,
  type Unfit,
} from '../learn/index.js'
import { type ForestThreadPiece, type ForestThreadSetup, forestWork } from './fit-forest-work.js'

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
 * The forest that `forest`, `extraTrees`, `forestClassifier` … of the same settings, samples and stream fit, its trees grown on `threads` threads, four at a time.
 * Samples are prepared and trees are put together on the thread that asks, which grows trees too; codes and targets are shared.
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
  const size = Math.max(1, Math.min(threads, work.length))
  const shared = size > 1 ? inSharedMemory(ground) : ground
  const pool = openThreads<ForestThreadSetup, ForestThreadPiece, ForestPiece>(
    THREAD,
    { ground: shared, seed, stream },
    size,
    forestWork,
  )
  try {
    const pieces = await pool.map(work, (done) => progress?.(done / work.length))
    return forestOf(plan, pieces) as ForestOfTask<Task>
  } finally {
    await pool.close()
  }
}
