import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Issue, OUTCOMES, type Trace } from '../model/index.js'
import { readTrace } from './read.js'
import type { ReadOptions } from './result.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'halftone-read-'))
})
afterAll(() => rm(folder, { recursive: true }))

let files = 0
async function file(content: string | Buffer, name = 'jobs.csv'): Promise<string> {
  const path = join(folder, `${++files}-${name}`)
  await writeFile(path, content)
  return path
}

/** The trace of a text, failing the test with its issues when there is none. */
async function traceOf(content: string | Buffer, options: ReadOptions = {}, name?: string): Promise<Trace> {
  const reading = await readTrace(await file(content, name), options)
  if (!reading.ok) throw new Error(JSON.stringify(reading, undefined, 1))
  return reading.trace
}

/** Issues with their place cut to what follows the file’s path: `:3 bad-number abc`. */
async function issuesOf(
  content: string | Buffer,
  options: ReadOptions = {},
  name?: string,
): Promise<{ ok: boolean; issues: string[]; refusal?: string }> {
  const path = await file(content, name)
  const reading = await readTrace(path, options)
  const kept = reading.ok ? reading.trace.issues.kept : reading.issues.kept
  const issues = kept.map((issue: Issue) => `${issue.place.replace(path, '')} ${issue.code} ${issue.value ?? ''}`.trim())
  return reading.ok || reading.refusal === undefined
    ? { ok: reading.ok, issues }
    : { ok: false, issues, refusal: reading.refusal.code }
}

const outcomes = (trace: Trace) => [...(trace.jobs.outcome ?? [])].map((code) => OUTCOMES[code])
const labels = (trace: Trace, column: 'id' | 'user' | 'queue' | 'group' | 'name') =>
  [...trace.jobs[column]!.codes].map((code) => trace.jobs[column]!.labels[code])
const notes = (trace: Trace) => Object.fromEntries(trace.notes.map((note) => [note.code, note.numbers?.['rows']]))

const GOOGLE = 'job_id,user,sched_class,logical_name,submit_s,first_schedule_s,end_s,end_event,n_submit,n_schedule,n_end\n'
const PHILLY = 'timestamp,duration,num_gpus,gpu_time,cluster\n'

