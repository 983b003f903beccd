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

/** How a predictor did on measurements like the one asked about. Errors are shares of what was observed. */
export interface MeasuredError {
  readonly medianError: number
  readonly p90Error: number
  /** Rows that it was judged on, none of which it had learned from. */
  readonly rows: number
  /** Which measurements: `load 0.7 to 0.8`. */
  readonly region: string
}

/** What was measured of predictors, and how much error is put up with. */
export interface Measured {
  /** `never` where no measurement is like the scenario. */
  errorOf(predictor: Predictor, scenario: Scenario): MeasuredError | 'never'
  /** A cheap answer that errs more than this, in the median, is passed over for a better one; 0.1 unless given. */
  readonly errorAtMost?: number
}

/**
 * Asks predictors in the order given, cheapest first, and takes the first answer that holds. The prediction says why the cheaper ones were passed over,
 * as the caveat `chosen`, and carries the caveats of the workload it is about. A refusal as `unstable` ends the search: no other model makes a queue stable.
 *
 * With `measured`, an answer also has to be good enough where it was measured: one that erred by more than `errorAtMost` is passed over, and if none is good enough, the
 * one that erred least is taken. What was measured of the answer taken is the caveat `measured-error`; that nothing was, `never-measured`.
 */
export function choose(
  predictors: readonly Predictor[],
  scenario: Scenario,
  options: PredictOptions,
  measured?: Measured,
): Prediction | Refusal {
  const passed: string[] = []
  const poor: { readonly predictor: Predictor; readonly answer: Prediction; readonly error: MeasuredError }[] = []
  const { errorAtMost = 0.1 } = measured ?? {}
  let last: Refusal | undefined
  for (const predictor of predictors) {
    const answer = predictor.refuses(scenario) ?? predictor.predict(scenario, options)
    if (isRefusal(answer)) {
      if (answer.code === 'unstable') return answer
      passed.push(`${predictor.kind} refused: ${answer.message}`)
      last = answer
      continue
    }
    const error = measured?.errorOf(predictor, scenario)
    if (error === undefined || error === 'never' || error.medianError <= errorAtMost)
      return taken(predictor, answer, scenario, passed, error, passed.length > 0 ? '' : ', the cheapest that holds')
    passed.push(`${predictor.kind} erred by ${share(error.medianError)} in the median where it was measured (${error.region})`)
    poor.push({ predictor, answer, error })
  }
  if (poor.length > 0) {
    const best = poor.reduce((least, one) => (one.error.medianError < least.error.medianError ? one : least))
    return taken(best.predictor, best.answer, scenario, passed, best.error, '; none of them errs less')
  }
  return last ?? { kind: 'refusal', code: 'unsupported', message: 'there is no predictor to ask' }
}

function taken(
  predictor: Predictor,
  answer: Prediction,
  scenario: Scenario,
  passed: readonly string[],
  error: MeasuredError | 'never' | undefined,
  reason: string,
): Prediction {
  const why = passed.length > 0 ? `; ${passed.join('; ')}` : ''
  return {
    ...answer,
    caveats: [
      ...answer.caveats,
      ...(scenario.workload.caveats ?? []),
      plain(caveat('chosen', `answered by ${called(predictor)}${reason}${why}`)),
      ...(error === undefined ? [] : [plain(measuredCaveat(error))]),
    ],
  }
}

/** What was measured of an answer, in a sentence. */
function measuredCaveat(error: MeasuredError | 'never'): ReturnType<typeof caveat> {
  return error === 'never'
    ? caveat('never-measured', 'no measurement is like this scenario: how far this answer errs here is not known')
    : caveat(
        'measured-error',
        `where it was measured (${error.region}) it erred by ${share(error.medianError)} in the median and ${share(error.p90Error)} at the p90, on ${error.rows} rows that it had not seen`,
      )
}

const share = (x: number): string => `${Number((100 * x).toPrecision(2))} %`

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
