/** A model that a comparison chose, kept in a file with what was measured of it, and used as a predictor of scenarios. */
import { choose, type Measured, type MeasuredError } from '../../grey/index.js'
import type { RegressionModel, Samples, Table } from '../../learn/index.js'
import {
  type Caveat,
  type Comparison,
  type Estimate,
  isRefusal,
  type MeasuredModel,
  type Prediction,
  type Predictor,
  type Refusal,
  refuse,
  type Scenario,
} from '../../model/index.js'
import { Rng } from '../../num/index.js'
import { readKnob } from '../knob.js'
import { contendersFor } from './contenders.js'
import { CHOSEN, contest } from './contest.js'
import type { CompareQuestion } from './question.js'
import type { WhiteSpec } from './white-spec.js'
import { whiteOf } from './whites.js'

/** The model to keep from a comparison: the grey one that cross-validation on all rows chooses; the learned one with the least held-out error where there is no grey. */
export function keptModel(question: CompareQuestion, comparison: Comparison, seed: number): MeasuredModel | Refusal {
  const { observed, white } = question
  const rows = Int32Array.from(observed.samples.target.keys())
  const theory = white === undefined ? undefined : whiteOf(white)
  const contenders = contendersFor(theory, observed)
  const attempts = contest(
    observed,
    { kind: 'random', name: 'all', repeats: [] },
    { train: rows, test: rows.slice(0, 1) },
    contenders.filter(({ kind }) => kind !== 'baseline'),
    { rng: new Rng(seed, 'kept'), timed: false, dear: theory?.dear === true },
  )
  const chosen = attempts.find(({ contender }) => contender === CHOSEN)
  const name = chosen?.caveats.find((code) => code.startsWith('chosen:'))?.slice('chosen:'.length)
  const best = attempts
    .filter(
      ({ refusal, contender }) => refusal === undefined && contender !== CHOSEN && (name === undefined || contender === name),
    )
    .reduce<(typeof attempts)[number] | undefined>(
      (least, one) => (least === undefined || one.heldOutError < least.heldOutError ? one : least),
      undefined,
    )
  if (best === undefined) return refuse('no-data', 'no model could be fitted to these rows')
  const { features, target } = observed.samples
  const kind = contenders.find((one) => one.name === best.contender)!.kind
  return {
    schema: 'halftone/measured-model/1',
    predictor: best.contender,
    kind: kind === 'baseline' ? 'black' : kind,
    observed: observed.name,
    seed,
    ...(best.halfWidth === undefined ? {} : { halfWidth: best.halfWidth }),
    ...(question.columns === undefined ? {} : { columns: { ...question.columns } }),
    ...(question.figure === undefined ? {} : { figure: question.figure }),
    ...(white === undefined
      ? {}
      : {
          white:
            white.kind === 'scenario'
              ? { ...white, columns: { ...white.columns }, calibrate: [...white.calibrate] }
              : { ...white },
        }),
    samples: {
      rows: features.rows,
      names: [...features.names],
      columns: features.columns.map((column) => Array.from(column)),
      levels: features.names.map((_, c) => (features.levels?.[c] === undefined ? null : [...features.levels[c]!])),
      target: Array.from(target),
    },
    regions: [...comparison.regions],
  }
}

/** The kept model, fitted again, and what was measured of it and of the predictors beside it. */
export interface FittedModelFile {
  readonly predictor: Predictor
  readonly measured: Measured
}

/**
 * A kept model as a predictor of scenarios: it reads its columns from the scenario’s knobs and answers for the one figure that was observed. All else (the other classes, utilisation, the other figures of
 * that class) comes from `base`, the cheapest of them that holds; quantiles of the class are left out where only its mean was learned. Refuses a file without knobs.
 */
export function measuredPredictor(file: MeasuredModel, base: readonly Predictor[]): FittedModelFile | Refusal {
  const { columns, samples: kept } = file
  const lacking = kept.names.filter((name) => columns?.[name] === undefined)
  const constant = (name: string): boolean => {
    const column = kept.columns[kept.names.indexOf(name)]!
    return column.every((value) => value === column[0])
  }
  const unknown = lacking.filter((name) => !constant(name))
  if (columns === undefined || unknown.length > 0)
    return refuse(
      'unsupported',
      `the model reads ${unknown.join(', ')} and does not know which knob of a scenario that is: say so under columns: in the file of measurements, then compare again`,
    )
  const samples: Samples = {
    features: {
      rows: kept.rows,
      names: kept.names,
      columns: kept.columns.map((column) => Float64Array.from(column)),
      ...(kept.levels.some((words) => words !== null) ? { levels: kept.levels.map((words) => words ?? undefined) } : {}),
    },
    target: Float64Array.from(kept.target),
  }
  const white = file.white === undefined ? undefined : whiteOf(file.white as WhiteSpec)
  const contender = contendersFor(white, { path: '', name: file.observed, samples, caveats: [] }).find(
    ({ name }) => name === file.predictor,
  )
  if (contender === undefined) return refuse('unsupported', `this version knows no predictor called ${file.predictor}`)
  const model = contender.make(true).fit(samples, { rng: new Rng(file.seed, 'kept').stream(file.predictor) })
  if (isRefusal(model)) return model
  const rowOf = (scenario: Scenario): Table | Refusal => rowFor(file, samples.features, scenario)
  const predictor: Predictor = {
    kind: file.kind === 'black' ? 'learned' : 'grey',
    name: file.predictor,
    refuses: (scenario) => {
      const row = rowOf(scenario)
      return isRefusal(row) ? row : undefined
    },
    predict(scenario, options) {
      const row = rowOf(scenario)
      if (isRefusal(row)) return row
      const beside = choose(base, scenario, options)
      return isRefusal(beside) ? beside : answered(file, model, row, beside, scenario)
    },
  }
  return { predictor, measured: measuredBy(file, rowOf) }
}

