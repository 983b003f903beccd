import type { Samples, Table } from '../learn/index.js'
import { quantile } from '../num/index.js'
import { columnOf, type Parameter, type WhiteModel } from './white.js'

/** Columns of a table of step times. */
const COLUMNS = ['nodes', 'gpus', 'localBatch'] as const

/**
 * Step time of data-parallel training, in seconds: compute and synchronisation that overlap in part.
 *
 *   T = (compute^γ + sync^γ)^(1/γ),   1 ≤ γ ≤ 10: γ = 1 no overlap, γ → ∞ the longer of the two
 *   compute = base + perSample · localBatch
 *   sync    = 0 on one GPU;  intra · (1 + intraGrowth · (K − 2)) on K GPUs of one node;  inter · (1 + interGrowth · (K − 2)) on several nodes
 *
 * Columns: `nodes`, `gpus` (K, over all nodes), `localBatch` (samples per GPU and step). If `computeTime` was measured (seconds of a step outside
 * synchronisation), it calibrates compute on its own, which leaves the step times to speak about synchronisation.
 *
 * Seven parameters as in Pollux, in another dress: between nodes synchronisation costs at least 1.1 times what it costs within one, so `inter = intra · interFactor` with
 * interFactor ≥ 1.1, and growth is relative. The prior of growth, 0.05 ± 0.05, is what a ring all-reduce does between 2 and 16 GPUs (its 2(K − 1)/K times the gradients' size goes
 * from 1 to 1.9). Without these, a table that ends at four GPUs lets the growth run away.
 *
 * Source: Qiao et al., Pollux, OSDI 2021 (throughput model, bounds and penalties).
 */
export const stepTime: WhiteModel = {
  name: 'step time',
  columns: COLUMNS,
  parameters: parametersFor(1, 32),
  scaled: (samples) => parametersFor(middle(samples.target), middle(columnOf(samples.features, 'localBatch'))),
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
  side: [{ column: 'computeTime', predict: computeTimes }],
  monotone: { localBatch: 1 },
  grows: ['gpus', 'nodes'],
}

function parametersFor(time: number, batch: number): Parameter[] {
  return [
    { name: 'computeBaseSeconds', low: time * 1e-4, high: time * 10, prior: time / 4, spread: 2, positive: true },
    {
      name: 'computeSecondsPerSample',
      low: (time / batch) * 1e-4,
      high: (time / batch) * 10,
      prior: time / 2 / batch,
      spread: 2,
      positive: true,
    },
    { name: 'intraNodeSyncSeconds', low: time * 1e-4, high: time * 10, prior: time / 10, spread: 2, positive: true },
    { name: 'intraNodeGrowth', low: 0, high: 1, prior: 0.05, spread: 0.05 },
    { name: 'interNodeFactor', low: 1.1, high: 1000, prior: 3, spread: 1, positive: true },
    { name: 'interNodeGrowth', low: 0, high: 1, prior: 0.05, spread: 0.05 },
    { name: 'overlap', low: 1, high: 10, prior: 1.5, spread: 1, positive: true },
  ]
}

function computeTimes(table: Table, parameters: Float64Array): Float64Array {
  return columnOf(table, 'localBatch').map((batch) => parameters[0] + parameters[1] * batch)
}

function syncTimes(table: Table, parameters: Float64Array): Float64Array {
  const nodes = columnOf(table, 'nodes')
  const gpus = columnOf(table, 'gpus')
  return gpus.map((count, i) => {
    if (count < 2) return 0
    const more = count - 2
    const within = parameters[2]
    return nodes[i] > 1 ? within * parameters[4] * (1 + parameters[5] * more) : within * (1 + parameters[3] * more)
  })
}

function middle(values: Samples['target']): number {
  return quantile(Float64Array.from(values).sort(), 0.5)
}
