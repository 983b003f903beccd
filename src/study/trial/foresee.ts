/**
 * What a model says of one run that will be, or was, watched: the same jobs arriving at the same instants under the policy, their task times drawn from the
 * measured laws, many times over. So the luck of the arrivals is not in the comparison, and the range is that of a single run as long as the trial’s.
 */
import { isRefusal, type Policy, type Refusal, type Scenario, type TrialCluster, wattsAtSpeed } from '../../model/index.js'
import { compileScenario, drawJobsArriving, type Run, runJobs, type Totals } from '../../simulate/index.js'
import { type Figures, meanOf, p95Of, rangeOf } from './figures.js'

/** Jobs by when they come, in seconds since the first, ascending. */
export interface Arrivals {
  readonly arrival: Float64Array
  readonly classIndex: Uint16Array
}

export interface Foreseen {
  /** By class; undefined for one of which no job comes. */
  readonly classes: readonly (Figures | undefined)[]
  readonly cluster: TrialCluster
}

const DONE = 3

/**
 * Foresees a run of these arrivals under a policy; refuses what the simulator refuses. Each scenario is one way in which the measured laws might be (resampled from what
 * was measured), so that the range holds what the profile leaves open as well as the luck of the run.
 */
export function foresee(
  scenarios: readonly Scenario[],
  policy: Policy,
  arrivals: Arrivals,
  { seed, replications = 200 }: { readonly seed: number; readonly replications?: number },
): Foreseen | Refusal {
  const classes = scenarios[0].workload.classes
  const means: number[][] = classes.map(() => [])
  const p95s: number[][] = classes.map(() => [])
  const clusters: TrialCluster[] = []
  for (let replication = 0; replication < replications; replication++) {
    const under = { ...scenarios[replication % scenarios.length], policy }
    const compiled = compileScenario(under)
    if (isRefusal(compiled)) return compiled
    const run = runJobs(compiled, drawJobsArriving(compiled, arrivals, seed, replication), undefined, { seed, replication })
    for (let k = 0; k < means.length; k++) {
      const responses = run.response.filter((_, i) => run.jobs.classIndex[i] === k && run.state[i] === DONE)
      if (responses.length === 0) continue
      means[k].push(meanOf(responses))
      p95s[k].push(p95Of(responses))
    }
    clusters.push(clusterOf(under, run, compiled.exclusive ? 1 : compiled.capacity))
  }
  return {
    classes: means.map((values, k) => (values.length === 0 ? undefined : { mean: rangeOf(values), p95: rangeOf(p95s[k]) })),
    cluster: meanCluster(clusters),
  }
}

/** Busy share, waste and energy (E11) of a run until its last job left. */
function clusterOf(scenario: Scenario, { end, response, jobs }: Run, capacity: number): TrialCluster {
  let last = end.time
  if (jobs.count > 0) last = response.reduce((latest, time, i) => Math.max(latest, jobs.arrival[i] + time), 0)
  return clusterFigures(scenario, { seconds: last, busy: end.busy, lost: end.lost, sprinting: end.sprinting }, capacity)
}

/** Slot-seconds of a run as shares and energy: E11 of specs, watts linear in the busy share, sprinting slots at the watts of the sprint. */
export function clusterFigures(
  { cluster: { power }, policy }: Scenario,
  { seconds, busy, lost, sprinting }: { readonly seconds: number } & Pick<Totals, 'busy' | 'lost' | 'sprinting'>,
  capacity: number,
): TrialCluster {
  const utilisation = seconds > 0 ? busy / (capacity * seconds) : 0
  const figures = { utilisation, waste: busy > 0 ? lost / busy : 0 }
  if (!power || seconds === 0) return figures
  const { idleWatts, busyWatts } = power
  const extraWatts = policy.sprint ? wattsAtSpeed(power, policy.sprint.speed) - busyWatts : 0
  const powerWatts = idleWatts + (busyWatts - idleWatts) * utilisation + (extraWatts * sprinting) / (capacity * seconds)
  return { ...figures, powerWatts, energyJoules: powerWatts * seconds }
}

function meanCluster(clusters: readonly TrialCluster[]): TrialCluster {
  const mean = (key: 'utilisation' | 'waste' | 'powerWatts' | 'energyJoules'): number =>
    meanOf(clusters.map((cluster) => cluster[key] ?? 0))
  const shares = { utilisation: mean('utilisation'), waste: mean('waste') }
  return clusters[0]?.powerWatts === undefined
    ? shares
    : { ...shares, powerWatts: mean('powerWatts'), energyJoules: mean('energyJoules') }
}
