import {
  type Candidate,
  type Cluster,
  type Goal,
  type JobClass,
  type Policy,
  type Prediction,
  type Scenario,
  slotCount,
  type TargetCheck,
} from '../model/index.js'

const TARGETS = [
  ['meanResponseSeconds', (prediction: Prediction, i: number) => prediction.classes[i]!.response.mean],
  ['p95ResponseSeconds', (prediction: Prediction, i: number) => prediction.classes[i]!.response.p95],
  ['p99ResponseSeconds', (prediction: Prediction, i: number) => prediction.classes[i]!.response.p99],
] as const

/** Every target of the goal beside the prediction. A target whose figure the predictor did not give counts as not met and not sure. */
function checkTargets(goal: Goal | undefined, prediction: Prediction): TargetCheck[] {
  if (!goal) return []
  const checks: TargetCheck[] = []
  const add = (
    path: string,
    target: number | undefined,
    estimate: { value: number; low: number; high: number } | undefined,
  ): void => {
    if (target === undefined) return
    if (!estimate) {
      checks.push({ path, target, predicted: target, met: false, sure: false })
      return
    }
    const met = estimate.value <= target
    checks.push({ path, target, predicted: estimate.value, met, sure: met ? estimate.high <= target : estimate.low > target })
  }
  for (const [name, wanted] of Object.entries(goal.classes)) {
    const i = prediction.classes.findIndex((jobClass) => jobClass.name === name)
    if (i < 0) continue
    for (const [field, read] of TARGETS) add(`classes.${name}.${field}`, wanted[field], read(prediction, i))
    add(`classes.${name}.accuracyLossAtMost`, wanted.accuracyLossAtMost, prediction.classes[i]!.accuracyLoss)
  }
  add('wasteAtMost', goal.wasteAtMost, prediction.cluster.waste)
  add('powerWattsAtMost', goal.powerWattsAtMost, prediction.cluster.powerWatts)
  return checks
}

/** Sum over targets that are not met of predicted / target − 1 (predicted itself where the target is 0). */
export function violation(checks: readonly TargetCheck[]): number {
  return checks.reduce(
    (sum, { target, predicted, met }) =>
      met ? sum : sum + (target > 0 ? Math.max(predicted / target - 1, 1e-6) : Math.max(predicted, 1e-6)),
    0,
  )
}

/** A policy with its prediction, judged: targets, price, and the score that the goal minimises. `reference` gives each class its scale. */
export function judge(scenario: Scenario, policy: Policy, prediction: Prediction, reference: readonly number[]): Candidate {
  const { goal, workload } = scenario
  const checks = checkTargets(goal, prediction)
  const jobs = prediction.classes.reduce((sum, jobClass) => sum + jobClass.arrivalsPerSecond, 0)
  const accuracyLoss =
    jobs > 0 ? prediction.classes.reduce((sum, c) => sum + c.arrivalsPerSecond * c.accuracyLoss.value, 0) / jobs : 0
  const powerWatts = prediction.cluster.powerWatts?.value
  const costPerHour = hourlyCost(scenario.cluster, powerWatts)
  const price = {
    accuracyLoss,
    ...(powerWatts === undefined ? {} : { powerWatts }),
    ...(costPerHour === undefined ? {} : { costPerHour }),
  }
  const response = weightedResponse(goal, workload.classes, prediction, reference)
  const score = { 'accuracy-loss': accuracyLoss, response, energy: powerWatts ?? response, cost: costPerHour ?? response }[
    goal?.minimise ?? 'response'
  ]
  return { policy, prediction, checks, price, violation: violation(checks), score }
}

/** Slots an hour and energy an hour, where the cluster says what they cost. */
function hourlyCost(cluster: Cluster, powerWatts: number | undefined): number | undefined {
  const { costPerSlotHour, costPerKilowattHour } = cluster
  const energy =
    costPerKilowattHour === undefined || powerWatts === undefined ? undefined : (costPerKilowattHour * powerWatts) / 1000
  if (costPerSlotHour === undefined && energy === undefined) return undefined
  return (costPerSlotHour ?? 0) * slotCount(cluster) + (energy ?? 0)
}

/** Mean over classes, by goal weight, of mean response against the class’s reference: 1 is as it is now. */
export function weightedResponse(
  goal: Goal | undefined,
  classes: readonly JobClass[],
  prediction: Prediction,
  reference: readonly number[],
): number {
  let [sum, weights] = [0, 0]
  prediction.classes.forEach((jobClass, i) => {
    const weight = goal?.classes[classes[i]!.name]?.weight ?? 1
    sum += (weight * jobClass.response.mean.value) / reference[i]!
    weights += weight
  })
  return sum / weights
}

/**
 * Orders candidates, best first: fewer broken targets by measure, then the goal’s score (differences under 0.1 % are ties), then the weighted
 * response, then the plainer policy (fewer levers pulled).
 */
export function compareCandidates(scenario: Scenario, reference: readonly number[]): (a: Candidate, b: Candidate) => number {
  const response = new Map<Candidate, number>()
  const responseOf = (candidate: Candidate): number => {
    let value = response.get(candidate)
    if (value === undefined) {
      value = weightedResponse(scenario.goal, scenario.workload.classes, candidate.prediction, reference)
      response.set(candidate, value)
    }
    return value
  }
  const differs = (a: number, b: number, relative: number): boolean =>
    Math.abs(a - b) > relative * Math.max(Math.abs(a), Math.abs(b), 1e-12)
  return (a, b) => {
    if (differs(a.violation, b.violation, 1e-9)) return a.violation - b.violation
    if (differs(a.score, b.score, 1e-3)) return a.score - b.score
    if (differs(responseOf(a), responseOf(b), 1e-3)) return responseOf(a) - responseOf(b)
    return levers(a.policy) - levers(b.policy)
  }
}

function levers(policy: Policy): number {
  return Object.keys(policy.drop).length + (policy.sprint ? 1 : 0)
}
