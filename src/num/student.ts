/**
 * The two-sided Student quantile: t with P(|T| > t) = 1 − confidence, for `degrees` ≥ 1.
 *
 * Hill (1970), CACM Algorithm 396; exact for 1 and 2 degrees, else within 10⁻⁴ (relative) at the usual confidences. That is far below the
 * noise of the half-widths that it is used for.
 */
export function studentQuantile(confidence: number, degrees: number): number {
  const p = 1 - confidence
  const n = degrees
  if (n === 1) return 1 / Math.tan((p * Math.PI) / 2)
  if (n === 2) return Math.sqrt(2 / (p * (2 - p)) - 2)
  const a = 1 / (n - 0.5)
  const b = 48 / (a * a)
  let c = ((20700 * a) / b - 98) * a - 16
  c = c * a + 96.36
  const d = ((94.5 / (b + c) - 3) / b + 1) * Math.sqrt((a * Math.PI) / 2) * n
  let x = d * p
  let y = x ** (2 / n)
  if (y > 0.05 + a) {
    x = normalUpper(p / 2)
    y = x * x
    if (n < 5) c += 0.3 * (n - 4.5) * (x + 0.6)
    c = (((0.05 * d * x - 5) * x - 7) * x - 2) * x + b + c
    y = (((((0.4 * y + 6.3) * y + 36) * y + 94.5) / c - y - 3) / b + 1) * x
    y = Math.expm1(a * y * y)
  } else {
    y = ((1 / (((n + 6) / (n * y) - 0.089 * d - 0.822) * (n + 2) * 3) + 0.5 / (n + 4)) * y - 1) * ((n + 1) / (n + 2)) + 1 / y
  }
  return Math.sqrt(n * y)
}

/** The standard normal value exceeded with probability q < 1/2: Hastings’ approximation (A&S 26.2.23) polished by Newton on its integral. */
function normalUpper(q: number): number {
  const t = Math.sqrt(-2 * Math.log(q))
  let x = t - (2.515517 + 0.802853 * t + 0.010328 * t * t) / (1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t * t * t)
  for (let i = 0; i < 3; i++) x += (upperTail(x) - q) / (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI))
  return -x === 0 ? 0 : -Math.abs(x)
}

/** P(Z > x) by the continued fraction of Laplace for large x, by the series otherwise. */
function upperTail(x: number): number {
  const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)
  if (x < 2.5) {
    let term = x
    let sum = x
    for (let k = 1; Math.abs(term) > 1e-17 * Math.abs(sum); k++) sum += term *= (x * x) / (2 * k + 1)
    return 0.5 - density * sum
  }
  let fraction = 0
  for (let k = 60; k >= 1; k--) fraction = k / (x + fraction)
  return density / (x + fraction)
}
