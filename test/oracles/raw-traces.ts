import { existsSync } from 'node:fs'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'

/**
 * The real traces as SQL sees them, straight from the files, without our readers: one table `t` a trace, each column written down from the
 * description of the file. NULL is missing.
 *
 *   arrival    submission of rows submitted inside the trace        submit    submission of any row
 *   start, fin, run   as the trace has them                         duration  run of rows submitted inside the trace
 *   slots      asked for      held   slots that the row holds       resource  run × held (run where there are no slots)
 */
export interface RawTrace {
  readonly name: string
  readonly path: string
  /** SELECT that yields the columns `submit, before, start, fin, run, slots, held, outcome, class, usr, queue, name, job, estimate, attempts, machine, slottype, cpu, memory`. */
  readonly select: string
  readonly has: readonly string[]
  readonly classesBy: 'priority' | 'queue'
  /** Zone of the local clock; undefined where the clock is relative. */
  readonly zone?: string
  /** Unix second that is the trace’s second 0, as SQL over the raw file. */
  readonly origin?: string
  readonly capacity?: number
}

const DATA = '../shared/data'

/** Every column of the table, missing, to be overridden. */
function columns(given: Readonly<Record<string, string>>): string {
  const all: Record<string, string> = {
    submit: 'NULL::DOUBLE',
    before: 'FALSE',
    start: 'NULL::DOUBLE',
    fin: 'NULL::DOUBLE',
    run: 'NULL::DOUBLE',
    slots: 'NULL::DOUBLE',
    held: '1.0',
    outcome: 'NULL::VARCHAR',
    class: 'NULL::VARCHAR',
    usr: 'NULL::VARCHAR',
    queue: 'NULL::VARCHAR',
    name: 'NULL::VARCHAR',
    job: 'NULL::VARCHAR',
    estimate: 'NULL::DOUBLE',
    attempts: 'NULL::DOUBLE',
    machine: 'NULL::VARCHAR',
    slottype: 'NULL::VARCHAR',
    cpu: 'NULL::DOUBLE',
    memory: 'NULL::DOUBLE',
    ...given,
  }
  return Object.entries(all)
    .map(([name, expression]) => `${expression} AS "${name}"`)
    .join(', ')
}

const GOOGLE_EVENT = (event: string) =>
  `CASE ${event} WHEN 2 THEN 'evict' WHEN 3 THEN 'fail' WHEN 4 THEN 'complete' WHEN 5 THEN 'cancel' WHEN 6 THEN 'lost' ELSE 'running' END`

