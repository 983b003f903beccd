import {
  type Candidate,
  droppedShare,
  isRefusal,
  type OpenRace,
  type Plan,
  type Policy,
  type Prediction,
  type PredictOptions,
  type Predictor,
  type Refusal,
  type ReplayJobs,
  refuse,
  type Scenario,
  slotCount,
  withLoadFactor,
} from '../model/index.js'
import { Asking } from './asking.js'
import { candidatePolicies, leversKey, sameLevers } from './candidates.js'
import { confirmFinalists } from './confirm.js'
import { paretoFront } from './front.js'
import { compareCandidates, judge } from './judge.js'
import { isExact, knownPolicy, plainPolicy } from './known.js'
import { diverse, narrowed } from './narrow.js'
import { reasonFor } from './reason.js'
import { sensitivityOf } from './sensitivity.js'

/** What a search is given: who predicts, how hard to look, and what time it is. */
export interface SearchOptions {
  /** Cheap predictor for the first look; asked only where it does not refuse. */
  readonly screen?: Predictor
  /** The predictor whose word counts. */
  readonly confirm: Predictor
  /** Plays the finalists on the same luck, so that their differences are sharp; without it each is confirmed alone. */
  readonly race?: OpenRace
  readonly seed: number
  readonly replay?: ReplayJobs
  /** Relative half-width of the confirmed means. Default 0.03. */
  readonly precision?: number
  /** Jobs that one confirmation may simulate. Default 2,000,000. */
  readonly jobsAtMost?: number
  /** Candidates that are confirmed. Default 6. */
  readonly finalists?: number
  /** Seconds on a clock that only goes forward; without it the wall time of a plan is 0. */
  readonly now?: () => number
  readonly progress?: (share: number, what: string) => void
}

const FIRST_LOOK_JOBS = 4_000
/** Jobs of the first look at the policy in force, which sets the scale of the others. */
const IN_FORCE_JOBS = 200_000
/** Relative half-width to which finalists are told apart; what is finer is asked of the best of them only. */
const COARSE = 0.03
/** Jobs of a look at the plan under another load. */
const SENSITIVITY_JOBS = 400_000

/**
 * Searches the policies that the levers allow and returns the best beside the one in force.
 *
 * 1. Every candidate is looked at once: by the cheap predictor where it does not refuse, else by a short run of the confirming predictor. All
 *    runs share one seed, so candidates are compared on the same luck.
 * 2. The pool is narrowed by successive halving and local search (`narrowed`); what a formula answers without error is not run again.
 * 3. The finalists (the best, and the best of every other kind) and the policy in force are played on the same luck to 3 %, then the best two and the policy in
 *    force to `precision` where that is finer; the best of them is the plan, with its differences from the policy in force and from the runner-up.
 * 4. The plan is asked about at other loads (its margin), and whatever no other policy beats is kept as the Pareto front.
 *
 * Refuses only where no candidate at all can be predicted; goals that cannot be met give a plan that says so (`meetsGoals: false`).
 */
