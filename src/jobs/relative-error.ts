/** How far an estimate is off, as a share of the truth, at most 1: of nothing, nothing is right and anything else wholly wrong. */
export function relativeError(truth: number, estimate: number): number {
  if (truth === estimate) return 0
  return truth === 0 ? 1 : Math.min(1, Math.abs(estimate / truth - 1))
}
