/** GI/G/1 and GI/G/c by two moments: approximations, each named after who proposed it. All give mean waits in seconds. */

export interface TwoMoments {
  readonly utilisation: number
  /** Mean service time, seconds. */
  readonly serviceMean: number
  /** Squared coefficients of variation of the time between arrivals and of the service time. */
  readonly arrivalScv: number
  readonly serviceScv: number
}

/**
 * Kingman's upper bound in the form of Allen and Cunneen: ρ/(1−ρ) · (c_a² + c_s²)/2 · E S. Exact for M/G/1.
 * Source: J. F. C. Kingman (1961); A. O. Allen, Probability, Statistics and Queueing Theory (1978).
 */
export function waitAllenCunneen({ utilisation, serviceMean, arrivalScv, serviceScv }: TwoMoments): number {
  return ((utilisation / (1 - utilisation)) * (arrivalScv + serviceScv) * serviceMean) / 2
}

/**
 * Krämer and Langenbach-Belz: Allen–Cunneen times g,
 *   g = exp(−2(1−ρ)(1−c_a²)²/(3ρ(c_a²+c_s²))) for c_a² ≤ 1,   exp(−(1−ρ)(c_a²−1)/(c_a²+4c_s²)) above.
 * Source: W. Krämer, M. Langenbach-Belz, ITC 8 (1976).
 */
export function waitKramerLangenbachBelz(question: TwoMoments): number {
  const { utilisation, arrivalScv, serviceScv } = question
  if (arrivalScv + serviceScv === 0) return 0
  const exponent =
    arrivalScv <= 1
      ? (-2 * (1 - utilisation) * (1 - arrivalScv) ** 2) / (3 * utilisation * (arrivalScv + serviceScv))
      : (-(1 - utilisation) * (arrivalScv - 1)) / (arrivalScv + 4 * serviceScv)
  return waitAllenCunneen(question) * Math.exp(exponent)
}

/**
 * Marchal: ρ/(1−ρ) · E S · (1 + c_s²)/2 · (c_a² + ρ²c_s²)/(1 + ρ²c_s²). Exact for M/G/1.
 * Source: W. G. Marchal, AIIE Trans. 8 (1976).
 */
export function waitMarchal({ utilisation, serviceMean, arrivalScv, serviceScv }: TwoMoments): number {
  const square = utilisation * utilisation * serviceScv
  return (((utilisation / (1 - utilisation)) * serviceMean * (1 + serviceScv)) / 2) * ((arrivalScv + square) / (1 + square))
}

/** Wait in heavy traffic (ρ → 1), the limit of all the above: (c_a² + c_s²)/(2(1−ρ)) · E S. */
export function waitHeavyTraffic({ utilisation, serviceMean, arrivalScv, serviceScv }: TwoMoments): number {
  return ((arrivalScv + serviceScv) * serviceMean) / (2 * (1 - utilisation))
}
