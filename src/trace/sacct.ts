import type { Outcome } from '../model/index.js'
import { CPU, END, outcomeCode, RUN, SLOTS, START } from './builder.js'
import type { RecordScanner } from './records.js'
import type { RowHooks, TableFormat } from './table.js'

const STATES: Readonly<Record<string, Outcome>> = {
  COMPLETED: 'complete',
  FAILED: 'fail',
  BOOT_FAIL: 'fail',
  NODE_FAIL: 'fail',
  OUT_OF_MEMORY: 'fail',
  TIMEOUT: 'timeout',
  DEADLINE: 'timeout',
  CANCELLED: 'cancel',
  REVOKED: 'cancel',
  PREEMPTED: 'evict',
  REQUEUED: 'evict',
  RUNNING: 'running',
  COMPLETING: 'running',
  RESIZING: 'running',
  SUSPENDED: 'running',
  STOPPED: 'running',
  PENDING: 'pending',
  CONFIGURING: 'pending',
  REQUEUE_HOLD: 'pending',
  REQUEUE_FED: 'pending',
  RESV_DEL_HOLD: 'pending',
  SPECIAL_EXIT: 'pending',
}

/**
 * Slurm accounting: `sacct --parsable2 --allusers --format=JobID,Submit,Start,End,ElapsedRaw,State,NCPUS,AllocTRES,User,Partition,QOS,Priority,Timelimit`.
 *
 * Steps (`123.batch`) are parts of a job and left out, counted; array tasks (`123_4`) are jobs. Where any job holds GPUs, slots are GPUs and
 * `cpu` the processors; otherwise slots are processors. Times are the wall clock of the cluster: give its time zone (UTC is assumed otherwise).
 */
export const sacct: TableFormat = {
  name: 'sacct',
  title: 'Slurm accounting, sacct --parsable2 with its header',
  needs: ['JobID', 'Submit', 'Start', 'End', 'State'],
  delimiter: '|',
  quotes: false,
  unit: 'job',
  slotUnit: 'processor',
  clock: 'instant',
  timeZone: 'UTC',
  zoneReason: 'assumed: sacct prints the cluster’s local time without saying which',
  priorityOrder: 'larger-first',
  cpuUnit: 'core',
  numbers: [
    { field: 'submit', column: 'Submit', kind: 'instant' },
    { field: 'start', column: 'Start', kind: 'instant' },
    { field: 'end', column: 'End', kind: 'instant' },
    { field: 'run', column: 'ElapsedRaw', optional: true },
    { field: 'run', column: 'Elapsed', kind: 'slurm-duration', optional: true },
    { field: 'slots', column: 'AllocTRES', kind: 'tres-gpus', optional: true },
    { field: 'cpu', column: 'NCPUS', optional: true },
    { field: 'cpu', column: 'AllocCPUS', optional: true },
    { field: 'priority', column: 'Priority', optional: true },
    { field: 'estimate', column: 'TimelimitRaw', scale: 60, optional: true },
    { field: 'estimate', column: 'Timelimit', kind: 'slurm-duration', optional: true },
  ],
  labels: [
    { field: 'id', column: 'JobID' },
    { field: 'user', column: 'User', optional: true },
    { field: 'queue', column: 'Partition', optional: true },
    { field: 'name', column: 'JobName', optional: true },
    { field: 'machine', column: 'NodeList', optional: true },
    { field: 'group', column: 'QOS', optional: true },
  ],
  // `CANCELLED by 1000`, and `FAILED+` where the column was cut.
  outcome: { column: 'State', of: (text) => STATES[text.split(' ')[0]!.replace(/\+$/, '')], empty: 'unknown' },
  missing: ['Unknown', 'None', 'UNLIMITED', 'Partition_Limit', 'INVALID', 'None assigned'],
  uniqueIds: true,
  hooks: sacctHooks,
}

function sacctHooks(header: readonly string[]): RowHooks {
  const id = header.indexOf('JobID')
  const running = outcomeCode('running')
  const pending = outcomeCode('pending')
  return {
    skip: (record: RecordScanner) =>
      record.bytes.subarray(record.starts[id], record.ends[id]).includes(POINT) ? 'job-steps' : undefined,
    adjust(builder) {
      // Of a job that still runs or waits, the elapsed time is what has passed so far, not its run time.
      if (builder.outcome !== running && builder.outcome !== pending) return
      builder.numbers[RUN] = Number.NaN
      builder.numbers[END] = Number.NaN
      if (builder.outcome === pending) builder.numbers[START] = Number.NaN
    },
    finish: (builder) => ({ slotUnit: builder.keepOrReplace(SLOTS, CPU) ? 'GPU' : 'processor' }),
  }
}

const POINT = 46
