import { isRefusal, type Policy, type Prediction, type Refusal, type Scenario, type Sensitivity } from '../model/index.js'
import { judge } from './judge.js'

/** The load that a plan is asked about unless told otherwise: a tenth above the forecast. */
export const FORECAST_ERROR = 1.1
/** No larger load is tried in search of the margin. */
const LOAD_AT_MOST = 2
const STEPS = 5

/**
 * What becomes of a policy when the load is above the forecast: whether it holds at `loadFactor`, which targets break there, and the largest
 * factor up to 2 at which it still holds (bisection, to about 3 %). `predictAt` answers for the policy at a load factor.
 *
 * More load never shortens a wait, so there is one border to find. Without goals, holding means being stable. Where the plan does not hold even
 * at its forecast there is no margin.
 */
export function sensitivityOf(
  scenario: Scenario,
  policy: Policy,
  reference: readonly number[],
  predictAt: (loadFactor: number) => Prediction | Refusal,
  loadFactor = FORECAST_ERROR,
): Sensitivity {
  const at = (factor: number): { holds: boolean; prediction?: Prediction; broken: string[] } => {
    const prediction = predictAt(factor)
    if (isRefusal(prediction)) return { holds: false, broken: ['stability'] }
    const broken = judge(scenario, policy, prediction, reference).checks.filter(({ met }) => !met)
    return { holds: broken.length === 0, prediction, broken: broken.map(({ path }) => path) }
  }
  const { holds, prediction, broken } = at(loadFactor)
  const base: Sensitivity = {
    loadFactor,
    holds,
    broken,
    ...(prediction
      ? {
          classes: prediction.classes.map(({ name, response }) => ({
            name,
            meanResponseSeconds: response.mean.value,
            ...(response.p95 ? { p95ResponseSeconds: response.p95.value } : {}),
          })),
        }
      : {}),
  }
  let [low, high] = holds ? [loadFactor, LOAD_AT_MOST] : [1, loadFactor]
  if (!holds && !at(1).holds) return base
  if (holds && at(LOAD_AT_MOST).holds) return { ...base, margin: { loadFactor: LOAD_AT_MOST, atLeast: true } }
  for (let i = 0; i < STEPS; i++) {
    const middle = Math.sqrt(low * high)
    if (at(middle).holds) low = middle
    else high = middle
  }
  return { ...base, margin: { loadFactor: Number(low.toPrecision(3)), atLeast: false } }
}
