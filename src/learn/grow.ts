/**
 * Grows trees of a forest over codes of one byte, without recursion: a stack of nodes, each a stretch of the rows.
 *
 * What makes it quick: rows that a bootstrap drew twice are there once with weight 2; deviations from the node's mean are gathered once a node, so that the gain of a
 * cut is one product, S²·W/(W_L·W_R) with S the sum of deviations on the left; a node of few rows sorts its codes, one of some hundreds marks the codes that occur,
 * only greater ones go through all codes; and the rows of a node of at most 1,024 are copied together once, after which its whole subtree stays in the nearest cache.
 */
import type { Rng } from '../num/index.js'
import type { Tree } from './tree.js'

/** What trees are grown on: nothing but numbers and typed arrays, so that threads can share it. */
export interface Ground {
  readonly rows: number
  readonly columns: number
  /** The code of row i in column c at c · rows + i. */
  readonly codes: Uint8Array
  /** How many codes a column has. */
  readonly codesOf: Int32Array
  /** What is learned: a number, or a class 0, 1, 2 … */
  readonly target: Float64Array
  /** How much a row counts; at least 0. */
  readonly weights: Float64Array
  /** More than two classes, or 0. */
  readonly classes: number
  /** Per column: the answer must not fall (1) or rise (−1) with it, or may (0). Empty: no column is bound. */
  readonly monotone: Int8Array
  readonly rules: GrowthRules
}

export interface GrowthRules {
  /** Columns tried at each cut. */
  readonly columnsPerSplit: number
  /** Rows a leaf has at least, counted once each however often drawn. */
  readonly rowsPerLeaf: number
  readonly depthAtMost: number
  /** Rows drawn with replacement for a tree; 0: every row once. */
  readonly drawn: number
  /** One cut a column, drawn at random (extra trees), rather than the best. */
  readonly randomCuts: boolean
  /** Keep which rows fell into each leaf. */
  readonly keepRows: boolean
}

/** A tree of a forest. */
export interface GrownTree extends Tree {
  /** Classes: `values[i]` is the class when all rows of leaf i are of one, else classes + the index of its shares here. */
  readonly shares?: Float64Array
  /** Kept rows: leaf i holds `members` from `firsts[i]` to `firsts[i] + counts[i]`, each as often as drawn. */
  readonly members?: Int32Array
  readonly memberWeights?: Float64Array
  readonly firsts?: Int32Array
  readonly counts?: Int32Array
  /** Gain of the cuts of each column. */
  readonly gains: Float64Array
}

/** Rows up to which a node’s rows are copied together. */
const NEAR = 1024
/** Rows up to which a node sorts. */
const FEW = 12
/** Rows up to which a node marks the codes it met. */
const SOME = 320

/** A set of rows with their codes: the whole ground, or a copy of one node. */
interface Block {
  readonly codes: Uint8Array
  readonly stride: number
  /** Rows of this block in the order of the tree so far. */
  readonly order: Int32Array
  readonly target: Float64Array
  readonly weights: Float64Array
}

export class Grower {
  private readonly far: Block
  private readonly near: Block
  /** Rows of the far block that the near one holds. */
  private readonly nearRows: Int32Array
  /** Which copy of a column the near block holds. */
  private readonly copied: Int32Array
  private copy = 0
  private nearCount = 0
  private inNear = false

  private readonly deviations: Float64Array
  private readonly masses: Float64Array
  private readonly aside: Int32Array
  private readonly histogram = new Float64Array(2 * 256)
  private readonly tally = new Int32Array(256)
  private readonly marks = new Int32Array(8)
  private readonly keys = new Int32Array(32)
  private readonly columnOrder: Int32Array
  /** Score, column and bin of the best cut of a node; sum of deviations and weight on its left, which at last become the two means, less the node’s. */
  private readonly best = new Float64Array(5)
  private readonly stack: Int32Array
  private readonly bounds: Float64Array

  private readonly nodes: Int32Array
  private readonly values: Float64Array
  private readonly firsts: Int32Array
  private readonly counts: Int32Array
  private gains = new Float64Array(0)

