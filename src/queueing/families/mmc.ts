import { isRefusal } from '../../model/index.js'
import { mmc } from '../mmc.js'
import { nearSaturation } from '../priority.js'
import type { Family } from './family.js'
import { numberAt, percentiles } from './read.js'

/** M/M/c: `arrival_rate`, `service_rate`, `servers`. */
export const mmcFamily: Family = {
  family: 'M/M/c',
  recognises: (model) =>
    'arrival_rate' in model &&
    'service_rate' in model &&
    'servers' in model &&
    !('capacity' in model) &&
    !('branches' in model) &&
    !('ca' in model),
  solve: (model) => {
    const answer = mmc({
      arrivalRate: numberAt(model, 'arrival_rate'),
      serviceRate: numberAt(model, 'service_rate'),
      servers: numberAt(model, 'servers'),
    })
    if (isRefusal(answer)) return answer
    return {
      values: {
        utilisation: answer.utilisation,
        p_wait: answer.waitProbability,
        erlang_b: answer.erlangB,
        mean_wait: answer.meanWait,
        mean_response: answer.meanResponse,
        mean_number: answer.meanNumber,
        wait_percentiles: percentiles(answer.waitQuantile),
        response_percentiles: percentiles(answer.responseQuantile),
      },
      method: 'Erlang C',
      exact: true,
      caveats: nearSaturation(answer.utilisation),
    }
  },
}
