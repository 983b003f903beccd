import {
  caveat,
  isRefusal,
  type Prediction,
  type PredictOptions,
  type Predictor,
  type Refusal,
  type Scenario,
} from '../model/index.js'

/** What one predictor of several said. */
export interface Answer {
  readonly predictor: Predictor
  readonly answer: Prediction | Refusal
}

/**
 * Asks predictors in the order given, cheapest first, and takes the first answer that holds. The prediction says why the cheaper ones were passed over,
 * as the caveat `chosen`, and carries the caveats of the workload it is about. A refusal as `unstable` ends the search: no other model makes a queue stable.
 */
export function choose(predictors: readonly Predictor[], scenario: Scenario, options: PredictOptions): Prediction | Refusal {
  const passed: string[] = []
  let last: Refusal | undefined
  for (const predictor of predictors) {
    const answer = predictor.refuses(scenario) ?? predictor.predict(scenario, options)
    if (!isRefusal(answer)) {
      const why = passed.length > 0 ? `; ${passed.join('; ')}` : ', the cheapest that holds'
      return {
        ...answer,
        caveats: [
          ...answer.caveats,
          ...(scenario.workload.caveats ?? []),
          plain(caveat('chosen', `answered by ${called(predictor)}${why}`)),
        ],
      }
    }
    if (answer.code === 'unstable') return answer
    passed.push(`${predictor.kind} refused: ${answer.message}`)
    last = answer
  }
  return last ?? { kind: 'refusal', code: 'unsupported', message: 'there is no predictor to ask' }
}

/** Asks every predictor, so that answers and costs can be compared. */
export function askAll(predictors: readonly Predictor[], scenario: Scenario, options: PredictOptions): Answer[] {
  return predictors.map((predictor) => ({
    predictor,
    answer: predictor.refuses(scenario) ?? predictor.predict(scenario, options),
  }))
}

function plain({ code, message }: { code: string; message: string }): Prediction['caveats'][number] {
  return { code, message }
}

function called({ kind, name }: Predictor): string {
  return name === kind ? kind : `${kind} (${name})`
}