export function searchPlan(scenario: Scenario, options: SearchOptions): Plan | Refusal {
  const now = options.now ?? (() => 0)
  const began = now()
  const finalists = options.finalists ?? 6
  const jobsAtMost = options.jobsAtMost ?? 2_000_000
  const base: PredictOptions = { seed: options.seed, ...(options.replay ? { replay: options.replay } : {}) }
  const tell = options.progress ?? (() => {})
  const { screen, confirm } = options
  const replayed = scenario.workload.classes.every(({ work }) => work.kind === 'replay')
  const asking = new Asking({ scenario, screen, confirm, options: base, replayed })
  const { counts } = asking

  tell(0, 'policy in force')
  const wanted = options.precision ?? COARSE
  const coarse = Math.max(wanted, COARSE)
  const inForce = asking.confirm(scenario.policy, Math.min(jobsAtMost, IN_FORCE_JOBS), coarse)
  const scale = scaleOf(scenario, isRefusal(inForce) ? undefined : inForce, asking)
  const policies = candidatePolicies(scenario, scale.service).filter((policy) => !sameLevers(policy, scenario.policy))
  const compare = compareCandidates(scenario, scale.response)

  const looked = new Map<string, { candidate: Candidate; confirmed: boolean }>()
  const seen = (candidate: Candidate, confirmed = false): Candidate => {
    looked.set(leversKey(candidate.policy), { candidate, confirmed })
    return candidate
  }
  const judged = (policy: Policy, prediction: Prediction): Candidate => judge(scenario, policy, prediction, scale.response)
  const pool: Candidate[] = []
  let lastRefusal: Refusal | undefined
  policies.forEach((policy, i) => {
    tell(0.1 + (0.4 * i) / policies.length, `candidate ${i + 1} of ${policies.length}`)
    const prediction = asking.quick(policy, FIRST_LOOK_JOBS)
    if (isRefusal(prediction)) {
      counts.refused++
      lastRefusal = prediction
    } else pool.push(seen(judged(policy, prediction)))
  })
  if (pool.length === 0 && isRefusal(inForce)) {
    if (lastRefusal?.code === 'unstable') {
      return refuse(
        'infeasible',
        `no policy within the levers is stable: ${lastRefusal.message}`,
        lastRefusal.numbers && { ...lastRefusal.numbers },
      )
    }
    return lastRefusal ?? refuse('infeasible', 'the levers allow no policy at all')
  }
  const again = (policy: Policy, jobs: number): Candidate[] => {
    // what a formula says without error needs no longer run before the last
    const before = looked.get(leversKey(policy))?.candidate
    if (before && isExact(before.prediction)) return [before]
    const prediction = (before ? undefined : asking.exactly(policy, FIRST_LOOK_JOBS)) ?? asking.confirm(policy, jobs, 0.1)
    return isRefusal(prediction) ? [] : [seen(judged(policy, prediction))]
  }
  const near = narrowed(scenario, pool, { compare, again, finalists, jobs: FIRST_LOOK_JOBS, jobsAtMost, tell })

  const sure = replayed ? undefined : knownPolicy(scenario, screen, base)
  const finals = diverse(near, Math.ceil(finalists / 2), finalists).map(({ policy }) => policy)
  if (options.race && !replayed) counts.simulated += finals.length + (isRefusal(inForce) ? 0 : 1)
  const confirmed = confirmFinalists({
    scenario,
    finals,
    withInForce: !isRefusal(inForce),
    replayed,
    ask: (policy, precision) => asking.confirm(policy, jobsAtMost, precision),
    ...(options.race ? { open: options.race } : {}),
    options: { ...base, jobsAtMost, ...(sure ? { known: sure } : {}), ...(options.now ? { now: options.now } : {}) },
    judge: judged,
    compare,
    coarse,
    wanted,
    tell,
  })
  const { ranked, differences } = confirmed
  const [chosen, ...others] = ranked
  if (!chosen) return refuse('infeasible', 'no candidate held when it was run for longer')
  for (const candidate of ranked) seen(candidate, true)
  const refusedInForce = isRefusal(inForce) ? inForce : confirmed.inForceRefusal
  tell(0.97, 'the plan at other loads')
  const sensitivity = sensitivityOf(scenario, chosen.policy, scale.response, (factor) => {
    const heavier = withLoadFactor({ ...scenario, policy: chosen.policy }, factor, options.replay)
    const overloaded = heavier.replay && overload(heavier.scenario, heavier.replay)
    if (overloaded) return overloaded
    const predictor = screen && !screen.refuses(heavier.scenario) ? screen : confirm
    counts[predictor === confirm ? 'simulated' : 'screened']++
    return predictor.predict(heavier.scenario, {
      ...base,
      ...(heavier.replay ? { replay: heavier.replay } : {}),
      jobsAtMost: Math.min(jobsAtMost, SENSITIVITY_JOBS),
      precision: 0.05,
    })
  })
  tell(1, 'done')
  return {
    schema: 'halftone/plan/1',
    scenario: scenario.name,
    ...(confirmed.inForce ? { inForce: confirmed.inForce } : {}),
    ...(refusedInForce ? { inForceRefusal: plainRefusal(refusedInForce) } : {}),
    chosen,
    meetsGoals: chosen.violation === 0,
    reason: reasonFor(chosen, confirmed.inForce, scenario.policy),
    front: paretoFront(scenario, [...looked.values()], scale.response),
    sensitivity,
    runnersUp: others.filter((candidate) => candidate !== confirmed.inForce),
    ...(differences.length > 0 ? { differences: [...differences] } : {}),
    search: { ...counts, wallSeconds: now() - began, seed: options.seed },
    undo: scenario.policy,
    caveats: caveatsOf(scenario, chosen),
  }
}

