/**
 * Fills missing values (NaN) in place, for forecasters that need a value at every lag: with the mean of the nearest measured values at the same phase of
 * the season before and after, where one is at most two seasons away; else on the straight line between the measured neighbours; beyond the ends with the
 * nearest measured value. At least one value is measured. O(n).
 */
export function fillMissing(values: Float64Array, count: number, period: number | undefined, measured: Uint8Array): void {
  for (let i = 0; i < count; i++) measured[i] = Number.isNaN(values[i]) ? 0 : 1
  let before = -1
  let after = 0
  for (let i = 0; i < count; i++) {
    if (measured[i] === 1) {
      before = i
      continue
    }
    if (period !== undefined) {
      let sum = 0
      let found = 0
      for (const direction of [-period, period]) {
        for (let j = i + direction, k = 0; k < 2 && j >= 0 && j < count; j += direction, k++) {
          if (measured[j] !== 1) continue
          sum += values[j]
          found++
          break
        }
      }
      if (found > 0) {
        values[i] = sum / found
        continue
      }
    }
    if (after <= i) for (after = i + 1; after < count && measured[after] !== 1; after++);
    if (before < 0) values[i] = values[after]
    else if (after >= count) values[i] = values[before]
    else values[i] = values[before] + ((values[after] - values[before]) * (i - before)) / (after - before)
  }
}
