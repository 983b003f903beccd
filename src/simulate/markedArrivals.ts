/**
 * Arrivals of several classes from one marked process: the classes come correlated. The process is walked once, from one stream of the
 * replication; what comes for a class before it is asked for is kept until it is.
 */
import type { Workload } from '../model/index.js'
import { type MarkedArrivals, markedArrivalRates, markedSampler, Rng } from '../num/index.js'
import type { FillArrivals } from './arrivals.js'

/** The workload’s marked process: D[k] marks the class `marks[k]`; undefined where there is none. */
function markedOf(workload: Workload): { readonly process: MarkedArrivals; readonly marks: readonly string[] } | undefined {
  if (!workload.arrivals) return undefined
  const { d0, d1 } = workload.arrivals
  // in the order of the process, so that the order of the classes changes no draw
  const marks = Object.keys(d1)
  return { process: { D0: d0, D: marks.map((name) => d1[name]) }, marks }
}

/** Mean arrivals per second of each marked class by name. */
export function markedRates(workload: Workload): ReadonlyMap<string, number> {
  const marked = markedOf(workload)
  if (!marked) return new Map()
  const rates = markedArrivalRates(marked.process)
  return new Map(marked.marks.map((name, k) => [name, rates[k]]))
}

/** The arrival times of each marked class in one replication, by name. */
export function markedStreams(workload: Workload, seed: number, replication: number): ReadonlyMap<string, FillArrivals> {
  const marked = markedOf(workload)
  if (!marked) return new Map()
  const next = markedSampler(marked.process, new Rng(seed, `replication ${replication}/marked arrivals`))
  const kept = marked.marks.map(() => new Kept())
  let now = 0
  return new Map(
    marked.marks.map((name, k) => [
      name,
      (out: Float64Array) => {
        let filled = kept[k].take(out)
        while (filled < out.length) {
          const { gap, mark } = next()
          now += gap
          if (mark === k) out[filled++] = now
          else kept[mark].add(now)
        }
      },
    ]),
  )
}

/** Times that came while another class was asked for: first in, first out. */
class Kept {
  private times = new Float64Array(256)
  private from = 0
  private to = 0

  add(time: number): void {
    if (this.to === this.times.length) {
      const held = this.times.subarray(this.from, this.to)
      const times = 2 * held.length > this.times.length ? new Float64Array(2 * this.times.length) : this.times
      times.set(held)
      this.times = times
      this.to -= this.from
      this.from = 0
    }
    this.times[this.to++] = time
  }

  /** Fills `out` from its beginning with what is kept, as far as it goes; returns how many. */
  take(out: Float64Array): number {
    const count = Math.min(out.length, this.to - this.from)
    out.set(this.times.subarray(this.from, this.from + count))
    this.from += count
    return count
  }
}
