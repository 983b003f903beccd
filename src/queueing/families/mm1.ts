import { isRefusal } from '../../model/index.js'
import { mmc } from '../mmc.js'
import { nearSaturation } from '../priority.js'
import type { Family } from './family.js'
import { numberAt, percentiles } from './read.js'

/** M/M/1: `arrival_rate`, `service_rate`. */
export const mm1Family: Family = {
  family: 'M/M/1',
  recognises: (model) =>
    'arrival_rate' in model &&
    'service_rate' in model &&
    !['servers', 'capacity', 'branches', 'ca', 'cs', 'service'].some((key) => key in model),
  solve: (model) => {
    const answer = mmc({ arrivalRate: numberAt(model, 'arrival_rate'), serviceRate: numberAt(model, 'service_rate'), servers: 1 })
    if (isRefusal(answer)) return answer
    const { utilisation } = answer
    return {
      values: {
        utilisation,
        mean_number: answer.meanNumber,
        mean_response: answer.meanResponse,
        mean_wait: answer.meanWait,
        p0: 1 - utilisation,
        response_second_moment: answer.responseSecondMoment,
        response_percentiles: percentiles(answer.responseQuantile),
        wait_percentiles: percentiles(answer.waitQuantile),
        pn: Array.from({ length: 6 }, (_, n) => (1 - utilisation) * utilisation ** n),
      },
      method: 'closed form',
      exact: true,
      caveats: nearSaturation(utilisation),
    }
  },
}