describe('readTrace on good files', () => {
  it('reads Google jobs: outcomes, left-truncated and censored jobs, priority and attempts', async () => {
    const trace = await traceOf(
      `${GOOGLE}1,7,3,0,0,0,,,1,1,0\n2,7,0,1,600.5,601.25,700,4,1,2,1\n3,8,1,1,650,660,670,2,1,1,1\n4,8,1,1,651,660,670,3,1,1,1\n5,8,1,1,652,660,670,5,1,1,1\n6,8,1,1,653,660,670,6,1,1,1\n`,
    )
    expect(trace).toMatchObject({ unit: 'job', slotUnit: 'task', clock: { kind: 'relative' }, priorityOrder: 'larger-first' })
    expect(outcomes(trace)).toEqual(['running', 'complete', 'evict', 'fail', 'cancel', 'lost'])
    expect([...trace.jobs.runSeconds]).toEqual([Number.NaN, 98.75, 10, 10, 10, 10])
    expect([...trace.jobs.leftTruncated!]).toEqual([1, 0, 0, 0, 0, 0])
    expect([...trace.jobs.priority!]).toEqual([3, 0, 1, 1, 1, 1])
    expect([...trace.jobs.attempts!]).toEqual([1, 2, 1, 1, 1, 1])
    expect(trace.jobs.slots).toBeUndefined()
    expect(notes(trace)).toMatchObject({ 'left-truncated': 1, censored: 1 })
    expect(trace.issues.counts).toEqual([])
  })

  it('reads a gzip file as its content', async () => {
    const text = `${GOOGLE}1,7,3,0,1,2,3,4,1,1,1\n`
    const plain = await traceOf(text)
    const packed = await traceOf(gzipSync(text), {}, 'jobs.csv.gz')
    expect(packed.jobs).toEqual(plain.jobs)
    // The content tells, not the name.
    expect((await traceOf(gzipSync(text), {}, 'jobs.csv')).jobs).toEqual(plain.jobs)
  })

  it('reads Philly in Pacific time across the change of clocks, from the earliest job on', async () => {
    const trace = await traceOf(
      `${PHILLY}2017-11-05 03:00:00,5.0,1,5.0,a\n2017-11-05 00:30:00,6.0,2,12.0,b\n2017-11-05 01:30:00,7.0,1,7.0,a\n`,
    )
    // 00:30 PDT is 07:30 UTC; 01:30, shown twice, is 08:30 UTC the first time; 03:00 PST is 11:00 UTC.
    expect(trace.clock).toEqual({
      kind: 'unix',
      originUnixSeconds: Date.UTC(2017, 10, 5, 7, 30) / 1000,
      timeZone: 'America/Los_Angeles',
    })
    expect([...trace.jobs.submitSeconds]).toEqual([3.5 * 3600, 0, 3600])
    expect(labels(trace, 'queue')).toEqual(['a', 'b', 'a'])
    expect(notes(trace)).toMatchObject({ unsorted: 1, 'ambiguous-time': 1 })
    const tokyo = await traceOf(`${PHILLY}2017-11-05 03:00:00,5.0,1,5.0,a\n`, { timeZone: 'Asia/Tokyo' })
    expect(tokyo.clock).toMatchObject({ originUnixSeconds: Date.UTC(2017, 10, 4, 18) / 1000, timeZone: 'Asia/Tokyo' })
  })

  it('reads openb pods: shared GPUs, and Running pods that were deleted as unknown', async () => {
    const header =
      'name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time\n'
    const trace = await traceOf(
      `${header}p0,12000,16384,1,460,,LS,Running,0,100,10\np1,6000,1,0,0,,BE,Pending,5,50,\np2,6000,1,2,1000,V100,BE,Succeeded,5,50,6\np3,1,1,1,1000,,BE,Failed,6,50,6\n`,
    )
    expect(outcomes(trace)).toEqual(['unknown', 'pending', 'complete', 'fail'])
    expect([...trace.jobs.slots!]).toEqual([1, 0, 2, 1])
    expect([...trace.jobs.slotShare!]).toEqual([0.46, 0, 1, 1])
    expect([...trace.jobs.runSeconds]).toEqual([90, Number.NaN, 44, 44])
    expect([...trace.jobs.cpu!]).toEqual([12, 6, 6, 0.001])
    expect(trace).toMatchObject({ cpuUnit: 'core', memoryUnit: 'MiB', slotUnit: 'GPU' })
    expect(notes(trace)).toMatchObject({ 'deleted-while-running': 1, 'shared-slots': 1, 'zero-slots': 1 })
  })

  it('reads GenAI requests, also where rows have one column more than the header names', async () => {
    const header =
      'gmt_create,predict_type,predict_status,exec_time_seconds,groupId,prompt_length,negative_prompt_length,num_images_per_prompt,num_inference_steps,checkpoint_model_version_id'
    const rows = [
      '2024-11-15 16:57:50,TXT_2_IMG,SUCCEED,32.0,G0,63.0,,1.0,30.0,M0,0',
      '2024-11-15 16:57:55,TXT_2_IMG,FAILED,1.0,G1,63.0,,1.0,30.0,M0,0',
    ]
    const short = await traceOf([header, ...rows, ''].join('\n'))
    const full = await traceOf([`${header},num_lora`, ...rows, ''].join('\n'))
    expect(short.jobs).toEqual(full.jobs)
    expect(notes(short)).toMatchObject({ 'extra-column': 2 })
    expect(outcomes(full)).toEqual(['complete', 'fail'])
    expect([...full.jobs.slots!]).toEqual([1, 1])
    expect(full).toMatchObject({
      unit: 'request',
      clock: { originUnixSeconds: Date.UTC(2024, 10, 15, 16, 57, 50) / 1000, timeZone: 'UTC' },
    })
  })

  it('reads SWF: the clock of its header, starts from waits, −1 as missing, and what was asked for where nothing else is known', async () => {
    const trace = await traceOf(
      [
        '; UnixStartTime: 1272639895',
        '; TimeZoneString: Asia/Tokyo',
        '; MaxProcs: 8192',
        ';',
        '    1     0   10  222   80 -1 -1  80 14400 1200000 1 1 1 -1 1 -1 -1 -1',
        '    2    20   -1   -1   -1 -1 -1   4    60      -1 5 2 1 -1 1 -1 -1 -1',
        '    3    30    0    5    4 -1 -1   4    60      -1 0 2 1 -1 2 -1 -1 -1',
        '',
      ].join('\n'),
      {},
      'log.swf',
    )
    expect(trace.clock).toEqual({ kind: 'unix', originUnixSeconds: 1_272_639_895, timeZone: 'Asia/Tokyo' })
    expect([...trace.jobs.startSeconds!]).toEqual([10, Number.NaN, 30])
    expect([...trace.jobs.endSeconds!]).toEqual([232, Number.NaN, 35])
    expect([...trace.jobs.runSeconds]).toEqual([222, Number.NaN, 5])
    expect([...trace.jobs.slots!]).toEqual([80, 4, 4])
    expect([...trace.jobs.estimateSeconds!]).toEqual([14_400, 60, 60])
    expect(outcomes(trace)).toEqual(['complete', 'cancel', 'fail'])
    expect(labels(trace, 'queue')).toEqual(['1', '1', '2'])
    expect(trace.jobs.name).toBeUndefined()
    expect(notes(trace)).toMatchObject({ 'requested-slots': 1 })
    expect(trace.notes.find(({ code }) => code === 'max-processors')?.numbers).toEqual({ value: 8192 })
  })

  it('reads sacct: steps left out, arrays as jobs, running jobs censored, GPUs as slots', async () => {
    const trace = await traceOf(
      [
        'JobID|Submit|Start|End|Elapsed|State|NCPUS|AllocTRES|User|Partition|QOS|Priority|Timelimit',
        '100|2024-03-01T10:00:00|2024-03-01T10:00:30|2024-03-02T11:00:30|1-01:00:00|COMPLETED|8|billing=8,cpu=8,gres/gpu=2,mem=64G|ann|gpu|high|1000|2-00:00:00',
        '100.batch|2024-03-01T10:00:30|2024-03-01T10:00:30|2024-03-02T11:00:30|1-01:00:00|COMPLETED|8|cpu=8|||||',
        '101_4|2024-03-01T10:00:05|2024-03-01T10:01:00|2024-03-01T10:01:50|00:00:50|CANCELLED by 1000|4|cpu=4,gres/gpu:a100=1|bob|gpu|low|900|UNLIMITED',
        '102|2024-03-01T10:00:06|2024-03-01T10:02:00|Unknown|00:30:00|RUNNING|4|cpu=4|bob|cpu|low|900|01:30:00',
        '103|2024-03-01T10:00:07|Unknown|Unknown|00:00:00|PENDING|4||bob|cpu|low|900|30:00',
        '104|2024-03-01T10:00:08|2024-03-01T10:02:00|2024-03-01T10:32:00|00:30:00|TIMEOUT|4|cpu=4|bob|cpu|low|900|00:30:00',
        '105|2024-03-01T10:00:09|2024-03-01T10:02:00|2024-03-01T10:32:00|00:30:00|NODE_FAIL|4|cpu=4|bob|cpu|low|900|00:30:00',
        '106|2024-03-01T10:00:10|2024-03-01T10:02:00|2024-03-01T10:32:00|00:30:00|PREEMPTED|4|cpu=4|bob|cpu|low|900|00:30:00',
        '',
      ].join('\n'),
      { timeZone: 'Europe/Berlin' },
      'sacct.txt',
    )
    expect(trace.source).toMatchObject({ format: 'sacct', rows: 8, used: 7 })
    // 10:00 in Berlin on 1 March is 09:00 UTC.
    expect(trace.clock).toEqual({ kind: 'unix', originUnixSeconds: Date.UTC(2024, 2, 1, 9) / 1000, timeZone: 'Europe/Berlin' })
    expect(labels(trace, 'id')).toEqual(['100', '101_4', '102', '103', '104', '105', '106'])
    expect(outcomes(trace)).toEqual(['complete', 'cancel', 'running', 'pending', 'timeout', 'fail', 'evict'])
    expect([...trace.jobs.runSeconds].slice(0, 4)).toEqual([90_000, 50, Number.NaN, Number.NaN])
    expect([...trace.jobs.estimateSeconds!].slice(0, 4)).toEqual([172_800, Number.NaN, 5400, 1800])
    expect([...trace.jobs.slots!].slice(0, 4)).toEqual([2, 1, 0, Number.NaN])
    expect(trace).toMatchObject({ slotUnit: 'GPU', cpuUnit: 'core', priorityOrder: 'larger-first' })
    expect(labels(trace, 'group')[0]).toBe('high')
    expect(notes(trace)).toMatchObject({ 'job-steps': 1, censored: 1 })
    expect(trace.issues.counts).toEqual([])
  })

  it('takes processors as the slots of sacct where no job has a GPU', async () => {
    const trace = await traceOf(
      'JobID|Submit|Start|End|ElapsedRaw|State|NCPUS|AllocTRES\n1|2024-03-01T10:00:00|2024-03-01T10:00:30|2024-03-01T10:00:40|10|FAILED|8|cpu=8\n',
    )
    expect(trace.slotUnit).toBe('processor')
    expect([...trace.jobs.slots!]).toEqual([8])
    expect(trace.jobs.cpu).toBeUndefined()
  })

  it('reads a mapped table: units, scales, its own outcomes and quoted labels', async () => {
    const mapping = await file(
      [
        'schema: halftone/mapping/1',
        'slotUnit: GPU',
        'priorityOrder: smaller-first',
        'columns:',
        '  submit: { column: arrived, unit: milliseconds }',
        '  wait: { column: queued, unit: minutes }',
        '  run: { column: took, unit: slurm }',
        '  slots: { column: milli_gpu, scale: 0.001 }',
        '  outcome: how',
        '  user: who',
        'outcomes: { ok: complete, boom: fail }',
        'missing: ["?"]',
      ].join('\n'),
      'map.yaml',
    )
    const text = 'arrived;queued;took;milli_gpu;how;who\n1500;2;00:01:30;4000;ok;"a;""b"""\n2500;?;1-00:00:00;500;boom;?\n'
    const trace = await traceOf(text, { mapping })
    expect([...trace.jobs.submitSeconds]).toEqual([1.5, 2.5])
    expect([...trace.jobs.startSeconds!]).toEqual([121.5, Number.NaN])
    expect([...trace.jobs.runSeconds]).toEqual([90, 86_400])
    expect([...trace.jobs.slots!]).toEqual([4, 0.5])
    expect(outcomes(trace)).toEqual(['complete', 'fail'])
    expect(trace.jobs.user).toEqual({ codes: Int32Array.of(0, -1), labels: ['a;"b"'] })
  })

  it('reads a mapped table of dates in the zone of the mapping', async () => {
    const mapping = await file(
      'schema: halftone/mapping/1\ntimeZone: Asia/Kolkata\ncolumns:\n  submit: at\n  end: done\n',
      'map.yaml',
    )
    const trace = await traceOf('at\tdone\n2020-01-01 05:30\t2020-01-01 05:31\n', { mapping })
    expect(trace.clock).toEqual({ kind: 'unix', originUnixSeconds: Date.UTC(2020, 0, 1) / 1000, timeZone: 'Asia/Kolkata' })
    expect([...trace.jobs.endSeconds!]).toEqual([60])
  })

  it('reads a table with halftone’s own column names without a mapping', async () => {
    const trace = await traceOf('id,submit,start,end,slots,outcome,queue\na,0,1,3,2,complete,gold\nb,1,3,4,1,fail,iron\n')
    expect([...trace.jobs.runSeconds]).toEqual([2, 1])
    expect(outcomes(trace)).toEqual(['complete', 'fail'])
  })

  it('reads dates in such a table where its submit column has them, in the zone asked for', async () => {
    const trace = await traceOf('submit,end\n2020-01-01T09:00:00,2020-01-01T09:00:07\n', { timeZone: 'Asia/Tokyo' })
    expect(trace.clock).toEqual({ kind: 'unix', originUnixSeconds: Date.UTC(2020, 0, 1) / 1000, timeZone: 'Asia/Tokyo' })
    expect([...trace.jobs.endSeconds!]).toEqual([7])
  })

  it('takes the zone of an SWF log from its offset in seconds, and counts ends that it lacks', async () => {
    const trace = await traceOf(
      '; UnixStartTime: 1000000000\n; TimeZone: -18000\n1 5 -1 -1 4 -1 -1 4 60 -1 5 1 1 -1 1 -1 -1 -1\n',
    )
    // Five hours west of UTC, which POSIX names +5.
    expect(trace.clock).toEqual({ kind: 'unix', originUnixSeconds: 1_000_000_000, timeZone: 'Etc/GMT+5' })
    expect(notes(trace)).toMatchObject({ 'no-end': 1 })
  })

  it('takes # for the start of a comment unless the mapping says that there are none', async () => {
    const text = 'name,submit\n#1,0\na,1\n'
    const columns = 'columns:\n  submit: submit\n  name: name\n'
    const commented = await file(`schema: halftone/mapping/1\n${columns}`, 'map.yaml')
    const plain = await file(`schema: halftone/mapping/1\ncomment: false\n${columns}`, 'map.yaml')
    expect(notes(await traceOf(text, { mapping: commented }))).toMatchObject({ 'comment-lines': 1 })
    expect(labels(await traceOf(text, { mapping: plain }), 'name')).toEqual(['#1', 'a'])
  })

  it('tells how far it is', async () => {
    const seen: number[] = []
    await traceOf(`${PHILLY}2017-11-05 03:00:00,5.0,1,5.0,a\n`, { onProgress: ({ rows }) => seen.push(rows) })
    expect(seen.at(-1)).toBe(1)
  })
})

