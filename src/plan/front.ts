import type { Candidate, FrontPoint, Scenario } from '../model/index.js'
import { weightedResponse } from './judge.js'

const POINTS_AT_MOST = 24

/**
 * The Pareto front of what was looked at: the policies that no other beats (or equals in two and beats in one) in weighted response, accuracy
 * loss and power, ascending in response. Differences under 0.1 % count as none. Where there are many, those spread evenly over the response.
 */
export function paretoFront(
  scenario: Scenario,
  looked: readonly { readonly candidate: Candidate; readonly confirmed: boolean }[],
  reference: readonly number[],
): FrontPoint[] {
  const points = looked.map(({ candidate, confirmed }): FrontPoint => {
    const { policy, prediction, price, violation } = candidate
    return {
      policy,
      response: weightedResponse(scenario.goal, scenario.workload.classes, prediction, reference),
      accuracyLoss: price.accuracyLoss,
      ...(price.powerWatts === undefined ? {} : { powerWatts: price.powerWatts }),
      meetsGoals: violation === 0,
      confirmed,
    }
  })
  const front = points
    .filter((point, i) => !points.some((other, j) => beats(other, point) || (j < i && same(other, point))))
    .sort((a, b) => a.response - b.response)
  if (front.length <= POINTS_AT_MOST) return front
  return Array.from({ length: POINTS_AT_MOST }, (_, i) => front[Math.round((i * (front.length - 1)) / (POINTS_AT_MOST - 1))]!)
}

const NOTHING = 1e-3

function objectives({ response, accuracyLoss, powerWatts }: FrontPoint): readonly number[] {
  return [response, accuracyLoss, powerWatts ?? 0]
}

/** No worse in any objective, better in one. */
function beats(a: FrontPoint, b: FrontPoint): boolean {
  const [x, y] = [objectives(a), objectives(b)]
  let better = false
  for (let i = 0; i < x.length; i++) {
    const slack = NOTHING * Math.max(Math.abs(x[i]!), Math.abs(y[i]!))
    if (x[i]! > y[i]! + slack) return false
    if (x[i]! < y[i]! - slack) better = true
  }
  return better
}

function same(a: FrontPoint, b: FrontPoint): boolean {
  const y = objectives(b)
  return objectives(a).every((x, i) => Math.abs(x - y[i]!) <= NOTHING * Math.max(Math.abs(x), Math.abs(y[i]!)))
}
