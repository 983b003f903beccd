import { isRefusal, type Refusal, refuse } from '../../model/index.js'
import {
  arrivalAutocorrelation,
  arrivalMoments,
  type MarkedArrivals,
  type PhaseType,
  phaseTypeDefects,
  phaseTypeMean,
} from '../../num/index.js'
import type { QueueFigures, QueueQuestion } from '../map-figures.js'
import { mapPh1 } from '../mapph1.js'
import { mapPhC } from '../mapphc.js'
import { mmapPh1FirstCome } from '../mmapph1-fcfs.js'
import { mmapPh1Priority } from '../mmapph1-priority.js'
import type { Ask, Family, FamilyAnswer } from './family.js'
import { documentLaw } from './read.js'

type DocumentLaw = Record<string, unknown>

interface Document {
  readonly arrivals: { readonly D0: number[][]; readonly D1?: number[][]; readonly D?: number[][][] }
  readonly service?: DocumentLaw
  readonly services?: readonly DocumentLaw[]
  readonly discipline?: string
}

/** The phase-type law of a document: (alpha, A) as given, or that of a named law (exponential, Erlang, …); undefined where it has none. */
function law(document: DocumentLaw | undefined): PhaseType | undefined {
  if (document === undefined) return undefined
  if (Array.isArray(document['alpha'])) return { alpha: document['alpha'], generator: document['A'] as number[][] }
  const matrices = documentLaw(document, undefined)?.phaseType?.()
  return matrices && { alpha: Array.from(matrices.initial), generator: matrices.generator.map((row) => Array.from(row)) }
}

/** All service laws of a document, or a refusal that names those without phases. */
function laws(documents: readonly (DocumentLaw | undefined)[]): PhaseType[] | Refusal {
  const found = documents.map(law)
  const missing = found.flatMap((one, k) => (one === undefined ? [`services[${k}]`] : []))
  if (missing.length > 0)
    return refuse('unsupported', `no phases known for ${missing.join(', ')}: give alpha and A, or an exponential or Erlang law`)
  return found as PhaseType[]
}

function marked({ arrivals }: Document): MarkedArrivals {
  return { D0: arrivals.D0, D: arrivals.D ?? (arrivals.D1 === undefined ? [] : [arrivals.D1]) }
}

/**
 * Times at which distributions are given when the caller names none: round numbers, in the power of ten nearest to the longest mean service.
 */
function grid(services: readonly PhaseType[]): number[] {
  const sound = services.filter((one) => phaseTypeDefects(one).length === 0)
  const longest = sound.reduce((m, one) => Math.max(m, phaseTypeMean(one)), 0) || 1
  const unit = 10 ** Math.round(Math.log10(longest))
  return [0.5, 1, 2, 5, 10, 20, 50].map((t) => t * unit)
}

function times(services: readonly PhaseType[], ask: Ask | undefined): Pick<QueueQuestion, 'cdfAt' | 'cdfAtByClass'> {
  const cdfAt = ask?.cdfAt ?? grid(services)
  return ask?.cdfAtByClass === undefined ? { cdfAt } : { cdfAtByClass: ask.cdfAtByClass, cdfAt }
}

const LEVELS = [0.5, 0.95, 0.99]

function answer(figures: QueueFigures, values: Record<string, unknown>, method: string): FamilyAnswer {
  return { values, method, exact: true, residual: figures.residual, caveats: [...figures.caveats] }
}

function isLaw(value: unknown): boolean {
  return typeof value === 'object' && value !== null && ('alpha' in value || 'type' in value)
}

function hasChain(model: Record<string, unknown>): boolean {
  const arrivals = model['arrivals']
  return typeof arrivals === 'object' && arrivals !== null && 'D0' in arrivals
}

function isPoisson(model: Record<string, unknown>): boolean {
  const { D0 } = model['arrivals'] as { D0: unknown }
  return Array.isArray(D0) && D0.length === 1
}

function solvePriority(model: Record<string, unknown>, ask: Ask | undefined): FamilyAnswer | Refusal {
  const document = model as unknown as Document
  const { discipline } = document
  if (discipline !== 'non-preemptive' && discipline !== 'preemptive-resume') {
    return refuse('unsupported', `discipline ${String(discipline)}: known are non-preemptive and preemptive-resume`)
  }
  const services = laws(document.services ?? [])
  if (isRefusal(services)) return services
  const figures = mmapPh1Priority(
    { arrivals: marked(document), services, discipline },
    { ...times(services, ask), percentiles: LEVELS },
  )
  if (isRefusal(figures)) return figures
  return answer(
    figures,
    {
      utilisation: figures.utilisation,
      classes: figures.classes.map((one, k) => ({
        priority: k + 1,
        response_moments: one.response.moments,
        number_moments: one.number.moments,
        response_cdf: one.response.cdf,
        response_percentiles: one.response.percentiles,
        mean_wait: one.wait.moments[0],
      })),
    },
    'matrix-analytic workload under busy periods; distributions by Euler inversion',
  )
}

