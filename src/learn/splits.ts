import type { Rng } from '../num/index.js'

/** Rows to learn from and rows to be judged on; ascending, nothing in common. */
export interface Split {
  readonly train: Int32Array
  readonly test: Int32Array
}

/** The numbers 0 … n − 1 in random order (Fisher and Yates). */
export function shuffled(n: number, rng: Rng): Int32Array {
  const order = Int32Array.from({ length: n }, (_, i) => i)
  for (let i = n - 1; i > 0; i--) {
    const j = rng.below(i + 1)
    const swap = order[i]
    order[i] = order[j]
    order[j] = swap
  }
  return order
}

/** `folds` splits of random rows: each row is tested exactly once, fold sizes differ by at most 1. 2 ≤ folds ≤ rows. */
export function kFold(rows: number, folds: number, rng: Rng): Split[] {
  atLeast('folds', folds, Math.min(2, rows), rows)
  const foldOf = new Int32Array(rows)
  shuffled(rows, rng).forEach((row, at) => {
    foldOf[row] = at % folds
  })
  return byFold(foldOf, folds)
}

/** As `kFold`, with equal shares of each class in every fold as far as they go. */
export function stratifiedFold(target: Float64Array, folds: number, rng: Rng): Split[] {
  atLeast('folds', folds, Math.min(2, target.length), target.length)
  const order = shuffled(target.length, rng)
  const byClass = Array.from(order).sort((a, b) => target[a] - target[b])
  const foldOf = new Int32Array(target.length)
  byClass.forEach((row, at) => {
    foldOf[row] = at % folds
  })
  return byFold(foldOf, folds)
}

/** `folds` splits that never part a group: rows with the same code (a workload, a user) are all learned from or all tested. Groups go to the emptiest fold, largest first. */
export function groupedFold(groups: ArrayLike<number>, folds: number, rng: Rng): Split[] {
  const sizes = new Map<number, number>()
  for (let i = 0; i < groups.length; i++) sizes.set(groups[i], (sizes.get(groups[i]) ?? 0) + 1)
  atLeast('folds', folds, Math.min(2, sizes.size), sizes.size)
  const codes = [...sizes.keys()]
  const order = Array.from(shuffled(codes.length, rng), (k) => codes[k]).sort((a, b) => sizes.get(b)! - sizes.get(a)!)
  const filled = new Float64Array(folds)
  const foldOfGroup = new Map<number, number>()
  for (const code of order) {
    let least = 0
    for (let f = 1; f < folds; f++) if (filled[f] < filled[least]) least = f
    foldOfGroup.set(code, least)
    filled[least] += sizes.get(code)!
  }
  return byFold(
    Int32Array.from({ length: groups.length }, (_, i) => foldOfGroup.get(groups[i])!),
    folds,
  )
}

/** One split for each group: learn from all others, test on it. */
export function leaveGroupOut(groups: ArrayLike<number>): Split[] {
  const codes = [...new Set(Array.from(groups))].sort((a, b) => a - b)
  const at = new Map(codes.map((code, k) => [code, k]))
  return byFold(
    Int32Array.from({ length: groups.length }, (_, i) => at.get(groups[i])!),
    codes.length,
  )
}

export interface TimeFoldOptions {
  /** Splits. Default 5. */
  readonly folds?: number
  /** `expanding`: all that came before (default); `rolling`: the last `window` rows before. */
  readonly window?: 'expanding' | number
  /** Rows tested in each split; default rows / (folds + 1). */
  readonly test?: number
  /** Rows left out between the last learned from and the first tested: what would not have been known yet. Default 0. */
  readonly gap?: number
}

/**
 * Splits in the order of time: each tests a stretch and learns only from rows at strictly earlier times, so that nothing is learned from the future.
 * `times` need not be sorted. Splits whose training part would be empty are left out.
 */
export function timeFold(times: ArrayLike<number>, options: TimeFoldOptions = {}): Split[] {
  const rows = times.length
  const folds = options.folds ?? 5
  atLeast('folds', folds, 1, Math.max(1, rows - 1))
  const test = options.test ?? Math.floor(rows / (folds + 1))
  atLeast('test', test, 1, rows)
  const gap = options.gap ?? 0
  const order = Array.from({ length: rows }, (_, i) => i).sort((a, b) => times[a] - times[b] || a - b)
  const splits: Split[] = []
  for (let f = 0; f < folds; f++) {
    const from = rows - (folds - f) * test
    if (from <= 0) continue
    let end = from - gap
    // rows of the very moment at which testing begins are not the past
    while (end > 0 && times[order[end - 1]] >= times[order[from]]) end--
    const begin = typeof options.window === 'number' ? Math.max(0, end - options.window) : 0
    if (end <= begin) continue
    splits.push({
      train: Int32Array.from(order.slice(begin, end)).sort(),
      test: Int32Array.from(order.slice(from, from + test)).sort(),
    })
  }
  return splits
}

/** One random split with about `share` of the rows in `test`, at least 1 on each side. At least 2 rows. */
export function holdOut(rows: number, share: number, rng: Rng): Split {
  atLeast('rows', rows, 2, Number.POSITIVE_INFINITY)
  const held = Math.min(rows - 1, Math.max(1, Math.round(rows * share)))
  const order = shuffled(rows, rng)
  return { train: order.slice(held).sort(), test: order.slice(0, held).sort() }
}

function byFold(foldOf: Int32Array, folds: number): Split[] {
  const counts = new Int32Array(folds)
  for (const fold of foldOf) counts[fold]++
  return Array.from({ length: folds }, (_, f) => {
    const test = new Int32Array(counts[f])
    const train = new Int32Array(foldOf.length - counts[f])
    let [a, b] = [0, 0]
    for (let i = 0; i < foldOf.length; i++) {
      if (foldOf[i] === f) test[a++] = i
      else train[b++] = i
    }
    return { train, test }
  })
}

function atLeast(name: string, value: number, low: number, high: number): void {
  if (!(value >= low && value <= high && Number.isInteger(value)))
    throw new RangeError(`${name} is ${value}, not a whole number between ${low} and ${high}`)
}
