/**
 * The effective sprint rate: the constant speed that, put into the simple simulator together with the policy, gives the response that was observed. What
 * the simulator leaves out (phases that respond differently, toggling, caches, a budget that ends in mid-query) is in it; a learner says what it is under
 * conditions that were not observed, and the simulator turns it into a response there.
 *
 *   calibrate   s: R_sim(s) = R_obs,   R_sim falls with s;  bracket [1, 3 μ_m/μ], which grows where s lies above it
 *   shrink      ln s ← w ln s + (1 − w) ln(μ_m/μ),   w = e²τ²/(e²τ² + σ²),   e = −d ln R/d ln s
 *   learn       s μ/μ_m from (λ, μ, μ_m, c², T, B, R, workload) and from how sprints go in the simulator at the marginal rate, rows weighted by w
 *   predict     R_sim(s) with the learned s
 *
 * e is how much the response tells about the speed: where almost nothing is sprinted it is 0, and the speed stays at the marginal one. τ is how far effective
 * and marginal rates differ (0.3 in ln s), σ the noise of an observation (1 %).
 *
 * How sprints go: the share of time sprinted and the share of queries whose sprint the empty bucket ends. They are why effective and marginal rate differ, and under an
 * unseen load they take values that other policies have at loads that were seen, so that a forest need not extrapolate.
 *
 * Source: Morris et al., EuroSys 2018; specs/sprint.md 2.2–2.4, 2.8–2.10.
 */
import {
  type FitOptions,
  type Learner,
  type RegressionModel,
  type Samples,
  type SavedModel,
  sameColumns,
  type Table,
  unfit,
} from '../learn/index.js'
import { caveat, type Issue, isRefusal, shown } from '../model/index.js'
import { nested, partOf } from './nested.js'
import { type SprintCurves, type SprintCurvesOptions, sprintCurves } from './sprint-curves.js'
import { type SprintCondition, sprintCapacity } from './sprint-paths.js'
import type { WhiteModel } from './white.js'

/** Which column of a table of conditions is what. */
export interface SprintColumns {
  readonly arrivalRate: string
  readonly serviceRate: string
  /** Rate when whole executions are sprinted: μ_m. */
  readonly marginalRate: string
  readonly timeout: string
  /** Absent from the table: sprinting without limit. */
  readonly budget: string
  /** Time in which a full bucket comes back. */
  readonly window: string
  /** Absent from the table: 1, exponential. */
  readonly serviceScv: string
}

export const SPRINT_COLUMNS: SprintColumns = {
  arrivalRate: 'arrivalRatePerSecond',
  serviceRate: 'serviceRatePerSecond',
  marginalRate: 'marginalRatePerSecond',
  timeout: 'timeoutSeconds',
  budget: 'budgetSeconds',
  window: 'windowSeconds',
  serviceScv: 'serviceScv',
}

/** What one observed response says about the speed of sprints. */
export interface EffectiveRate {
  /** Effective rate over marginal rate, shrunk towards 1 where the response says little. */
  readonly ratio: number
  /** 0 where the response says nothing about the speed, near 1 where it fixes it. */
  readonly weight: number
  /** `identified`; or why it is not: the observed response is above the one without any sprint, or below what any speed gives. */
  readonly verdict: 'identified' | 'weak' | 'above-no-sprint' | 'below-any-speed' | 'unstable'
}

const TOLERANCE = 0.005
const SPREAD = 0.3
const NOISE = 0.01
const LARGEST_SPEED = 256

/**
 * The effective rate of one condition by a bracketing search on the simulator with common random numbers; tolerance 0.5 % of the response.
 * `marginalSpeed` is μ_m/μ.
 */
export function calibrateEffectiveRate(
  condition: SprintCondition,
  marginalSpeed: number,
  observedSeconds: number,
  curves: SprintCurves,
): EffectiveRate {
  const at = (speed: number): number =>
    condition.arrivalRatePerSecond < sprintCapacity(condition, speed)
      ? Math.log(curves.responseSeconds(condition, speed) / observedSeconds)
      : Number.POSITIVE_INFINITY
  let low = 0
  let atLow = at(1)
  if (atLow <= 0) return { ratio: 1, weight: 0, verdict: 'above-no-sprint' }
  let high = Math.log(Math.max(1.05, 3 * marginalSpeed))
  let atHigh = at(Math.exp(high))
  while (atHigh > 0 && high < Math.log(LARGEST_SPEED)) {
    low = high
    atLow = atHigh
    high += Math.log(2)
    atHigh = at(Math.exp(high))
  }
  if (atHigh > 0) return { ratio: 1, weight: 0, verdict: Number.isFinite(atHigh) ? 'below-any-speed' : 'unstable' }
  // Bisection, with a secant step (Illinois) where both ends are known: the same root in half the simulations.
  let found = high
  let last: 'low' | 'high' | undefined
  let [weighLow, weighHigh] = [atLow, atHigh]
  for (let step = 0; step < 24 && high - low > 1e-4; step++) {
    const secant = Number.isFinite(weighLow) && step % 4 !== 3
    found = secant ? (low * weighHigh - high * weighLow) / (weighHigh - weighLow) : (low + high) / 2
    const value = at(Math.exp(found))
    if (Math.abs(value) <= TOLERANCE / 5) break
    if (value > 0) {
      if (last === 'low') weighHigh /= 2
      ;[low, atLow, weighLow, last] = [found, value, value, 'low']
    } else {
      if (last === 'high') weighLow /= 2
      ;[high, atHigh, weighHigh, last] = [found, value, value, 'high']
    }
  }
  const step = 0.05
  const below = at(Math.exp(Math.max(0, found - step)))
  const above = at(Math.exp(found + step))
  const elasticity = Number.isFinite(below) ? Math.max(0, (below - above) / (found + step - Math.max(0, found - step))) : 1
  const signal = (elasticity * SPREAD) ** 2
  const weight = signal / (signal + NOISE ** 2)
  const prior = Math.log(marginalSpeed)
  const speed = Math.exp(weight * found + (1 - weight) * prior)
  return { ratio: speed / marginalSpeed, weight, verdict: weight >= 0.5 ? 'identified' : 'weak' }
}