  // classes only
  private readonly left: Float64Array
  private readonly right: Float64Array
  private readonly heads: Int32Array
  private readonly nexts: Int32Array
  private shares: number[] = []

  /** How often each row was drawn for the last tree. */
  readonly draws: Int32Array

  constructor(private readonly ground: Ground) {
    const { rows: n, columns, classes, rules } = ground
    const nearRows = Math.min(NEAR, n)
    this.far = {
      codes: ground.codes,
      stride: n,
      order: new Int32Array(n),
      target: ground.target,
      weights: new Float64Array(n),
    }
    this.near = {
      codes: new Uint8Array(nearRows * columns),
      stride: nearRows,
      order: new Int32Array(nearRows),
      target: new Float64Array(nearRows),
      weights: new Float64Array(nearRows),
    }
    this.nearRows = new Int32Array(nearRows)
    this.copied = new Int32Array(columns)
    this.deviations = new Float64Array(n)
    this.masses = new Float64Array(n)
    this.aside = new Int32Array(n)
    this.columnOrder = new Int32Array(columns)
    this.stack = new Int32Array(4 * (n + 2))
    this.bounds = new Float64Array(ground.monotone.length > 0 ? 2 * (n + 2) : 0)
    this.nodes = new Int32Array(4 * n)
    this.values = new Float64Array(2 * n)
    this.firsts = new Int32Array(rules.keepRows ? 2 * n : 0)
    this.counts = new Int32Array(rules.keepRows ? 2 * n : 0)
    this.left = new Float64Array(classes)
    this.right = new Float64Array(classes)
    this.heads = new Int32Array(classes > 0 ? 256 : 0)
    this.nexts = new Int32Array(classes > 0 ? n : 0)
    this.draws = new Int32Array(n)
  }

  /** The tree of one stream of randomness. */
  grow(rng: Rng): GrownTree {
    const { rows: n, columns, weights, rules, classes, monotone } = this.ground
    const { far, near, draws, stack, bounds, nodes, values, columnOrder } = this
    if (rules.drawn === 0) draws.fill(1)
    else {
      draws.fill(0)
      for (let i = 0; i < rules.drawn; i++) {
        const row = below(rng, n)
        draws[row] = draws[row] + 1
      }
    }
    let used = 0
    for (let i = 0; i < n; i++) {
      const weight = draws[i] * weights[i]
      if (weight === 0) continue
      far.weights[i] = weight
      far.order[used++] = i
    }
    // nothing that counts was drawn: rows of weight 0 and luck; the tree then sees every row once
    if (used === 0)
      for (let i = 0; i < n; i++) {
        if (weights[i] === 0) continue
        far.weights[i] = weights[i]
        draws[i] = 1
        far.order[used++] = i
      }
    for (let c = 0; c < columns; c++) columnOrder[c] = c
    this.gains = new Float64Array(columns)
    this.shares = []
    this.inNear = false
    const bound = monotone.length > 0

    let count = 1
    let deepest = 0
    let height = 0
    let floor = -1
    let offset = 0
    const push = (node: number, start: number, end: number, depth: number, low: number, high: number): void => {
      const at = 4 * height
      stack[at] = node
      stack[at + 1] = start
      stack[at + 2] = end
      stack[at + 3] = depth
      if (bound) {
        bounds[2 * height] = low
        bounds[2 * height + 1] = high
      }
      height++
    }
    push(0, 0, used, 0, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)
    while (height > 0) {
      height--
      const node = stack[4 * height]
      let start = stack[4 * height + 1]
      let end = stack[4 * height + 2]
      const depth = stack[4 * height + 3]
      const low = bound ? bounds[2 * height] : 0
      const high = bound ? bounds[2 * height + 1] : 0
      if (!this.inNear && end - start <= NEAR) {
        this.comeNear(start, end)
        floor = height
        offset = start
        end -= start
        start = 0
      }
      const block = this.inNear ? near : far
      const rows = end - start
      if (rules.keepRows) {
        this.firsts[node] = start + (this.inNear ? offset : 0)
        this.counts[node] = rows
      }
      if (depth > deepest) deepest = depth
      const cut =
        classes > 0
          ? this.cutClasses(block, start, rows, depth, node, rng)
          : this.cutNumbers(block, start, rows, depth, node, rng, low, high)
      if (cut) {
        const best = this.best
        const column = best[1]
        const bin = best[2]
        const middle = this.part(block, start, end, column, bin)
        nodes[2 * node] = column * 256 + bin
        nodes[2 * node + 1] = count
        this.gains[column] = this.gains[column] + best[0]
        let leftLow = low
        let leftHigh = high
        let rightLow = low
        let rightHigh = high
        if (bound && monotone[column] !== 0) {
          // whatever lies below on either side stays on its side of the middle of the two means
          const clipped = (value: number): number => Math.min(high, Math.max(low, value))
          const between = (clipped(values[node] + best[3]) + clipped(values[node] + best[4])) / 2
          if (monotone[column] > 0) leftHigh = rightLow = between
          else leftLow = rightHigh = between
        }
        push(count + 1, middle, end, depth + 1, rightLow, rightHigh)
        push(count, start, middle, depth + 1, leftLow, leftHigh)
        count += 2
      } else {
        nodes[2 * node] = 255
        nodes[2 * node + 1] = node
      }
      if (this.inNear && height === floor) this.goBack(offset)
    }
    const tree: GrownTree = {
      nodes: nodes.slice(0, 2 * count),
      values: values.slice(0, count),
      depth: deepest,
      gains: this.gains,
    }
    return {
      ...tree,
      ...(classes > 0 ? { shares: Float64Array.from(this.shares) } : {}),
      ...(rules.keepRows
        ? {
            members: far.order.slice(0, used),
            memberWeights: Float64Array.from({ length: used }, (_, i) => far.weights[far.order[i]]),
            firsts: this.firsts.slice(0, count),
            counts: this.counts.slice(0, count),
          }
        : {}),
    }
  }

