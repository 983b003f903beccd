/**
 * A trial: profile the task types on the cluster, calibrate the model, foresee each policy, run each on the same arrivals, and say how far measured and foreseen agree.
 */
import { mkdirSync } from 'node:fs'
import { beyondReach, steer, tasksToWithdraw } from '../../control/index.js'
import {
  type AccuracyCurve,
  type Capabilities,
  type Caveat,
  caveat,
  type Driver,
  isRefusal,
  type JobSpec,
  type Policy,
  type Refusal,
  refuse,
  type Scenario,
  type TrialClass,
  type TrialPolicy,
  type TrialReport,
  withLoadFactor,
} from '../../model/index.js'
import { Rng } from '../../num/index.js'
import { compileScenario, drawJobs, loadOf, simulateScenario } from '../../simulate/index.js'
import { calibrated, resampled } from './calibrated.js'
import { meanEstimateOf } from './figures.js'
import { type Arrivals, foresee } from './foresee.js'
import { trialPolicy } from './measured.js'
import { play } from './play.js'
import { classProfile, type Profiled, profile } from './profile.js'
import type { Prepared, TrialStore } from './store.js'

/** What the jobs of a class really are. */
export interface ClassWork {
  /** A job to submit; `directory` is where its tasks work and its result comes to lie. */
  spec(job: {
    readonly key: string
    readonly directory: string
    readonly priority: number
    readonly withdrawn: Withdrawn
  }): JobSpec
  /** Measured losses against drop ratios as a curve, from the results of a job that ran in full; undefined where nothing can be dropped. */
  accuracy?(fullDirectory: string): Promise<AccuracyCurve | Refusal | undefined>
  /** Loss of the result that lies in a job’s directory against the full one. */
  loss?(fullDirectory: string, directory: string): Promise<number | Refusal>
}
export type Withdrawn = NonNullable<JobSpec['withdrawn']>

export interface TrialRequest {
  readonly scenario: Scenario
  readonly driver: Driver
  readonly capabilities: Capabilities
  readonly work: ReadonlyMap<string, ClassWork>
  /** Made from the calibrated scenario. */
  readonly policies: (scenario: Scenario) => readonly Policy[] | Refusal
  readonly policyCount: number
  /** Seconds for everything. */
  readonly forSeconds: number
  /** Load to bring the arrivals to, nothing dropped; absent: the rates as they are in the scenario. */
  readonly load?: number
  readonly seed: number
  readonly profileJobs: number
  readonly everySeconds: number
  /** Where jobs work: absolute, seen from every node. */
  readonly directory: string
  /** Begins the key of every job, so that a later trial on the same cluster has other jobs. */
  readonly run: string
  readonly store: TrialStore
  readonly progress?: (share: number, said: string) => void
  readonly signal?: AbortSignal
}

/** Of the time of a policy: in this share jobs arrive, the rest is for those that are still there. */
const ARRIVING_SHARE = 0.85
const MOST_JOBS = 100_000
/** Jobs that the long-run figures rest on. */
const STEADY_JOBS = 200_000
/** A policy that is played for less says little of itself. */
const LITTLE_SECONDS = 60
/** Ways in which the measured laws might be that a prediction looks at. */
const RESAMPLES = 40