export interface EffectiveRateOptions extends SprintCurvesOptions {
  /** Learns the ratio of effective to marginal rate: a forest, unless another is tried. */
  readonly inner: Learner<RegressionModel>
  readonly columns?: Partial<SprintColumns>
  /** Curves to use, and to share with others that ask about the same conditions; own ones with these `seed`, `paths` and `queries` unless given. */
  readonly curves?: SprintCurves
}

/** Forest → effective rate → simulator, as a learner of mean response in seconds. */
export function effectiveRate(options: EffectiveRateOptions): Learner<RegressionModel> {
  const { inner, seed = 1, paths = 3, queries = 60_000 } = options
  const settings = { seed, paths, queries }
  const columns = { ...SPRINT_COLUMNS, ...options.columns }
  const name = `effective-rate(${inner.name})`
  return {
    name,
    fit(samples, fitOptions: FitOptions) {
      const wrong = unfit(samples, [...conditionIssues(samples.features, columns), ...observedIssues(samples)])
      if (wrong !== undefined) return wrong
      const { features, target } = samples
      const curves = options.curves ?? sprintCurves(settings)
      const conditions = conditionsOf(features, columns)
      const ratios = new Float64Array(features.rows)
      const weights = new Float64Array(features.rows)
      const counts = { weak: 0, 'above-no-sprint': 0, 'below-any-speed': 0, unstable: 0, identified: 0 }
      conditions.forEach(({ condition, marginalSpeed }, row) => {
        const rate = calibrateEffectiveRate(condition, marginalSpeed, target[row]!, curves)
        ratios[row] = rate.ratio
        // never 0: a condition that says nothing about the speed says at least that the marginal one will do
        weights[row] = Math.max(0.02, rate.weight) * (samples.weights?.[row] ?? 1)
        counts[rate.verdict]++
        fitOptions.progress?.((0.95 * (row + 1)) / features.rows)
      })
      const fitted = inner.fit(
        { features: withSprints(features, conditions, curves), target: ratios, weights },
        { rng: fitOptions.rng },
      )
      if (isRefusal(fitted)) return fitted
      const lost = features.rows - counts.identified
      const caveats = [
        ...fitted.caveats.filter(({ code }) => code !== 'constant-feature'),
        ...(lost > 0
          ? [
              caveat(
                'effective-rate-not-identified',
                `${lost} of ${features.rows} conditions say little or nothing about the speed of sprints; there it is held near the marginal rate`,
                { numbers: { rows: lost } },
              ),
            ]
          : []),
      ]
      return effectiveRateModel(name, features.names, fitted, columns, settings, curves, caveats)
    },
  }
}

type PathSettings = Required<SprintCurvesOptions>

function effectiveRateModel(
  learner: string,
  names: readonly string[],
  inner: RegressionModel,
  columns: SprintColumns,
  settings: PathSettings,
  curves: SprintCurves,
  caveats: RegressionModel['caveats'],
): RegressionModel {
  const model: RegressionModel = {
    task: 'regression',
    learner,
    names,
    caveats,
    predict(table) {
      sameColumns(model, table)
      const conditions = conditionsOf(table, columns)
      const ratios = inner.predict(withSprints(table, conditions, curves))
      return Float64Array.from(conditions, ({ condition, marginalSpeed }, row) =>
        curves.responseSeconds(condition, Math.max(1, ratios[row]! * marginalSpeed)),
      )
    },
    save: () => nested(model, { inner }, { columns, ...settings }),
  }
  return model
}

/** The table with how sprints go in the simulator at the marginal rate. */
function withSprints(table: Table, conditions: readonly AtMarginalSpeed[], curves: SprintCurves): Table {
  const sprints = conditions.map(({ condition, marginalSpeed }) => curves.sprinting(condition, marginalSpeed))
  return {
    ...table,
    names: [...table.names, 'sprinted share', 'exhausted share'],
    columns: [
      ...table.columns,
      Float64Array.from(sprints, ({ share }) => share),
      Float64Array.from(sprints, ({ exhausted }) => exhausted),
    ],
    ...(table.levels ? { levels: [...table.levels, undefined, undefined] } : {}),
  }
}

