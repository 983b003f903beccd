/**
 * Tasks kept of `tasks` at drop ratio θ: ⌈n (1 − θ)⌉, at least 1 (equation E2). The product is first relieved of its rounding: 50 × 0.8 in floating point
 * may be 40.000000000000007, of which the ceiling would be a whole wave too many.
 */
export function keptTasks(tasks: number, dropRatio: number): number {
  const exact = tasks * (1 - dropRatio)
  return Math.max(1, Math.ceil(exact - 1e-9 * Math.max(1, exact)))
}

/** Waves of `tasks` on `slots`: ⌈n/C⌉. */
export function waveCount(tasks: number, slots: number): number {
  return Math.ceil(tasks / slots)
}

/** Drop ratios up to `atMost` at which a stage loses a whole wave: 1 − wC/n. Between them constant tasks gain nothing. Ascending. */
export function waveBoundaries(tasks: number, slots: number, atMost: number): number[] {
  const boundaries: number[] = []
  for (let waves = waveCount(tasks, slots) - 1; waves >= 1; waves--) {
    const ratio = (tasks - waves * slots) / tasks
    if (ratio <= atMost + 1e-12) boundaries.push(ratio)
  }
  return boundaries
}
