import {
  type Candidate,
  droppedShare,
  goalQuantiles,
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
import { candidatePolicies, leversKey, neighbours, sameLevers } from './candidates.js'
import { confirmFinalists } from './confirm.js'
import { paretoFront } from './front.js'
import { compareCandidates, judge } from './judge.js'
import { isExact, knownPolicy, plainPolicy } from './known.js'
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
const MOST_MOVES = 8
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
 * 2. Successive halving (Jamieson and Talwalkar, 2016): the better half, and the best of every kind of policy, is run again for twice as long (but for those that a formula answers without error), until no more
 *    than twice the finalists are left; from the best, single steps of one lever follow as long as they help (local search).
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
  const counts = { screened: 0, simulated: 0, refused: 0 }
  // a replay of a trace is the same however many jobs or digits are asked for: it is run once a policy
  const replayed = scenario.workload.classes.every(({ work }) => work.kind === 'replay')
  const known = new Map<string, Prediction | Refusal>()
  const ask = (predictor: Predictor, policy: Policy, jobs: number, precision: number): Prediction | Refusal => {
    const asked = { ...scenario, policy }
    const refused = predictor.refuses(asked)
    if (refused) return refused
    const key = replayed ? `${predictor.kind} ${leversKey(policy)}` : undefined
    const before = key === undefined ? undefined : known.get(key)
    if (before) return before
    if (predictor === options.confirm) counts.simulated++
    else counts.screened++
    // a first look wants no more than the goal is about
    const only = predictor === options.confirm ? {} : { quantiles: goalQuantiles(scenario.goal) }
    const answer = predictor.predict(asked, { ...base, ...only, jobsAtMost: jobs, precision })
    if (key !== undefined) known.set(key, answer)
    return answer
  }
  const quick = (policy: Policy, jobs: number): Prediction | Refusal => {
    if (options.screen && !options.screen.refuses({ ...scenario, policy })) {
      const screened = ask(options.screen, policy, jobs, 0.2)
      if (!isRefusal(screened)) return screened
      if (screened.code === 'unstable') return screened
    }
    return ask(options.confirm, policy, jobs, 0.2)
  }

  tell(0, 'policy in force')
  const wanted = options.precision ?? COARSE
  const coarse = Math.max(wanted, COARSE)
  const inForce = ask(options.confirm, scenario.policy, Math.min(jobsAtMost, IN_FORCE_JOBS), coarse)
  const scale = scaleOf(scenario, isRefusal(inForce) ? undefined : inForce, quick)
  const policies = candidatePolicies(scenario, scale.service).filter((policy) => !sameLevers(policy, scenario.policy))
  const compare = compareCandidates(scenario, scale.response)

  const looked = new Map<string, { candidate: Candidate; confirmed: boolean }>()
  const seen = (candidate: Candidate, confirmed = false): Candidate => {
    looked.set(leversKey(candidate.policy), { candidate, confirmed })
    return candidate
  }
  let pool: Candidate[] = []
  let lastRefusal: Refusal | undefined
  policies.forEach((policy, i) => {
    tell(0.1 + (0.4 * i) / policies.length, `candidate ${i + 1} of ${policies.length}`)
    const prediction = quick(policy, FIRST_LOOK_JOBS)
    if (isRefusal(prediction)) {
      counts.refused++
      lastRefusal = prediction
    } else pool.push(seen(judge(scenario, policy, prediction, scale.response)))
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
  pool.sort(compare)

  const again = (policy: Policy, jobs: number, precision: number, confirmed = false): Candidate[] => {
    // what a formula says without error needs no longer run before the last
    const before = confirmed ? undefined : (looked.get(leversKey(policy))?.candidate ?? exactly(policy))
    if (before && isExact(before.prediction)) return [before]
    const prediction = ask(options.confirm, policy, jobs, precision)
    return isRefusal(prediction) ? [] : [seen(judge(scenario, policy, prediction, scale.response), confirmed)]
  }
  const exactly = (policy: Policy): Candidate | undefined => {
    const { screen } = options
    if (!screen || screen.refuses({ ...scenario, policy })) return undefined
    const prediction = ask(screen, policy, FIRST_LOOK_JOBS, 0.2)
    return isRefusal(prediction) || !isExact(prediction) ? undefined : seen(judge(scenario, policy, prediction, scale.response))
  }
  let jobs = FIRST_LOOK_JOBS * 2
  let keep = Math.max(2 * finalists, Math.min(64, Math.ceil(pool.length / 2)))
  for (let done = 0.5; pool.length > 2 * finalists; done += (0.8 - done) / 2) {
    tell(done, `${Math.min(keep, pool.length)} candidates for ${jobs} jobs each`)
    pool = diverse(pool, keep)
      .flatMap(({ policy }) => again(policy, jobs, 0.1))
      .sort(compare)
    if (keep <= 2 * finalists) break
    keep = Math.max(2 * finalists, Math.ceil(keep / 2))
    jobs = Math.min(jobsAtMost, jobs * 2)
  }
  // local search: first around every finalist, then, while a neighbour of the leader does better, around the one that leads
  for (let round = 0; round < MOST_MOVES && pool[0]; round++) {
    const leader = pool[0]
    tell(0.8 + (0.05 * round) / MOST_MOVES, 'neighbours of the best')
    for (const policy of pool
      .slice(0, round === 0 ? finalists : 1)
      .flatMap((candidate) => neighbours(scenario, candidate.policy))) {
      if (!pool.some((candidate) => sameLevers(candidate.policy, policy))) pool.push(...again(policy, jobs, 0.1))
    }
    pool.sort(compare)
    if (pool[0] === leader) break
  }

  const sure = replayed ? undefined : knownPolicy(scenario, options.screen, base)
  const finals = diverse(pool, Math.ceil(finalists / 2), finalists).map(({ policy }) => policy)
  if (options.race && !replayed) counts.simulated += finals.length + 1
  const confirmed = confirmFinalists({
    scenario,
    finals,
    withInForce: !isRefusal(inForce),
    replayed,
    ask: (policy, precision) => ask(options.confirm, policy, jobsAtMost, precision),
    ...(options.race ? { open: options.race } : {}),
    options: { ...base, jobsAtMost, ...(sure ? { known: sure } : {}), ...(options.now ? { now: options.now } : {}) },
    judge: (policy, prediction) => judge(scenario, policy, prediction, scale.response),
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
    const predictor = options.screen && !options.screen.refuses(heavier.scenario) ? options.screen : options.confirm
    counts[predictor === options.confirm ? 'simulated' : 'screened']++
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

/**
 * The first `keep` of a ranking, then the best of every other kind of policy (its discipline, whether it drops, whether it sprints), best kinds first, up to
 * `most` in all: runners-up that differ in kind say more than the winner with a knob moved.
 */
function diverse(ranked: readonly Candidate[], keep: number, most = Number.POSITIVE_INFINITY): Candidate[] {
  const kind = ({ policy }: Candidate): string =>
    [policy.discipline, Object.keys(policy.drop).length > 0, policy.sprint !== undefined].join()
  const chosen = ranked.slice(0, keep)
  const kinds = new Set(chosen.map(kind))
  for (const candidate of ranked.slice(keep)) {
    if (chosen.length >= most) break
    if (kinds.has(kind(candidate))) continue
    kinds.add(kind(candidate))
    chosen.push(candidate)
  }
  return chosen
}

/** The scale by which classes are compared: their response and service under the policy in force, or under FCFS where that has no answer. */
function scaleOf(
  scenario: Scenario,
  inForce: Prediction | undefined,
  quick: (policy: Policy, jobs: number) => Prediction | Refusal,
): { response: number[]; service: Map<string, number> } {
  let prediction: Prediction | Refusal | undefined = inForce
  if (!prediction) {
    prediction = quick(plainPolicy(scenario), FIRST_LOOK_JOBS)
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
