import { isRefusal } from '../../model/index.js'
import { approximateClosedClasses, closedClasses } from '../closed-classes.js'
import type { Family } from './family.js'
import { numbersAt } from './read.js'

/** Closed network of several classes: `service_times[class][station]`, `visits`, `population[class]`, `think_time[class]`, perhaps `servers[station]`. */
export const closedClassesFamily: Family = {
  family: 'closed multi-class MVA',
  recognises: (model) => Array.isArray(model['population']) && 'service_times' in model,
  solve: (model) => {
    const serviceTimes = model['service_times'] as number[][]
    const network = {
      serviceTimes,
      visits: (model['visits'] as number[][] | undefined) ?? serviceTimes.map((row) => row.map(() => 1)),
      population: numbersAt(model, 'population'),
      thinkTime: (model['think_time'] as number[] | undefined) ?? serviceTimes.map(() => 0),
      ...('servers' in model ? { servers: numbersAt(model, 'servers') } : {}),
    }
    const answer = closedClasses(network)
    if (isRefusal(answer)) return answer
    // Stopped where the tools of the field stop (relative change of a queue below 1e-6), so that the numbers agree to the last digits.
    const rough = approximateClosedClasses(network, 'bard-schweitzer', 1e-6)
    return {
      values: {
        throughput: answer.throughput,
        response: answer.response,
        utilisation: answer.utilisation,
        queue: answer.queue,
        ...(isRefusal(rough) ? {} : { approx_bard_schweitzer_throughput: rough.throughput }),
      },
      method: answer.method,
      exact: answer.exact,
      residual: answer.residual,
      caveats: [...answer.caveats],
    }
  },
}