/**
 * A replay ends however much work it brings, so it never says that it is unstable by itself: undefined while its work, less what is dropped, fits into the
 * slots between its first and its last submission.
 */
function overload(
  { workload, cluster, policy }: Scenario,
  { count, submitSeconds, runSeconds, slots, classIndex }: ReplayJobs,
): Refusal | undefined {
  const kept = workload.classes.map((jobClass) => 1 - droppedShare(policy, jobClass))
  let work = 0
  for (let i = 0; i < count; i++) work += slots[i]! * runSeconds[i]! * kept[classIndex[i]!]!
  const room = submitSeconds[count - 1]! * slotCount(cluster)
  if (!(work > room && room > 0)) return undefined
  return refuse('unstable', 'the replayed jobs bring more work than the slots can do while they come', { load: work / room })
}

/** The scale by which classes are compared: their response and service under the policy in force, or under FCFS where that has no answer. */
function scaleOf(
  scenario: Scenario,
  inForce: Prediction | undefined,
  asking: Asking,
): { response: number[]; service: Map<string, number> } {
  let prediction: Prediction | Refusal | undefined = inForce
  if (!prediction) {
    prediction = asking.quick(plainPolicy(scenario), FIRST_LOOK_JOBS)
  }
  const classes = isRefusal(prediction) ? [] : prediction.classes
  return {
    response: scenario.workload.classes.map((_, i) => Math.max(classes[i]?.response.mean.value ?? 1, Number.MIN_VALUE)),
    service: new Map(classes.map((jobClass) => [jobClass.name, jobClass.service.mean.value])),
  }
}

function plainRefusal(refusal: Refusal): NonNullable<Plan['inForceRefusal']> {
  const { kind, code, message, numbers } = refusal
  return { kind, code, message, ...(numbers ? { numbers: { ...numbers } } : {}) }
}

function caveatsOf(scenario: Scenario, chosen: Candidate): Plan['caveats'] {
  const found: Plan['caveats'] = []
  const add = (code: string, message: string): void => void found.push({ code, message })
  for (const { name, accuracy } of scenario.workload.classes) {
    if (accuracy?.source === 'assumed' && name in chosen.policy.drop)
      add('accuracy-assumed', `the accuracy curve of ${name} is assumed, not measured: measure it before you drop its tasks`)
  }
  if (INTERRUPTS.has(chosen.policy.discipline)) {
    add(
      'free-preemption',
      `${chosen.policy.discipline} interrupts running jobs and goes on with them later: that is taken to cost nothing, which needs jobs that save their state`,
    )
  }
  if (!scenario.goal)
    add('no-goal', 'no goal was given: the plan minimises the mean response of all classes, each against its response now')
  return [...found, ...(scenario.workload.caveats ?? [])]
}

const INTERRUPTS: ReadonlySet<Policy['discipline']> = new Set(['las', 'srtf', 'priority-preemptive-resume'])
