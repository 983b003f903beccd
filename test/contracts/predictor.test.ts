import { describe, expect, it } from 'vitest'
import { isRefusal } from '../../src/model/index.js'
import { analyticPredictor } from '../../src/queueing/index.js'
import { simulatedPredictor } from '../../src/simulate/index.js'
import { dias, predictorContract } from './predictor.js'

predictorContract(analyticPredictor, 1e-9)
// the simulator draws the same uniforms in either unit; rounding may still order two close events the other way round
predictorContract(simulatedPredictor, 0.01)

describe('the two predictors', () => {
  it.each([
    ['non-preemptive', {}],
    ['with 20 % of the low class dropped', { drop: { low: 0.2 } }],
    [
      'with the high class sprinting from 60 s',
      { sprint: { origin: 'dispatch' as const, speed: 2.5, timeoutSeconds: { high: 60 }, toggleDelaySeconds: 0 } },
    ],
    ['preemptive-resume', { discipline: 'priority-preemptive-resume' as const }],
    ['first come first served', { discipline: 'fcfs' as const }],
  ])('agree, %s: the exact mean is inside the simulated interval, widened to 99.9 %%', (_, policy) => {
    const exact = analyticPredictor.predict(dias({ policy }), { seed: 1 })
    const simulated = simulatedPredictor.predict(dias({ policy }), { seed: 3, precision: 0.02, jobsAtMost: 600_000 })
    if (isRefusal(exact) || isRefusal(simulated)) throw new Error('refused')
    exact.classes.forEach(({ response }, i) => {
      const { value, high } = simulated.classes[i]!.response.mean
      // 95 % half-width of about 8 replications → 99.9 %: t(7) 5.41 / 2.36 = 2.3
      expect(Math.abs(response.mean.value - value)).toBeLessThan(2.3 * (high - value))
      expect((high - value) / value).toBeLessThan(0.05)
    })
    expect(simulated.cluster.utilisation.value / exact.cluster.utilisation.value).toBeCloseTo(1, 1)
    expect(simulated.cluster.powerWatts!.value / exact.cluster.powerWatts!.value).toBeCloseTo(1, 1)
  })
})
