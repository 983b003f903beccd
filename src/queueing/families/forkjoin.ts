import { caveat, isRefusal, refuse } from '../../model/index.js'
import { forkJoin, harmonicNumber } from '../forkjoin.js'
import { nearSaturation } from '../priority.js'
import type { Family } from './family.js'
import { numberAt } from './read.js'

/** Fork-join of exponential tasks: `branches`, `service_rate`, and `arrival_rate` where tasks queue (without it: the mean of the maximum). */
export const forkJoinFamily: Family = {
  family: 'fork-join',
  recognises: (model) => 'branches' in model && 'service_rate' in model,
  solve: (model) => {
    const branches = numberAt(model, 'branches')
    const serviceRate = numberAt(model, 'service_rate')
    if ('service' in model && !['exponential', 'exp', 'M'].includes(String(model['service'])))
      return refuse('unsupported', 'the fork-join formulas hold for exponential tasks only; simulate')
    if (!('arrival_rate' in model))
      return {
        values: { mean_max: harmonicNumber(branches) / serviceRate },
        method: 'harmonic number: mean of the maximum of exponentials',
        exact: true,
        caveats: [],
      }
    const answer = forkJoin(branches, numberAt(model, 'arrival_rate'), serviceRate)
    if (isRefusal(answer)) return answer
    return {
      values: {
        nelson_tantawi: answer.nelsonTantawi,
        varma_makowski: answer.varmaMakowski,
        varki: answer.varki,
        upper_bound: answer.upperBound,
        ...(answer.exact === undefined ? {} : { exact: answer.exact }),
      },
      method: answer.exact === undefined ? 'Nelson–Tantawi, Varma–Makowski, Varki (approximate)' : 'Flatto–Hahn',
      exact: answer.exact !== undefined,
      caveats: [
        ...nearSaturation(answer.utilisation),
        ...(answer.exact === undefined
          ? [
              caveat('approximate', `no exact result is known for ${branches} branches; the formulas differ by what they show`, {
                numbers: {
                  lowest: Math.min(answer.nelsonTantawi, answer.varmaMakowski, answer.varki),
                  highest: Math.max(answer.nelsonTantawi, answer.varmaMakowski, answer.varki),
                },
              }),
            ]
          : []),
      ],
    }
  },
}