/** What the file measured: of its own model, and of the scenario as it stands where that was the white model. */
function measuredBy(file: MeasuredModel, rowOf: (scenario: Scenario) => Table | Refusal): Measured {
  return {
    errorOf(predictor, scenario) {
      const row = rowOf(scenario)
      if (isRefusal(row) || beyond(file, row).length > 0) return 'never'
      const name =
        predictor.kind === 'learned' || predictor.kind === 'grey'
          ? file.predictor
          : file.white?.kind === 'scenario'
            ? 'white, as it stands'
            : undefined
      const regions = file.regions.filter((region) => region.predictor === name && region.split === 'random')
      const found = regions.find(({ column, low, high }) => {
        if (column === undefined || low === undefined || high === undefined) return true
        const value = row.columns[row.names.indexOf(column)]![0]!
        return value >= low && value <= high
      })
      if (found === undefined) return 'never'
      const { medianError, p90Error, rows, column, low, high } = found
      const region = column === undefined ? 'all rows' : `${column} ${short(low!)} to ${short(high!)}`
      return { medianError, p90Error, rows, region } satisfies MeasuredError
    },
  }
}

const short = (x: number): string => String(Number(x.toPrecision(4)))

/** The row of a scenario, each column read from its knob; a column without one never varied and stays as it was. */
function rowFor({ columns = {} }: MeasuredModel, features: Table, scenario: Scenario): Table | Refusal {
  const values: Float64Array[] = []
  for (const [c, name] of features.names.entries()) {
    const path = columns[name]
    if (path === undefined) {
      values.push(features.columns[c]!.slice(0, 1))
      continue
    }
    const value = readKnob(scenario, path)
    const words = features.levels?.[c]
    const code = words === undefined ? value : words.indexOf(String(value))
    if (typeof code !== 'number' || !Number.isFinite(code))
      return refuse('unsupported', `the scenario has no number at ${path}, which the model reads as ${name}`)
    if (code < 0 && words !== undefined)
      return refuse('unsupported', `${path} is ${String(value)}; the model was taught ${words.join(', ')} only`)
    values.push(Float64Array.of(code))
  }
  return { ...features, rows: 1, columns: values }
}

/** Columns whose value lies outside of all that was measured. */
function beyond({ samples }: MeasuredModel, row: Table): { name: string; value: number; low: number; high: number }[] {
  return row.names.flatMap((name, c) => {
    const column = samples.columns[c]!
    const [low, high] = [column.reduce((a, b) => Math.min(a, b)), column.reduce((a, b) => Math.max(a, b))]
    const value = row.columns[c]![0]!
    return value < low || value > high ? [{ name, value, low, high }] : []
  })
}

function answered(
  file: MeasuredModel,
  model: RegressionModel,
  row: Table,
  beside: Prediction,
  scenario: Scenario,
): Prediction | Refusal {
  const [value] = model.predict(row)
  if (!(value! > 0) || !Number.isFinite(value!))
    return refuse('unstable', `${file.predictor} has no steady answer for this scenario`)
  const className = file.figure?.class ?? scenario.workload.classes[0]!.name
  const of = file.figure?.of ?? 'mean'
  const factor = file.halfWidth === undefined ? 1 : Math.exp(file.halfWidth)
  const estimate: Estimate = {
    value: value!,
    low: value! / factor,
    high: value! * factor,
    confidence: file.halfWidth === undefined ? 0 : 0.9,
  }
  if (!beside.classes.some(({ name }) => name === className))
    return refuse('unsupported', `the model is about class ${className}, which the scenario does not have`)
  const far = beyond(file, row)
  const unseen = file.regions.find((one) => one.predictor === file.predictor && one.split === 'unseen-load')
  const caveats: Pick<Caveat, 'code' | 'message'>[] = [
    ...beside.caveats.filter(({ code }) => code !== 'chosen'),
    {
      code: 'one-figure',
      message: `only the ${of} response of ${className} is from the model; all else is from ${beside.predictor.kind}`,
    },
    ...far.map(({ name, value: asked, low, high }) => ({
      code: 'beyond-measurements',
      message: `${name} is ${short(asked)}; it was measured from ${short(low)} to ${short(high)} only${unseen ? `, and beyond its data the model erred by ${short(100 * unseen.medianError)} % in the median` : ''}`,
    })),
  ]
  return {
    ...beside,
    predictor: {
      kind: file.kind === 'black' ? 'learned' : 'grey',
      name: file.predictor,
      method: `${file.predictor} learned from ${file.samples.rows} measurements of ${file.observed}; all else: ${beside.predictor.method}`,
    },
    classes: beside.classes.map((one) => {
      if (one.name !== className) return one
      if (of !== 'mean') return { ...one, response: { ...one.response, [of]: estimate } }
      const less = (x: number): number => Math.max(0, x - one.service.mean.value)
      const wait: Estimate = { ...estimate, value: less(estimate.value), low: less(estimate.low), high: less(estimate.high) }
      return { ...one, response: { mean: estimate }, wait: { mean: wait } }
    }),
    caveats: caveats.map(({ code, message }) => ({ code, message })),
  }
}
