/**
 * Grows the trees of boosting: leaf by leaf where the gain is greatest, over histograms of gradients by code. Only the smaller of two children is counted; the
 * other’s histogram is its parent’s less that one’s (as LightGBM does, Ke et al. 2017).
 *
 * A histogram’s cell is one number where every row has the same curvature: rows · 2^s + Σ gradients in whole steps of the greatest gradient over 2^b, with b and s
 * such that 53 bits hold both exactly. So counting a row is one addition, and a difference of histograms has no rounding. Where curvatures differ the cell is two
 * numbers, Σ gradients and rows · 2^s + Σ curvatures in steps. What a leaf says is summed up afresh from its rows.
 */
import type { Tree } from './tree.js'

export interface BoostGround {
  readonly rows: number
  readonly columns: number
  /** The code of row i in column c at i · columns + c: for counting. */
  readonly codes: Uint8Array
  /** The same at c · rows + i: for parting rows by one column. */
  readonly byColumn: Uint8Array
  readonly codesOf: Int32Array
  readonly monotone: Int8Array
  readonly rules: BoostRules
}

export interface BoostRules {
  readonly leaves: number
  readonly rowsPerLeaf: number
  readonly depthAtMost: number
  readonly l2: number
  /** Every row has curvature 1. */
  readonly sameCurvature: boolean
}

/** Rows gathered before they are counted. */
const TILE = 1024
/** Columns counted in one go over the rows: their histograms stay in the nearest cache. */
const GROUP = 16
/** Bits of a double that hold whole numbers exactly. */
const BITS = 52
const LEAST_CURVATURE = 1e-6
/** A cut must gain this share of what the node has already. */
const LEAST_GAIN = 1e-9

export class Booster {
  private readonly order: Int32Array
  private readonly aside: Int32Array
  private readonly first: Float64Array
  private readonly second: Float64Array
  private readonly near: Float64Array
  private readonly nearSecond: Float64Array
  private readonly starts: Int32Array
  private readonly pool: Float64Array[] = []
  private readonly width: number

  // of the tree under way
  private readonly nodes: Int32Array
  private readonly from: Int32Array
  private readonly to: Int32Array
  private readonly depths: Int32Array
  private readonly sums: Float64Array
  private readonly curvatures: Float64Array
  private readonly lows: Float64Array
  private readonly highs: Float64Array
  private readonly gains: Float64Array
  private readonly columns: Int32Array
  private readonly bins: Int32Array
  private readonly histograms: (Float64Array | undefined)[]
  private readonly sink = new Int32Array(1)
  private gradientStep = 1
  private curvatureStep = 1
  /** 2^s: what a row adds besides its steps. */
  private perRow = 1

  /** Gain of the cuts of each column, over all trees. */
  readonly columnGains: Float64Array

  constructor(private readonly ground: BoostGround) {
    const { rows: n, columns, rules } = ground
    const most = 2 * rules.leaves
    this.width = columns * 256
    this.order = new Int32Array(n)
    this.aside = new Int32Array(n)
    this.first = new Float64Array(n)
    this.second = new Float64Array(rules.sameCurvature ? 0 : n)
    this.near = new Float64Array(TILE)
    this.nearSecond = new Float64Array(rules.sameCurvature ? 0 : TILE)
    this.starts = new Int32Array(TILE)
    this.nodes = new Int32Array(2 * most)
    this.from = new Int32Array(most)
    this.to = new Int32Array(most)
    this.depths = new Int32Array(most)
    this.sums = new Float64Array(most)
    this.curvatures = new Float64Array(most)
    this.lows = new Float64Array(most)
    this.highs = new Float64Array(most)
    this.gains = new Float64Array(most)
    this.columns = new Int32Array(most)
    this.bins = new Int32Array(most)
    this.histograms = new Array(most)
    this.columnGains = new Float64Array(columns)
  }

