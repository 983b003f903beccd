/** The policies of a trial by what they are called: `P`, `NP`, `DA(0,20)`, `NPS`, `DiAS(0,20)`, `in-force`, `plan`, and `DiAS:plan`. */
import { namedPolicy } from '../../deflate/index.js'
import { type Issue, isRefusal, type Policy, type Refusal, type Scenario } from '../../model/index.js'
import { searchPlan } from '../../plan/index.js'
import { predictors } from '../predictors.js'

/** Jobs that one confirmation of a plan may simulate: a trial wants its policy in seconds. */
const PLAN_JOBS = 60_000

export type PoliciesOf =
  | { readonly ok: true; readonly of: (scenario: Scenario) => readonly Policy[] | Refusal }
  | { readonly ok: false; readonly issues: readonly Issue[] }

/**
 * Checks the names at once and makes the policies later, from the calibrated scenario: `plan` is what the levers and goals of the scenario find there, `DiAS:plan` the same
 * without preemption, `in-force` the scenario’s own policy.
 */
export function policiesNamed(names: readonly string[], scenario: Scenario, seed: number): PoliciesOf {
  const issues = names.flatMap((name): readonly Issue[] => {
    if (isPlan(name)) return planIssues(name, scenario)
    if (name === 'in-force') return []
    const named = namedPolicy(name, scenario)
    return named.ok ? [] : named.issues
  })
  const twice = names.filter((name, i) => names.indexOf(name) !== i)
  for (const name of twice)
    issues.push({ code: 'policy-name', severity: 'error', place: name, message: 'is named twice: each policy is tried once' })
  if (issues.length > 0) return { ok: false, issues }
  return {
    ok: true,
    of: (calibrated) => {
      const policies: Policy[] = []
      for (const name of names) {
        const policy = policyNamed(name, calibrated, seed)
        if (isRefusal(policy)) return policy
        policies.push(policy)
      }
      return policies
    },
  }
}

function isPlan(name: string): boolean {
  return name === 'plan' || name === 'DiAS:plan'
}

function planIssues(name: string, { levers, goal }: Scenario): readonly Issue[] {
  const wants = (place: string, message: string): Issue => ({ code: 'missing', severity: 'error', place, message })
  return [
    ...(goal ? [] : [wants('goal', `${name} is sought by goals: say what is wanted of each class`)]),
    ...(levers ? [] : [wants('levers', `${name} is sought among levers: say what may be dropped and who may sprint`)]),
  ]
}

function policyNamed(name: string, scenario: Scenario, seed: number): Policy | Refusal {
  if (name === 'in-force') return scenario.policy
  if (!isPlan(name)) {
    const named = namedPolicy(name, scenario)
    if (!named.ok) throw new Error(`${name} was a policy before the calibration and is none after it`)
    return named.policy
  }
  const asked: Scenario =
    name === 'plan' ? scenario : { ...scenario, levers: { ...scenario.levers, disciplines: ['priority-nonpreemptive'] } }
  const plan = searchPlan(asked, {
    confirm: predictors.find(({ kind }) => kind === 'simulated')!,
    seed,
    jobsAtMost: PLAN_JOBS,
    precision: 0.03,
  })
  return isRefusal(plan) ? plan : { ...plan.chosen.policy, name }
}
