import type { Candidate, Policy, Prediction, TargetCheck } from '../model/index.js'

/** Why this plan, in sentences: what it changes, what that does to each class, which targets hold, and which one stands in the way. */
export function reasonFor(chosen: Candidate, inForce: Candidate | undefined, inForcePolicy: Policy): string {
  const sentences = [`${changes(inForcePolicy, chosen.policy)}.`]
  if (inForce) {
    const effects = chosen.prediction.classes.map((jobClass, i) => {
      const before = inForce.prediction.classes[i]!.response.mean.value
      return `${jobClass.name} ${percent(jobClass.response.mean.value / before - 1)}`
    })
    sentences.push(
      `Mean response against the policy in force: ${effects.join(', ')}${wasteChange(inForce.prediction, chosen.prediction)}.`,
    )
  } else sentences.push('There is no comparison: the policy in force has no steady state.')
  const open = chosen.checks.filter((check) => !check.met)
  if (chosen.checks.length > 0 && open.length === 0) {
    const unsure = chosen.checks.filter((check) => !check.sure).length
    sentences.push(
      `It meets ${all(chosen.checks.length)}${unsure > 0 ? `, ${unsure} of them within the interval of the prediction, so not surely` : ''}.`,
    )
  } else if (open.length > 0) {
    const worst = binding(open)
    sentences.push(
      `No policy within the levers meets every target; this one comes nearest and misses ${open.length} of ${chosen.checks.length}. ` +
        `The binding target is ${worst.path}: ${figure(worst.target)} asked, ${figure(worst.predicted)} predicted.`,
    )
  }
  return sentences.join(' ')
}

function binding(open: readonly TargetCheck[]): TargetCheck {
  const miss = (check: TargetCheck): number => (check.target > 0 ? check.predicted / check.target : 1 + check.predicted)
  return open.reduce((worst, check) => (miss(check) > miss(worst) ? check : worst))
}

function all(count: number): string {
  return count === 1 ? 'the target' : `all ${count} targets`
}

function changes(from: Policy, to: Policy): string {
  const said: string[] = []
  if (from.discipline !== to.discipline) said.push(`${to.discipline} instead of ${from.discipline}`)
  for (const [name, ratio] of Object.entries(to.drop))
    if (typeof ratio === 'number') said.push(`drop ${figure(ratio * 100)} % of ${name}`)
  for (const name of Object.keys(from.drop)) if (!(name in to.drop)) said.push(`drop nothing of ${name} any more`)
  if (to.sprint) {
    const classes = Object.entries(to.sprint.timeoutSeconds).map(
      ([name, seconds]) => `${name} ${seconds === 0 ? 'at once' : `after ${figure(seconds)} s`}`,
    )
    said.push(`sprint ${classes.join(', ')} at speed ${to.sprint.speed}`)
  } else if (from.sprint) said.push('sprint no longer')
  if (said.length === 0) return 'Keep the policy in force: nothing within the levers does better'
  return said.join(', ').replace(/^./, (first) => first.toUpperCase())
}

function wasteChange(before: Prediction, after: Prediction): string {
  const [from, to] = [before.cluster.waste.value, after.cluster.waste.value]
  return from < 1e-4 && to < 1e-4 ? '' : `; wasted share of busy time ${figure(from * 100)} % → ${figure(to * 100)} %`
}

function percent(change: number): string {
  return `${change > 0 ? '+' : change < 0 ? '−' : '±'}${figure(Math.abs(change) * 100)} %`
}

function figure(value: number): string {
  return Number(value.toPrecision(3)).toString()
}
