/**
 * Speed-up of a whole execution when the clock runs `frequencyRatio` times as fast and only the share f of the time follows it:
 * φ = 1/((1 − f) + f/r). Source: specs/deflate.md E10 (Amdahl).
 */
export function speedOfFrequency(computeShare: number, frequencyRatio: number): number {
  return 1 / (1 - computeShare + computeShare / frequencyRatio)
}

/**
 * Marginal rate: speed-up of a whole execution of which the first share p speeds up by s and the rest does not, μm/μ = 1/(p/s + 1 − p). It is
 * what a profile with sprint always on measures, and not what a sprint that begins late brings. Source: specs/sprint.md 2.5.
 */
export function marginalSpeed(responsiveShare: number, speed: number): number {
  return speedOfFrequency(responsiveShare, speed)
}

/**
 * The share of the time that follows the clock, from the speed-up φ that was measured at a frequency ratio r: f = (1 − 1/φ)/(1 − 1/r),
 * held within 0 and 1.
 */
export function computeShare(speed: number, frequencyRatio: number): number {
  if (frequencyRatio === 1) return 0
  return Math.min(1, Math.max(0, (1 - 1 / speed) / (1 - 1 / frequencyRatio)))
}