describe('readTrace on bad rows', () => {
  it('reports each with its line and value, drops or repairs it, and keeps the rest', async () => {
    const rows = [
      'id,submit,start,end,run,slots,user',
      'a,NaN,1,2,1,1,x', // 2: no submit time
      'b,1,Infinity,9,8,1,x', // 3
      'c,1,1e999,9,8,1,x', // 4
      'd,2,3,2.5,,1,x', // 5: ends before it starts
      'e,5,4,6,1,1,x', // 6: starts before it is submitted
      'f,6,7,8,-1,1,x', // 7
      'g,7,8,9,1,-2,x', // 8
      'h,-1,8,9,1,1,x', // 9
      'i,9,nine,11,1,1,x', // 10
      'i,10,11,12,1,1,x', // 11: id again
      'j,11,12', // 12: columns
      'k,,12,13,1,1,x', // 13: no submit time
      'l,1e300,12,13,1,1,x', // 14
      'm,12,13,14,1,1e12,x', // 15
      'n,13,14,15,1,1,x', // 16
    ]
    const found = await issuesOf(`${rows.join('\n')}\n`)
    expect(found).toEqual({
      ok: true,
      issues: [
        ':2 not-finite NaN',
        ':3 not-finite Infinity',
        ':4 not-finite 1e999',
        ':5 end-before-start 2.5',
        ':6 start-before-submit 4',
        ':7 negative-duration -1',
        ':8 negative-number -2',
        ':9 negative-time -1',
        ':10 bad-number nine',
        ':11 duplicate-id i',
        ':12 column-count j,11,12',
        ':13 missing-submit',
        ':14 out-of-range 1e+300',
        ':15 out-of-range 1000000000000',
      ],
    })
    const trace = await traceOf(rows.join('\n'))
    expect(trace.source).toMatchObject({ rows: 15, used: 10 })
    expect(trace.jobs.count).toBe(10)
    // d keeps no end and so no run time; f takes its run time from start and end instead of the negative one.
    expect([...trace.jobs.runSeconds]).toEqual([8, 8, Number.NaN, 1, 1, 1, 1, 1, 1, 1])
    expect(notes(trace)).toMatchObject({ dropped: 5 })
    const all = await readTrace(await file(rows.join('\n')), { strict: true })
    expect(all.ok).toBe(false)
  })

  it('places an issue on the physical line after quoted line ends, blank lines, comments, CRLF and CR', async () => {
    const found = await issuesOf('# by hand\r\nid,submit,user\r\n1,1,"a\nb\nc"\r\n\r\n2,bad,x\r3,worse,"p\nq"\n4,worst,z')
    expect(found.issues).toEqual([':7 bad-number bad', ':8 bad-number worse', ':10 bad-number worst', ':7 mixed-line-ends'])
  })

  it('keeps the first twenty of a code and counts all', async () => {
    const rows = Array.from({ length: 500 }, (_, i) => `${i},x`)
    const trace = await traceOf(`submit,run\n${rows.join('\n')}\n`)
    expect(trace.issues.kept).toHaveLength(20)
    expect(trace.issues.counts).toEqual([expect.objectContaining({ code: 'bad-number', count: 500 })])
    const fewer = await traceOf(`submit,run\n${rows.join('\n')}\n`, { keepIssues: 3 })
    expect(fewer.issues.kept).toHaveLength(3)
  })

  it('reports bad times, outcomes and fields of the known formats', async () => {
    expect((await issuesOf(`${PHILLY}2017-02-30 00:00:00,1,1,1,a\n2017-03-01 00:00:00,1,1,1,a\n`)).issues).toEqual([
      ':2 bad-time 2017-02-30 00:00:00',
    ])
    expect((await issuesOf(`${GOOGLE}1,7,3,0,1,2,3,9,1,1,1\n`)).issues).toEqual([':2 unknown-outcome 9'])
    const swf =
      '1 0 1 1 1 -1 -1 1 1 -1 1 1 1 -1 1 -1 -1 -1\n2 x 1 1 1 -1 -1 1 1 -1 1 1 1 -1 1 -1 -1 -1\n3 1 2 3\n4 -1 1 1 1 -1 -1 1 1 -1 1 1 1 -1 1 -1 -1 -1\n5 3 1 -7 1 -1 -1 1 1 -1 9 1 1 -1 1 -1 -1 -1\n'
    expect((await issuesOf(swf)).issues).toEqual([
      ':2 bad-number x',
      ':3 column-count 3 1 2 3',
      ':4 missing-submit -1',
      ':5 unknown-outcome 9',
      ':5 negative-duration -7',
    ])
  })

  it('refuses, with every issue, when no row is usable', async () => {
    expect(await issuesOf('submit,run\nx,1\ny,2\n')).toEqual({
      ok: false,
      issues: [':2 bad-number x', ':3 bad-number y'],
      refusal: 'no-data',
    })
    expect(await issuesOf('submit,run\n')).toEqual({ ok: false, issues: [], refusal: 'no-data' })
    expect(await issuesOf('; UnixStartTime: 5\n; MaxProcs: 4\n')).toEqual({ ok: false, issues: [], refusal: 'no-data' })
  })
})

