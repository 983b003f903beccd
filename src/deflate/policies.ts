import { type Issue, type Policy, type Scenario, shown, validate } from '../model/index.js'

/** The policies of the DiAS papers by name, highest class first in the brackets, drop ratios in percent: `P`, `NP`, `DA(0,20)`, `NPS`, `DiAS(0,20)`. */
export type NamedPolicy =
  | { readonly ok: true; readonly policy: Policy }
  | { readonly ok: false; readonly issues: readonly Issue[] }

/**
 * A scenario’s policy by its name in the papers:
 *
 *   P          preemptive priority, evicted jobs begin again; nothing dropped, nobody sprints
 *   NP         priority without preemption
 *   DA(a,b,…)  NP and a drop ratio of a % for the highest class, b % for the next …
 *   NPS        NP and sprint
 *   DiAS(a,b,…) NP, drop and sprint
 *
 * Sprint is that of the scenario’s policy, else of its levers (at once, T = 0), highest class only unless the levers name others. Classes of
 * equal priority share a ratio. Engine and placement stay as they are. Issues name what does not fit: a name that is none of these, a number
 * of ratios that is not the number of priorities, 100 % and above, a sprint that the scenario does not describe.
 *
 * Source: specs/deflate.md, 1.2.
 */
export function namedPolicy(name: string, scenario: Scenario): NamedPolicy {
  const issue = (message: string): NamedPolicy => ({
    ok: false,
    issues: [{ code: 'policy-name', severity: 'error', place: name, message, value: shown(name) }],
  })
  const match = /^\s*(P|NP|NPS|DA|DiAS)\s*(?:\(([^()]*)\))?\s*$/.exec(name)
  if (!match) return issue('is none of P, NP, DA(0,20), NPS and DiAS(0,20)')
  const kind = match[1]!
  const takesRatios = kind === 'DA' || kind === 'DiAS'
  if (takesRatios !== (match[2] !== undefined))
    return issue(
      takesRatios
        ? 'wants the drop ratios in percent, highest class first, as in DA(0,20)'
        : `${kind} drops nothing: leave the brackets out`,
    )
  const priorities = [...new Set(scenario.workload.classes.map(({ priority }) => priority))].sort((a, b) => a - b)
  const percents = takesRatios
    ? match[2]!.split(',').map((text) => (text.trim() === '' ? Number.NaN : Number(text)))
    : priorities.map(() => 0)
  if (percents.length !== priorities.length)
    return issue(`has ${percents.length} drop ratios for ${priorities.length} priorities`)
  const wrong = percents.findIndex((percent) => !(percent >= 0 && percent <= 99))
  if (wrong >= 0) return issue(`drop ratio ${wrong + 1} is not between 0 and 99 %`)
  const drop = Object.fromEntries(
    scenario.workload.classes.flatMap(({ name: className, priority }) => {
      const ratio = percents[priorities.indexOf(priority)]! / 100
      return ratio > 0 ? [[className, ratio]] : []
    }),
  )
  const sprint = kind === 'NPS' || kind === 'DiAS' ? sprintFor(scenario, priorities[0]!) : undefined
  if ((kind === 'NPS' || kind === 'DiAS') && !sprint)
    return issue(
      'sprints, but neither the policy nor the levers of the scenario say how fast: give policy.sprint or levers.sprint',
    )
  const { sprint: _before, ...rest } = scenario.policy
  return {
    ok: true,
    policy: {
      ...rest,
      name: name.trim(),
      discipline: kind === 'P' ? 'priority-preemptive-restart' : 'priority-nonpreemptive',
      drop,
      ...(sprint ? { sprint } : {}),
    },
  }
}

function sprintFor(scenario: Scenario, highest: number): Policy['sprint'] {
  if (scenario.policy.sprint) return scenario.policy.sprint
  const lever = scenario.levers?.sprint
  if (!lever) return undefined
  const { classes, ...rest } = lever
  const sprinting =
    classes.length > 0 ? classes : scenario.workload.classes.filter((c) => c.priority === highest).map((c) => c.name)
  return { ...rest, timeoutSeconds: Object.fromEntries(sprinting.map((className) => [className, 0])) }
}

/**
 * The scenario with these drop ratios (shares, not percent) in force: a change, Scenario in, Scenario out. Classes that are not named keep
 * theirs; an empty change changes nothing. The result is validated, so that what cannot be dropped (θ ≥ 1, a class that is not there) is an issue.
 */
export function deflate(
  scenario: Scenario,
  drop: Policy['drop'],
): { readonly ok: true; readonly scenario: Scenario } | { readonly ok: false; readonly issues: readonly Issue[] } {
  const changed = { ...scenario, policy: { ...scenario.policy, drop: { ...scenario.policy.drop, ...drop } } }
  const valid = validate('scenario', changed)
  return valid.ok ? { ok: true, scenario: valid.value } : { ok: false, issues: valid.issues }
}
