import {
  type Caveat,
  caveat,
  droppedShare,
  type Estimate,
  exactly,
  isRefusal,
  type JobClass,
  lossOf,
  type Policy,
  type Prediction,
  type PredictOptions,
  type Predictor,
  type QuantileName,
  type Refusal,
  refuse,
  type Scenario,
  slotCount,
  speedUnderSprint,
  type Times,
  wattsAtSpeed,
} from '../model/index.js'
import { type MarkedArrivals, markedArrivalRates } from '../num/index.js'
import type { ServiceLaw } from './law.js'
import { markedStation } from './marked-station.js'
import { multiServerPriority, multiServerStation } from './mgc.js'
import { fcfsStation, type StationAnswer, type StationClass, type StationTime } from './priority.js'
import { lawQuantile, scaleLaw } from './service-law.js'
import { type SprintTimer, sprintSeconds } from './sprint-law.js'
import { gangServiceLaw, stagesServiceLaw } from './waves.js'

/**
 * Predicts by formula: M/G/1 with priorities, exactly, where one job at a time has the cluster (or every job needs all of it); M/G/c where equal gangs
 * share it, by Kimura’s formula and waits apportioned to priorities, with the interval of `APPROXIMATION_ERROR`.
 *
 * Holds for Poisson arrivals (or, on one server, one marked process that brings all classes), first come first served or priorities without
 * preemption or with preemption and resumption, drops of any kind, and a sprint timer from dispatch with unlimited budget. Everything else is refused (`unsupported`), and so is load of 1 or above (`unstable`, with it).
 * Source: specs, equations E2–E5, E8, E11; H. Takagi (1991); T. Kimura (1986); A. Bondi and J. Buzen (1984).
 */
export const analyticPredictor: Predictor = {
  kind: 'analytic',
  name: 'queueing formulas',
  refuses,
  predict,
}

/**
 * Half-width of the interval of a mean wait by the multi-server approximations, relative to it: the largest error seen against long simulations in
 * `bench/quality/multi-server`, rounded up. 22 % in the 246 cells that the formula’s form was chosen on (2 to 64 servers, load 0.5 to 0.95, SCV 0.25 to 4, waits
 * above 1 % of the service), 18 % in 80 fresh ones (3 to 32 servers, load 0.65 and 0.9, SCV 0.5 and 2.5). Heavier tails err more.
 */
export const APPROXIMATION_ERROR = 0.25

const PREEMPTION: Partial<Record<Policy['discipline'], 'fcfs' | 'non-preemptive' | 'preemptive-resume'>> = {
  fcfs: 'fcfs',
  'priority-nonpreemptive': 'non-preemptive',
  'priority-preemptive-resume': 'preemptive-resume',
}

function refuses(scenario: Scenario): Refusal | undefined {
  const { workload, policy, cluster } = scenario
  const no = (what: string): Refusal => refuse('unsupported', `no formula for ${what}: simulate`)
  const discipline = PREEMPTION[policy.discipline]
  if (!discipline) return no(`the discipline ${policy.discipline}`)
  for (const { arrival, work, name, failures, data } of workload.classes) {
    if (failures) return no(`jobs that fail and begin again (${name})`)
    if (data && cluster.storage) return no(`storage that jobs share (${name})`)
    if (arrival.kind !== 'poisson' && arrival.kind !== 'marked') return no(`${arrival.kind} arrivals (${name})`)
    if (work.kind === 'replay') return no(`replayed jobs (${name})`)
    if (work.kind === 'array') return no(`arrays of tasks (${name})`)
    if (work.kind === 'stages' ? work.stages.some(({ needs }) => needs) : work.needs)
      return no(`CPUs and memory of nodes (${name})`)
    if (work.kind === 'gang' && work.runTimeBySlots) return no(`run times that depend on the size (${name})`)
    if (policy.engine === 'shared' && work.kind === 'stages') return no(`stages of tasks that share the cluster (${name})`)
  }
  const marked = workload.classes.filter(({ arrival }) => arrival.kind === 'marked').length
  if (marked > 0 && marked < workload.classes.length) return no('marked arrivals beside others')
  if (marked > 0 && policy.engine === 'shared' && serversOf(scenario) !== 1) return no('marked arrivals at several servers')
  if (policy.stopAfterSeconds && Object.keys(policy.stopAfterSeconds).length > 0) return no('jobs that are stopped after a time')
  const { restartDelaySeconds = 0, evictionSeconds = 0 } = policy.preemption ?? {}
  if (restartDelaySeconds + evictionSeconds > 0 && policy.discipline.startsWith('priority-preemptive'))
    return no('evictions that take time, or evicted work that is held back')
  if (policy.dropping === 'straggler' && Object.keys(policy.drop).length > 0) return no('dropping the last tasks to end')
  if (cluster.nodes.some(({ speed }) => speed !== cluster.nodes[0]!.speed)) return no('nodes of different speeds')
  if (policy.engine === 'shared' && policy.placement !== 'pool') return no('gangs that must fit on nodes')
  if (policy.engine === 'shared' && serversOf(scenario) === undefined) return no('gangs of different sizes')
  if (policy.sprint) {
    if (policy.sprint.budget) return no('a sprint budget that can run out')
    if (policy.sprint.origin === 'arrival') return no('a sprint timer that runs from arrival')
    if (policy.sprint.toggleDelaySeconds > 0) return no('a delay before the speed changes')
    if (policy.sprint.steps) return no('a sprint in several steps')
    const phased = workload.classes.find(
      ({ phases, work }) =>
        (phases && phases.length > 1) ||
        (work.kind === 'stages' && work.stages.some(({ processorBound }) => (processorBound ?? 1) !== 1)),
    )
    if (phased) return no(`work that answers a sprint part by part (${phased.name})`)
    if (discipline === 'preemptive-resume') return no('a sprint timer that is interrupted')
  }
  return undefined
}

