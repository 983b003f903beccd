import type { Classes } from './classes.js'
import type { Table } from './table.js'

/**
 * A number a row by which categories are ordered: for two classes, whether it is of the second; for more, its class on the first principal axis of how the shares
 * of classes vary over categories, one axis for all columns of categories together (after Coppersmith, Hong and Hosking 1999, who take one a column and node).
 */
export function classDirection({ codes: labels, indices: codes }: Classes, table: Table, weights: Float64Array): Float64Array {
  const count = labels.length
  if (count <= 2 || !table.levels?.some((words) => words !== undefined)) return Float64Array.from(codes)
  const overall = new Float64Array(count)
  let total = 0
  for (let i = 0; i < codes.length; i++) {
    overall[codes[i]] = overall[codes[i]] + weights[i]
    total += weights[i]
  }
  // how the shares of classes vary over the categories
  const spread = new Float64Array(count * count)
  table.columns.forEach((column, c) => {
    const words = table.levels?.[c]
    if (words === undefined) return
    const shares = new Float64Array(words.length * count)
    const mass = new Float64Array(words.length)
    for (let i = 0; i < codes.length; i++) {
      const at = column[i] * count + codes[i]
      shares[at] = shares[at] + weights[i]
      mass[column[i]] = mass[column[i]] + weights[i]
    }
    for (let category = 0; category < words.length; category++) {
      if (mass[category] === 0) continue
      for (let a = 0; a < count; a++)
        for (let b = 0; b < count; b++) {
          const x = shares[category * count + a] / mass[category] - overall[a] / total
          const y = shares[category * count + b] / mass[category] - overall[b] / total
          spread[a * count + b] = spread[a * count + b] + mass[category] * x * y
        }
    }
  })
  let axis = Float64Array.from({ length: count }, (_, k) => 1 + k / count)
  for (let step = 0; step < 30; step++) {
    const next = new Float64Array(count)
    for (let a = 0; a < count; a++) for (let b = 0; b < count; b++) next[a] = next[a] + spread[a * count + b] * axis[b]
    const length = Math.hypot(...next)
    if (!(length > 0)) break
    axis = next.map((value) => value / length)
  }
  return Float64Array.from(codes, (code) => axis[code])
}
