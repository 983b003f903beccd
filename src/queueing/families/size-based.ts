import { isRefusal, refuse } from '../../model/index.js'
import { nearSaturation } from '../priority.js'
import { sizeBasedStation } from '../size-based.js'
import type { Family } from './family.js'
import { documentLaw, numberAt } from './read.js'

/** M/G/1 under disciplines that look at sizes: `arrival_rate`, `service`. */
export const sizeBasedFamily: Family = {
  family: 'M/G/1 size-based',
  recognises: (model) =>
    'arrival_rate' in model &&
    'service' in model &&
    typeof model['service'] === 'object' &&
    !('service_moments' in model) &&
    !('servers' in model),
  solve: (model) => {
    const law = documentLaw(model['service'] as Record<string, unknown>, undefined)
    if (law === undefined)
      return refuse(
        'unsupported',
        'size-based disciplines need the service law itself: a PH, Erlang, lognormal, uniform, exponential or constant one',
      )
    const answer = sizeBasedStation(numberAt(model, 'arrival_rate'), law)
    if (isRefusal(answer)) return answer
    return {
      values: {
        utilisation: answer.utilisation,
        mean_response: {
          FCFS: answer.fcfs,
          PS: answer.ps,
          SJF: answer.sjf,
          PSJF: answer.psjf,
          SRPT: answer.srpt,
          LAS_FB: answer.las,
        },
      },
      method: 'quadrature of the Schrage–Miller and Kleinrock formulas',
      exact: true,
      residual: answer.residual,
      caveats: nearSaturation(answer.utilisation),
    }
  },
}
