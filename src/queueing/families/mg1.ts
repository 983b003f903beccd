import type { Refusal } from '../../model/index.js'
import { caveat, isRefusal, refuse } from '../../model/index.js'
import { fcfsStation, nearSaturation, unstable } from '../priority.js'
import type { Ask, Family, FamilyAnswer } from './family.js'
import { documentLaw, numberAt } from './read.js'

/** M/G/1, first come first served: `arrival_rate`, `service` and its raw `service_moments`. */
export const mg1Family: Family = {
  family: 'M/G/1',
  recognises: (model) => 'arrival_rate' in model && 'service_moments' in model && !('servers' in model),
  solve: (model, ask) => solve(model, ask),
}

function solve(model: Record<string, unknown>, ask: Ask | undefined): FamilyAnswer | Refusal {
  const arrivalRate = numberAt(model, 'arrival_rate')
  const moments = model['service_moments'] as number[]
  const law = documentLaw(model['service'] as Record<string, unknown> | undefined, moments)
  if (law === undefined) return fromMoments(arrivalRate, moments)
  // The moments in the document and those of its law must be of the same service time.
  const gap = Math.abs(law.mean - moments[0]!) / law.mean
  const answer = fcfsStation([{ arrivalRate, service: law }])
  if (isRefusal(answer)) return answer
  const { wait, response, meanNumber, numberSecondMoment, numberProbabilities } = answer.classes[0]!
  const smooth = law.smooth
  const times = ask?.cdfAt ?? [1, 5, 10, 25].map((multiple) => multiple * law.mean)
  const values: Record<string, unknown> = {
    utilisation: answer.utilisation,
    mean_wait: wait.mean,
    wait_second_moment: wait.secondMoment,
    mean_response: response.mean,
    mean_number: meanNumber,
    response_moments: [response.mean, response.secondMoment, response.thirdMoment],
    response_cdf: { t: times, F: times.map((t) => response.cdf(t)) },
    response_percentiles: Object.fromEntries([0.5, 0.95, 0.99].map((p) => [String(p), response.quantile(p)])),
    number_moments: [meanNumber, numberSecondMoment],
    number_pmf: numberProbabilities?.(6),
  }
  const failed = Object.values(values['response_percentiles'] as Record<string, unknown>).find(isRefusal)
  if (failed !== undefined) return failed
  return {
    values,
    method: 'Pollaczek–Khinchine; distributions by Euler inversion of the transform',
    exact: true,
    residual: answer.residual,
    caveats: [
      ...answer.caveats,
      ...(gap > 1e-6
        ? [
            caveat('moments-differ', 'service_moments are not those of `service`; the answer is of `service`', {
              path: 'service_moments',
              numbers: { relativeGap: gap },
            }),
          ]
        : []),
      ...(smooth
        ? []
        : [
            caveat(
              'kinked-distribution',
              'the service time has atoms or jumps: distribution values beside them hold to about 1e-4',
              { path: 'response_cdf' },
            ),
          ]),
    ],
  }
}

/** A service time of which only moments are known: means and second moments are exact all the same. */
function fromMoments(arrivalRate: number, moments: readonly number[]): FamilyAnswer | Refusal {
  const [m1, m2, m3] = moments
  const utilisation = arrivalRate * m1!
  if (utilisation >= 1) return unstable(utilisation)
  if (m2 === undefined) return refuse('unsupported', 'M/G/1 needs at least two moments of the service time')
  const mean = (arrivalRate * m2) / (2 * (1 - utilisation))
  return {
    values: {
      utilisation,
      mean_wait: mean,
      ...(m3 === undefined ? {} : { wait_second_moment: 2 * mean * mean + (arrivalRate * m3) / (3 * (1 - utilisation)) }),
      mean_response: mean + m1!,
      mean_number: arrivalRate * (mean + m1!),
    },
    method: 'Pollaczek–Khinchine, Takács (moments only)',
    exact: true,
    caveats: [
      caveat('moments-only', 'the service law is known by its moments only, so no distribution was computed', {
        path: 'service',
      }),
      ...nearSaturation(utilisation),
    ],
  }
}
