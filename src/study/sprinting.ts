/** When to sprint: timeouts that others would choose and the best one found, side by side on one scenario. */
import {
  type ComparedPolicy,
  caveat,
  isRefusal,
  type KnownPolicy,
  type Policy,
  type PolicyComparison,
  type Prediction,
  type Refusal,
  type ReplayJobs,
  refuse,
  type Scenario,
  type Sprint,
} from '../model/index.js'
import { knownPolicy } from '../plan/index.js'
import { analyticPredictor } from '../queueing/index.js'
import { comparePolicies, openRace, simulateScenario } from '../simulate/index.js'
import { halvingSearch, sprintAbility, sprintRivals, trialSearch } from '../sprint/index.js'

export interface SprintingRequest {
  readonly scenario: Scenario
  readonly replay?: ReplayJobs
  readonly seed: number
  readonly precision?: number
  readonly progress?: (share: number) => void
}

/** The comparison, and how many timeouts the search asked about. */
export interface Sprinting {
  readonly comparison: PolicyComparison
  readonly evaluations: number
}

/** Jobs of the first look at a timeout; later looks double it. */
const FIRST_JOBS = 20_000
const SEARCH_SHARE = 0.6
/** Half-width to which trials are played, and the jobs that one of them may take. */
const TRIAL_PRECISION = 0.005
const TRIAL_JOBS = 1_000_000

/**
 * The sprint of the scenario’s policy, else of its levers, under the timeouts of the rivals and under the best one found; all then played together until their
 * means are sharp. One timeout for all sprinting classes; where the levers name several speeds, the best timeout of each.
 *
 * The best is sought in two steps: successive halving over 16 timeouts in short runs on common random numbers, then five trials (`trialSearch`) played for long on
 * luck of their own. A replayed trace is played as it is, and every timeout that is asked about is a trial.
 *
 * Refused where the scenario describes no sprint, and where it is unstable without one (the rivals need to know how queries fare unsprinted).
 */
export function compareSprinting({ scenario, replay, seed, precision, progress }: SprintingRequest): Sprinting | Refusal {
  const sprint = sprintOf(scenario)
  if (!sprint)
    return refuse(
      'unsupported',
      'the scenario says nothing of sprinting: give policy.sprint, or levers.sprint with its speed and classes',
    )
  const about = Object.keys(sprint.timeoutSeconds)
  const options = { seed, ...(replay ? { replay } : {}) }
  const unsprinted = simulateScenario(withSprint(scenario, 'no sprint', undefined), {
    ...options,
    ...(precision === undefined ? {} : { precision }),
  })
  if (isRefusal(unsprinted)) return unsprinted
  const known = replay ? undefined : knownPolicy(scenario, analyticPredictor, { seed })
  let asked = 0
  const search: TimeoutSearch = {
    scenario,
    about,
    seed,
    ...(replay ? { replay } : {}),
    ...(known ? { known } : {}),
    serviceSeconds: meanOf(unsprinted, about, 'service'),
    longest: Math.max(tailOf(unsprinted, about, 'p99'), 4 * meanOf(unsprinted, about, 'service')),
    tick: () => progress?.(SEARCH_SHARE * (1 - 0.97 ** ++asked)),
  }
  const speeds = [...new Set([sprint.speed, ...(scenario.policy.sprint ? [] : (scenario.levers?.sprint?.otherSpeeds ?? []))])]
  const found = speeds.sort((a, b) => a - b).map((speed) => ({ speed, ...bestTimeout({ ...sprint, speed }, search) }))
  const rivals = sprintRivals(sprint, {
    meanServiceSeconds: search.serviceSeconds,
    responseQuantile: () => tailOf(unsprinted, about, 'p95'),
  })
  const bestName = (timeout: number, speed: number): string =>
    `best timeout ${Number(timeout.toPrecision(3))} s${speeds.length > 1 ? ` at speed ${speed}` : ''}`
  const policies: Policy[] = [
    ...rivals.map((rival) => withSprint(scenario, rival.name, rival.sprint).policy),
    ...found.map(
      ({ speed, timeoutSeconds }) =>
        withSprint(scenario, bestName(timeoutSeconds, speed), at({ ...sprint, speed }, timeoutSeconds)).policy,
    ),
  ]
  const compared = comparePolicies(scenario, policies, {
    ...options,
    ...(known ? { known } : {}),
    ...(precision === undefined ? {} : { precision }),
    progress: (done) => progress?.(SEARCH_SHARE + (1 - SEARCH_SHARE) * done),
  })
  const responses = compared.map(({ outcome }) =>
    isRefusal(outcome) ? Number.POSITIVE_INFINITY : meanOf(outcome, about, 'response'),
  )
  const best = Math.min(...responses)
  return {
    evaluations: found.reduce((sum, { evaluations }) => sum + evaluations, 0),
    comparison: {
      schema: 'halftone/policy-comparison/1',
      question: 'When to sprint?',
      scenario: scenario.name,
      seed,
      about,
      policies: compared.map(
        (one, i): ComparedPolicy => (isRefusal(one.outcome) ? one : { ...one, ability: sprintAbility(responses[i]!, best) }),
      ),
      drops: [],
      caveats: [
        ...found.map(({ speed, timeoutSeconds, evaluations, tried }) =>
          caveat('timeout-search', `${bestName(timeoutSeconds, speed)}: ${searchInWords(evaluations, tried)}`),
        ),
        caveat(
          'rivals',
          '“tail only” and “few to many” are readings of Adrenaline and Few-to-Many in one timeout: p95 of the unsprinted response, and the mean service',
        ),
      ],
    },
  }
}

