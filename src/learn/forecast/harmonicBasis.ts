import type { Autoregression } from './autoregression.js'

/**
 * Regression of a regular series on a constant and on sines and cosines, by sums over the phases of its seasons.
 *
 *   x(t) = c + Σ_f a_f cos 2πf(t − m) + b_f sin 2πf(t − m),  m = (n − 1)/2
 *
 * With time counted from the middle of the series every product of a cosine and a sine sums to 0, and those of two cosines or two sines have closed
 * forms (Dirichlet's kernel), so the normal equations are two small systems that depend only on n and the frequencies. The right-hand sides need the
 * series only through its sums by phase of each season. O(n + seasons' steps × frequencies) a fit.
 */
export class HarmonicBasis {
  /** Cycles a step, in order of the seasons (shortest first), then ascending. */
  readonly frequencies: Float64Array
  /** Which season each frequency is a multiple of, and of how much. */
  private readonly season: Int32Array
  private readonly multiple: Int32Array
  private readonly cosines: readonly Float64Array[]
  private readonly foldSums: readonly Float64Array[]
  /** Products of cosines (the constant first) and of sines, whole matrices. */
  private readonly cosineProducts: Float64Array
  private readonly sineProducts: Float64Array
  private readonly cosineFactor: Float64Array
  private readonly sineFactor: Float64Array
  /** Right-hand sides, then solutions: the constant and the cosines; the sines. */
  readonly a: Float64Array
  readonly b: Float64Array

  /** cos and sin of 2πf·lag, frequency by frequency, lags 0 … `lags`. */
  private readonly lagCosines: Float64Array
  private readonly lagSines: Float64Array

  constructor(
    readonly count: number,
    readonly periods: readonly number[],
    most: number,
    private readonly lags: number,
  ) {
    const frequencies: number[] = []
    const season: number[] = []
    const multiple: number[] = []
    periods.forEach((period, s) => {
      // a longer season shapes the shorter ones from day to day: its own first harmonics and the side bands of theirs
      const last = s === 0 ? Math.floor(period / 2) : Math.min(Math.floor(period / 2), Math.ceil(2.5 * (period / periods[0])))
      for (let k = 1; k <= last; k++) {
        const f = k / period
        if (frequencies.length >= most * (s + 1)) break
        if (frequencies.some((other) => Math.abs(other - f) < 0.5 / count)) continue
        frequencies.push(f)
        season.push(s)
        multiple.push(k)
      }
    })
    const K = frequencies.length
    this.frequencies = Float64Array.from(frequencies)
    this.season = Int32Array.from(season)
    this.multiple = Int32Array.from(multiple)
    this.cosines = periods.map((period) => Float64Array.from({ length: period }, (_, i) => Math.cos((2 * Math.PI * i) / period)))
    this.foldSums = periods.map((period) => new Float64Array(period))
    this.cosineProducts = new Float64Array((K + 1) * (K + 1))
    this.sineProducts = new Float64Array(K * K)
    const f = (i: number): number => (i === 0 ? 0 : frequencies[i - 1])
    for (let i = 0; i <= K; i++) {
      for (let j = 0; j <= i; j++) {
        const difference = kernel(f(i) - f(j), count)
        const sum = kernel(f(i) + f(j), count)
        this.cosineProducts[i * (K + 1) + j] = this.cosineProducts[j * (K + 1) + i] = (difference + sum) / 2
        if (j > 0) this.sineProducts[(i - 1) * K + j - 1] = this.sineProducts[(j - 1) * K + i - 1] = (difference - sum) / 2
      }
    }
    this.lagCosines = new Float64Array(K * (lags + 1))
    this.lagSines = new Float64Array(K * (lags + 1))
    for (let k = 0; k < K; k++) {
      for (let j = 0; j <= lags; j++) {
        this.lagCosines[k * (lags + 1) + j] = Math.cos(2 * Math.PI * frequencies[k] * j)
        this.lagSines[k * (lags + 1) + j] = Math.sin(2 * Math.PI * frequencies[k] * j)
      }
    }
    this.a = new Float64Array(K + 1)
    this.b = new Float64Array(K)
    this.cosineFactor = this.cosineProducts.slice()
    this.sineFactor = this.sineProducts.slice()
    cholesky(this.cosineFactor, K + 1, K + 1)
    cholesky(this.sineFactor, K, K)
  }

