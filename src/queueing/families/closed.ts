import { isRefusal } from '../../model/index.js'
import { closedNetwork } from '../closed.js'
import type { Family } from './family.js'
import { numberAt, numbersAt } from './read.js'

/** Closed network of one class: `service_times`, `visits`, `servers`, `think_time`, `population`. */
export const closedFamily: Family = {
  family: 'closed single-class MVA',
  recognises: (model) => 'population' in model && !Array.isArray(model['population']) && 'service_times' in model,
  solve: (model) => {
    const serviceTimes = numbersAt(model, 'service_times')
    const answer = closedNetwork({
      serviceTimes,
      visits: 'visits' in model ? numbersAt(model, 'visits') : serviceTimes.map(() => 1),
      servers: 'servers' in model ? numbersAt(model, 'servers') : serviceTimes.map(() => 1),
      thinkTime: 'think_time' in model ? numberAt(model, 'think_time') : 0,
      population: numberAt(model, 'population'),
    })
    if (isRefusal(answer)) return answer
    return {
      values: {
        system_throughput: answer.throughput,
        system_response: answer.response,
        utilisation: answer.utilisation,
        queue: answer.queue,
        residence_per_visit: answer.responsePerVisit,
      },
      method: answer.method,
      exact: true,
      residual: answer.residual,
      caveats: [],
    }
  },
}