/** The model that `save` wrote; `loadInner` loads the learner inside it. */
export function loadEffectiveRate(saved: SavedModel, loadInner: (saved: SavedModel) => RegressionModel): RegressionModel {
  const { columns, seed, paths, queries } = saved.settings as unknown as PathSettings & { readonly columns: SprintColumns }
  const settings = { seed, paths, queries }
  const inner = loadInner(partOf(saved, 'inner'))
  return effectiveRateModel(saved.learner, saved.names, inner, columns, settings, sprintCurves(settings), saved.caveats)
}

/**
 * The simple simulator as a white model with one parameter, effective over marginal rate: at 1 it is the marginal-rate model (no learning), calibrated it is one ratio for
 * all conditions.
 */
export function sprintQueueModel(options: Omit<EffectiveRateOptions, 'inner'> = {}): WhiteModel {
  const columns = { ...SPRINT_COLUMNS, ...options.columns }
  const curves = options.curves ?? sprintCurves(options)
  const speedAt = (ratio: number, marginalSpeed: number): number => Math.max(1, ratio * marginalSpeed)
  return {
    name: 'sprint queue',
    columns: [columns.arrivalRate, columns.serviceRate, columns.marginalRate, columns.timeout],
    parameters: [{ name: 'rateRatio', low: 0.3, high: 4, prior: 1, spread: 0.5, positive: true }],
    predict: (table, [ratio]) =>
      Float64Array.from(conditionsOf(table, columns), ({ condition, marginalSpeed }) =>
        curves.responseSeconds(condition, speedAt(ratio!, marginalSpeed)),
      ),
    holds: (table, [ratio]) =>
      Uint8Array.from(conditionsOf(table, columns), ({ condition, marginalSpeed }) =>
        condition.arrivalRatePerSecond < sprintCapacity(condition, speedAt(ratio!, marginalSpeed)) ? 1 : 0,
      ),
    monotone: { [columns.arrivalRate]: 1, [columns.timeout]: 1, [columns.budget]: -1 },
    grows: [columns.arrivalRate],
  }
}

interface AtMarginalSpeed {
  readonly condition: SprintCondition
  readonly marginalSpeed: number
}

function conditionsOf(table: Table, columns: SprintColumns): AtMarginalSpeed[] {
  const column = (name: string): Float64Array | undefined => {
    const at = table.names.indexOf(name)
    return at < 0 ? undefined : table.columns[at]
  }
  const [arrival, service, marginal, timeout] = [
    columns.arrivalRate,
    columns.serviceRate,
    columns.marginalRate,
    columns.timeout,
  ].map((name) => column(name)!)
  const [budget, window, scv] = [columns.budget, columns.window, columns.serviceScv].map(column)
  return Array.from({ length: table.rows }, (_, row) => ({
    condition: {
      arrivalRatePerSecond: arrival![row]!,
      serviceRatePerSecond: service![row]!,
      serviceScv: scv?.[row] ?? 1,
      timeoutSeconds: timeout![row]!,
      budgetSeconds: budget?.[row] ?? Number.POSITIVE_INFINITY,
      windowSeconds: window?.[row] ?? Number.POSITIVE_INFINITY,
    },
    marginalSpeed: Math.max(1, marginal![row]! / service![row]!),
  }))
}

/** What of a table is no condition of a sprinting server. */
function conditionIssues(table: Table, columns: SprintColumns): Issue[] {
  const issues: Issue[] = []
  const check = (name: string, needed: boolean, least: number, open: boolean): void => {
    const at = table.names.indexOf(name)
    if (at < 0) {
      if (needed)
        issues.push({
          code: 'missing-column',
          severity: 'error',
          place: 'features',
          message: `the sprint queue needs a column ${name}`,
          value: shown(table.names.join(', ')),
        })
      return
    }
    const row = table.columns[at]!.findIndex((x) => (open ? x <= least : x < least))
    if (row >= 0)
      issues.push({
        code: 'out-of-range',
        severity: 'error',
        place: `features.${name}[${row}]`,
        message: `must be ${open ? 'above' : 'at least'} ${least}`,
        value: String(table.columns[at]![row]),
      })
  }
  check(columns.arrivalRate, true, 0, true)
  check(columns.serviceRate, true, 0, true)
  check(columns.marginalRate, true, 0, true)
  check(columns.timeout, true, 0, false)
  check(columns.budget, table.names.includes(columns.window), 0, true)
  check(columns.window, table.names.includes(columns.budget), 0, true)
  check(columns.serviceScv, false, 0, false)
  return issues
}

function observedIssues({ target }: Samples): Issue[] {
  const row = target.findIndex((x) => x <= 0)
  if (row < 0) return []
  return [
    {
      code: 'out-of-range',
      severity: 'error',
      place: `target[${row}]`,
      message: 'a response is above 0',
      value: String(target[row]),
    },
  ]
}