  /** Spectral density of an autoregression at frequency k: σ² / |1 − Σ φⱼ e^(−2πi f j)|², so that white noise has its variance. */
  spectrum({ order, coefficients, innovation }: Autoregression, k: number): number {
    const start = k * (this.lags + 1)
    let re = 1
    let im = 0
    for (let j = 1; j <= order; j++) {
      re -= coefficients[j - 1] * this.lagCosines[start + j]
      im += coefficients[j - 1] * this.lagSines[start + j]
    }
    return innovation / (re * re + im * im)
  }

  /** Adds to autocovariances at lags 0 … `order` those of a wave of frequency k and variance `power`. */
  addWave(covariances: Float64Array, order: number, k: number, power: number): void {
    const start = k * (this.lags + 1)
    for (let j = 0; j <= order; j++) covariances[j] += power * this.lagCosines[start + j]
  }

  /** Least squares on all frequencies; coefficients come to lie in `a` and `b`. No NaN in `values`. */
  fit(values: Float64Array): void {
    this.project(values)
    const K = this.frequencies.length
    solve(this.cosineFactor, K + 1, K + 1, this.a)
    solve(this.sineFactor, K, K, this.b)
  }

  /** Least squares on the constant and the chosen frequencies (ascending indices); other coefficients become 0. */
  fitSome(values: Float64Array, chosen: readonly number[], scratch: Float64Array): void {
    this.project(values)
    const K = this.frequencies.length
    const m = chosen.length
    const right = scratch.subarray(0, m + 1)
    const matrix = scratch.subarray(m + 1, m + 1 + (m + 1) * (m + 1))
    const at = (i: number): number => (i === 0 ? 0 : chosen[i - 1] + 1)
    for (let i = 0; i <= m; i++) {
      right[i] = this.a[at(i)]
      for (let j = 0; j <= i; j++) matrix[i * (m + 1) + j] = this.cosineProducts[at(i) * (K + 1) + at(j)]
    }
    cholesky(matrix, m + 1, m + 1)
    solve(matrix, m + 1, m + 1, right)
    this.a.fill(0)
    for (let i = 0; i <= m; i++) this.a[at(i)] = right[i]
    for (let i = 0; i < m; i++) {
      right[i] = this.b[chosen[i]]
      for (let j = 0; j <= i; j++) matrix[i * m + j] = this.sineProducts[chosen[i] * K + chosen[j]]
    }
    cholesky(matrix, m, m)
    solve(matrix, m, m, right)
    this.b.fill(0)
    for (let i = 0; i < m; i++) this.b[chosen[i]] = right[i]
  }

  /** The seasonal curve of each season over its phases (phase 0 is the first value of the series), without the constant, into `out`. */
  profiles(out: readonly Float64Array[]): void {
    const middle = (this.count - 1) / 2
    for (const profile of out) profile.fill(0)
    for (let k = 0; k < this.frequencies.length; k++) {
      const a = this.a[k + 1]
      const b = this.b[k]
      if (a === 0 && b === 0) continue
      // cos w(t − m) and sin w(t − m) in cos wt and sin wt
      const angle = 2 * Math.PI * this.frequencies[k] * middle
      const cos = Math.cos(angle)
      const sin = Math.sin(angle)
      const c = a * cos - b * sin
      const s = a * sin + b * cos
      const table = this.cosines[this.season[k]]
      const profile = out[this.season[k]]
      const period = table.length
      const step = this.multiple[k]
      if (period % 4 === 0) {
        // sin x = cos(x − π/2)
        const quarter = (3 * period) / 4
        for (let i = 0, p = 0, q = quarter; i < period; i++) {
          profile[i] += c * table[p] + s * table[q]
          if ((p += step) >= period) p -= period
          if ((q += step) >= period) q -= period
        }
      } else {
        const turn = (2 * Math.PI * step) / period
        for (let i = 0; i < period; i++) profile[i] += c * Math.cos(turn * i) + s * Math.sin(turn * i)
      }
    }
  }