describe('readTrace on bad files', () => {
  const good = `${GOOGLE}${Array.from({ length: 3000 }, (_, i) => `${i},7,3,0,${i},${i + 1},${i + 2},4,1,1,1`).join('\n')}\n`

  it('says where a gzip file breaks off, and what else was wrong until there', async () => {
    const packed = gzipSync(good.replace('\n5,7,3', '\n5,7,x'))
    const found = await issuesOf(packed.subarray(0, packed.length >> 1), {}, 'jobs.csv.gz')
    expect(found.ok).toBe(false)
    expect(found.issues[0]).toBe(':7 bad-number x')
    expect(found.issues[1]).toMatch(/^:\d+ truncated-gzip$/)
    // About half of the 3001 lines lie in half of the bytes.
    expect(Number(/:(\d+)/.exec(found.issues[1]!)![1])).toBeGreaterThan(800)
    const tail = await issuesOf(packed.subarray(0, packed.length - 4), {}, 'jobs.csv.gz')
    expect(tail.issues.at(-1)).toBe(':3002 truncated-gzip')
    const stub = await issuesOf(packed.subarray(0, 5), {}, 'jobs.csv.gz')
    expect(stub).toEqual({ ok: false, issues: [':1 truncated-gzip'] })
  })

  it('says where gzip data are damaged', async () => {
    const packed = gzipSync(good)
    packed.fill(0xff, 2000, 2100)
    const found = await issuesOf(packed)
    expect(found.ok).toBe(false)
    expect(found.issues.at(-1)).toMatch(/^:\d+ corrupt-gzip$/)
  })

  it('says when a .gz is no gzip, and when a file is compressed otherwise', async () => {
    expect(await issuesOf(good, {}, 'jobs.csv.gz')).toEqual({ ok: false, issues: ['not-gzip job_id,user,sche'] })
    expect(await issuesOf(Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 1, 2, 3, 4]), {}, 'jobs.csv')).toEqual({
      ok: false,
      issues: ['compression'],
    })
  })

  it('says when there is no file, a directory, an empty file, or one of blank lines', async () => {
    const codes = async (path: string) => {
      const reading = await readTrace(path)
      return reading.ok ? [] : reading.issues.kept.map(({ code, place }) => [code, place])
    }
    expect(await codes(join(folder, 'nowhere.csv'))).toEqual([['missing-file', join(folder, 'nowhere.csv')]])
    expect(await codes(folder)).toEqual([['directory', folder]])
    expect(await issuesOf('')).toEqual({ ok: false, issues: ['empty-file'] })
    expect((await issuesOf(gzipSync(''), {}, 'x.csv.gz')).issues[0]).toContain('empty-file')
    expect(await issuesOf('\n\n# nothing\n')).toEqual({ ok: false, issues: [':1 no-header'] })
  })

  it('says when the content is no text', async () => {
    const garbage = Buffer.from(Array.from({ length: 4000 }, (_, i) => (i * 7919 + (i >> 3) * 104_729) & 0xff))
    expect((await issuesOf(garbage)).issues[0]).toContain('not-text')
    expect((await issuesOf(gzipSync(garbage), {}, 'x.csv.gz')).issues[0]).toContain(':1 not-text')
    expect((await issuesOf(Buffer.from('\ufeffsubmit\n1\n', 'utf16le'))).issues[0]).toContain('not-text')
    // The code is not in the head: it is a bad value like any other.
    expect((await issuesOf(`submit,run\n1,2\n${'2,3\n'.repeat(5000)}3,\0\n`)).issues).toEqual([':5003 bad-number \0'])
  })

  it('reads on past a byte-order mark and mixed line ends, and says so', async () => {
    const found = await issuesOf(`\ufeff${PHILLY}2017-03-01 00:00:00,1,1,1,a\r\n2017-03-01 00:00:00,1,1,1,a\n`)
    expect(found).toEqual({ ok: true, issues: [':1 byte-order-mark EF BB BF', ':2 mixed-line-ends'] })
  })

  it('cuts a line of a million characters down to an issue', async () => {
    const found = await issuesOf(`submit,user\n1,${'x'.repeat(1_000_000)}\n2,a\nb,a\n`)
    expect(found.ok).toBe(true)
    expect(found.issues[0]).toMatch(/^:2 line-too-long 1,x{70,}\.\.\.$/)
    expect(found.issues[1]).toBe(':4 bad-number b')
    expect((await issuesOf('x'.repeat(1_000_000))).issues[0]).toMatch(/^:1 line-too-long x+\.\.\.$/)
  })

  it('names the delimiter that a known format has here instead of its own', async () => {
    const found = await readTrace(await file(good.replaceAll(',', ';')))
    expect(found.ok).toBe(false)
    if (!found.ok) {
      expect(found.issues.kept).toHaveLength(1)
      expect(found.issues.kept[0]).toMatchObject({ code: 'wrong-delimiter', message: expect.stringContaining('semicolons') })
    }
  })

  it('names the nearest formats and what they lack for a header that it does not know', async () => {
    const found = await readTrace(await file('timestamp,duration,num_gpu,cluster\n1,2,3,4\n'))
    expect(found.ok).toBe(false)
    if (!found.ok) {
      const { code, place, message } = found.issues.kept[0]!
      expect(code).toBe('unknown-format')
      expect(place).toMatch(/:1$/)
      expect(message).toContain('philly lacks num_gpus (is it num_gpu?), gpu_time')
    }
  })

  it('names every column that an asked-for format needs and lacks, an unknown format and an unknown zone', async () => {
    const philly = `${PHILLY}2017-03-01 00:00:00,1,1,1,a\n`
    expect((await issuesOf(philly, { format: 'google-day1' })).issues.map((issue) => issue.split(' ')[1])).toEqual(
      Array(4).fill('missing-column'),
    )
    expect((await issuesOf(philly, { format: 'phily', timeZone: 'Mars/Olympus' })).issues).toEqual([
      '--format unknown-format phily',
      '--time-zone unknown-time-zone Mars/Olympus',
    ])
    expect((await issuesOf(philly, { format: 'parquet' })).issues).toEqual(['not-parquet'])
    expect((await issuesOf(philly, { format: 'swf' })).refusal).toBe('no-data')
  })

  it('names every column of a mapping that the table lacks, at the mapping’s line, with everything wrong at once', async () => {
    const mapping = await file(
      'schema: halftone/mapping/1\ncolumns:\n  submit: timestmp\n  run: duration\n  user: owner\n',
      'map.yaml',
    )
    const found = await issuesOf(`${PHILLY}2017-03-01 00:00:00,1,1,1,a\n`, { mapping })
    expect(found.ok).toBe(false)
    expect(found.issues.map((issue) => issue.replace(mapping, 'map.yaml'))).toEqual([
      'map.yaml:3 columns.submit unknown-column timestmp',
      'map.yaml:5 columns.user unknown-column owner',
    ])
    const tabs = await file('schema: halftone/mapping/1\ncolumns:\n\tsubmit: a\n', 'map.yaml')
    const both = await readTrace(join(folder, 'nowhere.csv'), { mapping: tabs })
    expect(both.ok ? [] : both.issues.kept.map(({ code }) => code)).toEqual(['yaml-tab', 'missing-file'])
  })

  it('takes the clock from the first submit time that is one, and does not take both a mapping and a format', async () => {
    const trace = await traceOf('submit,run\nsoon,1\n2020-01-01 00:00:00,1\n')
    expect(trace.clock).toMatchObject({ kind: 'unix' })
    expect(trace.issues.kept.map(({ code }) => code)).toEqual(['bad-time'])
    const mapping = await file('schema: halftone/mapping/1\ncolumns:\n  submit: a\n', 'map.yaml')
    expect((await issuesOf('a\n1\n', { mapping, format: 'philly' })).issues).toEqual(['--format mapping-and-format philly'])
  })

  it('names the delimiter when the mapping has another than the file', async () => {
    const mapping = await file('schema: halftone/mapping/1\ndelimiter: ";"\ncolumns:\n  submit: a\n  run: b\n', 'map.yaml')
    const found = await issuesOf('a,b\n1,2\n', { mapping })
    expect(found.issues.map((issue) => issue.replace(mapping, 'map.yaml'))).toEqual(['map.yaml:2 delimiter wrong-delimiter a,b'])
  })

  it('says when a column that it reads is there twice', async () => {
    expect(await issuesOf('submit,run,run\n1,2,3\n')).toEqual({ ok: false, issues: [':1 duplicate-column run'] })
  })
})