  /** Copies the rows of a node together; their codes follow column by column as they are asked for. */
  private comeNear(start: number, end: number): void {
    const { far, near, nearRows } = this
    const n = end - start
    for (let i = 0; i < n; i++) {
      const row = far.order[start + i]
      nearRows[i] = row
      near.order[i] = i
      near.target[i] = far.target[row]
      near.weights[i] = far.weights[row]
    }
    this.copy++
    this.nearCount = n
    this.inNear = true
  }
  private goBack(offset: number): void {
    const { far, near, nearRows } = this
    if (this.ground.rules.keepRows) for (let i = 0; i < this.nearCount; i++) far.order[offset + i] = nearRows[near.order[i]]
    this.inNear = false
  }

  private copyColumn(column: number): void {
    const { near, nearRows, ground } = this
    const from = column * ground.rows
    const to = column * near.stride
    const codes = ground.codes
    for (let i = 0; i < this.nearCount; i++) near.codes[to + i] = codes[from + nearRows[i]]
    this.copied[column] = this.copy
  }

  /** Puts the rows with a code of at most `bin` first, either side in its old order; returns where the others begin. */
  private part({ codes, stride, order }: Block, start: number, end: number, column: number, bin: number): number {
    const aside = this.aside
    const at = column * stride
    let left = start
    let right = 0
    for (let i = start; i < end; i++) {
      const row = order[i]
      const stays = (codes[at + row] - bin - 1) >>> 31
      order[left] = row
      aside[right] = row
      left += stays
      right += 1 - stays
    }
    for (let i = 0; i < right; i++) order[left + i] = aside[i]
    return left
  }