  /**
   * A tree on `rows` (ascending) with these gradients and curvatures (unread where all are 1). `say` may replace what a leaf says, −G/(H + l2), by a function of
   * its rows; `heard` is told of each leaf’s rows and value. Values are not yet multiplied by a learning rate.
   */
  grow(
    rows: Int32Array,
    gradients: Float64Array,
    curvatures: Float64Array,
    say?: (order: Int32Array, from: number, to: number) => number,
  ): Tree & { readonly order: Int32Array; readonly from: Int32Array; readonly to: Int32Array } {
    const { ground, order, nodes, from, to, depths, gains, histograms, lows, highs } = this
    const { rules, monotone } = ground
    this.quantise(rows, gradients, curvatures)
    order.set(rows)
    from[0] = 0
    to[0] = rows.length
    depths[0] = 0
    lows[0] = Number.NEGATIVE_INFINITY
    highs[0] = Number.POSITIVE_INFINITY
    let count = 1
    let leaves = 1
    const open: number[] = []
    nodes[0] = 255
    nodes[1] = 0
    if (this.mayCut(0)) {
      const histogram = this.take()
      this.fill(histogram, 0, rows.length)
      histograms[0] = histogram
      if (this.search(0)) open.push(0)
      else this.drop(0)
    }
    let deepest = 0
    while (open.length > 0 && leaves < rules.leaves) {
      let at = 0
      for (let k = 1; k < open.length; k++) if (gains[open[k]] > gains[open[at]]) at = k
      const node = open[at]
      open[at] = open[open.length - 1]
      open.pop()
      const column = this.columns[node]
      const bin = this.bins[node]
      const left = count
      const right = count + 1
      count += 2
      leaves++
      const middle = this.part(from[node], to[node], column, bin)
      from[left] = from[node]
      to[left] = middle
      from[right] = middle
      to[right] = to[node]
      nodes[2 * node] = column * 256 + bin
      nodes[2 * node + 1] = left
      for (const child of [left, right]) {
        nodes[2 * child] = 255
        nodes[2 * child + 1] = child
        depths[child] = depths[node] + 1
        lows[child] = lows[node]
        highs[child] = highs[node]
        if (monotone.length > 0) this.total(child, gradients, curvatures)
      }
      deepest = Math.max(deepest, depths[left])
      this.columnGains[column] = this.columnGains[column] + gains[node]
      if (monotone.length > 0 && monotone[column] !== 0) {
        const between = (this.valueOf(left) + this.valueOf(right)) / 2
        if (monotone[column] > 0) highs[left] = lows[right] = between
        else lows[left] = highs[right] = between
      }
      const whole = histograms[node]!
      histograms[node] = undefined
      const small = to[left] - from[left] <= to[right] - from[right] ? left : right
      const large = small === left ? right : left
      if (leaves < rules.leaves && this.mayCut(large)) {
        const part = this.take()
        this.fill(part, from[small], to[small])
        for (let c = 0, width = this.width * (rules.sameCurvature ? 1 : 2); c < width; c++) whole[c] = whole[c] - part[c]
        histograms[small] = part
        histograms[large] = whole
        for (const child of [left, right]) {
          if (this.mayCut(child) && this.search(child)) open.push(child)
          else this.drop(child)
        }
      } else this.pool.push(whole)
    }
    for (const node of open) this.drop(node)

    const values = new Float64Array(count)
    for (let node = 0; node < count; node++) {
      if (nodes[2 * node + 1] !== node) continue
      if (say === undefined) this.total(node, gradients, curvatures)
      const value = say === undefined ? this.valueOf(node) : say(order, from[node], to[node])
      values[node] = Math.min(highs[node], Math.max(lows[node], value))
    }
    return { nodes: nodes.slice(0, 2 * count), values, depth: deepest, order, from, to }
  }

