/**
 * A sketch of a distribution that can be merged: counts in bins whose edges grow geometrically, so that every quantile is within a relative
 * error α of a value that holds it, whatever the law (Masson, Rim and Lee 2019, DDSketch).
 *
 *   bin of x: ⌈log_γ x⌉,  γ = (1 + α)/(1 − α);  value of bin i: 2 γ^i / (γ + 1)
 *
 * For runs too long to keep every value, and for numbers that come from many places. Values below 10⁻¹² count as 0. Merging is exact: a merged
 * sketch is the sketch of all values together, in any order.
 */
export interface SketchState {
  readonly accuracy: number
  readonly zeros: number
  /** The first bin kept, and the counts from there on. */
  readonly first: number
  readonly counts: readonly number[]
}

const SMALLEST = 1e-12

export class QuantileSketch {
  private zeros = 0
  private total = 0
  private first = 0
  private counts = new Float64Array(0)
  private readonly logGamma: number

  constructor(readonly accuracy = 0.005) {
    if (!(accuracy > 0 && accuracy < 1)) throw new RangeError(`accuracy ${accuracy} is not between 0 and 1`)
    this.logGamma = Math.log((1 + accuracy) / (1 - accuracy))
  }

  /** How many values it has seen. */
  get count(): number {
    return this.total
  }

  /** Adds a value, which must not be negative. */
  add(value: number, times = 1): void {
    if (!(value >= 0) || value === Number.POSITIVE_INFINITY) throw new RangeError(`a sketch holds times, not ${value}`)
    this.total += times
    if (value < SMALLEST) this.zeros += times
    else this.bump(Math.ceil(Math.log(value) / this.logGamma), times)
  }

  /** Takes in all that the other has seen; both must have the same accuracy. */
  merge(other: QuantileSketch): void {
    if (other.accuracy !== this.accuracy) throw new RangeError(`accuracies differ: ${this.accuracy} and ${other.accuracy}`)
    this.total += other.total
    this.zeros += other.zeros
    for (let i = 0; i < other.counts.length; i++) if (other.counts[i] > 0) this.bump(other.first + i, other.counts[i])
  }

  /** The value of rank ⌊p (n − 1)⌋ within the relative accuracy; undefined of nothing. */
  quantile(p: number): number | undefined {
    if (this.total === 0) return undefined
    let rank = Math.floor(p * (this.total - 1)) - this.zeros
    if (rank < 0) return 0
    const gamma = Math.exp(this.logGamma)
    for (let i = 0; i < this.counts.length; i++) {
      rank -= this.counts[i]
      if (rank < 0) return (2 * gamma ** (this.first + i)) / (gamma + 1)
    }
    return undefined
  }

  save(): SketchState {
    return { accuracy: this.accuracy, zeros: this.zeros, first: this.first, counts: Array.from(this.counts) }
  }

  static restore({ accuracy, zeros, first, counts }: SketchState): QuantileSketch {
    const sketch = new QuantileSketch(accuracy)
    sketch.zeros = zeros
    sketch.first = first
    sketch.counts = Float64Array.from(counts)
    sketch.total = counts.reduce((sum, n) => sum + n, zeros)
    return sketch
  }

  private bump(bin: number, times: number): void {
    if (this.counts.length === 0) {
      this.first = bin - 32
      this.counts = new Float64Array(64)
    }
    const at = bin - this.first
    if (at < 0 || at >= this.counts.length) {
      const first = Math.min(this.first, bin - 32)
      const end = Math.max(this.first + this.counts.length, bin + 33)
      const counts = new Float64Array(end - first)
      counts.set(this.counts, this.first - first)
      this.first = first
      this.counts = counts
    }
    this.counts[bin - this.first] += times
  }
}