  /** Finds the best cut of a node whose target is a number, or writes its value. */
  private cutNumbers(
    block: Block,
    start: number,
    n: number,
    depth: number,
    node: number,
    rng: Rng,
    low: number,
    high: number,
  ): boolean {
    const { order, target, weights } = block
    const { rules, columns, monotone } = this.ground
    const { deviations, masses, columnOrder, best } = this
    const first = target[order[start]]
    let sum = 0
    let mass = 0
    let pure = true
    for (let i = 0; i < n; i++) {
      const row = order[start + i]
      const weight = weights[row]
      const value = target[row]
      masses[i] = weight
      deviations[i] = value
      mass += weight
      sum += weight * value
      if (value !== first) pure = false
    }
    const bound = monotone.length > 0
    const mean = pure ? first : sum / mass
    this.values[node] = mean
    if (pure || n < 2 * rules.rowsPerLeaf || depth >= rules.depthAtMost) {
      if (bound) this.values[node] = Math.min(high, Math.max(low, mean))
      return false
    }
    if (n === 2 && !bound && rules.rowsPerLeaf === 1) return this.cutPair(block, start, mass, mean, rng)
    for (let i = 0; i < n; i++) deviations[i] = masses[i] * (deviations[i] - mean)
    best[0] = -1
    const wanted = rules.columnsPerSplit
    for (let k = 0; k < columns && (k < wanted || best[0] < 0); k++) {
      const at = k + below(rng, columns - k)
      const column = columnOrder[at]
      columnOrder[at] = columnOrder[k]
      columnOrder[k] = column
      if (this.inNear && this.copied[column] !== this.copy) this.copyColumn(column)
      const sign = bound ? monotone[column] : 0
      if (rules.randomCuts) this.randomCut(block, start, n, mass, column, sign, rng)
      else if (n <= FEW) this.cutFew(block, start, n, mass, column, sign)
      else if (n <= SOME) this.cutSome(block, start, n, mass, column, sign)
      else this.cutMany(block, start, n, mass, column, sign)
    }
    if (best[0] < 0) {
      if (bound) this.values[node] = Math.min(high, Math.max(low, mean))
      return false
    }
    // the two means, as differences from this one
    const toLeft = best[3] / best[4]
    best[4] = -best[3] / (mass - best[4])
    best[3] = toLeft
    return true
  }

  /** Two rows are told apart by any column in which they differ, all with the same gain: the first that chance brings. */
  private cutPair({ codes, stride, order }: Block, start: number, mass: number, mean: number, rng: Rng): boolean {
    const { columnOrder, best, deviations, masses } = this
    const { columns } = this.ground
    const a = order[start]
    const b = order[start + 1]
    for (let k = 0; k < columns; k++) {
      const at = k + below(rng, columns - k)
      const column = columnOrder[at]
      columnOrder[at] = columnOrder[k]
      columnOrder[k] = column
      if (this.inNear && this.copied[column] !== this.copy) this.copyColumn(column)
      const codeA = codes[column * stride + a]
      const codeB = codes[column * stride + b]
      if (codeA === codeB) continue
      const first = masses[0] * (deviations[0] - mean)
      best[0] = (first * first * mass) / (masses[0] * masses[1])
      best[1] = column
      best[2] = (codeA + codeB) >> 1
      return true
    }
    return false
  }

  private cutFew({ codes, stride, order }: Block, start: number, n: number, mass: number, column: number, sign: number): void {
    const { keys, deviations, masses, best } = this
    const least = this.ground.rules.rowsPerLeaf
    const at = column * stride
    for (let i = 0; i < n; i++) {
      const key = (codes[at + order[start + i]] << 5) | i
      let j = i - 1
      while (j >= 0 && keys[j] > key) {
        keys[j + 1] = keys[j]
        j--
      }
      keys[j + 1] = key
    }
    let sum = 0
    let left = 0
    let score = best[0]
    for (let i = 0; i + 1 < n; i++) {
      const key = keys[i]
      const row = key & 31
      sum += deviations[row]
      left += masses[row]
      const code = key >> 5
      const next = keys[i + 1] >> 5
      if (code === next || i + 1 < least || n - i - 1 < least) continue
      if (sign !== 0 && sign * sum > 0) continue
      const gain = (sum * sum * mass) / (left * (mass - left))
      if (gain > score) {
        score = gain
        best[1] = column
        best[2] = (code + next) >> 1
        best[3] = sum
        best[4] = left
      }
    }
    best[0] = score
  }