  private quantise(rows: Int32Array, gradients: Float64Array, curvatures: Float64Array): void {
    const { first, second } = this
    const { sameCurvature } = this.ground.rules
    const rowBits = Math.ceil(Math.log2(rows.length + 1))
    const stepBits = BITS - 2 * rowBits
    let steepest = 0
    let bent = 0
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]
      const size = Math.abs(gradients[row])
      if (size > steepest) steepest = size
      if (!sameCurvature && curvatures[row] > bent) bent = curvatures[row]
    }
    if (sameCurvature) {
      // one bit more for the sign of the sum
      this.perRow = 2 ** (stepBits + rowBits)
      this.gradientStep = steepest > 0 ? steepest / 2 ** (stepBits - 1) : 1
      const { perRow } = this
      const inverse = 1 / this.gradientStep
      for (let i = 0; i < rows.length; i++) {
        const row = rows[i]
        first[row] = perRow + Math.floor(gradients[row] * inverse + 0.5)
      }
      return
    }
    this.perRow = 2 ** (stepBits + rowBits)
    this.curvatureStep = bent > 0 ? bent / 2 ** stepBits : 1
    const { perRow } = this
    const inverse = 1 / this.curvatureStep
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]
      first[row] = gradients[row]
      second[row] = perRow + Math.floor(curvatures[row] * inverse + 0.5)
    }
  }

  private take(): Float64Array {
    const found = this.pool.pop()
    if (found === undefined) return new Float64Array(this.width * (this.ground.rules.sameCurvature ? 1 : 2))
    return found.fill(0)
  }

  private drop(node: number): void {
    const histogram = this.histograms[node]
    if (histogram !== undefined) this.pool.push(histogram)
    this.histograms[node] = undefined
  }

  private mayCut(node: number): boolean {
    const { rowsPerLeaf, depthAtMost } = this.ground.rules
    return this.to[node] - this.from[node] >= 2 * rowsPerLeaf && this.depths[node] < depthAtMost
  }

  private total(node: number, gradients: Float64Array, curvatures: Float64Array): void {
    const { order } = this
    const { sameCurvature } = this.ground.rules
    const from = this.from[node]
    const to = this.to[node]
    let sum = 0
    let bend = 0
    for (let i = from; i < to; i++) sum += gradients[order[i]]
    if (sameCurvature) bend = to - from
    else for (let i = from; i < to; i++) bend += curvatures[order[i]]
    this.sums[node] = sum
    this.curvatures[node] = bend
  }

  /** What node says: −G/(H + l2), within its bounds. */
  private valueOf(node: number): number {
    const bend = this.curvatures[node] + this.ground.rules.l2
    const value = bend > 0 ? -this.sums[node] / bend : 0
    return Math.min(this.highs[node], Math.max(this.lows[node], value))
  }

  private fill(histogram: Float64Array, from: number, to: number): void {
    const { order, first, second, near, nearSecond, starts } = this
    const { columns, codes, rules } = this.ground
    const one = rules.sameCurvature
    for (let tile = from; tile < to; tile += TILE) {
      const n = Math.min(TILE, to - tile)
      // one read of each row’s codes here brings them near, many at a time, before they are counted one by one
      let read = 0
      for (let i = 0; i < n; i++) {
        const row = order[tile + i]
        const at = row * columns
        starts[i] = at
        near[i] = first[row]
        read += codes[at] + codes[at + columns - 1]
      }
      this.sink[0] = read
      if (!one) for (let i = 0; i < n; i++) nearSecond[i] = second[order[tile + i]]
      const step = one ? GROUP : GROUP / 2
      for (let group = 0; group < columns; group += step) {
        const end = Math.min(columns, group + step)
        if (one) countOne(histogram, codes, starts, near, n, group, end)
        else countTwo(histogram, codes, starts, near, nearSecond, n, group, end)
      }
    }
  }

  /** Finds the best cut of a node from its histogram; false where none gains. */
  private search(node: number): boolean {
    const { ground, gains } = this
    const { columns, codesOf, monotone, rules } = ground
    const histogram = this.histograms[node]!
    // the sums as the histogram has them, so that rows which all ask for the same have no gain by rounding
    const step = rules.sameCurvature ? 1 : 2
    let first = 0
    let second = 0
    for (let code = 0, codes = codesOf[0]; code < codes; code++) {
      first += histogram[step * code]
      second += histogram[step * code + step - 1]
    }
    const n = this.to[node] - this.from[node]
    const sum = rules.sameCurvature ? (first - n * this.perRow) * this.gradientStep : first
    const bend = rules.sameCurvature ? n : (second - n * this.perRow) * this.curvatureStep
    gains[node] = bend + rules.l2 > 0 ? (LEAST_GAIN * sum * sum) / (bend + rules.l2) : 0
    const least = gains[node]
    for (let column = 0; column < columns; column++) {
      if (codesOf[column] < 2) continue
      const sign = monotone.length > 0 ? monotone[column] : 0
      if (rules.sameCurvature) this.searchOne(histogram, node, column, sign, sum)
      else this.searchTwo(histogram, node, column, sign, sum, bend)
    }
    return gains[node] > least
  }

  private searchOne(histogram: Float64Array, node: number, column: number, sign: number, sum: number): void {
    const { perRow, gradientStep } = this
    const { l2, rowsPerLeaf } = this.ground.rules
    const n = this.to[node] - this.from[node]
    const all = (sum * sum) / (n + l2)
    const at = column * 256
    const last = this.ground.codesOf[column] - 1
    const inverse = 1 / perRow
    let packed = 0
    let best = this.gains[node]
    for (let code = 0; code < last; code++) {
      packed += histogram[at + code]
      const rows = Math.floor(packed * inverse + 0.5)
      if (rows < rowsPerLeaf) continue
      const others = n - rows
      if (others < rowsPerLeaf) break
      const left = (packed - rows * perRow) * gradientStep
      const right = sum - left
      const here = rows + l2
      const there = others + l2
      const gain = (left * left * there + right * right * here) / (here * there) - all
      if (gain > best) {
        if (sign !== 0 && !this.rises(node, left / here, right / there, sign)) continue
        best = gain
        this.note(histogram, node, column, code, last, 1)
      }
    }
    this.gains[node] = best
  }

  private searchTwo(histogram: Float64Array, node: number, column: number, sign: number, sum: number, bend: number): void {
    const { perRow, curvatureStep } = this
    const { l2, rowsPerLeaf } = this.ground.rules
    const n = this.to[node] - this.from[node]
    const all = (sum * sum) / (bend + l2)
    const at = 2 * column * 256
    const last = this.ground.codesOf[column] - 1
    const inverse = 1 / perRow
    let packed = 0
    let left = 0
    let best = this.gains[node]
    for (let code = 0; code < last; code++) {
      left += histogram[at + 2 * code]
      packed += histogram[at + 2 * code + 1]
      const rows = Math.floor(packed * inverse)
      if (rows < rowsPerLeaf) continue
      if (n - rows < rowsPerLeaf) break
      const bent = (packed - rows * perRow) * curvatureStep
      const other = bend - bent
      if (bent < LEAST_CURVATURE || other < LEAST_CURVATURE) continue
      const right = sum - left
      const here = bent + l2
      const there = other + l2
      const gain = (left * left * there + right * right * here) / (here * there) - all
      if (gain > best) {
        if (sign !== 0 && !this.rises(node, left / here, right / there, sign)) continue
        best = gain
        this.note(histogram, node, column, code, last, 2)
      }
    }
    this.gains[node] = best
  }

  /** Whether what the two sides would say, −(these) within the node’s bounds, goes the way of the sign. */
  private rises(node: number, left: number, right: number, sign: number): boolean {
    const low = this.lows[node]
    const high = this.highs[node]
    const onLeft = Math.min(high, Math.max(low, -left))
    const onRight = Math.min(high, Math.max(low, -right))
    return sign * onLeft <= sign * onRight
  }

  /** Keeps a cut; in a gap of codes that do not occur, in its middle. */
  private note(histogram: Float64Array, node: number, column: number, code: number, last: number, step: number): void {
    const at = step * column * 256 + step - 1
    let next = code + 1
    while (next < last && histogram[at + step * next] === 0) next++
    this.columns[node] = column
    this.bins[node] = (code + next) >> 1
  }

  private part(from: number, to: number, column: number, bin: number): number {
    const { order, aside } = this
    const { byColumn, rows } = this.ground
    const at = column * rows
    let left = from
    let right = 0
    for (let i = from; i < to; i++) {
      const row = order[i]
      const stays = (byColumn[at + row] - bin - 1) >>> 31
      order[left] = row
      aside[right] = row
      left += stays
      right += 1 - stays
    }
    for (let i = 0; i < right; i++) order[left + i] = aside[i]
    return left
  }
}

