import { isRefusal } from '../../model/index.js'
import { openNetwork } from '../open.js'
import type { Family } from './family.js'
import { numberAt, numbersAt } from './read.js'

/** Open network of one class: `arrival_rate`, `service_times`, `visits`, `servers` (−1 = delay). */
export const openFamily: Family = {
  family: 'open Jackson',
  recognises: (model) => 'arrival_rate' in model && 'service_times' in model && !('population' in model),
  solve: (model) => {
    const serviceTimes = numbersAt(model, 'service_times')
    const answer = openNetwork({
      arrivalRates: [numberAt(model, 'arrival_rate')],
      serviceTimes: [serviceTimes],
      visits: ['visits' in model ? numbersAt(model, 'visits') : serviceTimes.map(() => 1)],
      servers: 'servers' in model ? numbersAt(model, 'servers') : serviceTimes.map(() => 1),
    })
    if (isRefusal(answer)) return answer
    return {
      values: { U: answer.utilisation, R: answer.response[0], Q: answer.queue[0], X: answer.throughput[0] },
      method: 'Jackson: each station as M/M/c',
      exact: true,
      caveats: [],
    }
  },
}
