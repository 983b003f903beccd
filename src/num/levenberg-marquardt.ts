/** A sum of squares to make small: `residuals(x, out)` writes one number a row; rows must stay finite within the bounds. */
export interface LeastSquares {
  readonly residuals: (x: Float64Array, out: Float64Array) => void
  /** How many residuals there are. */
  readonly rows: number
  readonly start: ArrayLike<number>
  readonly low: ArrayLike<number>
  readonly high: ArrayLike<number>
  /** How much a large residual counts: absent, by its square; `robustFrom` k: softly, like k·|r| beyond k (ρ(r) = 2k²(√(1 + r²/k²) − 1)). */
  readonly robustFrom?: number
  /** The first `robustRows` rows are counted softly, the others (priors) by their square; absent: all. */
  readonly robustRows?: number
  readonly iterations?: number
  /** Ends when a step lowers the cost by less than this share of it. */
  readonly tolerance?: number
}

export interface LeastSquaresFit {
  readonly x: Float64Array
  /** Half the sum of ρ(r): at most that of the start. */
  readonly cost: number
  readonly residuals: Float64Array
  /** Row-major, rows × parameters: ∂r/∂x at `x`, by differences. */
  readonly jacobian: Float64Array
  readonly iterations: number
  /** False where the iterations ran out before the cost stood still. */
  readonly converged: boolean
}

/**
 * Least squares within bounds: Levenberg and Marquardt's damped steps, each cut at the box; a parameter at a bound that the gradient pushes
 * outwards is left out of the step. Only steps that lower the cost are taken, so the answer is never worse than the start and never leaves the box.
 *
 *   (JᵀWJ + λ diag(JᵀWJ)) δ = −JᵀW r,  W = ρ′(r²)
 *
 * Derivatives are forward differences (towards the inside at a bound). Priors are rows of their own: r = (x − x₀)/s.
 *
 * Source: Marquardt (1963); bounds by projection as in Kanzow, Yamashita and Fukushima (2004); soft losses as in Triggs et al. (2000), first order.
 * Cost per iteration: parameters + 1 evaluations and O(rows · parameters²).
 */
export function levenbergMarquardt(problem: LeastSquares): LeastSquaresFit {
  const { rows, low, high, robustFrom, iterations = 100, tolerance = 1e-10 } = problem
  const robustRows = robustFrom === undefined ? 0 : (problem.robustRows ?? rows)
  const n = problem.start.length
  const x = Float64Array.from(problem.start, (value, i) => Math.min(high[i], Math.max(low[i], value)))
  const r = new Float64Array(rows)
  const trialR = new Float64Array(rows)
  const trial = new Float64Array(n)
  const jacobian = new Float64Array(rows * n)
  const weights = new Float64Array(rows).fill(1)
  const gradient = new Float64Array(n)
  const normal = new Float64Array(n * n)
  const system = new Float64Array(n * n)
  const step = new Float64Array(n)
  const free = new Int32Array(n)

  const costOf = (values: Float64Array): number => {
    let sum = 0
    for (let i = 0; i < rows; i++) {
      const value = values[i]
      sum += i < robustRows ? soft(value, robustFrom!) : value * value
    }
    return Number.isFinite(sum) ? sum / 2 : Number.MAX_VALUE
  }
  problem.residuals(x, r)
  let cost = costOf(r)
  let damping = 1e-3
  let converged = false
  let iteration = 0
  for (; iteration < iterations; iteration++) {
    differences(problem, x, r, trial, trialR, jacobian)
    for (let i = 0; i < robustRows; i++) weights[i] = 1 / Math.sqrt(1 + (r[i] / robustFrom!) ** 2)
    gradient.fill(0)
    normal.fill(0)
    for (let i = 0; i < rows; i++) {
      const w = weights[i]
      const at = i * n
      for (let a = 0; a < n; a++) {
        const wa = w * jacobian[at + a]
        if (wa === 0) continue
        gradient[a] = gradient[a] + wa * r[i]
        for (let b = 0; b <= a; b++) normal[a * n + b] = normal[a * n + b] + wa * jacobian[at + b]
      }
    }
    let count = 0
    for (let a = 0; a < n; a++) {
      const held = high[a] <= low[a] || (x[a] <= low[a] && gradient[a] > 0) || (x[a] >= high[a] && gradient[a] < 0)
      if (!held) free[count++] = a
    }
    if (count === 0) {
      converged = true
      break
    }
    let lowered = false
    for (let attempt = 0; attempt < 30; attempt++) {
      for (let p = 0; p < count; p++) {
        const a = free[p]
        for (let q = 0; q <= p; q++) {
          const b = free[q]
          system[p * count + q] = normal[a * n + b]
        }
        const diagonal = normal[a * n + a]
        system[p * count + p] = diagonal + damping * Math.max(diagonal, 1e-12)
        step[p] = -gradient[a]
      }
      if (solveCholesky(system, step, count)) {
        trial.set(x)
        for (let p = 0; p < count; p++) {
          const a = free[p]
          trial[a] = Math.min(high[a], Math.max(low[a], x[a] + step[p]))
        }
        problem.residuals(trial, trialR)
        const next = costOf(trialR)
        if (next < cost) {
          const share = (cost - next) / Math.max(cost, Number.MIN_VALUE)
          x.set(trial)
          r.set(trialR)
          cost = next
          damping = Math.max(damping / 5, 1e-12)
          lowered = true
          if (share < tolerance) converged = true
          break
        }
      }
      damping *= 4
      if (damping > 1e12) break
    }
    if (!lowered) converged = true
    if (converged) break
  }
  differences(problem, x, r, trial, trialR, jacobian)
  return { x, cost, residuals: r, jacobian, iterations: iteration, converged }
}

