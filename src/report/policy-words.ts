import type { Policy, SprintBudget } from '../model/index.js'
import { duration, number, percent } from './format.js'

const DISCIPLINE: Readonly<Record<Policy['discipline'], string>> = {
  fcfs: 'first come, first served',
  'priority-nonpreemptive': 'priority without preemption',
  'priority-preemptive-resume': 'priority, preempted work resumes',
  'priority-preemptive-restart': 'priority, preempted work restarts from nothing',
  sjf: 'shortest job first',
  srtf: 'shortest remaining time first',
  las: 'least attained service first',
  'fair-share': 'fair share between users',
  'easy-backfill': 'EASY backfill',
  'conservative-backfill': 'conservative backfill',
}

/** What a policy does, one line a knob: `discipline`, `drop low`, `sprint high`. Knobs that are not used are not in it. */
function policySettings(policy: Policy): { readonly knob: string; readonly setting: string }[] {
  const settings = [
    { knob: 'discipline', setting: DISCIPLINE[policy.discipline] ?? policy.discipline },
    { knob: 'engine', setting: policy.engine === 'exclusive' ? 'one job at a time' : 'jobs side by side' },
  ]
  if (policy.las)
    settings.push({
      knob: 'levels',
      setting: `${policy.las.thresholdsSlotSeconds.map((x) => number(x)).join(', ')} slot-seconds`,
    })
  if (policy.fairShare) settings.push({ knob: 'half-life of past use', setting: duration(policy.fairShare.halfLifeSeconds) })
  if (policy.placement !== 'pool') settings.push({ knob: 'placement', setting: `gangs ${policy.placement} on nodes` })
  for (const [name, ratio] of Object.entries(policy.drop)) {
    const stages =
      typeof ratio === 'number'
        ? percent(ratio)
        : Object.entries(ratio)
            .map(([stage, share]) => `${stage} ${percent(share)}`)
            .join(', ')
    settings.push({ knob: `drop ${name}`, setting: `${stages === '' ? 'nothing' : stages} of tasks` })
  }
  const sprint = policy.sprint
  if (sprint) {
    for (const [name, seconds] of Object.entries(sprint.timeoutSeconds)) {
      const after = seconds === 0 ? `from ${sprint.origin}` : `${duration(seconds)} after ${sprint.origin}`
      settings.push({ knob: `sprint ${name}`, setting: `${number(sprint.speed)}× ${after}` })
    }
    settings.push({
      knob: 'sprint budget',
      setting: sprint.budget ? budgetInWords(sprint.budget) : 'unlimited',
    })
    for (const { afterSeconds, speed } of sprint.steps ?? [])
      settings.push({ knob: 'sprint step', setting: `${number(speed)}× ${duration(afterSeconds)} later` })
    if (sprint.afterExhaustion)
      settings.push({
        knob: 'sprint after an empty bucket',
        setting: sprint.afterExhaustion === 'stop' ? 'not again' : 'again once it holds enough',
      })
  }
  return settings
}

function budgetInWords(budget: SprintBudget): string {
  const [size, little] =
    'joules' in budget
      ? [`${number(budget.joules)} J`, `${number(budget.refillWatts)} W`]
      : [duration(budget.seconds), `${number(budget.refillPerSecond * 3600)} s per hour`]
  return `${size} of sprint, ${budget.windowSeconds === undefined ? `refilled at ${little}` : `filled every ${duration(budget.windowSeconds)}`}`
}

/** A policy in one line, without the knobs that are at their plainest. */
export function policyInWords(policy: Policy): string {
  return policySettings(policy)
    .filter(
      ({ knob, setting }) =>
        !(knob === 'engine' && setting === 'jobs side by side') && !(knob === 'sprint budget' && setting === 'unlimited'),
    )
    .map(({ knob, setting }) => (knob === 'discipline' ? setting : knob === 'engine' ? setting : `${knob} ${setting}`))
    .join('; ')
}

/** The knobs by name with their setting in each of two policies; `–` where a policy does not use the knob. */
export function policyDifference(
  from: Policy,
  to: Policy,
): { readonly knob: string; readonly from: string; readonly to: string; readonly changed: boolean }[] {
  const before = new Map(policySettings(from).map(({ knob, setting }) => [knob, setting]))
  const after = new Map(policySettings(to).map(({ knob, setting }) => [knob, setting]))
  return [...new Set([...before.keys(), ...after.keys()])].map((knob) => {
    const a = before.get(knob) ?? '–'
    const b = after.get(knob) ?? '–'
    return { knob, from: a, to: b, changed: a !== b }
  })
}
