import type { Samples, Table } from '../learn/index.js'
import { quantile } from '../num/index.js'
import { columnOf, type Parameter, type WhiteModel } from './white.js'

/** How synchronisation grows with the number of GPUs K, relative to two of them. */
export type SyncGrowth = 'ring' | 'linear'

/**
 * Step time of data-parallel training, in seconds: compute and synchronisation that overlap in part.
 *
 *   T = (compute^γ + sync^γ)^(1/γ),   1 ≤ γ ≤ 10: γ = 1 no overlap, γ → ∞ the longer of the two
 *   compute = base + perSample · localBatch
 *   sync    = 0 on one GPU;  intra · growth(K) on K GPUs of one node;  intra · interFactor · growth(K) on several nodes, interFactor ≥ 1.1
 *
 *   linear (Pollux):  growth(K) = 1 + b (K − 2), one b within a node and one between nodes: seven parameters
 *   ring (default):   growth(K) = 1 + b (1 − 2/K) + h (K − 2): an eighth, h
 *
 * A ring all-reduce sends 2(K − 1)/K times the gradients over each link, relative to K = 2 that is 1 + (1 − 2/K), in 2(K − 1) rounds, each with a latency. So b = 1, h = 0 where bandwidth
 * rules and h > 0 where latency counts: the part that grows fast between 2 and 4 GPUs levels off. A line through 2 to 4 GPUs, drawn on to 16, does not.
 *
 * Columns: `nodes`, `gpus` (K, over all nodes), `localBatch` (samples per GPU and step). If `computeTime` was measured (seconds of a step outside
 * synchronisation), it calibrates compute on its own.
 *
 * The bounds are Pollux's in another dress (positive times, "between nodes at least 1.1 times within one", 1 ≤ γ ≤ 10); growth has a weak prior. So a table with no
 * row on several nodes, or none above two GPUs, gives a model that is careful rather than one that ran away.
 *
 * Source: Qiao et al., Pollux, OSDI 2021 (throughput model, bounds, penalties); Patarasuk and Yuan 2009 (ring all-reduce).
 */
export function stepTimeModel(growth: SyncGrowth = 'ring'): WhiteModel {
  const syncTimes = (table: Table, p: Float64Array): Float64Array => {
    const nodes = columnOf(table, 'nodes')
    return columnOf(table, 'gpus').map((count, i) => {
      if (count < 2) return 0
      const several = nodes[i] > 1
      const first = several ? p[2] * p[4] : p[2]
      const rate = several ? p[5] : p[3]
      return first * (1 + (growth === 'ring' ? rate * (1 - 2 / count) + p[8] * (count - 2) : rate * (count - 2)))
    })
  }
  return {
    name: growth === 'ring' ? 'step time' : 'step time, linear growth',
    columns: ['nodes', 'gpus', 'localBatch'],
    parameters: parametersFor(growth, 1, 32),
    scaled: (samples) => parametersFor(growth, middle(samples.target), middle(columnOf(samples.features, 'localBatch'))),
    predict(table, parameters) {
      const gamma = parameters[6]
      const out = computeTimes(table, parameters)
      const sync = syncTimes(table, parameters)
      for (let i = 0; i < out.length; i++) {
        const most = Math.max(out[i], sync[i])
        out[i] = most * ((out[i] / most) ** gamma + (sync[i] / most) ** gamma) ** (1 / gamma)
      }
      return out
    },
    side: [
      {
        column: 'computeTime',
        // what is left of a step outside synchronisation is compute only roughly
        weight: 0.25,
        predict: (table, p) => {
          const gpus = columnOf(table, 'gpus')
          return computeTimes(table, p).map((seconds, i) => (gpus[i] > 1 ? seconds * p[7] : seconds))
        },
      },
    ],
    monotone: { localBatch: 1 },
    grows: ['gpus', 'nodes'],
  }
}

function parametersFor(growth: SyncGrowth, time: number, batch: number): Parameter[] {
  const rate = growth === 'ring' ? { low: 0, high: 4, prior: 0.5, spread: 0.5 } : { low: 0, high: 1, prior: 0.05, spread: 0.05 }
  const seconds = { low: time * 1e-4, high: time * 10, spread: 2, positive: true }
  return [
    { name: 'computeBaseSeconds', ...seconds, prior: time / 4 },
    {
      name: 'computeSecondsPerSample',
      low: (time / batch) * 1e-4,
      high: (time / batch) * 10,
      prior: time / 2 / batch,
      spread: 2,
      positive: true,
    },
    { name: 'intraNodeSyncSeconds', ...seconds, prior: time / 10 },
    { name: 'intraNodeGrowth', ...rate },
    { name: 'interNodeFactor', low: 1.1, high: 1000, prior: 3, spread: 1, positive: true },
    { name: 'interNodeGrowth', ...rate },
    { name: 'overlap', low: 1, high: 10, prior: 1.5, spread: 1, positive: true },
    { name: 'computeOutsideSync', low: 0.5, high: 2, prior: 1, spread: 0.1, positive: true },
    ...(growth === 'ring' ? [{ name: 'growthPerRound', low: 0, high: 1, prior: 0.01, spread: 0.01 }] : []),
  ]
}

function computeTimes(table: Table, parameters: Float64Array): Float64Array {
  return columnOf(table, 'localBatch').map((batch) => parameters[0] + parameters[1] * batch)
}

function middle(values: Samples['target']): number {
  return quantile(Float64Array.from(values).sort(), 0.5)
}