/** Runs the trial, or says why it cannot. What was measured is stored policy by policy, so that a trial that was cut short goes on where it was. */
export async function trial(request: TrialRequest): Promise<TrialReport | Refusal> {
  const { driver, store, seed } = request
  const began = driver.clock.monotonic()
  const seen = await driver.observe()
  if (isRefusal(seen)) return seen
  const slots = seen.nodes.reduce((sum, node) => sum + (node.state === 'up' ? node.slots : 0), 0)
  if (slots === 0) return refuse('infeasible', 'the cluster has no slot that is up')

  const prepared = store.prepared ?? (await prepare(request, slots))
  if (isRefusal(prepared)) return prepared
  await store.keepPrepared(prepared)
  const { profiled } = prepared
  const accuracy = new Map(Object.entries(prepared.accuracy))
  const { sprint } = request.scenario.levers ?? {}
  const speed = request.scenario.policy.sprint?.speed ?? sprint?.speed
  const calibration = { accuracy, ...(speed === undefined ? {} : { sprintSpeed: speed }) }
  const asFound = calibrated(request.scenario, profiled, seen.nodes, calibration)
  const scenario = atLoad(asFound, request.load)
  if (isRefusal(scenario)) return scenario
  const load = loadWithoutDrop(scenario)
  if (isRefusal(load)) return load
  const policies = store.policies ?? request.policies(scenario)
  if (isRefusal(policies)) return policies
  await store.keepPolicies(policies)

  const each = Math.max(1, (request.forSeconds - profiled.tookSeconds) / request.policyCount)
  const arrivals = arrivalsFor(scenario, each * ARRIVING_SHARE, seed)
  if (isRefusal(arrivals)) return arrivals
  const rng = new Rng(seed, 'what the profile leaves open')
  const might = Array.from({ length: RESAMPLES }, () =>
    calibrated(request.scenario, resampled(profiled, rng), seen.nodes, calibration),
  )
  const done: TrialPolicy[] = []
  for (const [nth, policy] of policies.entries()) {
    const kept = store.played(policy.name)
    const played =
      kept ??
      (await playPolicy(request, { scenario, might, full: prepared.full, policy, arrivals, slots, atMostSeconds: each, nth }))
    if (isRefusal(played)) return played
    if (!kept) await store.keepPlayed(played)
    done.push(played)
  }
  request.progress?.(1, `${(driver.clock.monotonic() - began).toFixed(0)} s`)
  return {
    schema: 'halftone/trial-report/1',
    scenario: request.scenario.name,
    driver: { name: driver.name, through: [...request.capabilities.through], slots },
    seed,
    load,
    seconds: arrivals.arrival.at(-1) ?? 0,
    arrivals: Object.fromEntries(
      scenario.workload.classes.map(({ name }, k) => [name, arrivals.classIndex.reduce((n, c) => n + (c === k ? 1 : 0), 0)]),
    ),
    profile: {
      classes: profiled.classes.map((one) => {
        const curve = accuracy.get(one.name)
        return { ...classProfile(one, speed), ...(curve ? { accuracy: curve } : {}) }
      }),
      turnaroundSeconds: meanEstimateOf(profiled.turnaround.length > 0 ? profiled.turnaround : [0]),
      tookSeconds: profiled.tookSeconds,
      scenario,
    },
    policies: done,
    caveats: caveatsOf(request, profiled, load, each),
  }
}

async function prepare(request: TrialRequest, slots: number): Promise<Prepared | Refusal> {
  const profiled = await profileAll(request, slots)
  if (isRefusal(profiled)) return profiled
  const accuracy: Record<string, AccuracyCurve> = {}
  const full: Record<string, string> = {}
  for (const [name, work] of request.work) {
    full[name] = directoryOf(request, profileKey(request, name, 0))
    const curve = await work.accuracy?.(full[name])
    if (isRefusal(curve)) return curve
    if (curve) accuracy[name] = curve
  }
  return { profiled, accuracy, full }
}

async function profileAll(request: TrialRequest, slots: number): Promise<Profiled | Refusal> {
  const { scenario, driver, capabilities, progress, policyCount, profileJobs } = request
  const lever = scenario.levers?.sprint
  const speed = scenario.policy.sprint?.speed ?? lever?.speed
  const classes = scenario.workload.classes.map(({ name }) => name)
  const may = capabilities.actions.sprint
  if (speed !== undefined && !may.permitted)
    return refuse('unsupported', `the scenario sprints, which this cluster does not permit: ${may.reason}`)
  return profile({
    driver,
    classes,
    slots,
    jobs: profileJobs,
    restarts: scenario.policy.engine === 'shared' && capabilities.actions.requeue.permitted,
    ...evictsOf(request, slots),
    spec: (name, nth, tasksAtMost) => specOf(request, name, profileKey(request, name, nth), beyond(scenario, name, tasksAtMost)),
    ...(speed === undefined ? {} : { sprint: { speed, classes, jobs: Math.max(1, Math.ceil(profileJobs / 2)) } }),
    everySeconds: request.everySeconds,
    jobAtMostSeconds: Math.max(60, request.forSeconds / 4),
    ...(progress ? { progress: (share: number, said: string) => progress(share / (policyCount + 1), said) } : {}),
    ...(request.signal ? { signal: request.signal } : {}),
  })
}

/** Which classes show what an eviction takes, where there are two priorities, slots that one job can fill, and a cluster that can be told to evict. */
function evictsOf({ scenario, capabilities }: TrialRequest, slots: number): { evicts?: { urgent: string; patient: string } } {
  const { classes } = scenario.workload
  if (scenario.policy.engine !== 'shared' || !capabilities.actions.discipline.permitted) return {}
  const urgent = classes.reduce((a, b) => (b.priority < a.priority ? b : a))
  const patient = classes.find(
    ({ priority, work }) => priority > urgent.priority && work.kind === 'stages' && Number(work.stages[0].tasks) >= slots,
  )
  return patient ? { evicts: { urgent: urgent.name, patient: patient.name } } : {}
}