  private cutSome({ codes, stride, order }: Block, start: number, n: number, mass: number, column: number, sign: number): void {
    const { histogram, tally, marks, deviations, masses, best } = this
    const least = this.ground.rules.rowsPerLeaf
    const at = column * stride
    for (let i = 0; i < n; i++) {
      const code = codes[at + order[start + i]]
      marks[code >> 5] = marks[code >> 5] | (1 << (code & 31))
      histogram[2 * code] = histogram[2 * code] + deviations[i]
      histogram[2 * code + 1] = histogram[2 * code + 1] + masses[i]
    }
    if (least > 1)
      for (let i = 0; i < n; i++) {
        const code = codes[at + order[start + i]]
        tally[code] = tally[code] + 1
      }
    let sum = 0
    let left = 0
    let rows = 0
    let before = -1
    let score = best[0]
    for (let word = 0; word < 8; word++) {
      let bits = marks[word]
      marks[word] = 0
      while (bits !== 0) {
        const bit = bits & -bits
        bits ^= bit
        const code = (word << 5) + 31 - Math.clz32(bit)
        // the cut lies between the code before and this one
        if (before >= 0 && (least === 1 || (rows >= least && n - rows >= least)) && !(sign !== 0 && sign * sum > 0)) {
          const gain = (sum * sum * mass) / (left * (mass - left))
          if (gain > score) {
            score = gain
            best[1] = column
            best[2] = (before + code) >> 1
            best[3] = sum
            best[4] = left
          }
        }
        sum += histogram[2 * code]
        left += histogram[2 * code + 1]
        histogram[2 * code] = 0
        histogram[2 * code + 1] = 0
        if (least > 1) {
          rows += tally[code]
          tally[code] = 0
        }
        before = code
      }
    }
    best[0] = score
  }

  private cutMany({ codes, stride, order }: Block, start: number, n: number, mass: number, column: number, sign: number): void {
    const { histogram, tally, deviations, masses, best } = this
    const least = this.ground.rules.rowsPerLeaf
    const at = column * stride
    for (let i = 0; i < n; i++) {
      const code = codes[at + order[start + i]]
      histogram[2 * code] = histogram[2 * code] + deviations[i]
      histogram[2 * code + 1] = histogram[2 * code + 1] + masses[i]
    }
    if (least > 1)
      for (let i = 0; i < n; i++) {
        const code = codes[at + order[start + i]]
        tally[code] = tally[code] + 1
      }
    const many = this.ground.codesOf[column]
    let sum = 0
    let left = 0
    let rows = 0
    let before = -1
    let score = best[0]
    for (let code = 0; code < many; code++) {
      const weight = histogram[2 * code + 1]
      if (weight === 0) continue
      if (before >= 0 && (least === 1 || (rows >= least && n - rows >= least)) && !(sign !== 0 && sign * sum > 0)) {
        const gain = (sum * sum * mass) / (left * (mass - left))
        if (gain > score) {
          score = gain
          best[1] = column
          best[2] = (before + code) >> 1
          best[3] = sum
          best[4] = left
        }
      }
      sum += histogram[2 * code]
      left += weight
      histogram[2 * code] = 0
      histogram[2 * code + 1] = 0
      if (least > 1) {
        rows += tally[code]
        tally[code] = 0
      }
      before = code
    }
    best[0] = score
  }

  private randomCut(
    { codes, stride, order }: Block,
    start: number,
    n: number,
    mass: number,
    column: number,
    sign: number,
    rng: Rng,
  ): void {
    const { deviations, masses, best } = this
    const at = column * stride
    let least = 255
    let most = 0
    for (let i = 0; i < n; i++) {
      const code = codes[at + order[start + i]]
      if (code < least) least = code
      if (code > most) most = code
    }
    if (least >= most) return
    const bin = least + below(rng, most - least)
    let sum = 0
    let left = 0
    let rows = 0
    for (let i = 0; i < n; i++) {
      if (codes[at + order[start + i]] > bin) continue
      sum += deviations[i]
      left += masses[i]
      rows++
    }
    const fewest = this.ground.rules.rowsPerLeaf
    if (rows < fewest || n - rows < fewest || (sign !== 0 && sign * sum > 0)) return
    const gain = (sum * sum * mass) / (left * (mass - left))
    if (gain > best[0]) {
      best[0] = gain
      best[1] = column
      best[2] = bin
      best[3] = sum
      best[4] = left
    }
  }

