/**
 * The readers on the real traces: counts and sums against DuckDB over the same file, in SQL written apart from the readers. The traces lie beside
 * the project in ../shared/data where there are any.
 */
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { describe, expect, it } from 'vitest'
import { OUTCOMES, slotCount, type Trace } from '../../src/model/index.js'
import { readOpenbNodes, readTrace, writeTrace } from '../../src/trace/index.js'

const DATA = '../shared/data'
const file = {
  googleJobs: `${DATA}/google2011/jobs.csv.gz`,
  googleTasks: `${DATA}/google2011/task_attempts.csv.gz`,
  googleDay1: `${DATA}/google2011/jobs_day1_priority.csv.gz`,
  philly: `${DATA}/philly/philly_jobs.csv.gz`,
  openb: `${DATA}/alibaba-openb/openb_pod_list_default.csv.gz`,
  openbNodes: `${DATA}/alibaba-openb/openb_node_list_all_node.csv.gz`,
  genai: `${DATA}/alibaba-genai/lora_requests.csv.gz`,
  ricc: `${DATA}/ricc/RICC-2010-2.swf.gz`,
}
const present = existsSync(file.googleJobs)
if (!present) console.warn(`the real traces are not at ${DATA}: the walks over them are skipped`)

/** The first row of a query as numbers by name. */
async function sql(query: string): Promise<Record<string, number>> {
  const instance = await DuckDBInstance.create(':memory:', {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  })
  const connection = await instance.connect()
  try {
    const result = await connection.runAndReadAll(query)
    const row = result.getRowObjects()[0]!
    return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, Number(value)]))
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

async function traceOf(path: string): Promise<Trace> {
  const reading = await readTrace(path)
  if (!reading.ok) throw new Error(JSON.stringify(reading))
  return reading.trace
}

const present1 = (column: Float64Array | undefined) =>
  column ? column.reduce((count, value) => count + (Number.isNaN(value) ? 0 : 1), 0) : 0
const sum = (column: Float64Array | undefined) => column!.reduce((total, value) => total + (Number.isNaN(value) ? 0 : value), 0)
const noteRows = (trace: Trace, code: string) => trace.notes.find((note) => note.code === code)?.numbers?.['rows'] ?? 0

function outcomeCounts(trace: Trace): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const code of trace.jobs.outcome!) counts[OUTCOMES[code]!] = (counts[OUTCOMES[code]!] ?? 0) + 1
  return counts
}

/** Every column is as long as the trace, and no time is negative. */
function expectSound(trace: Trace): void {
  for (const [name, column] of Object.entries(trace.jobs)) {
    if (name === 'count') continue
    const values = column instanceof Object && 'codes' in column ? column.codes : (column as Float64Array)
    expect(values.length, name).toBe(trace.jobs.count)
  }
  for (const column of [trace.jobs.submitSeconds, trace.jobs.startSeconds, trace.jobs.endSeconds, trace.jobs.runSeconds]) {
    expect(column?.some((value) => value < 0) ?? false).toBe(false)
  }
  expect(trace.source.used).toBe(trace.jobs.count)
}

