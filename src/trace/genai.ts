import type { Outcome } from '../model/index.js'
import type { TableFormat } from './table.js'

const STATUSES: Readonly<Record<string, Outcome>> = {
  SUCCEED: 'complete',
  SUCCEEDED: 'complete',
  FAILED: 'fail',
  CANCELED: 'cancel',
  CANCELLED: 'cancel',
  RUNNING: 'running',
  PENDING: 'pending',
}

/**
 * Alibaba’s image-generation requests (cluster-trace-v2026-GenAI). One request a row; the execution time is measured, its start is not.
 *
 * `gmt_create` carries no zone: read as UTC, as its name says. A published copy of the file has rows with one column more (num_lora) than its
 * header names; that is accepted.
 */
export const genai: TableFormat = {
  name: 'genai',
  title: 'Alibaba image-generation requests',
  needs: ['gmt_create', 'predict_type', 'predict_status', 'exec_time_seconds'],
  delimiter: ',',
  quotes: true,
  unit: 'request',
  slotUnit: 'request',
  clock: 'instant',
  timeZone: 'UTC',
  zoneReason: 'assumed from the column’s name, gmt_create: the file does not say',
  numbers: [
    { field: 'submit', column: 'gmt_create', kind: 'instant' },
    { field: 'run', column: 'exec_time_seconds' },
  ],
  labels: [
    { field: 'user', column: 'groupId', optional: true },
    { field: 'queue', column: 'predict_type' },
    { field: 'name', column: 'checkpoint_model_version_id', optional: true },
    { field: 'name', column: 'checkpoint_model', optional: true },
  ],
  outcome: { column: 'predict_status', of: (text) => STATUSES[text.toUpperCase()], empty: 'unknown' },
  constants: { slots: 1 },
  missing: [],
  uniqueIds: false,
  extraColumns: (header) => (header.includes('num_lora') ? 0 : 1),
}
