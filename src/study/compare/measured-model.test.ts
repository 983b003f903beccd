import { describe, expect, it } from 'vitest'
import { choose } from '../../grey/index.js'
import { isRefusal, type MeasuredModel, type Prediction, type Scenario, validate } from '../../model/index.js'
import { predictors } from '../predictors.js'
import { measuredPredictor } from './measured-model.js'

const scenarioAt = (ratePerSecond: number): Scenario => {
  const valid = validate('scenario', {
    schema: 'halftone/scenario/1',
    name: 's',
    workload: {
      schema: 'halftone/workload/1',
      name: 'w',
      classes: [
        {
          name: 'a',
          priority: 1,
          arrival: { kind: 'poisson', ratePerSecond },
          work: { kind: 'gang', slots: 1, runTime: { kind: 'exponential', meanSeconds: 1 } },
        },
      ],
    },
    cluster: { schema: 'halftone/cluster/1', name: 'c', nodes: [{ name: 'n', count: 1, slots: 1 }] },
    policy: { schema: 'halftone/policy/1', name: 'p', discipline: 'fcfs' },
  })
  if (!valid.ok) throw new Error(JSON.stringify(valid.issues))
  return valid.value
}

/** Responses of 3 s plus 10 s a unit of load, which no queue gives: only who learned it can say so. */
const loads = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]
const file: MeasuredModel = {
  schema: 'halftone/measured-model/1',
  predictor: 'ridge',
  kind: 'black',
  observed: 'seconds',
  seed: 1,
  halfWidth: Math.log(1.1),
  columns: { load: 'workload.classes[0].arrival.ratePerSecond' },
  white: {
    kind: 'scenario',
    scenario: scenarioAt(0.5),
    columns: { load: 'workload.classes[0].arrival.ratePerSecond' },
    figure: { class: 'a', of: 'mean' },
    calibrate: [],
  },
  samples: { rows: 8, names: ['load'], columns: [loads], levels: [null], target: loads.map((load) => Math.exp(1 + load)) },
  regions: [
    { predictor: 'ridge', column: 'load', low: 0.1, high: 0.5, split: 'random', rows: 12, medianError: 0.01, p90Error: 0.02 },
    { predictor: 'ridge', column: 'load', low: 0.5, high: 0.8, split: 'random', rows: 12, medianError: 0.03, p90Error: 0.05 },
    {
      predictor: 'white, as it stands',
      column: 'load',
      low: 0.1,
      high: 0.5,
      split: 'random',
      rows: 12,
      medianError: 0.04,
      p90Error: 0.1,
    },
    {
      predictor: 'white, as it stands',
      column: 'load',
      low: 0.5,
      high: 0.8,
      split: 'random',
      rows: 12,
      medianError: 0.4,
      p90Error: 0.6,
    },
  ],
}
const fitted = measuredPredictor(file, predictors)
if (isRefusal(fitted)) throw new Error(fitted.message)
const ask = (rate: number): Prediction => {
  const answer = choose([...predictors, fitted.predictor], scenarioAt(rate), { seed: 1, jobsAtMost: 4_000 }, fitted.measured)
  if (isRefusal(answer)) throw new Error(answer.message)
  return answer
}
const said = ({ caveats }: Prediction, code: string): string => caveats.find((one) => one.code === code)?.message ?? ''

describe('a kept model', () => {
  it('holds to its schema, and one of another shape does not', () => {
    expect(validate('measured-model', file)).toMatchObject({ ok: true })
    const short = { ...file, samples: { ...file.samples, target: [1] } }
    expect(validate('measured-model', short)).toMatchObject({ ok: false, issues: [{ place: 'samples.target' }] })
  })

  it('answers where theory was measured to err, with its own figure and its interval', () => {
    const answer = ask(0.6)
    expect(answer.predictor).toMatchObject({ kind: 'learned', name: 'ridge' })
    const { mean, p95 } = answer.classes[0]!.response
    // log-linear in the load, which ridge on the logarithm draws but for its penalty
    expect(Math.abs(mean.value / Math.exp(1.6) - 1)).toBeLessThan(0.02)
    expect(mean.high / mean.value).toBeCloseTo(1.1, 9)
    expect(p95).toBeUndefined()
    expect(said(answer, 'measured-error')).toContain('load 0.5 to 0.8')
    expect(said(answer, 'chosen')).toContain('erred by 40 % in the median')
  })

  it('leaves the answer to a formula that was measured to be good enough', () => {
    const answer = ask(0.3)
    expect(answer.predictor.kind).toBe('analytic')
    expect(said(answer, 'measured-error')).toContain('4 % in the median')
  })

  it('says plainly that a region was never measured', () => {
    expect(said(ask(0.95), 'never-measured')).toContain('no measurement is like this scenario')
  })

  it('refuses to be asked without knowing which knob its columns are', () => {
    const { columns: _, ...without } = file
    const refused = measuredPredictor(without, predictors)
    expect(isRefusal(refused) && refused.message).toContain('does not know which knob of a scenario that is')
  })
})