/** ρ(r) = 2k²(√(1 + r²/k²) − 1): r² near 0, 2k|r| far out. */
function soft(r: number, k: number): number {
  return 2 * k * k * (Math.sqrt(1 + (r / k) ** 2) - 1)
}

function differences(
  { residuals, rows, low, high }: LeastSquares,
  x: Float64Array,
  r: Float64Array,
  trial: Float64Array,
  trialR: Float64Array,
  jacobian: Float64Array,
): void {
  const n = x.length
  for (let a = 0; a < n; a++) {
    trial.set(x)
    const size = Math.max(1e-7 * Math.abs(x[a]), 1e-9)
    const h = x[a] + size <= high[a] ? size : -size
    trial[a] = Math.max(low[a], x[a] + h)
    const moved = trial[a] - x[a]
    if (moved === 0) {
      for (let i = 0; i < rows; i++) jacobian[i * n + a] = 0
      continue
    }
    residuals(trial, trialR)
    for (let i = 0; i < rows; i++) {
      const slope = (trialR[i] - r[i]) / moved
      jacobian[i * n + a] = Number.isFinite(slope) ? slope : 0
    }
  }
}

/** Solves the symmetric system whose lower triangle is in `a` (order n, overwritten); the answer replaces `b`. False where it is not positive definite. */
export function solveCholesky(a: Float64Array, b: Float64Array, n: number): boolean {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j]
      for (let k = 0; k < j; k++) sum -= a[i * n + k] * a[j * n + k]
      if (i === j) {
        if (!(sum > 0)) return false
        a[i * n + i] = Math.sqrt(sum)
      } else a[i * n + j] = sum / a[j * n + j]
    }
  }
  for (let i = 0; i < n; i++) {
    let sum = b[i]
    for (let k = 0; k < i; k++) sum -= a[i * n + k] * b[k]
    b[i] = sum / a[i * n + i]
  }
  for (let i = n - 1; i >= 0; i--) {
    let sum = b[i]
    for (let k = i + 1; k < n; k++) sum -= a[k * n + i] * b[k]
    b[i] = sum / a[i * n + i]
  }
  return true
}
