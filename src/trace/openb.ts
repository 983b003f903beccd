import type { Outcome } from '../model/index.js'
import { END, outcomeCode, SHARE, SLOTS } from './builder.js'
import type { TableFormat } from './table.js'

const PHASES: Readonly<Record<string, Outcome>> = {
  Succeeded: 'complete',
  Failed: 'fail',
  Pending: 'pending',
  Running: 'running',
}

/**
 * Alibaba’s GPU cluster of 2023, pods. Slots are GPUs, `slotShare` the part of each that the pod holds (gpu_milli / 1000).
 *
 * The phase is the last one seen before the pod was deleted: a pod last seen Running has a deletion time, so it is neither alive at the end nor
 * known to have completed; its outcome is `unknown`.
 */
export const openb: TableFormat = {
  name: 'openb',
  title: 'Alibaba cluster-trace-gpu-v2023 (openb), pods',
  needs: ['name', 'num_gpu', 'gpu_milli', 'pod_phase', 'creation_time', 'deletion_time', 'scheduled_time'],
  delimiter: ',',
  quotes: true,
  unit: 'job',
  slotUnit: 'GPU',
  clock: 'relative',
  cpuUnit: 'core',
  memoryUnit: 'MiB',
  numbers: [
    { field: 'submit', column: 'creation_time' },
    { field: 'start', column: 'scheduled_time' },
    { field: 'end', column: 'deletion_time' },
    { field: 'slots', column: 'num_gpu' },
    { field: 'slotShare', column: 'gpu_milli', scale: 0.001 },
    { field: 'cpu', column: 'cpu_milli', scale: 0.001, optional: true },
    { field: 'memory', column: 'memory_mib', optional: true },
  ],
  labels: [
    { field: 'id', column: 'name' },
    { field: 'queue', column: 'qos', optional: true },
    { field: 'slotType', column: 'gpu_spec', optional: true },
  ],
  outcome: { column: 'pod_phase', of: (text) => PHASES[text], empty: 'unknown' },
  missing: [],
  uniqueIds: true,
  hooks: () => {
    let deletedRunning = 0
    let shared = 0
    const running = outcomeCode('running')
    const unknown = outcomeCode('unknown')
    return {
      adjust(builder) {
        const { numbers } = builder
        if (builder.outcome === running && !Number.isNaN(numbers[END]!)) {
          builder.outcome = unknown
          deletedRunning++
        }
        if (numbers[SLOTS]! > 0 && numbers[SHARE]! < 1) shared++
      },
      notes: () => [
        {
          code: 'deleted-while-running',
          message: 'pods last seen Running but deleted: whether they completed is not recorded, their outcome is unknown',
          numbers: { rows: deletedRunning },
        },
        { code: 'shared-slots', message: 'pods that hold part of a GPU: see slotShare', numbers: { rows: shared } },
      ],
    }
  },
}
