import { type Caveat, caveat, type Refusal, refuse } from '../../model/index.js'
import {
  arrivalAutocorrelation,
  arrivalMoments,
  type FitCaveat,
  fitArrivals,
  fitArrivalsOrderTwo,
  fitArrivalsTakingTurns,
  fitFiveMoments,
  fitHyperErlang,
  fitThreeMoments,
  fitTwoMoments,
  fitTwoMomentsAcyclic,
  momentsDefect,
  type PhaseType,
  phaseTypeMoments,
  sampleDefects,
} from '../../num/index.js'
import type { Family, FamilyAnswer } from './family.js'

const asCaveats = (list: readonly FitCaveat[]): Caveat[] =>
  list.map((c) => caveat(c.code, c.message, c.numbers === undefined ? {} : { numbers: c.numbers }))

/** Largest relative error of what was asked: how far the fit is from its own defining equations. */
const worst = (errors: readonly number[]) => errors.reduce((a, b) => Math.max(a, b), 0)

function lawAnswer(
  law: PhaseType,
  method: string,
  residual: number,
  caveats: readonly FitCaveat[],
  extra: Record<string, unknown> = {},
): FamilyAnswer {
  return {
    values: { alpha: [...law.alpha], A: law.generator.map((row) => [...row]), moments: phaseTypeMoments(law, 5), ...extra },
    method,
    exact: residual < 1e-9,
    residual,
    caveats: asCaveats(caveats),
  }
}

/** The samples of a document: `values` as they are, or the log-normal trace of a seeded mulberry32 generator with `n` values. */
function samplesOf(trace: unknown): number[] | undefined {
  if (Array.isArray(trace)) return trace.every((x) => typeof x === 'number') ? trace : undefined
  if (typeof trace !== 'object' || trace === null) return undefined
  const { values, generator, n } = trace as { values?: unknown; generator?: unknown; n?: unknown }
  if (Array.isArray(values)) return samplesOf(values)
  const seed = typeof generator === 'string' ? /mulberry32 seed (\d+)/.exec(generator) : null
  if (seed === null || typeof n !== 'number' || !(n > 0 && n <= 1e7) || !/exp\(\s*sqrt\(-2 ln u1\)/.test(generator as string))
    return undefined
  let state = Number(seed[1]) | 0
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 4294967296
  }
  return Array.from({ length: n }, () => {
    const u1 = uniform()
    const u2 = uniform()
    return Math.exp(Math.sqrt(-2 * Math.log(u1)) * Math.cos(2 * Math.PI * u2))
  })
}

function fitFromSamples(model: Record<string, unknown>): FamilyAnswer | Refusal {
  const values = samplesOf(model['trace'])
  if (values === undefined) return refuse('unsupported', 'trace: give the samples as a list, or as {values: [...]}')
  const [defect] = sampleDefects({ values })
  if (defect) return refuse('no-data', `trace ${defect.message}`)
  const shapes = model['branch_orders']
  if (!Array.isArray(shapes) || shapes.length === 0 || !shapes.every((r) => Number.isInteger(r) && r >= 1 && r <= 200)) {
    return refuse('unsupported', 'branch_orders: a list of whole numbers from 1 to 200')
  }
  const fit = fitHyperErlang({ values }, shapes as number[])
  return {
    ...lawAnswer(fit.law, `hyper-Erlang EM, ${fit.steps} steps`, fit.error.mean, fit.caveats, {
      mean_log_likelihood: fit.meanLogLikelihood,
    }),
    exact: false,
  }
}

/** Phase-type laws from moments (`method`, `moments`) or from samples (`branch_orders`, `trace`). */
export const phaseTypeFittingFamily: Family = {
  family: 'PH fitting',
  recognises: (model) =>
    ('branch_orders' in model && 'trace' in model) ||
    ('moments' in model && 'method' in model && !('lag1_correlation' in model) && !('arrival_rate' in model)),
  solve: (model) => {
    if ('trace' in model) return fitFromSamples(model)
    const moments = model['moments'] as number[]
    const defect = momentsDefect(moments)
    if (defect) return refuse('unsupported', `moments: ${defect}`)
    const [m1, m2, m3] = moments
    const method = String(model['method'])
    if (moments.length === 1) return lawAnswer({ alpha: [1], generator: [[-1 / m1]] }, 'exponential', 0, [])
    if (moments.length === 2) {
      const fit = /aph/i.test(method) ? fitTwoMomentsAcyclic(m1, m2) : fitTwoMoments(m1, m2)
      return lawAnswer(fit.law, 'two moments', worst(fit.momentErrors), fit.caveats)
    }
    const fit = moments.length >= 5 ? fitFiveMoments(moments.slice(0, 5)) : fitThreeMoments(m1, m2, m3)
    return lawAnswer(fit.law, moments.length >= 5 ? 'five moments' : 'three moments', worst(fit.momentErrors), fit.caveats)
  },
}

/** Arrival processes from moments of the gap and the lag-1 correlation, or the autocorrelation at given lags. */
export const arrivalFittingFamily: Family = {
  family: 'MAP fitting',
  recognises: (model) => 'moments' in model && ('lag1_correlation' in model || 'lag_correlations' in model),
  solve: (model) => {
    const moments = model['moments'] as number[]
    const defect = momentsDefect(moments)
    if (defect) return refuse('unsupported', `moments: ${defect}`)
    if (moments.length < 2) return refuse('unsupported', 'at least two moments of the gap are needed')
    const correlations = model['lag_correlations'] as number[] | undefined
    const lag1 = (model['lag1_correlation'] as number | undefined) ?? correlations?.[0] ?? 0
    if (!(Math.abs(lag1) < 1)) return refuse('unsupported', `a correlation lies between −1 and 1, not ${lag1}`)
    const [m1, m2, m3] = moments
    const two = m3 === undefined ? undefined : fitArrivalsOrderTwo(m1, m2, m3, lag1)
    let fit = two ?? fitArrivalsTakingTurns(m1, m2, lag1)
    let method = two ? 'order-2 process' : 'two laws taking turns'
    if (Array.isArray(correlations) && correlations.length > 1) {
      fit = fitArrivals({ moments, lags: correlations.map((_, i) => i + 1), autocorrelation: correlations })
      method = 'Kronecker composition of order-2 processes'
    } else if (two && two.lag1Error > 1e-6) {
      // Two moments and the correlation, rather than three moments without it.
      const turns = fitArrivalsTakingTurns(m1, m2, lag1)
      if (turns.lag1Error < two.lag1Error) {
        fit = {
          ...turns,
          caveats: [
            ...turns.caveats,
            {
              code: 'third-moment-free',
              message: 'no order-2 process has these three moments with this correlation: the third moment was given up',
            },
          ],
        }
        method = 'two laws taking turns'
      }
    }
    const residual = Math.max(worst(fit.momentErrors), fit.lag1Error)
    return {
      values: {
        D0: fit.process.D0.map((row) => [...row]),
        D1: fit.process.D1.map((row) => [...row]),
        moments: arrivalMoments(fit.process, 3),
        lag_correlations: arrivalAutocorrelation(fit.process, 3),
      },
      method,
      exact: residual < 1e-9,
      residual,
      caveats: asCaveats(fit.caveats),
    }
  },
}