const isPriority = (model: Record<string, unknown>) => hasChain(model) && 'services' in model && 'discipline' in model

/** Poisson arrivals of several classes with priorities: `discipline`, `arrivals` {D0, D} of order 1, `services`. */
export const mPh1PriorityFamily: Family = {
  family: 'M/PH/1 priority',
  recognises: (model) => isPriority(model) && isPoisson(model),
  solve: solvePriority,
}

/** Correlated arrivals of several classes with priorities: `discipline`, `arrivals` {D0, D}, `services`. */
export const mmapPh1PriorityFamily: Family = {
  family: 'MMAP/PH/1 priority',
  recognises: isPriority,
  solve: solvePriority,
}

/** Correlated arrivals of several classes, first come first served: `arrivals` {D0, D}, `services`. */
export const mmapPh1FirstComeFamily: Family = {
  family: 'MMAP/PH/1 FCFS',
  recognises: (model) => hasChain(model) && 'services' in model && !('discipline' in model) && !('servers' in model),
  solve: (model, ask) => {
    const document = model as unknown as Document
    const services = laws(document.services ?? [])
    if (isRefusal(services)) return services
    const figures = mmapPh1FirstCome({ arrivals: marked(document), services }, { ...times(services, ask), percentiles: LEVELS })
    if (isRefusal(figures)) return figures
    return answer(
      figures,
      {
        utilisation: figures.utilisation,
        classes: figures.classes.map((one) => ({
          response_moments: one.response.moments,
          response_cdf: one.response.cdf,
          number_moments: one.number.moments,
          response_percentiles: one.response.percentiles,
          mean_wait: one.wait.moments[0],
        })),
      },
      'matrix-analytic workload; distributions by Euler inversion',
    )
  },
}

/** Correlated arrivals of one class: `arrivals` {D0, D1}, `service`. */
export const mapPh1Family: Family = {
  family: 'MAP/PH/1',
  recognises: (model) => hasChain(model) && isLaw(model['service']) && !('servers' in model),
  solve: (model, ask) => {
    const document = model as unknown as Document
    const { D0, D } = marked(document)
    if (D.length !== 1) return refuse('unsupported', 'one service law for several classes of arrivals: give `services`')
    const arrivals = { D0, D1: D[0] }
    const service = law(document.service)
    if (service === undefined) return refuse('unsupported', 'service: give alpha and A, or an exponential or Erlang law')
    const figures = mapPh1(
      { arrivals, service },
      { ...times([service], ask), moments: 4, numberMoments: 3, numberProbabilities: 8, percentiles: LEVELS },
    )
    if (isRefusal(figures)) return figures
    return {
      values: {
        utilisation: figures.utilisation,
        response_moments: figures.response.moments,
        response_cdf: figures.response.cdf,
        response_percentiles: figures.response.percentiles,
        mean_wait: figures.wait.moments[0],
        number_moments: figures.number.moments,
        number_pmf: figures.number.probabilities,
        arrival_moments: arrivalMoments(arrivals, 3),
        arrival_lag_correlations: arrivalAutocorrelation(arrivals, 3),
      },
      method: 'matrix-analytic workload; distributions by Euler inversion and on a circle of generating-function values',
      exact: true,
      residual: figures.residual,
      caveats: [...figures.caveats],
    }
  },
}

/** Correlated arrivals of one class at several equal servers: `arrivals` {D0, D1}, `service`, `servers`. */
export const mapPhCFamily: Family = {
  family: 'MAP/PH/c',
  recognises: (model) => hasChain(model) && isLaw(model['service']) && typeof model['servers'] === 'number',
  solve: (model, ask) => {
    const document = model as unknown as Document
    const { D0, D } = marked(document)
    if (D.length !== 1) return refuse('unsupported', 'several classes of arrivals at several servers are not covered')
    const service = law(document.service)
    if (service === undefined) return refuse('unsupported', 'service: give alpha and A, or an exponential or Erlang law')
    const figures = mapPhC(
      { arrivals: { D0, D1: D[0] }, service, servers: model['servers'] as number },
      { percentiles: LEVELS, cdfAt: ask?.cdfAt ?? grid([service]) },
    )
    if (isRefusal(figures)) return figures
    return {
      values: {
        utilisation: figures.utilisation,
        p_wait: figures.waitProbability,
        mean_wait: figures.wait.moments[0],
        response_moments: figures.response.moments,
        response_cdf: figures.response.cdf,
        response_percentiles: figures.response.percentiles,
        wait_percentiles: figures.wait.percentiles,
        number_moments: figures.number.moments,
        number_pmf: figures.number.probabilities,
      },
      method: 'quasi-birth-death process by logarithmic reduction; waits by uniformisation',
      exact: true,
      residual: figures.residual,
      caveats: [...figures.caveats],
    }
  },
}
