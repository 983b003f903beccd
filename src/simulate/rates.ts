/**
 * What slows running jobs down beside the speed of their slots: neighbours on the same node, and a shared storage that feeds them.
 *
 *   rate of job i = speed · min( sprint · φ_i(neighbours), b_i / (f_i (1 − c_d/d)) )          (specs/colocate.md, the combined model)
 *
 * φ: the relative speed beside the worst neighbour (pairs that are not named do not disturb one another);
 * b: the job’s share of the storage bandwidth, max-min fair among the running jobs, each asking for what it reads at full speed and does
 * not find in the cache: f (1 − c/d), with the cache given to the data sets that save the most reading a byte.
 */
import type { Scenario } from '../model/index.js'

export interface RateSettings {
  readonly classes: number
  /** φ of a job of class a beside one of class b at a · classes + b; absent without interference. */
  readonly beside?: Float64Array
  /** Bytes a second that a job of each class reads from storage at full speed. */
  readonly demand?: Float64Array
  readonly bytesPerSecond: number
}

/** The rates of a scenario, undefined where nothing slows anybody down. `need` is the expected number of running jobs by class: λ E[S]. */
export function rateSettings({ workload, cluster }: Scenario, need: readonly number[]): RateSettings | undefined {
  const k = workload.classes.length
  const index = new Map(workload.classes.map(({ name }, i) => [name, i]))
  let beside: Float64Array | undefined
  for (const { jobClass, neighbour, relativeSpeed } of cluster.interference ?? []) {
    const [a, b] = [index.get(jobClass), index.get(neighbour)]
    if (a === undefined || b === undefined) continue
    beside ??= new Float64Array(k * k).fill(1)
    beside[a * k + b] = relativeSpeed
  }
  const storage = cluster.storage
  if (storage === undefined || workload.classes.every(({ data }) => data === undefined))
    return beside && { classes: k, beside, bytesPerSecond: Number.POSITIVE_INFINITY }
  const shares = cacheShares(
    workload.classes.map(({ data }, i) => ({
      bytes: data?.bytes ?? 0,
      saved: (need[i] * (data?.bytesPerSecond ?? 0)) / (data?.bytes ?? 1),
    })),
    storage.cacheBytes,
  )
  const demand = Float64Array.from(workload.classes, ({ data }, i) => (data ? data.bytesPerSecond * (1 - shares[i]) : 0))
  return { classes: k, demand, bytesPerSecond: storage.bytesPerSecond, ...(beside ? { beside } : {}) }
}

/** Share of each data set that is cached: whole data sets in order of what a cached byte saves, the last as far as it goes. */
function cacheShares(sets: readonly { readonly bytes: number; readonly saved: number }[], cacheBytes: number): number[] {
  const shares = sets.map(() => 0)
  let left = cacheBytes
  const order = sets.map((_, i) => i).sort((a, b) => sets[b].saved - sets[a].saved || a - b)
  for (const i of order) {
    if (sets[i].bytes === 0 || left <= 0) continue
    const given = Math.min(left, sets[i].bytes)
    shares[i] = given / sets[i].bytes
    left -= given
  }
  return shares
}

/**
 * Max-min fair shares of a bandwidth: each class’s factor, what its jobs get of what they ask for. `running` jobs of each class ask for
 * `demand` each; those who ask for less than the fair level get it whole, the others get the level.
 */
export function fairFactors(demand: Float64Array, running: Int32Array, bandwidth: number, out: Float64Array): void {
  out.fill(1)
  const order = Array.from(demand.keys())
    .filter((k) => demand[k] > 0 && running[k] > 0)
    .sort((a, b) => demand[a] - demand[b])
  let left = bandwidth
  let asking = order.reduce((sum, k) => sum + running[k], 0)
  for (const k of order) {
    const level = left / asking
    if (demand[k] > level) out[k] = level / demand[k]
    left -= running[k] * Math.min(demand[k], level)
    asking -= running[k]
  }
}
