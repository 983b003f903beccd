/** A factorisation A = LLᵀ; a column that depends on earlier ones (within `tolerance` of its own size) is left out, and its variable set to 0. */
export interface Cholesky {
  readonly n: number
  readonly lower: Float64Array
  /** 1 for each variable that was left out. */
  readonly dropped: Uint8Array
  readonly rank: number
}

/** Factorises a symmetric positive semi-definite matrix of order n plus `ridge` on its diagonal. */
export function cholesky(a: Float64Array, n: number, ridge = 0, tolerance = 1e-10): Cholesky {
  const lower = new Float64Array(n * n)
  const dropped = new Uint8Array(n)
  let rank = 0
  for (let j = 0; j < n; j++) {
    const row = j * n
    for (let i = 0; i < j; i++) {
      if (dropped[i] === 1) continue
      const other = i * n
      let sum = a[row + i]
      for (let k = 0; k < i; k++) sum -= lower[row + k] * lower[other + k]
      lower[row + i] = sum / lower[other + i]
    }
    const whole = a[row + j] + ridge
    let pivot = whole
    for (let k = 0; k < j; k++) pivot -= lower[row + k] * lower[row + k]
    if (!(pivot > tolerance * whole)) {
      dropped[j] = 1
      for (let k = 0; k < j; k++) lower[row + k] = 0
      continue
    }
    lower[row + j] = Math.sqrt(pivot)
    rank++
  }
  return { n, lower, dropped, rank }
}

/** Solves A·x = b with the factors; 0 for variables left out. */
export function solveCholesky({ n, lower, dropped }: Cholesky, b: ArrayLike<number>): Float64Array {
  const x = new Float64Array(n)
  for (let i = 0; i < n; i++) {
    if (dropped[i] === 1) continue
    let sum = b[i]
    for (let k = 0; k < i; k++) sum -= lower[i * n + k] * x[k]
    x[i] = sum / lower[i * n + i]
  }
  for (let i = n - 1; i >= 0; i--) {
    if (dropped[i] === 1) continue
    let sum = x[i]
    for (let k = i + 1; k < n; k++) sum -= lower[k * n + i] * x[k]
    x[i] = sum / lower[i * n + i]
  }
  return x
}

/** ln |A| of what was not left out. */
export function logDeterminant({ n, lower, dropped }: Cholesky): number {
  let sum = 0
  for (let i = 0; i < n; i++) if (dropped[i] === 0) sum += 2 * Math.log(lower[i * n + i])
  return sum
}