/** How many equal gangs run side by side; undefined where they are not equal. */
function serversOf({ workload, cluster }: Scenario): number | undefined {
  const sizes = new Set(workload.classes.map(({ work }) => (work.kind === 'gang' ? work.slots : 'other')))
  const [size] = sizes
  return sizes.size === 1 && typeof size === 'number' ? Math.floor(slotCount(cluster) / size) : undefined
}

/** The process that brings all classes, in their order; undefined where each has its own. */
function processOf({ workload }: Scenario): MarkedArrivals | undefined {
  const { arrivals, classes } = workload
  if (!arrivals || classes.some(({ arrival }) => arrival.kind !== 'marked')) return undefined
  return { D0: arrivals.d0, D: classes.map(({ name }) => arrivals.d1[name]!) }
}

function lawsOf(scenario: Scenario): { station: StationClass; plain: ServiceLaw; timer?: SprintTimer }[] | Refusal {
  const { workload, cluster, policy } = scenario
  const speed = cluster.nodes[0]!.speed
  const laws: { station: StationClass; plain: ServiceLaw; timer?: SprintTimer }[] = []
  const process = processOf(scenario)
  const marked = process && markedArrivalRates(process)
  for (const [k, { name, arrival, work, priority, phases }] of workload.classes.entries()) {
    const drop = policy.drop[name] ?? 0
    const timeout = policy.sprint?.timeoutSeconds[name]
    // one phase is another speed-up than the policy’s (E10)
    const faster = policy.sprint && speedUnderSprint(phases?.[0]?.processorBound ?? 1, policy.sprint.speed)
    const timer = faster !== undefined && timeout !== undefined ? { timeoutSeconds: timeout * speed, speed: faster } : undefined
    const lawOf = (sprint?: SprintTimer): ServiceLaw | Refusal =>
      work.kind === 'stages' ? stagesServiceLaw(work, slotCount(cluster), drop, sprint) : gangServiceLaw(work, drop, sprint)
    const [plain, service] = [lawOf(), lawOf(timer)]
    if (isRefusal(plain)) return plain
    if (isRefusal(service)) return service
    laws.push({
      station: {
        arrivalRate: arrival.kind === 'poisson' ? arrival.ratePerSecond : (marked?.[k] ?? 0),
        service: speed === 1 ? service : scaleLaw(service, 1 / speed),
        priority,
      },
      plain,
      ...(timer ? { timer } : {}),
    })
  }
  return laws
}

function solve(scenario: Scenario, classes: readonly StationClass[], servers: number): StationAnswer | Refusal {
  const discipline = PREEMPTION[scenario.policy.discipline]!
  const process = processOf(scenario)
  if (process) return markedStation(process, classes, discipline)
  if (discipline === 'fcfs') return servers === 1 ? fcfsStation(classes) : multiServerStation(classes, servers)
  return multiServerPriority(classes, servers, discipline)
}

