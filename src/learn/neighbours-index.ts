/** Finds the rows of a set of points that are nearest to a point, by Euclidean distance; of equally near rows the first. */
export interface NeighbourIndex {
  /** Writes the `count` nearest rows and their squared distances, nearest first. `count` at most the number of points. */
  nearest(point: Float64Array, count: number, rows: Int32Array, squares: Float64Array): void
}

/** Where a tree pays: many points, few dimensions. Elsewhere every point is looked at. */
export function neighbourIndex(points: Float64Array, width: number): NeighbourIndex {
  const rows = points.length / width
  return rows > 256 && width <= 16 ? treeIndex(points, width) : scanIndex(points, width)
}

/** Looks at every point. */
export function scanIndex(points: Float64Array, width: number): NeighbourIndex {
  const rows = points.length / width
  return {
    nearest: (point, count, found, squares) => {
      const best = bestOf(count, found, squares)
      for (let i = 0, p = 0; i < rows; i++, p += width) {
        const limit = best.limit()
        const d = squareTo(points, p, point, width, limit)
        if (d <= limit) best.offer(i, d)
      }
    },
  }
}

/** The squared distance of the point at `p`, or a part of it that is more than `limit`: four columns at a time, so that sums need not wait for each other. */
function squareTo(points: Float64Array, p: number, point: Float64Array, width: number, limit: number): number {
  let d = 0
  let j = 0
  for (; j + 4 <= width; j += 4, p += 4) {
    const a = points[p] - point[j]
    const b = points[p + 1] - point[j + 1]
    const c = points[p + 2] - point[j + 2]
    const e = points[p + 3] - point[j + 3]
    d += a * a + b * b + (c * c + e * e)
    if (d > limit) return d
  }
  for (; j < width; j++, p++) {
    const a = points[p] - point[j]
    d += a * a
  }
  return d
}

/** Points a leaf of the tree holds at most. */
const LEAF = 16

/**
 * A k-d tree: each node halves its points along the column in which they spread most. Source: Friedman, Bentley, Finkel (1977), with the distance to
 * a box kept up to date on the way down (Arya and Mount 1993).
 */
export function treeIndex(points: Float64Array, width: number): NeighbourIndex {
  const rows = points.length / width
  const order = Int32Array.from({ length: rows }, (_, i) => i)
  const cut: number[] = []
  const at: number[] = []
  /** Children of node n are n + 1 and `far[n]`; a leaf has column −1 and holds order[from[n] … to[n]). */
  const far: number[] = []
  const from: number[] = []
  const to: number[] = []
  build(0, rows)
  const sorted = new Float64Array(points.length)
  order.forEach((row, r) => {
    sorted.set(points.subarray(row * width, (row + 1) * width), r * width)
  })
  const offsets = new Float64Array(width)

  return {
    nearest: (point, count, found, squares) => {
      const best = bestOf(count, found, squares)
      offsets.fill(0)
      search(0, 0)

      function search(node: number, box: number): void {
        const column = at[node]
        if (column < 0) {
          for (let r = from[node], p = r * width; r < to[node]; r++, p += width) {
            const limit = best.limit()
            const d = squareTo(sorted, p, point, width, limit)
            if (d <= limit) best.offer(order[r], d)
          }
          return
        }
        const gap = point[column] - cut[node]
        const [near, other] = gap <= 0 ? [node + 1, far[node]] : [far[node], node + 1]
        search(near, box)
        const before = offsets[column]
        const distance = box - before * before + gap * gap
        // a hair less, since the sum above is rounded
        if (distance * (1 - 1e-12) > best.limit()) return
        offsets[column] = gap
        search(other, distance)
        offsets[column] = before
      }
    },
  }

  function build(low: number, high: number): void {
    const node = at.length
    from.push(low)
    to.push(high)
    cut.push(0)
    far.push(0)
    at.push(-1)
    if (high - low <= LEAF) return
    let column = -1
    let widest = 0
    for (let j = 0; j < width; j++) {
      let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
      for (let r = low; r < high; r++) {
        const value = points[order[r] * width + j]
        if (value < least) least = value
        if (value > most) most = value
      }
      if (most - least > widest) {
        widest = most - least
        column = j
      }
    }
    // all points are one: nothing to halve
    if (column < 0) return
    const middle = (low + high) >> 1
    select(low, high - 1, middle, column)
    at[node] = column
    cut[node] = points[order[middle] * width + column]
    build(low, middle)
    far[node] = at.length
    build(middle, high)
  }

  /** Hoare’s selection: after it, order[middle] is in its place along the column, smaller values before it. */
  function select(low: number, high: number, middle: number, column: number): void {
    let [l, h] = [low, high]
    while (l < h) {
      const pivot = points[order[(l + h) >> 1] * width + column]
      let [i, j] = [l, h]
      while (i <= j) {
        while (points[order[i] * width + column] < pivot) i++
        while (points[order[j] * width + column] > pivot) j--
        if (i > j) break
        const swap = order[i]
        order[i++] = order[j]
        order[j--] = swap
      }
      if (middle <= j) h = j
      else if (middle >= i) l = i
      else return
    }
  }
}

/** The nearest so far in ascending order of (distance, row), by insertion: counts are small. */
function bestOf(
  count: number,
  rows: Int32Array,
  squares: Float64Array,
): { limit(): number; offer(row: number, square: number): void } {
  let filled = 0
  const before = (square: number, row: number, at: number): boolean =>
    square < squares[at] || (square === squares[at] && row < rows[at])
  return {
    limit: () => (filled < count ? Number.POSITIVE_INFINITY : squares[count - 1]),
    offer: (row, square) => {
      const full = filled === count
      if (full && !before(square, row, count - 1)) return
      let to = full ? count - 1 : filled++
      while (to > 0 && before(square, row, to - 1)) {
        squares[to] = squares[to - 1]
        rows[to] = rows[to - 1]
        to--
      }
      squares[to] = square
      rows[to] = row
    },
  }
}
