/** Tasks that are kept of `tasks` under a drop ratio: ⌈n (1 − θ)⌉ (equation E2), with a guard so that 50 · (1 − 0.2) keeps 40 and not 41. */
export function keptTasks(tasks: number, dropRatio: number): number {
  return Math.max(1, Math.ceil(tasks * (1 - dropRatio) - 1e-9 * tasks))
}
