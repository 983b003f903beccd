/**
 * Fork-join: each job forks into one task at each of K first-come queues and is done when its last task is. Poisson arrivals at rate λ, exponential tasks at
 * rate μ, ρ = λ/μ < 1. Mean response, seconds.
 *
 *   two branches, exact (Flatto–Hahn)   (12 − ρ)/8 · 1/(μ − λ)
 *   Nelson–Tantawi                      [H_K/H_2 + 4/11 (1 − H_K/H_2) ρ] · R_2
 *   Varma–Makowski                      [H_K + (V_K − H_K) ρ]/(μ − λ),  V_K = Σ_r C(K,r)(−1)^{r−1} Σ_{m=1}^r C(r,m)(m−1)!/r^{m+1}
 *   Varki                               [H_K + ρ/(2(1−ρ)) (Σ 1/(i−ρ) + (1−2ρ) Σ 1/(i(i−ρ)))]/μ
 *   bounds                              H_K/μ + what one queue waits ≤ R ≤ H_K/(μ − λ)
 *
 * Sources: L. Flatto, S. Hahn (1984); R. Nelson, A. N. Tantawi (1988); S. Varma, A. M. Makowski (1994); E. Varki (1999).
 */
import type { Refusal } from '../model/index.js'
import { unstable } from './priority.js'

export interface ForkJoinAnswer {
  readonly utilisation: number
  readonly nelsonTantawi: number
  readonly varmaMakowski: number
  readonly varki: number
  /** Tasks of one job taken as independent: an upper bound (association). */
  readonly upperBound: number
  /** max(slowest branch alone, all branches idle): a lower bound. */
  readonly lowerBound: number
  /** For one and two branches. */
  readonly exact?: number
}

/** 1 + 1/2 + … + 1/n: the mean maximum of n unit exponentials. */
export function harmonicNumber(n: number): number {
  let sum = 0
  for (let i = n; i >= 1; i--) sum += 1 / i
  return sum
}

/** Mean response of the fork-join station of the head of this file, by each formula. Refuses `unstable`. */
export function forkJoin(branches: number, arrivalRate: number, serviceRate: number): ForkJoinAnswer | Refusal {
  const rho = arrivalRate / serviceRate
  if (rho >= 1) return unstable(rho)
  const one = 1 / (serviceRate - arrivalRate)
  const two = ((12 - rho) / 8) * one
  const harmonic = harmonicNumber(branches)
  const ratio = harmonic / 1.5
  let plain = 0
  let weighted = 0
  for (let i = 1; i <= branches; i++) {
    plain += 1 / (i - rho)
    weighted += 1 / (i * (i - rho))
  }
  const exact = branches === 1 ? one : branches === 2 ? two : undefined
  return {
    utilisation: rho,
    nelsonTantawi: branches === 1 ? one : (ratio + (4 / 11) * (1 - ratio) * rho) * two,
    varmaMakowski: (harmonic + (lightTrafficSlope(branches) - harmonic) * rho) * one,
    varki: (harmonic + (rho / (2 * (1 - rho))) * (plain + (1 - 2 * rho) * weighted)) / serviceRate,
    upperBound: harmonic * one,
    lowerBound: Math.max(one, harmonic / serviceRate),
    ...(exact === undefined ? {} : { exact }),
  }
}

/** V_K. The sum alternates with terms up to 4^K, so it is taken in whole numbers scaled by 10^digits. */
function lightTrafficSlope(branches: number): number {
  const scale = 10n ** BigInt(Math.ceil(branches * 0.7) + 25)
  const size = BigInt(branches)
  let total = 0n
  let chooseOuter = 1n
  for (let r = 1n; r <= size; r++) {
    chooseOuter = (chooseOuter * (size - r + 1n)) / r
    let inner = 0n
    let chooseInner = 1n
    let factorial = 1n
    let power = r
    for (let m = 1n; m <= r; m++) {
      chooseInner = (chooseInner * (r - m + 1n)) / m
      if (m > 1n) factorial *= m - 1n
      power *= r
      inner += (chooseInner * factorial * scale) / power
    }
    total += (r % 2n === 1n ? 1n : -1n) * chooseOuter * inner
  }
  return Number(total / 10n ** BigInt(Math.ceil(branches * 0.7) + 5)) / 1e20
}
