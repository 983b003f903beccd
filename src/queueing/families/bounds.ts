import { asymptoticBounds, balancedBounds } from '../bounds.js'
import type { Family } from './family.js'
import { numberAt, numbersAt } from './read.js'

/** Bounds of a closed network: `demands`, `think_time`, `population`. */
export const boundsFamily: Family = {
  family: 'closed bounds',
  recognises: (model) => 'demands' in model && 'population' in model,
  solve: (model) => {
    const question = {
      demands: numbersAt(model, 'demands'),
      thinkTime: 'think_time' in model ? numberAt(model, 'think_time') : 0,
      population: numberAt(model, 'population'),
    }
    const wide = asymptoticBounds(question)
    const tight = balancedBounds(question)
    return {
      values: {
        aba_throughput: wide.throughput,
        aba_response: wide.response,
        bsb_throughput: tight.throughput,
        bsb_response: tight.response,
      },
      method: 'asymptotic and balanced-system bounds',
      exact: true,
      caveats: [],
    }
  },
}