interface Turn {
  readonly scenario: Scenario
  /** The calibrated scenario as it might be as well, by what was measured. */
  readonly might: readonly Scenario[]
  readonly full: Prepared['full']
  readonly policy: Policy
  readonly arrivals: Arrivals
  readonly slots: number
  readonly atMostSeconds: number
  readonly nth: number
}

/** One policy on the cluster: foreseen, then played, then measured. */
async function playPolicy(request: TrialRequest, turn: Turn): Promise<TrialPolicy | Refusal> {
  const { driver, seed, progress, policyCount } = request
  const { scenario, policy, arrivals, slots, nth } = turn
  const under = { ...scenario, policy }
  const foreseen = foresee(turn.might, asWatched(policy, request.everySeconds), arrivals, { seed })
  const before = await driver.observe()
  if (isRefusal(before)) return before
  const missing = beyondReach(policy, before.discipline, request.capabilities)
  if (missing.length > 0)
    return refuse('unsupported', `this cluster cannot be made to follow ${policy.name}: ${missing.join('; ')}`)
  if (before.discipline !== policy.discipline && request.capabilities.actions.discipline.permitted) {
    const set = await driver.enact({ kind: 'discipline', discipline: policy.discipline })
    if (isRefusal(set)) return set
  }
  const classOf = (job: number): string => scenario.workload.classes[arrivals.classIndex[job]].name
  const keyOf = (job: number): string => `${request.run}-${keyPart(policy.name)}-${job}`
  const played = await play({
    driver,
    arrivals,
    className: (k) => scenario.workload.classes[k].name,
    spec: (job) => specOf(request, classOf(job), keyOf(job), withdrawnOf(under, classOf(job), seed, job)),
    steering: steer({
      policy,
      classes: scenario.workload.classes,
      slots,
      seed,
      ...(scenario.cluster.power ? { power: scenario.cluster.power } : {}),
      ...(request.capabilities.speeds ? { speedAtMost: request.capabilities.speeds.most } : {}),
    }),
    everySeconds: request.everySeconds,
    atMostSeconds: turn.atMostSeconds,
    ...(progress
      ? { progress: (share: number, said: string) => progress((nth + 1 + share) / (policyCount + 1), `${policy.name}: ${said}`) }
      : {}),
    ...(request.signal ? { signal: request.signal } : {}),
  })
  if (isRefusal(played)) return played
  const losses = new Map<string, number[]>()
  for (const job of played.jobs) {
    const name = classOf(job.number)
    if (job.state !== 'complete') continue
    const loss = await request.work.get(name)?.loss?.(turn.full[name], directoryOf(request, keyOf(job.number)))
    if (isRefusal(loss)) return loss
    if (loss !== undefined) losses.set(name, [...(losses.get(name) ?? []), loss])
  }
  return trialPolicy({
    scenario,
    policy,
    slots,
    played,
    foreseen: isRefusal(foreseen) ? undefined : foreseen,
    losses,
    steady: steadyFigures(under, seed),
  })
}

/** The policy as somebody can follow it who looks now and then: a sprint that is due begins half the time between two looks later, on average. */
function asWatched(policy: Policy, everySeconds: number): Policy {
  const { sprint } = policy
  if (!sprint) return policy
  return { ...policy, sprint: { ...sprint, toggleDelaySeconds: sprint.toggleDelaySeconds + everySeconds / 2 } }
}

/** The tasks of a class’s first stage from some number on, where it may drop any. */
function beyond({ workload }: Scenario, className: string, tasksAtMost: number | undefined): Withdrawn {
  const { work } = workload.classes.find(({ name }) => name === className)!
  if (tasksAtMost === undefined || work.kind !== 'stages') return {}
  const [{ name, tasks, droppable }] = work.stages
  const over = droppable && typeof tasks === 'number' ? Math.max(0, tasks - tasksAtMost) : 0
  return over > 0 ? { [name]: Array.from({ length: over }, (_, i) => tasksAtMost + i) } : {}
}

/** A job to submit, its directory made. */
function specOf(request: TrialRequest, className: string, key: string, withdrawn: Withdrawn): JobSpec {
  mkdirSync(directoryOf(request, key), { recursive: true })
  const { priority } = request.scenario.workload.classes.find(({ name }) => name === className)!
  return request.work.get(className)!.spec({ key, directory: directoryOf(request, key), priority, withdrawn })
}

function directoryOf({ directory }: TrialRequest, key: string): string {
  return `${directory}/jobs/${key}`
}