function countOne(
  histogram: Float64Array,
  codes: Uint8Array,
  starts: Int32Array,
  near: Float64Array,
  n: number,
  from: number,
  to: number,
): void {
  const even = from + ((to - from) & ~3)
  for (let i = 0; i < n; i++) {
    const at = starts[i]
    const value = near[i]
    let c = from
    for (; c < even; c += 4) {
      const a = (c << 8) + codes[at + c]
      const b = (c << 8) + 256 + codes[at + c + 1]
      const d = (c << 8) + 512 + codes[at + c + 2]
      const e = (c << 8) + 768 + codes[at + c + 3]
      histogram[a] = histogram[a] + value
      histogram[b] = histogram[b] + value
      histogram[d] = histogram[d] + value
      histogram[e] = histogram[e] + value
    }
    for (; c < to; c++) {
      const a = (c << 8) + codes[at + c]
      histogram[a] = histogram[a] + value
    }
  }
}

function countTwo(
  histogram: Float64Array,
  codes: Uint8Array,
  starts: Int32Array,
  near: Float64Array,
  nearSecond: Float64Array,
  n: number,
  from: number,
  to: number,
): void {
  const even = from + ((to - from) & ~1)
  for (let i = 0; i < n; i++) {
    const at = starts[i]
    const value = near[i]
    const other = nearSecond[i]
    let c = from
    for (; c < even; c += 2) {
      const a = ((c << 8) + codes[at + c]) << 1
      const b = ((c << 8) + 256 + codes[at + c + 1]) << 1
      histogram[a] = histogram[a] + value
      histogram[a + 1] = histogram[a + 1] + other
      histogram[b] = histogram[b] + value
      histogram[b + 1] = histogram[b + 1] + other
    }
    for (; c < to; c++) {
      const a = ((c << 8) + codes[at + c]) << 1
      histogram[a] = histogram[a] + value
      histogram[a + 1] = histogram[a + 1] + other
    }
  }
}
