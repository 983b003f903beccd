/** When to sprint: timeouts that others would choose and the best one found, side by side on one scenario. */
import {
  type ComparedPolicy,
  caveat,
  isRefusal,
  type Policy,
  type PolicyComparison,
  type Prediction,
  type Refusal,
  type ReplayJobs,
  refuse,
  type Scenario,
  type Sprint,
} from '../model/index.js'
import { comparePolicies, simulateScenario } from '../simulate/index.js'
import { halvingSearch, sprintAbility, sprintRivals } from '../sprint/index.js'

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

/**
 * The sprint of the scenario’s policy, else of its levers, under the timeouts of the rivals and under the best one found by successive
 * halving on common random numbers; all then played together until their means are sharp. One timeout for all sprinting classes.
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
  const service = meanOf(unsprinted, about, 'service')
  const longest = Math.max(tailOf(unsprinted, about, 'p99'), 4 * service)
  let asked = 0
  const price = (timeoutSeconds: number, effort: number): number => {
    progress?.(SEARCH_SHARE * (1 - 0.97 ** ++asked))
    const answer = simulateScenario(withSprint(scenario, 'search', at(sprint, timeoutSeconds)), {
      ...options,
      replications: 2,
      jobsPerReplication: FIRST_JOBS * effort,
    })
    return isRefusal(answer) ? Number.MAX_VALUE : meanOf(answer, about, 'response')
  }
  const found = halvingSearch(price, { shortest: service / 20, longest, points: 16, rounds: replay ? 1 : 4 })
  const rivals = sprintRivals(sprint, {
    meanServiceSeconds: service,
    responseQuantile: () => tailOf(unsprinted, about, 'p95'),
  })
  const policies: Policy[] = [
    ...rivals.map((rival) => withSprint(scenario, rival.name, rival.sprint).policy),
    withSprint(scenario, `best timeout ${Number(found.timeoutSeconds.toPrecision(3))} s`, at(sprint, found.timeoutSeconds))
      .policy,
  ]
  const compared = comparePolicies(scenario, policies, {
    ...options,
    ...(precision === undefined ? {} : { precision }),
    progress: (done) => progress?.(SEARCH_SHARE + (1 - SEARCH_SHARE) * done),
  })
  const responses = compared.map(({ outcome }) =>
    isRefusal(outcome) ? Number.POSITIVE_INFINITY : meanOf(outcome, about, 'response'),
  )
  const best = Math.min(...responses)
  return {
    evaluations: found.evaluations,
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
        caveat(
          'rivals',
          '“tail only” and “few to many” are readings of Adrenaline and Few-to-Many in one timeout: p95 of the unsprinted response, and the mean service',
        ),
      ],
    },
  }
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
