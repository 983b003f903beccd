/**
 * A user’s own scenario as a white model: each row of a table turns knobs of the scenario, the cheapest predictor that holds answers, formula before simulation, and
 * the parameters are further knobs that observations set.
 */
import { choose, type Parameter, type WhiteModel } from '../../grey/index.js'
import type { Table } from '../../learn/index.js'
import { type Issue, isRefusal, type Scenario } from '../../model/index.js'
import { pointKnob, turnKnob } from '../knob.js'
import { predictors } from '../predictors.js'
import type { White, WhiteSpec } from './white-spec.js'

type ScenarioSpec = Extract<WhiteSpec, { kind: 'scenario' }>

/** Jobs that a simulated answer may cost: rows × parameters of them are asked for. */
const JOBS = 20_000

/** What of a spec does not fit its scenario: a knob that is not there, a class that is not. */
export function scenarioSpecIssues(
  { scenario, columns, figure, calibrate }: ScenarioSpec,
  table: Table,
  /** Where a word of the spec was said. */
  place: (word: string) => string,
): Issue[] {
  const issues: Issue[] = []
  const at = (path: string, found: readonly Issue[]): void => {
    for (const issue of found)
      issues.push({ ...issue, place: place(path), message: `${path}: ${issue.message}, in scenario ${scenario.name}` })
  }
  if (!scenario.workload.classes.some(({ name }) => name === figure.class))
    issues.push({
      code: 'unknown-class',
      severity: 'error',
      place: place(figure.class),
      message: `figure names a class that the scenario does not have; there are ${scenario.workload.classes.map(({ name }) => name).join(', ')}`,
      value: figure.class,
    })
  for (const [column, path] of Object.entries(columns)) {
    const c = table.names.indexOf(column)
    if (c < 0) {
      issues.push({
        code: 'missing-column',
        severity: 'error',
        place: place(`${column}:`),
        message: 'columns names a column that the table does not have',
        value: column,
      })
      continue
    }
    const turned = turnKnob(scenario, path, valueAt(table, c, 0))
    if (!turned.ok) at(path, turned.issues)
  }
  for (const { path, low, high, prior } of calibrate) {
    for (const value of [low, prior, high]) {
      const turned = turnKnob(scenario, path, value)
      if (turned.ok) continue
      at(path, turned.issues)
      break
    }
    if (!(low < high && prior >= low && prior <= high))
      issues.push({
        code: 'out-of-order',
        severity: 'error',
        place: place(path),
        message: `calibrate ${path}: low ≤ prior ≤ high is needed, and low below high`,
      })
  }
  return issues
}

const valueAt = (table: Table, column: number, row: number): number | string =>
  table.levels?.[column]?.[table.columns[column]![row]!] ?? table.columns[column]![row]!

/** The scenario of each row, its knobs turned. */
function scenarioAt(spec: ScenarioSpec, table: Table, row: number, parameters: Float64Array): Scenario {
  const copy = structuredClone(spec.scenario)
  for (const [column, path] of Object.entries(spec.columns))
    pointKnob(copy, path, valueAt(table, table.names.indexOf(column), row))
  spec.calibrate.forEach(({ path }, p) => {
    pointKnob(copy, path, parameters[p]!)
  })
  return copy
}

/** The scenario as a white model. */
export function scenarioModel(spec: ScenarioSpec): White {
  const parameters: Parameter[] = spec.calibrate.map(({ path, low, high, prior }) => ({
    name: path,
    low,
    high,
    prior,
    spread: low > 0 ? 0.7 : (high - low) / 4,
    positive: low > 0,
  }))
  const analytic = predictors.filter(({ kind }) => kind === 'analytic')
  const formula = analytic.every((one) => one.refuses(spec.scenario) === undefined)
  const make = (): WhiteModel => ({
    name: spec.scenario.name,
    columns: Object.keys(spec.columns),
    parameters,
    predict: (table, values) =>
      Float64Array.from({ length: table.rows }, (_, row) => {
        const answer = choose(predictors, scenarioAt(spec, table, row, values), { seed: 1, jobsAtMost: JOBS })
        if (isRefusal(answer)) return 0
        const found = answer.classes.find(({ name }) => name === spec.figure.class)?.response[spec.figure.of]?.value
        return found !== undefined && Number.isFinite(found) && found > 0 ? found : 0
      }),
  })
  return { name: spec.scenario.name, simulated: !formula, dear: true, standsAlone: true, make, own: [] }
}
