import { isRefusal, type Predictor } from '../model/index.js'
import { analyticPredictor } from '../queueing/index.js'
import { simulatedPredictor } from '../simulate/index.js'

/** The predictors there are, cheapest first, each stating what its answer took on this machine. */
export const predictors: readonly Predictor[] = [timed(analyticPredictor), timed(simulatedPredictor)]

/** The same predictor, its cost in wall time filled in. */
export function timed(predictor: Predictor): Predictor {
  return {
    kind: predictor.kind,
    name: predictor.name,
    refuses: (scenario) => predictor.refuses(scenario),
    predict(scenario, options) {
      const began = performance.now()
      const answer = predictor.predict(scenario, options)
      return isRefusal(answer) ? answer : { ...answer, cost: { ...answer.cost, wallSeconds: (performance.now() - began) / 1000 } }
    },
  }
}
