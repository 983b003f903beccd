import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  type Estimate,
  isRefusal,
  type Law,
  type Policy,
  type Prediction,
  type Predictor,
  parseNoun,
  type Scenario,
  validate,
} from '../../src/model/index.js'

/** The reference configuration at another load, policy or unit of time. */
export function dias(change: { load?: number; policy?: Partial<Policy>; seconds?: number } = {}): Scenario {
  const valid = parseNoun(readFileSync('examples/dias.yaml', 'utf8'), 'examples/dias.yaml', 'scenario')
  if (!valid.ok) throw new Error(JSON.stringify(valid.issues))
  const scenario = valid.value
  const unit = change.seconds ?? 1
  const scaled = (law: Law): Law => (law.kind === 'exponential' ? { ...law, meanSeconds: law.meanSeconds * unit } : law)
  return {
    ...scenario,
    policy: { ...scenario.policy, discipline: 'priority-nonpreemptive', ...change.policy },
    workload: {
      ...scenario.workload,
      classes: scenario.workload.classes.map((jobClass) => ({
        ...jobClass,
        arrival:
          jobClass.arrival.kind === 'poisson'
            ? { kind: 'poisson', ratePerSecond: (jobClass.arrival.ratePerSecond * (change.load ?? 0.8)) / 0.8 / unit }
            : jobClass.arrival,
        work:
          jobClass.work.kind === 'stages'
            ? {
                kind: 'stages',
                stages: jobClass.work.stages.map((stage) => ({
                  ...stage,
                  taskTime: scaled(stage.taskTime),
                  ...(stage.setup ? { setup: scaled(stage.setup) } : {}),
                })),
              }
            : jobClass.work,
      })),
    },
  }
}

/** What holds of every predictor. `slack`: how far two answers of equal truth may be apart, relative. */
export function predictorContract(predictor: Predictor, slack: number): void {
  const ask = (scenario: Scenario, seed = 1): Prediction => {
    const answer = predictor.refuses(scenario) ?? predictor.predict(scenario, { seed, precision: 0.03, jobsAtMost: 300_000 })
    if (isRefusal(answer)) throw new Error(answer.message)
    return answer
  }
  const means = (prediction: Prediction): number[] => prediction.classes.map(({ response }) => response.mean.value)
  const timeless = (prediction: Prediction): string => JSON.stringify({ ...prediction, cost: 0 })

  describe(`the ${predictor.kind} predictor`, () => {
    it('answers with a valid prediction: finite, ordered, every interval around its value', () => {
      const prediction = ask(dias())
      const valid = validate('prediction', prediction)
      expect(valid.ok ? [] : valid.issues).toEqual([])
      const estimates = (node: unknown): Estimate[] =>
        typeof node !== 'object' || node === null
          ? []
          : 'low' in node && 'high' in node && 'value' in node
            ? [node as Estimate]
            : Object.values(node).flatMap(estimates)
      const all = estimates(prediction)
      expect(all.length).toBeGreaterThan(20)
      for (const { low, value, high } of all) {
        expect(low).toBeLessThanOrEqual(value)
        expect(value).toBeLessThanOrEqual(high)
        expect(low).toBeGreaterThanOrEqual(0)
      }
      for (const { response, wait, service } of prediction.classes) {
        expect(response.p50!.value).toBeLessThan(response.p95!.value)
        expect(response.p95!.value).toBeLessThan(response.p99!.value)
        expect(Math.abs((wait.mean.value + service.mean.value) / response.mean.value - 1)).toBeLessThan(1e-6)
      }
    })

    it('gives the same means and quantiles when only some quantiles are asked for', () => {
      const scenario = dias()
      const options = { seed: 1, precision: 0.03, jobsAtMost: 300_000, quantiles: { high: ['p95' as const] } }
      const few = predictor.predict(scenario, options)
      if (isRefusal(few)) throw new Error(few.message)
      const all = ask(scenario)
      expect(means(few)).toEqual(means(all))
      expect(few.classes[0]!.response.p95).toEqual(all.classes[0]!.response.p95)
      expect(few.cluster).toEqual(all.cluster)
    })

    it('gives the same bytes for the same seed', () => {
      expect(timeless(ask(dias()))).toBe(timeless(ask(dias())))
    })

    it('never shortens a response when load rises', () => {
      const light = means(ask(dias({ load: 0.5 })))
      const heavy = means(ask(dias({ load: 0.8 })))
      for (const [i, value] of heavy.entries()) expect(value).toBeGreaterThan(light[i]!)
    })

    it('changes nothing under levers at their identity: drop 0, sprint at speed 1', () => {
      const plain = timeless(ask(dias()))
      expect(timeless(ask(dias({ policy: { drop: { low: 0 } } })))).toBe(plain)
      const still = ask(
        dias({ policy: { sprint: { origin: 'dispatch', speed: 1, timeoutSeconds: { high: 10 }, toggleDelaySeconds: 0 } } }),
      )
      for (const [i, value] of means(still).entries()) expect(value).toBeCloseTo(means(JSON.parse(plain) as Prediction)[i]!, 6)
    })

    it('never lengthens a response when tasks are dropped or a class sprints', () => {
      const plain = means(ask(dias()))
      const dropped = means(ask(dias({ policy: { drop: { low: 0.2 } } })))
      const sprinted = means(
        ask(dias({ policy: { sprint: { origin: 'dispatch', speed: 2.5, timeoutSeconds: { high: 0 }, toggleDelaySeconds: 0 } } })),
      )
      plain.forEach((value, i) => {
        expect(dropped[i]!).toBeLessThan(value)
        expect(sprinted[i]!).toBeLessThan(value)
      })
    })

    it('changes nothing but the unit when seconds become hours', () => {
      const [seconds, hours] = [means(ask(dias())), means(ask(dias({ seconds: 1 / 3600 })))]
      for (const [i, value] of seconds.entries()) expect(Math.abs((hours[i]! * 3600) / value - 1)).toBeLessThan(slack)
    })

    it('refuses load of 1 and above with the utilisation', () => {
      const scenario = dias({ load: 1.1 })
      const answer = predictor.refuses(scenario) ?? predictor.predict(scenario, { seed: 1 })
      expect(isRefusal(answer) && answer.code).toBe('unstable')
      expect(isRefusal(answer) && Object.values(answer.numbers ?? {}).some((value) => Math.abs(value - 1.1) < 1e-3)).toBe(true)
    })
  })
}
