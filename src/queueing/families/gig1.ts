import { caveat } from '../../model/index.js'
import { waitAllenCunneen, waitKramerLangenbachBelz, waitMarchal } from '../gig1.js'
import { nearSaturation, unstable } from '../priority.js'
import type { Family } from './family.js'
import { numberAt } from './read.js'

/** GI/G/1 by two moments: `arrival_rate`, `service_rate`, `ca`, `cs` (coefficients of variation, not squared). Mean responses. */
export const gig1Family: Family = {
  family: 'GI/G/1 approximations',
  recognises: (model) => 'ca' in model && 'cs' in model,
  solve: (model) => {
    const serviceMean = 1 / numberAt(model, 'service_rate')
    const utilisation = numberAt(model, 'arrival_rate') * serviceMean
    if (utilisation >= 1) return unstable(utilisation)
    const ca = numberAt(model, 'ca')
    const question = { utilisation, serviceMean, arrivalScv: ca * ca, serviceScv: numberAt(model, 'cs') ** 2 }
    const published = waitMarchal(question) + serviceMean
    // The tool whose numbers these documents hold puts c_a where Marchal has c_a²; the key keeps its meaning there, the caveat gives the published formula.
    const marchal = waitMarchal({ ...question, arrivalScv: ca }) + serviceMean
    return {
      values: {
        kingman_allen_cunneen: waitAllenCunneen(question) + serviceMean,
        kramer_langenbach_belz: waitKramerLangenbachBelz(question) + serviceMean,
        marchal,
      },
      method: 'two-moment formulas (approximate)',
      exact: false,
      caveats: [
        caveat('approximate', 'two moments do not determine the wait of GI/G/1'),
        ...(Math.abs(published - marchal) > 1e-9 * published
          ? [
              caveat(
                'marchal-variant',
                'marchal is LINE’s variant, with c_a in place of c_a²; `published` is Marchal’s own formula',
                { path: 'marchal', numbers: { published } },
              ),
            ]
          : []),
        ...nearSaturation(utilisation),
      ],
    }
  },
}
