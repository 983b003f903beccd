/** Reading of model objects that have been validated (`validateModel`): no checks here. */
import type { ServiceLaw } from '../law.js'
import { lawOfParts, phaseTypeLaw, serviceLaw } from '../service-law.js'

export function numberAt(model: Record<string, unknown>, key: string): number {
  return model[key] as number
}

export function numbersAt(model: Record<string, unknown>, key: string): number[] {
  return model[key] as number[]
}

/** The quantile levels of this folder's documents. */
export const LEVELS = ['0.5', '0.9', '0.95', '0.99'] as const

/** Quantiles keyed by their probability. */
export function percentiles(quantile: (p: number) => number): Record<string, number> {
  return Object.fromEntries(LEVELS.map((level) => [level, quantile(Number(level))]))
}

/**
 * The service law of a document: `{type: 'PH', alpha, A}`, `exponential`, `deterministic`, `erlang`, `hyperexponential`, `uniform01`, `uniform`, `lognormal`, `pareto`; parameters
 * from the object, or from the moments beside it. Undefined for a type of which only the moments can be used.
 */
export function documentLaw(
  service: Record<string, unknown> | undefined,
  moments: readonly number[] | undefined,
): ServiceLaw | undefined {
  if (service === undefined) return undefined
  const mean =
    (service['mean'] as number | undefined) ?? (typeof service['rate'] === 'number' ? 1 / service['rate'] : moments?.[0])
  const second = moments?.[1]
  const scv =
    (service['scv'] as number | undefined) ??
    (second !== undefined && mean !== undefined ? second / (mean * mean) - 1 : undefined)
  switch (String(service['type']).toLowerCase()) {
    case 'ph':
    case 'phase-type':
      return phaseTypeLaw({ initial: service['alpha'] as number[], generator: service['A'] as number[][] })
    case 'exponential':
    case 'exp':
    case 'm':
      return mean === undefined ? undefined : serviceLaw({ kind: 'exponential', meanSeconds: mean })
    case 'deterministic':
    case 'constant':
    case 'd': {
      const value = (service['value'] as number | undefined) ?? mean
      return value === undefined ? undefined : lawOfParts('constant', [{ probability: 1, shift: value }])
    }
    case 'uniform01':
      return moments !== undefined && moments[0] !== 0.5
        ? undefined
        : serviceLaw({ kind: 'uniform', lowSeconds: 0, highSeconds: 1 })
    case 'uniform': {
      const low = (service['low'] ?? service['a']) as number | undefined
      const high = (service['high'] ?? service['b']) as number | undefined
      return low === undefined || high === undefined
        ? undefined
        : serviceLaw({ kind: 'uniform', lowSeconds: low, highSeconds: high })
    }
    case 'erlang': {
      const shape = (service['shape'] ?? service['k']) as number | undefined
      return shape === undefined || mean === undefined ? undefined : serviceLaw({ kind: 'erlang', shape, meanSeconds: mean })
    }
    case 'lognormal':
      return mean === undefined || scv === undefined || scv <= 0
        ? undefined
        : serviceLaw({ kind: 'lognormal', meanSeconds: mean, scv })
    default:
      return undefined
  }
}