describe.skipIf(!present)('the readers agree with SQL over the same file', () => {
  it('Google jobs', async () => {
    const trace = await traceOf(file.googleJobs)
    const expected = await sql(`
      SELECT count(*) AS n, count(DISTINCT job_id) AS ids, count(DISTINCT "user") AS users, count(DISTINCT logical_name) AS names,
        sum(submit_s) AS submits, sum(first_schedule_s) AS starts, sum(end_s) AS ends, count(end_s) AS ended,
        sum(end_s - first_schedule_s) AS runs, sum(n_schedule) AS attempts, sum(sched_class) AS classes,
        count(*) FILTER (submit_s = 0) AS early, count(*) FILTER (end_event IS NULL) AS running,
        count(*) FILTER (end_event = 2) AS evict, count(*) FILTER (end_event = 3) AS fail, count(*) FILTER (end_event = 4) AS complete,
        count(*) FILTER (end_event = 5) AS cancel, count(*) FILTER (end_event = 6) AS lost
      FROM read_csv('${file.googleJobs}')`)
    expectSound(trace)
    expect(trace.source).toMatchObject({ format: 'google-jobs', rows: expected['n'], used: expected['n'] })
    expect(trace.issues.counts).toEqual([])
    const { evict, fail, complete, cancel, lost, running } = expected
    expect(outcomeCounts(trace)).toEqual({ evict, fail, complete, cancel, lost, running })
    expect(trace.jobs.id!.labels.length).toBe(expected['ids'])
    expect(trace.jobs.user!.labels.length).toBe(expected['users'])
    expect(trace.jobs.name!.labels.length).toBe(expected['names'])
    expect(present1(trace.jobs.endSeconds)).toBe(expected['ended'])
    expect(sum(trace.jobs.submitSeconds) / expected['submits']!).toBeCloseTo(1, 12)
    expect(sum(trace.jobs.startSeconds) / expected['starts']!).toBeCloseTo(1, 12)
    expect(sum(trace.jobs.endSeconds) / expected['ends']!).toBeCloseTo(1, 12)
    expect(sum(trace.jobs.runSeconds) / expected['runs']!).toBeCloseTo(1, 9)
    expect(sum(trace.jobs.attempts)).toBe(expected['attempts'])
    expect(sum(trace.jobs.priority)).toBe(expected['classes'])
    expect(noteRows(trace, 'left-truncated')).toBe(expected['early'])
    expect(noteRows(trace, 'censored')).toBe(expected['running'])
  })

  it('Google task attempts', async () => {
    const trace = await traceOf(file.googleTasks)
    const expected = await sql(`
      SELECT count(*) AS n, count(DISTINCT job_id) AS jobs, count(DISTINCT machine_id) AS machines, count(cpu_req) AS cpus, sum(cpu_req) AS cpu,
        sum(mem_req) AS memory, count(schedule_s) AS started, sum(end_s - schedule_s) AS runs, sum(priority) AS priorities,
        count(*) FILTER (submit_s = 0) AS early, count(*) FILTER (end_event = -1) AS running, count(*) FILTER (end_event = 2) AS evict,
        count(*) FILTER (end_event = 3) AS fail, count(*) FILTER (end_event = 4) AS complete, count(*) FILTER (end_event = 5) AS cancel
      FROM read_csv('${file.googleTasks}')`)
    expectSound(trace)
    expect(trace).toMatchObject({
      unit: 'task-attempt',
      slotUnit: 'task',
      source: { format: 'google-tasks', rows: expected['n'], used: expected['n'] },
    })
    expect(trace.issues.counts).toEqual([])
    const { running, evict, fail, complete, cancel } = expected
    expect(outcomeCounts(trace)).toEqual({ running, evict, fail, complete, cancel })
    expect(trace.jobs.id!.labels.length).toBe(expected['jobs'])
    expect(trace.jobs.machine!.labels.length).toBe(expected['machines'])
    expect(present1(trace.jobs.cpu)).toBe(expected['cpus'])
    expect(present1(trace.jobs.startSeconds)).toBe(expected['started'])
    expect(sum(trace.jobs.cpu) / expected['cpu']!).toBeCloseTo(1, 9)
    expect(sum(trace.jobs.memory) / expected['memory']!).toBeCloseTo(1, 9)
    expect(sum(trace.jobs.runSeconds) / expected['runs']!).toBeCloseTo(1, 9)
    expect(sum(trace.jobs.priority)).toBe(expected['priorities'])
    expect(sum(trace.jobs.slots)).toBe(expected['n'])
    expect(noteRows(trace, 'left-truncated')).toBe(expected['early'])
  })

  it('Google priorities and sizes of the first day', async () => {
    const trace = await traceOf(file.googleDay1)
    const expected = await sql(`
      SELECT count(*) AS n, sum(priority) AS priorities, min(priority) AS least, max(priority) AS most, sum(n_tasks) AS tasks
      FROM read_csv('${file.googleDay1}')`)
    expectSound(trace)
    expect(trace.source).toMatchObject({ format: 'google-day1', used: expected['n'] })
    expect(sum(trace.jobs.priority)).toBe(expected['priorities'])
    expect([...new Set(trace.jobs.priority)].sort((a, b) => a - b).at(0)).toBe(expected['least'])
    expect([...new Set(trace.jobs.priority)].sort((a, b) => a - b).at(-1)).toBe(expected['most'])
    expect(sum(trace.jobs.slots)).toBe(expected['tasks'])
  })

  it('Philly: Pacific time, in which clocks went back on 2017-11-05', async () => {
    const trace = await traceOf(file.philly)
    // Unix seconds by hand: UTC−7 until 2017-11-05 02:00 on the wall, of which 01:00 to 02:00 came twice and counts as the first; UTC−8 after.
    const expected = await sql(`
      WITH jobs AS (
        SELECT *, epoch("timestamp") + CASE WHEN "timestamp" < TIMESTAMP '2017-11-05 02:00:00' THEN 7 ELSE 8 END * 3600 AS unix,
          lag("timestamp") OVER () AS before
        FROM read_csv('${file.philly}'))
      SELECT count(*) AS n, min(unix) AS first, sum(unix - 1504546241) AS submits, sum(duration) AS runs, sum(num_gpus) AS gpus,
        count(DISTINCT "cluster") AS clusters, sum(gpu_time) AS gpu_seconds, count(*) FILTER (abs(gpu_time - duration * num_gpus) > 1) AS off,
        count(*) FILTER ("timestamp" >= '2017-11-05 01:00:00' AND "timestamp" < '2017-11-05 02:00:00') AS twice
      FROM jobs`)
    expectSound(trace)
    expect(trace.source).toMatchObject({ format: 'philly', rows: expected['n'], used: expected['n'] })
    expect(trace.clock).toEqual({ kind: 'unix', originUnixSeconds: expected['first'], timeZone: 'America/Los_Angeles' })
    expect(sum(trace.jobs.submitSeconds)).toBe(expected['submits']! + (1_504_546_241 - expected['first']!) * expected['n']!)
    expect(sum(trace.jobs.runSeconds)).toBe(expected['runs'])
    expect(sum(trace.jobs.slots)).toBe(expected['gpus'])
    expect(trace.jobs.queue!.labels.length).toBe(expected['clusters'])
    expect(expected['off']).toBe(0)
    expect(trace.jobs.runSeconds.reduce((total, run, i) => total + run * trace.jobs.slots![i]!, 0)).toBe(expected['gpu_seconds'])
    expect(noteRows(trace, 'ambiguous-time')).toBe(expected['twice'])
    expect(trace.jobs.user).toBeUndefined()
    expect(trace.jobs.outcome).toBeUndefined()
  })

  it('openb pods and nodes', async () => {
    const trace = await traceOf(file.openb)
    const expected = await sql(`
      SELECT count(*) AS n, sum(num_gpu) AS gpus, sum(num_gpu * gpu_milli) / 1000 AS held, sum(cpu_milli) / 1000 AS cpu, sum(memory_mib) AS memory,
        sum(deletion_time - scheduled_time) AS runs, count(scheduled_time) AS started, count(*) FILTER (num_gpu = 0) AS without,
        count(*) FILTER (num_gpu > 0 AND gpu_milli < 1000) AS shared, count(DISTINCT qos) AS qualities,
        count(*) FILTER (pod_phase = 'Running' AND deletion_time IS NOT NULL) AS unknown, count(*) FILTER (pod_phase = 'Failed') AS fail,
        count(*) FILTER (pod_phase = 'Pending') AS pending, count(*) FILTER (pod_phase = 'Succeeded') AS complete
      FROM read_csv('${file.openb}')`)
    expectSound(trace)
    expect(trace.source).toMatchObject({ format: 'openb', rows: expected['n'], used: expected['n'] })
    const { unknown, fail, pending, complete } = expected
    expect(outcomeCounts(trace)).toEqual({ unknown, fail, pending, complete })
    // The phases as published in the specification.
    expect({ unknown, fail, pending, complete }).toEqual({ unknown: 5193, fail: 1870, pending: 897, complete: 192 })
    expect(sum(trace.jobs.slots)).toBe(expected['gpus'])
    expect(trace.jobs.slots!.reduce((total, slots, i) => total + slots * trace.jobs.slotShare![i]!, 0)).toBeCloseTo(
      expected['held']!,
      6,
    )
    expect(sum(trace.jobs.cpu)).toBeCloseTo(expected['cpu']!, 6)
    expect(sum(trace.jobs.memory)).toBe(expected['memory'])
    expect(sum(trace.jobs.runSeconds)).toBe(expected['runs'])
    expect(present1(trace.jobs.startSeconds)).toBe(expected['started'])
    expect(noteRows(trace, 'zero-slots')).toBe(expected['without'])
    expect(noteRows(trace, 'shared-slots')).toBe(expected['shared'])
    expect(trace.jobs.queue!.labels.length).toBe(expected['qualities'])
    const nodes = await readOpenbNodes(file.openbNodes)
    const machines = await sql(`
      SELECT count(*) FILTER (gpu > 0) AS nodes, count(*) FILTER (gpu = 0) AS without, sum(gpu) AS gpus, sum(cpu_milli) AS cpus, sum(memory_mib) AS memory,
        count(DISTINCT (coalesce(model, ''), gpu, cpu_milli, memory_mib)) AS kinds
      FROM read_csv('${file.openbNodes}')`)
    if (!nodes.ok) throw new Error(JSON.stringify(nodes))
    expect(slotCount(nodes.cluster)).toBe(machines['gpus'])
    const listed = nodes.cluster.nodes
    expect(listed.reduce((total, { count, slots }) => total + (slots > 0 ? count : 0), 0)).toBe(machines['nodes'])
    expect(listed.reduce((total, { count, cpus }) => total + count * cpus! * 1000, 0)).toBe(machines['cpus'])
    expect(listed.reduce((total, { count, memoryMib }) => total + count * memoryMib!, 0)).toBe(machines['memory'])
    expect(nodes.cluster.nodes.length).toBe(machines['kinds'])
    expect(nodes.nodesWithoutGpu).toBe(machines['without'])
    // As published: 1,213 nodes with 6,212 GPUs.
    expect([machines['nodes'], machines['gpus']]).toEqual([1213, 6212])
  })

  it('GenAI requests, whose header here names all eleven columns', async () => {
    const trace = await traceOf(file.genai)
    const expected = await sql(`
      SELECT count(*) AS n, sum(exec_time_seconds) AS runs, count(DISTINCT groupId) AS users, count(DISTINCT predict_type) AS types,
        epoch(min(gmt_create)) AS first, sum(epoch(gmt_create)) - count(*) * epoch(min(gmt_create)) AS submits,
        count(*) FILTER (predict_status = 'SUCCEED') AS complete, count(*) FILTER (predict_status = 'FAILED') AS fail,
        count(*) FILTER (predict_status = 'PENDING') AS pending
      FROM read_csv('${file.genai}')`)
    expectSound(trace)
    expect(trace).toMatchObject({ unit: 'request', source: { format: 'genai', rows: expected['n'], used: expected['n'] } })
    const { complete, fail, pending } = expected
    expect(outcomeCounts(trace)).toEqual({ complete, fail, pending })
    expect(trace.clock).toEqual({ kind: 'unix', originUnixSeconds: expected['first'], timeZone: 'UTC' })
    expect(sum(trace.jobs.submitSeconds)).toBe(expected['submits'])
    expect(sum(trace.jobs.runSeconds)).toBe(expected['runs'])
    expect(trace.jobs.user!.labels.length).toBe(expected['users'])
    expect(trace.jobs.queue!.labels.length).toBe(expected['types'])
    expect(noteRows(trace, 'extra-column')).toBe(0)
  })

  it('RICC in Standard Workload Format', async () => {
    const trace = await traceOf(file.ricc)
    const expected = await sql(`
      WITH lines AS (
        SELECT string_split_regex(trim(line), '\\s+') AS f
        FROM read_csv('${file.ricc}', columns = {line: 'VARCHAR'}, delim = '\x01', quote = '', escape = '', header = false, auto_detect = false)
        WHERE line NOT LIKE ';%')
      SELECT count(*) AS n, sum(f[2]::DOUBLE) AS submits, sum(f[3]::DOUBLE) FILTER (f[3]::DOUBLE >= 0) AS waits, sum(f[4]::DOUBLE) AS runs,
        sum(f[5]::DOUBLE) AS processors, count(*) FILTER (f[9] <> '-1') AS estimated, sum(f[9]::DOUBLE) FILTER (f[9] <> '-1') AS estimates,
        count(DISTINCT f[12]) AS users, count(DISTINCT f[13]) AS groups, count(DISTINCT f[15]) AS queues,
        count(*) FILTER (f[11] = '1') AS complete, count(*) FILTER (f[11] = '5') AS cancel
      FROM lines`)
    expectSound(trace)
    // The header says MaxJobs: 447794, UnixStartTime: 1272639895, TimeZoneString: Asia/Tokyo.
    expect(trace.source).toMatchObject({ format: 'swf', rows: 447_794, used: expected['n'] })
    expect(trace.clock).toEqual({ kind: 'unix', originUnixSeconds: 1_272_639_895, timeZone: 'Asia/Tokyo' })
    const { complete, cancel } = expected
    expect(outcomeCounts(trace)).toEqual({ complete, cancel })
    expect(sum(trace.jobs.submitSeconds)).toBe(expected['submits'])
    expect(sum(trace.jobs.startSeconds) - sum(trace.jobs.submitSeconds)).toBe(expected['waits'])
    expect(sum(trace.jobs.runSeconds)).toBe(expected['runs'])
    expect(sum(trace.jobs.slots)).toBe(expected['processors'])
    expect(present1(trace.jobs.estimateSeconds)).toBe(expected['estimated'])
    expect(sum(trace.jobs.estimateSeconds)).toBe(expected['estimates'])
    expect(trace.jobs.user!.labels.length).toBe(expected['users'])
    expect(trace.jobs.group!.labels.length).toBe(expected['groups'])
    expect(trace.jobs.queue!.labels.length).toBe(expected['queues'])
  })

  it('comes back equal from halftone’s own Parquet, and Parquet of a foreign table reads as its CSV', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'halftone-walk-'))
    try {
      const openb = await traceOf(file.openb)
      await writeTrace(openb, join(folder, 'openb.parquet'))
      expect(await traceOf(join(folder, 'openb.parquet'))).toEqual(openb)
      const philly = await traceOf(file.philly)
      await sql(`COPY (SELECT * FROM read_csv('${file.philly}')) TO '${folder}/philly.parquet' (FORMAT parquet)`)
      const again = await traceOf(join(folder, 'philly.parquet'))
      expect(again.jobs).toEqual(philly.jobs)
      expect(again.clock).toEqual(philly.clock)
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