function predict(scenario: Scenario, { quantiles }: Pick<PredictOptions, 'quantiles'>): Prediction | Refusal {
  const refused = refuses(scenario)
  if (refused) return refused
  const laws = lawsOf(scenario)
  if (isRefusal(laws)) return laws
  const servers = scenario.policy.engine === 'exclusive' ? 1 : serversOf(scenario)!
  const answer = solve(
    scenario,
    laws.map(({ station }) => station),
    servers,
  )
  if (isRefusal(answer)) return answer
  const caveats: Caveat[] = [...answer.caveats]
  const error = servers === 1 ? 0 : APPROXIMATION_ERROR
  const classes = scenario.workload.classes.map((jobClass, i) =>
    classPrediction(scenario, jobClass, laws[i]!.station, answer, i, error, quantiles, caveats),
  )
  const arrivals = classes.reduce((sum, { arrivalsPerSecond }) => sum + arrivalsPerSecond, 0)
  const { power, nodes } = scenario.cluster
  const sprinting =
    laws.reduce(
      (sum, { station, plain, timer }) =>
        timer ? sum + (station.arrivalRate * sprintSeconds(plain, timer)) / nodes[0]!.speed : sum,
      0,
    ) / servers
  const watts = power
    ? power.idleWatts * (1 - answer.utilisation) +
      power.busyWatts * (answer.utilisation - sprinting) +
      (scenario.policy.sprint ? wattsAtSpeed(power, scenario.policy.sprint.speed) : 0) * sprinting
    : undefined
  return {
    schema: 'halftone/prediction/1',
    predictor: { kind: 'analytic', name: analyticPredictor.name, method: answer.method },
    cost: { wallSeconds: 0 },
    classes,
    cluster: {
      utilisation: exactly(answer.utilisation),
      waste: exactly(0),
      ...(watts === undefined ? {} : { powerWatts: exactly(watts), energyPerJobJoules: exactly(watts / arrivals) }),
    },
    caveats: unique(caveats),
  }
}

function classPrediction(
  scenario: Scenario,
  jobClass: JobClass,
  { service, arrivalRate }: StationClass,
  answer: StationAnswer,
  i: number,
  error: number,
  wanted: PredictOptions['quantiles'],
  caveats: Caveat[],
): Prediction['classes'][number] {
  const found = answer.classes[i]!
  const drop = droppedShare(scenario.policy, jobClass)
  if (drop > 0 && !jobClass.accuracy) {
    caveats.push(
      caveat('accuracy-unknown', `${jobClass.name} has no accuracy curve: the loss given is the dropped share itself`, {
        path: jobClass.name,
      }),
    )
  }
  const around = (value: number, spread: number): Estimate =>
    spread === 0 ? exactly(value) : { value, low: Math.max(0, value - spread), high: value + spread, confidence: 0 }
  // the error of an approximate wait carries over to the response; the service itself is exact
  const times = (time: StationTime, what: string, floor: number, off: number, names: readonly QuantileName[]): Times => {
    const spread = (value: number): number => off * Math.max(0, value - floor)
    const quantiles = names.flatMap((quantile): [QuantileName, Estimate][] => {
      const value = time.quantile(PROBABILITY[quantile])
      if (!isRefusal(value)) return [[quantile, around(value, spread(value))]]
      caveats.push(
        caveat('quantile-missing', `the ${quantile} of ${what} of ${jobClass.name} did not converge`, { path: jobClass.name }),
      )
      return []
    })
    return { mean: around(time.mean, spread(time.mean)), ...Object.fromEntries(quantiles) }
  }
  const serviceTimes: StationTime = {
    mean: service.mean,
    secondMoment: service.secondMoment,
    thirdMoment: service.thirdMoment,
    cdf: () => 0,
    quantile: (p) => lawQuantile(service, p),
  }
  return {
    name: jobClass.name,
    arrivalsPerSecond: arrivalRate,
    throughputPerSecond: exactly(arrivalRate),
    response: times(found.response, 'the response', service.mean, error, wanted ? (wanted[jobClass.name] ?? []) : QUANTILES),
    wait: times(found.wait, 'the wait', 0, error, wanted ? [] : QUANTILES),
    service: times(serviceTimes, 'the service', 0, 0, wanted ? [] : QUANTILES),
    accuracyLoss: lossOf(jobClass.accuracy, drop),
  }
}

const PROBABILITY: Readonly<Record<QuantileName, number>> = { p50: 0.5, p95: 0.95, p99: 0.99 }
const QUANTILES = Object.keys(PROBABILITY) as QuantileName[]

function unique(caveats: readonly Caveat[]): Prediction['caveats'] {
  const seen = new Set<string>()
  return caveats
    .filter(({ code, message, path }) => {
      const key = `${code} ${message} ${path ?? ''}`
      return !seen.has(key) && seen.add(key)
    })
    .map(({ code, message, path, numbers }) => ({
      code,
      message,
      ...(path ? { path } : {}),
      ...(numbers ? { numbers: { ...numbers } } : {}),
    }))
}
