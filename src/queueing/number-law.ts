/** The distribution of the number in a station, from the transform of the response. */
import type { Transform } from '../num/index.js'

/**
 * P(N = n), n < `count`, at a first-come station with Poisson arrivals: P(z) = R*(λ(1 − z)) (distributional Little's law), coefficients by Cauchy's
 * integral on the circle |z| = ½ with 128 points (aliasing below 2^−128 of the mass, rounding near 2^n·1e-16).
 */
export function numberProbabilities(response: Transform, arrivalRate: number, count: number): number[] {
  const points = 128
  const radius = count <= 16 ? 0.5 : 0.9
  const size = count <= 16 ? points : 1024
  const sums = new Float64Array(count)
  for (let k = 0; k <= size / 2; k++) {
    const angle = (2 * Math.PI * k) / size
    const value = response(arrivalRate * (1 - radius * Math.cos(angle)), -arrivalRate * radius * Math.sin(angle))
    const weight = k === 0 || k === size / 2 ? 1 : 2
    for (let n = 0; n < count; n++) sums[n]! += weight * (value.re * Math.cos(n * angle) + value.im * Math.sin(n * angle))
  }
  return Array.from(sums, (sum, n) => Math.max(0, sum / size / radius ** n))
}
