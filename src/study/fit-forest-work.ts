/** Pieces of a forest, on whichever thread. */
import { type ForestPiece, forestGrower, type Ground } from '../learn/index.js'

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

/** Grows pieces one after another in the same working memory. */
export function forestWork({ ground, seed, stream }: ForestThreadSetup): (piece: ForestThreadPiece) => ForestPiece {
  const grow = forestGrower(ground, seed, stream)
  return ({ from, to }) => grow(from, to)
}

/** The arrays of a piece, which its grower does not keep. */
export function arraysOf({ trees, sums, votes }: ForestPiece): ArrayBuffer[] {
  const arrays = [sums, votes, ...trees.flatMap((tree) => Object.values(tree).filter((one) => ArrayBuffer.isView(one)))]
  return [...new Set(arrays.map(({ buffer }) => buffer as ArrayBuffer))]
}