export const RAW_TRACES: readonly RawTrace[] = [
  {
    name: 'Google jobs',
    path: `${DATA}/google2011/jobs.csv.gz`,
    select: `SELECT ${columns({
      submit: 'submit_s::DOUBLE',
      before: 'submit_s = 0',
      start: 'first_schedule_s::DOUBLE',
      fin: 'end_s::DOUBLE',
      run: 'end_s::DOUBLE - first_schedule_s::DOUBLE',
      outcome: GOOGLE_EVENT('end_event'),
      class: 'sched_class::VARCHAR',
      usr: '"user"::VARCHAR',
      name: 'logical_name::VARCHAR',
      job: 'job_id::VARCHAR',
      attempts: 'n_schedule::DOUBLE',
    })} FROM read_csv('FILE')`,
    has: ['start', 'outcome', 'usr', 'name', 'attempts'],
    classesBy: 'priority',
  },
  {
    name: 'Google task attempts',
    path: `${DATA}/google2011/task_attempts.csv.gz`,
    select: `SELECT ${columns({
      submit: 'submit_s::DOUBLE',
      before: 'submit_s = 0',
      start: 'schedule_s::DOUBLE',
      fin: 'end_s::DOUBLE',
      run: 'end_s::DOUBLE - schedule_s::DOUBLE',
      slots: '1.0',
      outcome: GOOGLE_EVENT('end_event'),
      class: 'priority::VARCHAR',
      usr: '"user"::VARCHAR',
      name: 'task::VARCHAR',
      job: 'job_id::VARCHAR',
      attempts: 'attempt::DOUBLE',
      machine: 'machine_id::VARCHAR',
      cpu: 'cpu_req::DOUBLE',
      memory: 'mem_req::DOUBLE',
    })} FROM read_csv('FILE')`,
    has: ['start', 'slots', 'outcome', 'usr', 'job', 'attempts', 'machine', 'cpu', 'memory'],
    classesBy: 'priority',
  },
  {
    name: 'Philly',
    path: `${DATA}/philly/philly_jobs.csv.gz`,
    // Pacific time; of the hour that happened twice on 2017-11-05 the first is taken
    select: `SELECT ${columns({
      submit: `epoch("timestamp"::TIMESTAMP) + CASE WHEN "timestamp"::TIMESTAMP < '2017-11-05 02:00:00' THEN 7 ELSE 8 END * 3600 - ORIGIN`,
      run: 'duration::DOUBLE',
      slots: 'num_gpus::DOUBLE',
      held: 'num_gpus::DOUBLE',
      class: 'cluster',
      queue: 'cluster',
    })} FROM read_csv('FILE')`,
    has: ['slots', 'queue'],
    classesBy: 'queue',
    zone: 'America/Los_Angeles',
    origin: `SELECT epoch(min("timestamp"::TIMESTAMP)) + 7 * 3600 FROM read_csv('FILE')`,
  },
  {
    name: 'openb',
    path: `${DATA}/alibaba-openb/openb_pod_list_default.csv.gz`,
    select: `SELECT ${columns({
      submit: 'creation_time::DOUBLE',
      start: 'scheduled_time::DOUBLE',
      fin: 'deletion_time::DOUBLE',
      run: 'deletion_time::DOUBLE - scheduled_time::DOUBLE',
      slots: 'num_gpu::DOUBLE',
      held: 'num_gpu * (gpu_milli * 0.001)',
      outcome: `CASE pod_phase WHEN 'Succeeded' THEN 'complete' WHEN 'Failed' THEN 'fail' WHEN 'Pending' THEN 'pending' WHEN 'Running' THEN 'unknown' END`,
      class: 'qos',
      queue: 'qos',
      job: 'name',
      cpu: 'cpu_milli * 0.001',
      memory: 'memory_mib::DOUBLE',
    })} FROM read_csv('FILE')`,
    has: ['start', 'slots', 'outcome', 'queue', 'cpu', 'memory', 'sharing'],
    classesBy: 'queue',
  },
  {
    name: 'GenAI requests',
    path: `${DATA}/alibaba-genai/lora_requests.csv.gz`,
    select: `SELECT ${columns({
      submit: 'epoch(gmt_create::TIMESTAMP) - ORIGIN',
      run: 'exec_time_seconds::DOUBLE',
      slots: '1.0',
      outcome: `CASE predict_status WHEN 'SUCCEED' THEN 'complete' WHEN 'FAILED' THEN 'fail' WHEN 'PENDING' THEN 'pending' END`,
      class: 'predict_type',
      usr: '"groupId"',
      queue: 'predict_type',
      name: 'checkpoint_model_version_id',
    })} FROM read_csv('FILE')`,
    has: ['slots', 'outcome', 'usr', 'queue', 'name'],
    classesBy: 'queue',
    zone: 'UTC',
    origin: `SELECT epoch(min(gmt_create::TIMESTAMP)) FROM read_csv('FILE')`,
  },
  {
    name: 'RICC',
    path: `${DATA}/ricc/RICC-2010-2.swf.gz`,
    select: `WITH lines AS (SELECT list_transform(regexp_split_to_array(trim(line), '\\s+'), x -> nullif(x::DOUBLE, -1)) AS f
        FROM read_csv('FILE', columns = {'line': 'VARCHAR'}, delim = '\\x01', quote = '', escape = '', header = false, auto_detect = false)
        WHERE line NOT LIKE ';%')
      SELECT ${columns({
        submit: 'f[2]',
        start: 'f[2] + f[3]',
        fin: 'f[2] + f[3] + f[4]',
        run: 'f[4]',
        slots: 'f[5]',
        held: 'f[5]',
        outcome: `CASE f[11] WHEN 0 THEN 'fail' WHEN 1 THEN 'complete' WHEN 5 THEN 'cancel' ELSE 'unknown' END`,
        class: 'f[15]::INT::VARCHAR',
        usr: 'f[12]::INT::VARCHAR',
        queue: 'f[15]::INT::VARCHAR',
        job: 'f[1]::INT::VARCHAR',
        estimate: 'f[9]',
        memory: 'f[10]',
      })} FROM lines`,
    has: ['start', 'slots', 'outcome', 'usr', 'queue', 'estimate', 'memory'],
    classesBy: 'queue',
    zone: 'Asia/Tokyo',
    origin: 'SELECT 1272639895', // UnixStartTime of the header
    capacity: 8192, // MaxProcs of the header
  },
]

export const present = (trace: RawTrace): boolean => existsSync(trace.path)

export type SqlRow = Record<string, number | string | null | readonly number[]>

/** A database with the table `t` of this trace, and a function that runs a query and gives its rows with plain numbers. */
export async function openRaw(trace: RawTrace): Promise<{ query(sql: string): Promise<SqlRow[]>; close(): void }> {
  const instance = await DuckDBInstance.create(':memory:')
  const connection: DuckDBConnection = await instance.connect()
  const query = async (sql: string): Promise<SqlRow[]> => {
    const rows = (await connection.runAndReadAll(sql)).getRowObjectsJS()
    return rows.map((row) => Object.fromEntries(Object.entries(row).map(([key, value]) => [key, plain(value)])))
  }
  const file = (sql: string) => sql.replaceAll('FILE', trace.path)
  const origin = trace.origin ? Object.values((await query(file(trace.origin)))[0]!)[0] : 0
  // differences of times to the microsecond, as documented
  await connection.run(`CREATE TABLE t AS SELECT *, CASE WHEN before THEN NULL ELSE submit END AS arrival, CASE WHEN before THEN NULL ELSE run END AS duration,
      CASE WHEN before THEN NULL ELSE round(start - submit, 6) END AS wait, run * held AS resource, ${origin} AS origin
    FROM (SELECT * REPLACE (round(run, 6) AS run) FROM (${file(trace.select).replaceAll('ORIGIN', String(origin))}))`)
  return {
    query,
    close() {
      connection.closeSync()
      instance.closeSync()
    },
  }
}

function plain(value: unknown): number | string | null | readonly number[] {
  if (typeof value === 'bigint') return Number(value)
  if (Array.isArray(value)) return value.map(Number)
  if (value && typeof value === 'object' && 'items' in value) return (value.items as unknown[]).map(Number)
  return value as number | string | null
}
