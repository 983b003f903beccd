/** What a formula knows without error, against which what is simulated can be held. */
import {
  isRefusal,
  type KnownPolicy,
  type Policy,
  type Prediction,
  type PredictOptions,
  type Predictor,
  type Scenario,
} from '../model/index.js'

/** The policy in force at its plainest: strict priority without preemption, nothing dropped, nobody sprints. */
export function plainPolicy({ policy }: Scenario): Policy {
  const { sprint: _sprint, ...rest } = policy
  return { ...rest, name: 'priority-nonpreemptive', discipline: 'priority-nonpreemptive', drop: {} }
}

/** The plainest policy, where a formula knows it without error: what is simulated beside it can be corrected by it. */
export function knownPolicy(scenario: Scenario, screen: Predictor | undefined, options: PredictOptions): KnownPolicy | undefined {
  const policy = plainPolicy(scenario)
  const asked = { ...scenario, policy }
  const answer = screen && (screen.refuses(asked) ?? screen.predict(asked, options))
  if (!answer || isRefusal(answer) || !isExact(answer)) return undefined
  return { policy, response: answer.classes.map(({ response }) => response) }
}

/** Does every class have a mean without an interval? */
export function isExact({ classes }: Prediction): boolean {
  return classes.every(({ response: { mean } }) => mean.low === mean.high)
}