function searchInWords(evaluations: number, tried: readonly number[]): string {
  if (tried.length === 0) return `the best of ${evaluations} timeouts under which the trace was replayed`
  const seconds = tried.map((timeout) => Number(timeout.toPrecision(3))).sort((a, b) => a - b)
  return `sought in ${evaluations} short runs, then chosen from ${tried.length} timeouts (${seconds.join(', ')} s) that were played on the same luck, each to ±${100 * TRIAL_PRECISION} % or for ${TRIAL_JOBS.toLocaleString('en-US')} jobs`
}

/** What a search for the best timeout of a sprint is given. */
interface TimeoutSearch {
  readonly scenario: Scenario
  readonly about: readonly string[]
  readonly seed: number
  readonly replay?: ReplayJobs
  /** A policy that a formula knows, by which trials are corrected. */
  readonly known?: KnownPolicy
  readonly serviceSeconds: number
  readonly longest: number
  /** Called at every timeout that is asked about. */
  readonly tick: () => void
}

/** The best timeout, how many were asked about in short runs, and which were tried. */
function bestTimeout(
  sprint: Sprint,
  { scenario, about, seed, replay, known, serviceSeconds, longest, tick }: TimeoutSearch,
): { readonly timeoutSeconds: number; readonly evaluations: number; readonly tried: readonly number[] } {
  const options = { seed, ...(replay ? { replay } : {}) }
  const foreseen = new Map<number, number>()
  const price = (timeoutSeconds: number, effort: number): number => {
    tick()
    const answer = simulateScenario(withSprint(scenario, 'search', at(sprint, timeoutSeconds)), {
      ...options,
      replications: 2,
      jobsPerReplication: FIRST_JOBS * effort,
    })
    const value = isRefusal(answer) ? Number.MAX_VALUE : meanOf(answer, about, 'response')
    foreseen.set(timeoutSeconds, value)
    return value
  }
  const range = { shortest: serviceSeconds / 20, longest, points: 16, rounds: replay ? 1 : 2 }
  const { timeoutSeconds, evaluations } = halvingSearch(price, range)
  if (replay) return { timeoutSeconds, evaluations, tried: [] }
  const play = (timeouts: readonly number[]): number[] => {
    tick()
    const policies = timeouts.map((timeout) => withSprint(scenario, `${timeout} s`, at(sprint, timeout)).policy)
    const race = openRace(scenario, policies, { seed: seed + 1, jobsAtMost: TRIAL_JOBS, ...(known ? { known } : {}) })
    race.sharpen(
      policies.map((_, place) => place),
      TRIAL_PRECISION,
    )
    return policies.map((_, place) => {
      const answer = race.prediction(place)
      return isRefusal(answer) ? Number.MAX_VALUE : meanOf(answer, about, 'response')
    })
  }
  return { ...trialSearch(timeoutSeconds, foreseen, play, serviceSeconds), evaluations }
}

/** The sprint to be asked about; timeouts of 0 where only the levers describe it. */
function sprintOf(scenario: Scenario): Sprint | undefined {
  if (scenario.policy.sprint) return scenario.policy.sprint
  const lever = scenario.levers?.sprint
  if (!lever) return undefined
  const { classes, ...rest } = lever
  return { ...rest, timeoutSeconds: Object.fromEntries(classes.map((name) => [name, 0])) }
}

function at(sprint: Sprint, timeoutSeconds: number): Sprint {
  return {
    ...sprint,
    timeoutSeconds: Object.fromEntries(Object.keys(sprint.timeoutSeconds).map((name) => [name, timeoutSeconds])),
  }
}

function withSprint(scenario: Scenario, name: string, sprint: Sprint | undefined): Scenario {
  const { sprint: _before, ...rest } = scenario.policy
  return { ...scenario, policy: { ...rest, name, ...(sprint ? { sprint } : {}) } }
}

/** Mean response or service of the named classes, each job counted once. */
function meanOf({ classes }: Prediction, about: readonly string[], kind: 'response' | 'service'): number {
  const some = classes.filter(({ name }) => about.includes(name))
  const arrivals = some.reduce((sum, c) => sum + c.arrivalsPerSecond, 0)
  return some.reduce((sum, c) => sum + (c.arrivalsPerSecond / arrivals) * c[kind].mean.value, 0)
}

/** The longest of the named classes’ tails; three means where a class gives none. */
function tailOf({ classes }: Prediction, about: readonly string[], at: 'p95' | 'p99'): number {
  return Math.max(
    ...classes.filter(({ name }) => about.includes(name)).map(({ response }) => response[at]?.value ?? 3 * response.mean.value),
  )
}
