/** Dispersion of the counts of a point process in windows of one length. */
export interface Dispersion {
  /** Whole windows from the first time on. */
  readonly windows: number
  readonly mean: number
  /** Index of dispersion for counts: variance (divisor windows − 1) / mean. 1 for a Poisson process. */
  readonly idc: number
  /** The same of what is left after the mean of each phase of the period was taken out (divisor windows − phases); undefined where not asked for. */
  readonly idcWithoutPeriod?: number
}

/**
 * Index of dispersion for counts of ascending times, in windows [t₀ + k·w, t₀ + (k+1)·w), whole ones only.
 *
 *   IDC(w) = Σ(cₖ − c̄)² / (K−1) / c̄
 *
 * With `period` (a multiple of the window), also without the clock: windows at the same phase of the period share one mean, and
 * Σ(cₖ − c̄ of its phase)² is divided by K − phases. Needs at least three periods for that, and at least two windows at all (undefined otherwise).
 * O(times + phases); windows are not stored.
 */
export function dispersion(times: ArrayLike<number>, window: number, period?: number): Dispersion | undefined {
  const n = times.length
  if (n === 0) return undefined
  const first = times[0]!
  const windows = Math.floor((times[n - 1]! - first) / window)
  if (windows < 2) return undefined
  const phases = period === undefined ? 1 : Math.max(1, Math.round(period / window))
  const sums = new Float64Array(phases)
  let squares = 0
  let total = 0
  let current = 0
  let count = 0
  const close = () => {
    sums[current % phases] = sums[current % phases]! + count
    squares += count * count
    total += count
  }
  for (let i = 0; i < n; i++) {
    const k = Math.floor((times[i]! - first) / window)
    if (k >= windows) break
    if (k !== current) {
      close()
      current = k
      count = 0
    }
    count++
  }
  close()
  const mean = total / windows
  const idc = (squares - total * mean) / (windows - 1) / mean
  if (period === undefined || windows < 3 * phases) return { windows, mean, idc }
  let explained = 0
  for (let phase = 0; phase < phases; phase++) {
    const inPhase = Math.floor((windows - 1 - phase) / phases) + 1
    explained += sums[phase]! ** 2 / inPhase
  }
  return { windows, mean, idc, idcWithoutPeriod: Math.max(0, (squares - explained) / (windows - phases) / mean) }
}