function profileKey({ run }: TrialRequest, className: string, nth: number): string {
  return `${run}-profile-${keyPart(className)}-${nth}`
}

function keyPart(name: string): string {
  return name.replace(/[^A-Za-z0-9._-]/g, '_')
}

/** The tasks that a policy drops of a job: of each droppable stage so many at random, the same for the same job. */
export function withdrawnOf({ workload, policy }: Scenario, className: string, seed: number, job: number): Withdrawn {
  const { work } = workload.classes.find(({ name }) => name === className)!
  const drop = policy.drop[className]
  if (drop === undefined || work.kind !== 'stages') return {}
  const out: Withdrawn = {}
  for (const { name, tasks, droppable } of work.stages) {
    const ratio = typeof drop === 'number' ? drop : (drop[name] ?? 0)
    if (!droppable || ratio === 0 || typeof tasks !== 'number') continue
    const dropped = tasksToWithdraw({ name, tasks, withdrawn: 0, ended: 0, running: 0 }, ratio, 'random', seed, `${job}`)
    if (dropped.length > 0) out[name] = dropped
  }
  return out
}

/** The scenario with its arrivals brought to a load, nothing dropped and nobody sprinting. */
function atLoad(scenario: Scenario, load: number | undefined): Scenario | Refusal {
  if (load === undefined) return scenario
  const now = loadWithoutDrop(scenario)
  return isRefusal(now) ? now : withLoadFactor(scenario, load / now).scenario
}

function loadWithoutDrop(scenario: Scenario): number | Refusal {
  const { sprint: _sprint, ...policy } = scenario.policy
  const compiled = compileScenario({ ...scenario, policy: { ...policy, drop: {} } })
  return isRefusal(compiled) ? compiled : loadOf(compiled).total
}

/** Jobs that arrive in so many seconds, by the laws of the scenario; the first at 0. */
function arrivalsFor(scenario: Scenario, seconds: number, seed: number): Arrivals | Refusal {
  const compiled = compileScenario(scenario)
  if (isRefusal(compiled)) return compiled
  const rate = compiled.classes.reduce((sum, one) => sum + one.rate, 0)
  const wanted = Math.ceil(rate * seconds + 6 * Math.sqrt(rate * seconds) + 10)
  if (wanted > MOST_JOBS)
    return refuse('unsupported', 'more jobs would arrive than a trial can watch', { jobs: wanted, most: MOST_JOBS })
  const { arrival, classIndex } = drawJobs(compiled, seed, 0, wanted)
  const first = arrival[0]
  let count = 0
  while (count < wanted && arrival[count] - first <= seconds) count++
  if (count < 2)
    return refuse('no-data', 'hardly a job would arrive in the time of a policy: give more time or a higher load', { seconds })
  return { arrival: arrival.slice(0, count).map((at) => at - first), classIndex: classIndex.slice(0, count) }
}

/** Mean and p95 in the long run, where there is one. */
function steadyFigures(scenario: Scenario, seed: number): Map<string, NonNullable<TrialClass['steady']>> {
  const answer = simulateScenario(scenario, { seed, jobsAtMost: STEADY_JOBS })
  if (isRefusal(answer)) return new Map()
  return new Map(
    answer.classes.flatMap(({ name, response }) =>
      response.p95 ? [[name, { mean: response.mean, p95: response.p95 }] as const] : [],
    ),
  )
}

function caveatsOf(request: TrialRequest, profiled: Profiled, load: number, each: number): Caveat[] {
  const thin = profiled.classes.flatMap(({ name, stages }) =>
    stages.filter(({ task }) => task.length < 20).map((stage) => `${name} ${stage.name} (${stage.task.length})`),
  )
  return [
    ...(thin.length > 0
      ? [
          caveat(
            'few-samples',
            `laws rest on fewer than 20 task times: ${thin.join(', ')}; profile more jobs for a sharper model`,
          ),
        ]
      : []),
    ...(each < LITTLE_SECONDS
      ? [
          caveat(
            'short',
            `each policy had ${each.toFixed(0)} s after ${profiled.tookSeconds.toFixed(0)} s of profiling: give more time`,
            {
              numbers: { each },
            },
          ),
        ]
      : []),
    ...(load > 0.9
      ? [
          caveat('high-load', `the arriving work keeps ${(100 * load).toFixed(0)} % of the slots busy: waits swing a lot`, {
            numbers: { load },
          }),
        ]
      : []),
    ...(request.driver.name === 'embedded'
      ? [
          caveat(
            'one-machine',
            'all slots share the processors of this machine with the controller: speeds hold while the quotas together fit into it',
          ),
        ]
      : []),
  ]
}
