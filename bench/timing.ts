/** The middle of some values: of an even number, the upper of the two. */
export const middle = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!

/** Median milliseconds of a run, after some runs that let the compiler warm up. */
export function medianMs(run: () => unknown, times: number): number {
  for (let i = 0; i < Math.min(times, 20); i++) run()
  const taken = Array.from({ length: times }, () => {
    const start = performance.now()
    run()
    return performance.now() - start
  })
  return middle(taken)
}