describe('readTrace on any bytes', () => {
  const samples = [
    `${GOOGLE}1,7,3,0,0,0,,,1,1,0\n2,7,0,1,600.5,601.25,700,4,1,2,1\n`,
    `${PHILLY}2017-11-05 03:00:00,5.0,1,5.0,a\n2017-11-05 00:30:00,6.0,2,12.0,b\n`,
    '; UnixStartTime: 1272639895\n1 0 10 222 80 -1 -1 80 14400 1200000 1 1 1 -1 1 -1 -1 -1\n2 5 10 222 80 -1 -1 80 14400 1200000 1 1 1 -1 1 -1 -1 -1\n',
    'JobID|Submit|Start|End|ElapsedRaw|State|NCPUS|AllocTRES\n1|2024-03-01T10:00:00|2024-03-01T10:00:30|2024-03-01T10:00:40|10|FAILED|8|gres/gpu=2\n',
    'id,submit,start,end,slots,outcome,queue\na,0,1,3,2,complete,"go""ld"\nb,1,3,4,1,fail,"i\nron"\n',
  ]
  const patch = fc.record({
    at: fc.nat(400),
    remove: fc.nat(12),
    insert: fc.oneof(
      fc.string({ maxLength: 8 }),
      fc.constantFrom('"', '\r', '\n\n', ',', '-', '1e309', 'NaN', '\0', '\t', '|', ';', '999999999999999999'),
    ),
  })

  it('gives a sound trace or issues, and never throws, whatever is done to a good file', async () => {
    const packed = fc.option(fc.nat(300), { freq: 4 })
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...samples), fc.array(patch, { maxLength: 4 }), packed, async (sample, patches, cut) => {
        let text = sample
        for (const { at, remove, insert } of patches) text = text.slice(0, at) + insert + text.slice(at + remove)
        const bytes = cut === null ? Buffer.from(text) : gzipSync(text).subarray(0, cut + 1)
        const reading = await readTrace(await file(bytes, 'any'))
        if (!reading.ok) {
          const errors = reading.issues.counts.filter(({ severity }) => severity === 'error').length
          expect(errors > 0 || reading.refusal !== undefined).toBe(true)
          for (const issue of reading.issues.kept) expect((issue.value ?? '').length).toBeLessThanOrEqual(80)
          return
        }
        const { jobs, source } = reading.trace
        expect(jobs.count).toBe(source.used)
        expect(source.used).toBeLessThanOrEqual(source.rows)
        for (let i = 0; i < jobs.count; i++) {
          expect(jobs.submitSeconds[i]).toBeGreaterThanOrEqual(0)
          expect(jobs.submitSeconds[i]).toBeLessThan(Number.POSITIVE_INFINITY)
          for (const column of [jobs.startSeconds, jobs.endSeconds, jobs.runSeconds, jobs.slots]) {
            const value = column?.[i] ?? Number.NaN
            expect(Number.isNaN(value) || (value >= 0 && Number.isFinite(value))).toBe(true)
          }
          expect((jobs.endSeconds?.[i] ?? Number.POSITIVE_INFINITY) < (jobs.startSeconds?.[i] ?? 0)).toBe(false)
          expect((jobs.startSeconds?.[i] ?? Number.POSITIVE_INFINITY) < jobs.submitSeconds[i]!).toBe(false)
        }
      }),
      { numRuns: 600, seed: 2011 },
    )
  })
})
