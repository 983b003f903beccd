import { mmck } from '../mmc.js'
import type { Family } from './family.js'
import { numberAt } from './read.js'

/** M/M/c/K: `arrival_rate`, `service_rate`, `servers`, `capacity` (jobs in the station, those in service included). */
export const mmckFamily: Family = {
  family: 'M/M/c/K',
  recognises: (model) => 'arrival_rate' in model && 'service_rate' in model && 'capacity' in model,
  solve: (model) => {
    const answer = mmck({
      arrivalRate: numberAt(model, 'arrival_rate'),
      serviceRate: numberAt(model, 'service_rate'),
      servers: 'servers' in model ? numberAt(model, 'servers') : 1,
      capacity: numberAt(model, 'capacity'),
    })
    return {
      values: {
        p_block: answer.blockProbability,
        throughput: answer.throughput,
        mean_number: answer.meanNumber,
        mean_response: answer.meanResponse,
        p0: answer.p0,
      },
      method: 'birth–death chain',
      exact: true,
      caveats: [],
    }
  },
}
