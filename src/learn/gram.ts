/** Weighted sums over the rows of a design X with target y: all that linear fits need of the data. */
export interface Sums {
  /** Σ w. */
  readonly weight: number
  /** Σ w x, one a column. */
  readonly x: Float64Array
  /** Σ w y. */
  readonly y: number
  /** Σ w y². */
  readonly yy: number
  /** Σ w x y, one a column. */
  readonly xy: Float64Array
  /** Σ w x xᵀ, width × width, symmetric. */
  readonly xx: Float64Array
}

/** The sums over the rows `from` lists (all where absent) of row-major data. */
export function sumsOf(
  data: Float64Array,
  width: number,
  target: Float64Array,
  weights: Float64Array,
  from?: ArrayLike<number>,
): Sums {
  const x = new Float64Array(width)
  const xy = new Float64Array(width)
  const xx = new Float64Array(width * width)
  let [weight, y, yy] = [0, 0, 0]
  const rows = from?.length ?? target.length
  // non-zero entries of the row first: designs of categories are mostly zeros
  const at = new Int32Array(width)
  for (let r = 0; r < rows; r++) {
    const i = from === undefined ? r : from[r]
    const w = weights[i]
    const t = target[i]
    weight += w
    y += w * t
    yy += w * t * t
    const p = i * width
    let filled = 0
    for (let j = 0; j < width; j++) {
      const v = data[p + j]
      if (v === 0) continue
      at[filled++] = j
      x[j] += w * v
      xy[j] += w * v * t
    }
    for (let a = 0; a < filled; a++) {
      const j = at[a]
      const wv = w * data[p + j]
      const row = j * width
      if (filled === width) for (let k = j; k < width; k++) xx[row + k] += wv * data[p + k]
      else
        for (let b = a; b < filled; b++) {
          const k = at[b]
          xx[row + k] += wv * data[p + k]
        }
    }
  }
  for (let j = 0; j < width; j++) for (let k = 0; k < j; k++) xx[j * width + k] = xx[k * width + j]
  return { weight, x, y, yy, xy, xx }
}

/** a + factor · b. */
export function addSums(a: Sums, b: Sums, factor: number): Sums {
  const plus = (u: Float64Array, v: Float64Array): Float64Array => u.map((value, j) => value + factor * v[j])
  return {
    weight: a.weight + factor * b.weight,
    x: plus(a.x, b.x),
    y: a.y + factor * b.y,
    yy: a.yy + factor * b.yy,
    xy: plus(a.xy, b.xy),
    xx: plus(a.xx, b.xx),
  }
}

/** Covariances: Σw(x−x̄)(x−x̄)ᵀ/Σw and Σw(x−x̄)(y−ȳ)/Σw. */
export function centred({ weight, x, y, xy, xx }: Sums): { readonly gram: Float64Array; readonly moment: Float64Array } {
  const width = x.length
  const gram = new Float64Array(width * width)
  const moment = new Float64Array(width)
  for (let j = 0; j < width; j++) {
    const mean = x[j] / weight
    moment[j] = (xy[j] - mean * y) / weight
    for (let k = 0; k < width; k++) gram[j * width + k] = (xx[j * width + k] - mean * x[k]) / weight
  }
  return { gram, moment }
}

/** Σw(y − intercept − xβ)² from sums alone. */
export function squaredError(sums: Sums, intercept: number, beta: Float64Array): number {
  const { weight, x, y, yy, xy, xx } = sums
  const width = beta.length
  let total = yy - 2 * intercept * y + weight * intercept * intercept
  for (let j = 0; j < width; j++) {
    const b = beta[j]
    if (b === 0) continue
    let inner = 0
    for (let k = 0; k < width; k++) inner += xx[j * width + k] * beta[k]
    total += b * (inner - 2 * xy[j] + 2 * intercept * x[j])
  }
  return total
}