  /** Sums of values × cos and × sin of time from the middle, into `a` and `b`. */
  private project(values: Float64Array): void {
    const { count, a, b } = this
    let sum = 0
    for (let i = 0; i < count; i++) sum += values[i]
    a[0] = sum
    this.foldSums.forEach((sums) => {
      sums.fill(0)
      const period = sums.length
      for (let start = 0; start < count; start += period) {
        const end = Math.min(period, count - start)
        for (let i = 0; i < end; i++) sums[i] += values[start + i]
      }
    })
    const middle = (count - 1) / 2
    for (let k = 0; k < this.frequencies.length; k++) {
      const table = this.cosines[this.season[k]]
      const sums = this.foldSums[this.season[k]]
      const period = table.length
      const step = this.multiple[k]
      let re = 0
      let im = 0
      if (period % 4 === 0) {
        const quarter = (3 * period) / 4
        for (let i = 0, p = 0, q = quarter; i < period; i++) {
          re += sums[i] * table[p]
          im += sums[i] * table[q]
          if ((p += step) >= period) p -= period
          if ((q += step) >= period) q -= period
        }
      } else {
        const turn = (2 * Math.PI * step) / period
        for (let i = 0; i < period; i++) {
          re += sums[i] * Math.cos(turn * i)
          im += sums[i] * Math.sin(turn * i)
        }
      }
      const angle = 2 * Math.PI * this.frequencies[k] * middle
      const cos = Math.cos(angle)
      const sin = Math.sin(angle)
      a[k + 1] = re * cos + im * sin
      b[k] = im * cos - re * sin
    }
  }
}

/** Σ cos 2πf(t − m) over t = 0 … n − 1 with m in the middle: sin(πfn)/sin(πf). */
function kernel(f: number, n: number): number {
  const whole = Math.round(f)
  const rest = f - whole
  // at a whole number of cycles a step every term is cos 2πf m′, m′ a whole or half number
  const sign = n % 2 === 0 && whole % 2 !== 0 ? -1 : 1
  if (Math.abs(rest) < 1e-13) return sign * n
  return (sign * Math.sin(Math.PI * rest * n)) / Math.sin(Math.PI * rest)
}

/** Lower Cholesky factor in place; a pivot lost to rounding is set to infinity, which makes its coefficient 0. */
function cholesky(matrix: Float64Array, n: number, stride: number): void {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * stride + j]
      for (let k = 0; k < j; k++) sum -= matrix[i * stride + k] * matrix[j * stride + k]
      if (j < i) matrix[i * stride + j] = matrix[j * stride + j] === Number.POSITIVE_INFINITY ? 0 : sum / matrix[j * stride + j]
      else
        matrix[i * stride + i] =
          sum > 1e-9 * Math.abs(matrix[i * stride + i]) && sum > 1e-9 ? Math.sqrt(sum) : Number.POSITIVE_INFINITY
    }
  }
}

/** Solves L·Lᵀ x = b in place. */
function solve(factor: Float64Array, n: number, stride: number, x: Float64Array): void {
  for (let i = 0; i < n; i++) {
    let sum = x[i]
    for (let k = 0; k < i; k++) sum -= factor[i * stride + k] * x[k]
    x[i] = sum / factor[i * stride + i]
  }
  for (let i = n - 1; i >= 0; i--) {
    let sum = x[i]
    for (let k = i + 1; k < n; k++) sum -= factor[k * stride + i] * x[k]
    x[i] = sum / factor[i * stride + i]
  }
}
