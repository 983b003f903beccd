/**
 * Complementary error function, relative error below 1.2·10⁻⁷ everywhere: Chebyshev fit of erfc(x)·exp(x²) (Press et al., Numerical Recipes, §6.2).
 */
export function erfc(x: number): number {
  const t = 2 / (2 + Math.abs(x))
  const y = 4 * t - 2
  let [d, dd] = [0, 0]
  for (let j = COEFFICIENTS.length - 1; j > 0; j--) [d, dd] = [y * d - dd + COEFFICIENTS[j]!, d]
  const tail = t * Math.exp(-x * x + 0.5 * (COEFFICIENTS[0]! + y * d) - dd)
  return x >= 0 ? tail : 2 - tail
}

const COEFFICIENTS = [
  -1.3026537197817094, 0.6419697923564902, 1.9476473204185836e-2, -9.561514786808631e-3, -9.46595344482036e-4,
  3.66839497852761e-4, 4.2523324806907e-5, -2.0278578112534e-5, -1.624290004647e-6, 1.30365583558e-6, 1.5626441722e-8,
  -8.5238095915e-8, 6.529054439e-9, 5.059343495e-9, -9.91364156e-10, -2.27365122e-10, 9.6467911e-11, 2.394038e-12, -6.886027e-12,
  8.94487e-13, 3.13092e-13, -1.12708e-13, 3.81e-16, 7.106e-15,
]

/** Distribution function of the standard normal law. */
export function normalCdf(z: number): number {
  return 0.5 * erfc(-z / Math.SQRT2)
}