  /** Finds the best cut of a node whose target is one of several classes by Gini’s impurity, or writes its class or shares. */
  private cutClasses(block: Block, start: number, n: number, depth: number, node: number, rng: Rng): boolean {
    const { order, target, weights } = block
    const { rules, columns, classes } = this.ground
    const { masses, deviations, columnOrder, best, right } = this
    right.fill(0)
    const first = target[order[start]]
    let mass = 0
    let pure = true
    for (let i = 0; i < n; i++) {
      const row = order[start + i]
      const label = target[row]
      const weight = weights[row]
      deviations[i] = label
      masses[i] = weight
      mass += weight
      right[label] = right[label] + weight
      if (label !== first) pure = false
    }
    if (pure) {
      this.values[node] = first
      return false
    }
    best[0] = -1
    if (n >= 2 * rules.rowsPerLeaf && depth < rules.depthAtMost) {
      let squares = 0
      for (let k = 0; k < classes; k++) squares += right[k] * right[k]
      const wanted = rules.columnsPerSplit
      for (let k = 0; k < columns && (k < wanted || best[0] < 0); k++) {
        const at = k + below(rng, columns - k)
        const column = columnOrder[at]
        columnOrder[at] = columnOrder[k]
        columnOrder[k] = column
        if (this.inNear && this.copied[column] !== this.copy) this.copyColumn(column)
        this.cutClassColumn(block, start, n, mass, squares, column, rng)
      }
    }
    if (best[0] < 0) {
      this.values[node] = classes + this.shares.length / classes
      for (let k = 0; k < classes; k++) this.shares.push(right[k] / mass)
      return false
    }
    this.values[node] = 0
    return true
  }

  /** Rows go from the right to the left in the order of their codes; the sums of squares on either side follow each row. */
  private cutClassColumn(
    { codes, stride, order }: Block,
    start: number,
    n: number,
    mass: number,
    squares: number,
    column: number,
    rng: Rng,
  ): void {
    const { marks, heads, nexts, deviations: labels, masses, left, right, best } = this
    const { rowsPerLeaf: least, randomCuts } = this.ground.rules
    const at = column * stride
    let low = 255
    let high = 0
    for (let i = 0; i < n; i++) {
      const code = codes[at + order[start + i]]
      const word = code >> 5
      const bit = 1 << (code & 31)
      if ((marks[word] & bit) === 0) {
        marks[word] = marks[word] | bit
        heads[code] = -1
      }
      nexts[i] = heads[code]
      heads[code] = i
      if (code < low) low = code
      if (code > high) high = code
    }
    const only = randomCuts && high > low ? low + below(rng, high - low) : -1
    let leftSquares = 0
    let rightSquares = squares
    let moved = 0
    let rows = 0
    let before = -1
    let score = best[0]
    for (let word = 0; word < 8; word++) {
      let bits = marks[word]
      marks[word] = 0
      while (bits !== 0) {
        const bit = bits & -bits
        bits ^= bit
        const code = (word << 5) + 31 - Math.clz32(bit)
        if (before >= 0 && rows >= least && n - rows >= least && (!randomCuts || (before <= only && only < code))) {
          const gain = leftSquares / moved + rightSquares / (mass - moved) - squares / mass
          if (gain > score) {
            score = gain
            best[1] = column
            best[2] = randomCuts ? only : (before + code) >> 1
          }
        }
        for (let i = heads[code]; i >= 0; i = nexts[i]) {
          const label = labels[i]
          const weight = masses[i]
          leftSquares += weight * (2 * left[label] + weight)
          rightSquares += weight * (weight - 2 * right[label])
          left[label] = left[label] + weight
          right[label] = right[label] - weight
          moved += weight
          rows++
        }
        before = code
      }
    }
    best[0] = score
    // put everything back for the next column
    left.fill(0)
    right.fill(0)
    for (let i = 0; i < n; i++) right[labels[i]] = right[labels[i]] + masses[i]
  }
}

/** Uniform integer on [0, n) from 32 bits. */
function below(rng: Rng, n: number): number {
  return Math.floor((rng.bits() >>> 0) * 2.3283064365386963e-10 * n)
}
