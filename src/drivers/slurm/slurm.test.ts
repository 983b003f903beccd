import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isRefusal, JobSpec } from '../../model/index.js'
import { readToken, type Secret } from '../token.js'
import { nodeState } from './actions.js'
import { formatArrayTasks, parseArrayTasks } from './array.js'
import { attemptKey, parseAttempts } from './attempts.js'
import { isUnanswered, slurmCommands } from './command.js'
import { controllerOf } from './controller.js'
import { nodeRow, queueRow, submissionBody } from './dialect.js'
import { foldForeign, foldOwn } from './fold.js'
import { send } from './http.js'
import { discoverLevels, levelOf, niceStepOf, priorityOf } from './levels.js'
import { parseStageName, stageName } from './name.js'
import { openQuota } from './quota.js'
import { ranksOf } from './ranks.js'
import { type JobRecord, keptFraction, openSpool, spoolRefusal } from './record.js'
import { isHeld, type QueueRow, targetOf } from './row.js'
import { taskScript } from './script.js'
import type { Site } from './site.js'
import { limitSeconds } from './tools.js'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'halftone-slurm-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const row = (change: Partial<QueueRow> = {}): QueueRow => ({
  jobId: 7,
  arrayId: 7,
  name: 'x',
  user: 'ann',
  queue: 'batch',
  qos: 'normal',
  state: 'PENDING',
  reason: 'Priority',
  priority: 100,
  nice: 0,
  submitSeconds: 1000,
  processors: 1,
  nodes: '',
  restarts: 0,
  ...change,
})
const record = (change: Partial<JobRecord> = {}): JobRecord => ({
  schema: 'halftone/slurm-job/1',
  spec: JobSpec.parse({
    key: 'k',
    className: 'low',
    priority: 2,
    stages: [
      { name: 'map', tasks: 4, command: ['true'] },
      { name: 'reduce', tasks: 1, command: ['true'] },
    ],
  }),
  submitSeconds: 999.5,
  priority: 2,
  speed: 1,
  processors: 1,
  arrays: { map: [7], reduce: [11] },
  withdrawn: {},
  released: true,
  cancelled: false,
  ...change,
})
const site = (config: Record<string, string>, qualities: Site['qualities'] = []): Site => ({
  version: '22.05.8',
  config: new Map(Object.entries(config)),
  accounting: true,
  qualities,
  operator: true,
  tiers: new Map(),
  maxArraySize: 1001,
  minJobAgeSeconds: 300,
})

describe('task numbers of an array', () => {
  it('come back as they were written', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(300), { minLength: 1 }), (tasks) => {
        expect(parseArrayTasks(formatArrayTasks(tasks))!.tasks).toEqual([...tasks].sort((a, b) => a - b))
      }),
    )
  })

  it('are read with steps, brackets and a throttle, and not at all where Slurm cut them', () => {
    expect(parseArrayTasks('[0-6:3,9%2]')).toEqual({ tasks: [0, 3, 6, 9], atOnce: 2 })
    expect(parseArrayTasks('1-3,5,...')).toBeUndefined()
    expect(parseArrayTasks('N/A')).toBeUndefined()
  })
})

describe('the name of a stage', () => {
  it('tells key, class and stage again', () => {
    const text = stageName({ key: 'a.b-1_c', className: 'low class.2' }, 'map')
    expect(text).not.toContain(' ')
    expect(parseStageName(text)).toEqual({ key: 'a.b-1_c', className: 'low class.2', stage: 'map' })
  })

  it.each(['halftone', 'halftone:a:b', 'halftone:a b:c:d', 'xhalftone:a:b:c'])('is not seen in %s', (text) => {
    expect(parseStageName(text)).toBeUndefined()
  })
})

describe('the script of a task', () => {
  const run = (command: string[], inDirectory = join(directory, 'work')): string => {
    const spec = JobSpec.parse({
      key: 'k',
      className: 'c',
      priority: 1,
      stages: [{ name: 'map', tasks: 3, command }],
      directory: inDirectory,
    })
    const spool = openSpool(directory)
    spool.remove('k')
    spool.write(record({ spec, withdrawn: { map: [2] } }))
    mkdirSync(inDirectory, { recursive: true })
    const script = taskScript({ spec, stage: spec.stages[0]!, spool: spool.directoryOf('k'), directory: inDirectory })
    const env = { PATH: process.env['PATH']!, SLURM_ARRAY_TASK_ID: '1', SLURM_JOB_ID: '9', SLURMD_NODENAME: 'n1' }
    return execFileSync('bash', ['-c', script], { env, encoding: 'utf8' })
  }
  const print = 'process.stdout.write(JSON.stringify(process.argv.slice(1)))'

  it('hands every argument over as it is', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\0', ''))), (args) => {
        expect(JSON.parse(run([process.execPath, '-e', print, '--', ...args]))).toEqual(args)
      }),
      { numRuns: 15 },
    )
  })

  it('runs a program that is called like a word of the shell', () => {
    expect(() => run(['exit', '0'])).toThrow()
  })

  it('stands in the directory of the job, however that is called, and knows what it is told', () => {
    const odd = join(directory, 'it\'s $(touch owned) "odd" *')
    const shown = run(
      [
        process.execPath,
        '-p',
        'JSON.stringify([process.cwd(), process.env.HALFTONE_TASK, process.env.HALFTONE_SAMPLING_FRACTION])',
      ],
      odd,
    )
    expect(JSON.parse(shown)).toEqual([odd, '1', String(2 / 3)])
  })

  it('notes when an attempt began and how it ended', () => {
    expect(() => run(['bash', '-c', 'for ((i = 0; i < 300000; i++)); do :; done; exit 3'])).toThrow()
    const [attempt] = parseAttempts(readFileSync(join(directory, 'job.k', 'log'), 'utf8')).get(attemptKey('map', 1))!
    expect(attempt).toMatchObject({ node: 'n1', exitCode: 3 })
    const { startSeconds, endSeconds, cpuSeconds } = attempt!
    expect(cpuSeconds!).toBeGreaterThan(0)
    // one processor at most, counted in ticks of up to a hundredth of a second, of the shell and of what it started, in and out of the kernel
    expect(cpuSeconds!).toBeLessThanOrEqual(1.25 * (endSeconds! - startSeconds) + 0.08)
  })
})

describe('the log of attempts', () => {
  it('ties an end to its own beginning, and leaves out a line that was cut', () => {
    const text = [
      'begin map 0 8 0 100.5 n1',
      'begin map 0 8 1 110.25 n2',
      'end map 0 8 0 105.75 143',
      'begin map 1 9 0 111,5 -',
      'end map 0 8 1 12',
    ].join('\n')
    const attempts = parseAttempts(text)
    expect(attempts.get(attemptKey('map', 0))).toEqual([
      { startSeconds: 100.5, node: 'n1', endSeconds: 105.75, exitCode: 143 },
      { startSeconds: 110.25, node: 'n2' },
    ])
    expect(attempts.get(attemptKey('map', 1))).toEqual([{ startSeconds: 111.5 }])
  })
})

describe('jobs of halftone', () => {
  const fold = (rows: QueueRow[], change: Partial<JobRecord> = {}, log = '', forgotten = false) =>
    foldOwn(
      { record: record(change), id: '7', rows, attempts: parseAttempts(log), forgotten },
      { ranks: new Map([[7, 3]]) },
      true,
    )

  it('are one job, whatever arrays they stand in', () => {
    const job = fold([
      row({ waiting: '2-3' }),
      row({ jobId: 8, task: 0, state: 'RUNNING', startSeconds: 1001, nodes: 'n1' }),
      row({ jobId: 9, task: 1, state: 'COMPLETED', startSeconds: 1001, endSeconds: 1002, nodes: 'n1' }),
      row({ jobId: 11, arrayId: 11, waiting: '0', reason: 'Dependency' }),
    ])
    expect(job).toMatchObject({
      id: '7',
      key: 'k',
      state: 'running',
      rank: 3,
      startSeconds: 1001,
      slots: 4,
      submitSeconds: 999.5,
    })
    expect(job.stages!.map(({ each }) => each!.map(({ state }) => state))).toEqual([
      ['running', 'complete', 'pending', 'pending'],
      ['pending'],
    ])
  })

  it('count a task that was put back by its new array', () => {
    const job = fold(
      [
        row({ jobId: 8, task: 2, state: 'CANCELLED', endSeconds: 1003 }),
        row({ jobId: 20, arrayId: 20, waiting: '2' }),
        row({ jobId: 11, arrayId: 11, waiting: '0' }),
      ],
      { arrays: { map: [7, 20], reduce: [11] } },
    )
    expect(job.stages![0]!.each![2]!.state).toBe('pending')
  })

  it('have waste as long as their thrown away attempts, times their processors', () => {
    const log = 'begin map 0 8 0 1000.0 n1\nend map 0 8 0 1004.0 143\nbegin map 0 8 1 1010.0 n1\n'
    const rows = [
      row({ jobId: 8, task: 0, state: 'RUNNING', restarts: 1, startSeconds: 1010, nodes: 'n1' }),
      row({ waiting: '1-3' }),
    ]
    expect(fold(rows, { processors: 2 }, log)).toMatchObject({ restarts: 1, wastedSeconds: 8, startSeconds: 1010 })
  })

  it('are lost where Slurm has forgotten them unfinished, and complete where their scripts say so', () => {
    const done = (stage: string, task: number) => `begin ${stage} ${task} 9 0 1000.0 n1\nend ${stage} ${task} 9 0 1005.0 0\n`
    const all = [0, 1, 2, 3].map((task) => done('map', task)).join('')
    expect(fold([], {}, all + done('reduce', 0), true)).toMatchObject({ state: 'complete', endSeconds: 1005 })
    expect(fold([], {}, all, true).state).toBe('fail')
  })

  it('leave withdrawn tasks out of their state', () => {
    const ended = (task: number, state: string) =>
      row({ jobId: 8 + task, task, state, startSeconds: 1001, endSeconds: 1002, nodes: 'n1' })
    const rows = [ended(0, 'COMPLETED'), ended(1, 'COMPLETED'), ended(2, 'CANCELLED'), ended(3, 'COMPLETED')]
    const reduce = row({ jobId: 11, arrayId: 11, task: 0, state: 'COMPLETED', startSeconds: 1003, endSeconds: 1004, nodes: 'n1' })
    expect(fold([...rows, reduce], { withdrawn: { map: [2] } }).state).toBe('complete')
    expect(fold([...rows, reduce]).state).toBe('cancel')
  })
})

describe('other people’s jobs', () => {
  it('are shown as they are, an array as one job', () => {
    const rows = [
      row({ waiting: '2-5%3' }),
      row({ jobId: 8, task: 0, state: 'RUNNING', startSeconds: 1001, nodes: 'n1', processors: 1, limitSeconds: 60 }),
      row({ jobId: 9, task: 1, state: 'COMPLETED', startSeconds: 1001, endSeconds: 1002, nodes: 'n1' }),
    ]
    const job = foldForeign(rows, { className: 'c' }, { ranks: new Map() }, true)
    expect(job).toMatchObject({
      id: '7',
      user: 'ann',
      className: 'c',
      state: 'running',
      slots: 3,
      reason: 'Priority',
      nodes: ['n1'],
    })
    expect(job.stages).toMatchObject([{ name: 'array', tasks: 6, ended: 1, running: 1 }])
    expect(job.key).toBeUndefined()
  })

  it.each([
    ['TIMEOUT', 'timeout'],
    ['NODE_FAIL', 'lost'],
    ['OUT_OF_MEMORY', 'fail'],
    ['CANCELLED', 'cancel'],
    ['COMPLETED', 'complete'],
  ])('that ended %s ended as %s', (state, expected) => {
    expect(foldForeign([row({ state, endSeconds: 1010 })], {}, { ranks: new Map() }, false)).toMatchObject({
      state: expected,
      endSeconds: 1010,
    })
  })
})

describe('the spool', () => {
  it('gives a record back as it was written, and a refusal with the place where it is damaged', () => {
    const spool = openSpool(directory)
    expect(spool.read('k')).toBeUndefined()
    spool.write(record())
    expect(spool.read('k')).toEqual(record())
    const path = join(spool.directoryOf('k'), 'record.json')
    for (const text of ['{', JSON.stringify({ ...record(), priority: 0 })]) {
      writeFileSync(path, text)
      expect(spool.read('k')).toMatchObject({ kind: 'refusal', message: expect.stringContaining(path) })
    }
  })

  it('sees what another process has written since', () => {
    const [one, other] = [openSpool(directory), openSpool(directory)]
    one.write(record())
    expect(other.read('k')).toMatchObject({ speed: 1 })
    one.write(record({ speed: 2 }))
    expect(other.read('k')).toMatchObject({ speed: 2 })
  })

  it('is empty where there is none, and made when something is written', async () => {
    const spool = openSpool(join(directory, 'a', 'b'))
    expect(await spool.keys()).toEqual([])
    spool.writeSetting('discipline', 'fcfs')
    expect(spool.readSetting('discipline')).toBe('fcfs')
  })

  it('is refused in words where it cannot be written, and any other fault goes on', () => {
    writeFileSync(join(directory, 'file'), '')
    const spool = openSpool(join(directory, 'file'))
    expect(() => spool.write(record())).toThrow()
    try {
      spool.write(record())
    } catch (cause) {
      expect(spoolRefusal(spool.root, cause)).toMatchObject({
        code: 'no-data',
        message: expect.stringContaining('cannot be written (E'),
      })
    }
    expect(() => spoolRefusal('x', new TypeError('bug'))).toThrow('bug')
  })
})

describe('the fraction that is kept', () => {
  it('is that of the stage before for one that drops nothing', () => {
    const withdrawn = { map: [0, 1, 2] }
    expect([keptFraction(record({ withdrawn }), 0), keptFraction(record({ withdrawn }), 1)]).toEqual([0.25, 0.25])
    expect(keptFraction(record(), 1)).toBe(1)
  })
})

describe('lines of the queue', () => {
  it('are named as Slurm’s commands name them', () => {
    expect(targetOf(row())).toBe('7')
    expect(targetOf(row({ task: 3 }))).toBe('7_3')
    expect(targetOf(row({ waiting: '1-2,4%2' }))).toBe('7_[1-2,4]')
    expect(targetOf(row({ waiting: '1,...' }))).toBe('7')
  })

  it('are held with priority 0 or by name', () => {
    expect([isHeld(row()), isHeld(row({ priority: 0 })), isHeld(row({ reason: 'JobHeldAdmin' }))]).toEqual([false, true, true])
    expect(isHeld(row({ state: 'RUNNING', priority: 0 }))).toBe(false)
  })

  it('are ranked by tier, priority and number; what cannot start has no rank', () => {
    const rows = [
      row({ arrayId: 1, priority: 5 }),
      row({ arrayId: 2, priority: 9 }),
      row({ arrayId: 3, priority: 9 }),
      row({ arrayId: 4, priority: 1, queue: 'urgent' }),
      row({ arrayId: 5, priority: 0 }),
      row({ arrayId: 6, reason: 'Dependency' }),
    ]
    expect([...ranksOf(rows, new Map([['urgent', 20]]))]).toEqual([
      [4, 0],
      [2, 1],
      [3, 2],
      [1, 3],
    ])
  })

  it.each([
    ['1-02:00:00', 93_600],
    ['10:00', 600],
    ['UNLIMITED', undefined],
  ])('have a limit %s of %s s', (text, seconds) => {
    expect(limitSeconds(text).limitSeconds).toBe(seconds)
  })
})

describe('versions of slurmrestd', () => {
  const number = (value: number) => ({ set: true, infinite: false, number: value })
  const unset = { set: false, infinite: false, number: 0 }
  const old = {
    job_id: 8,
    array_job_id: 7,
    array_task_id: 2,
    array_task_string: '',
    job_state: 'RUNNING',
    name: 'x',
    user_name: 'ann',
    partition: 'batch',
    qos: 'normal',
    state_reason: 'None',
    priority: 100,
    nice: null,
    submit_time: 1000,
    start_time: 1001,
    end_time: 4601,
    time_limit: 60,
    cpus: 2,
    nodes: 'n1',
    restart_cnt: 1,
  }
  const recent = {
    ...old,
    array_job_id: number(7),
    array_task_id: number(2),
    job_state: ['RUNNING'],
    priority: number(100),
    nice: 0,
    submit_time: number(1000),
    start_time: number(1001),
    end_time: number(4601),
    time_limit: number(60),
    cpus: number(2),
  }

  it('say the same of a job', () => {
    expect(queueRow(old)).toEqual({
      ...row({ jobId: 8, task: 2, state: 'RUNNING', reason: 'None', processors: 2, nodes: 'n1', restarts: 1 }),
      startSeconds: 1001,
      limitSeconds: 3600,
    })
    expect(queueRow(recent)).toEqual(queueRow(old))
  })

  it('say the same of tasks that wait, of no limit, and of a job that is completing', () => {
    const waiting = {
      ...old,
      job_state: 'PENDING',
      job_id: 7,
      array_task_id: null,
      array_task_string: '3-5%2',
      nodes: '',
      start_time: 0,
      end_time: 0,
    }
    const later = {
      ...recent,
      job_state: ['PENDING'],
      job_id: 7,
      array_task_id: unset,
      array_task_string: '3-5%2',
      nodes: '',
      time_limit: { ...unset, infinite: true },
    }
    expect(queueRow(waiting)).toMatchObject({ waiting: '3-5%2', state: 'PENDING' })
    expect(queueRow(later)).toEqual({ ...queueRow({ ...waiting, time_limit: null }) })
    expect(queueRow({ ...recent, job_state: ['COMPLETED', 'COMPLETING'] }).state).toBe('COMPLETING')
  })

  it('say the same of a node', () => {
    const node = {
      name: 'n1',
      cpus: 4,
      alloc_cpus: 1,
      state: 'mixed',
      state_flags: ['DRAIN'],
      reason: 'disk',
      address: '127.0.0.1',
    }
    expect(nodeRow(node)).toEqual(nodeRow({ ...node, state: ['MIXED', 'DRAIN'], state_flags: undefined }))
    expect(nodeState(nodeRow(node))).toBe('drained')
  })

  it('are told of a submission as each expects it', () => {
    const submission = {
      name: 'x',
      array: '0-3',
      script: '#!',
      after: [5],
      directory: '/w',
      output: '/o',
      processors: 1,
      limitMinutes: 9,
    }
    const environment = { PATH: '/bin' }
    expect(submissionBody(38, submission, environment)).toMatchObject({
      script: '#!',
      job: { hold: true, time_limit: 9, environment, dependency: 'afterany:5' },
    })
    expect(submissionBody(41, submission, environment)).toMatchObject({
      job: { script: '#!', hold: true, time_limit: number(9), environment: ['PATH=/bin'] },
    })
  })
})

describe('priorities', () => {
  const step = 1000

  it('are nice beyond the last level, and told back', () => {
    const levels = [
      { qos: 'high', nice: 0 },
      { qos: 'low', nice: 0 },
    ]
    for (const priority of [1, 2, 3, 9]) {
      const { qos, nice } = levelOf(levels, priority, step)
      expect(priorityOf(levels, { qos: qos!, nice: nice! }, step)).toBe(priority)
    }
    expect(priorityOf(levels, { qos: 'other', nice: 0 }, step)).toBeUndefined()
    expect(priorityOf([{ nice: 0 }], { qos: 'any', nice: 2 * step }, step)).toBe(3)
    expect(priorityOf([{ nice: 0 }], { qos: 'any', nice: 7 }, step)).toBeUndefined()
  })

  it('outweigh age and size in every step of nice', () => {
    expect(
      niceStepOf(site({ prioritytype: 'priority/multifactor', priorityweightage: '9000', priorityweightjobsize: '(null)' })),
    ).toBe(18_000)
    expect(niceStepOf(site({ prioritytype: 'priority/basic' }))).toBe(100_000)
  })

  it('preempt only where qualities of service do, and put the jobs back into the queue', () => {
    const quality = (name: string, priority: number, ...preempts: string[]) => ({
      name,
      priority,
      preempts,
      preemptMode: 'requeue',
    })
    const qualities = [quality('normal', 1, 'low'), quality('low', 0), quality('high', 9, 'low', 'normal')]
    const config = { preempttype: 'preempt/qos', preemptmode: 'REQUEUE' }
    expect(discoverLevels(site(config, qualities))['priority-preemptive-restart']?.map(({ qos }) => qos)).toEqual([
      'high',
      'normal',
      'low',
    ])
    expect(discoverLevels(site({ ...config, preemptmode: 'CANCEL' }, qualities))).not.toHaveProperty(
      'priority-preemptive-restart',
    )
    expect(discoverLevels(site({ preempttype: 'preempt/none' }, qualities))).not.toHaveProperty('priority-preemptive-restart')
  })
})

describe('a token', () => {
  it('shows itself nowhere', async () => {
    const path = join(directory, 'token')
    writeFileSync(path, 'SLURM_JWT=a.b.c\n', { mode: 0o600 })
    const token = (await readToken(path)) as Secret
    expect(token.reveal()).toBe('a.b.c')
    expect([String(token), JSON.stringify({ token })].join()).not.toContain('a.b.c')
  })

  it.each([0o640, 0o604, 0o620])('is refused from a file of mode %o', async (mode) => {
    const path = join(directory, 'token')
    writeFileSync(path, 'a.b.c')
    chmodSync(path, mode)
    expect(await readToken(path)).toMatchObject({ kind: 'refusal', message: expect.stringContaining('chmod 600') })
  })

  it('is refused where there is none, or more than one', async () => {
    expect(isRefusal(await readToken(join(directory, 'none')))).toBe(true)
    writeFileSync(join(directory, 'two'), 'a b', { mode: 0o600 })
    expect(isRefusal(await readToken(join(directory, 'two')))).toBe(true)
  })
})

describe('the tools', () => {
  const run = (program: string, args: string[], conf?: string, timeoutSeconds = 10) =>
    slurmCommands({ timeoutSeconds, ...(conf === undefined ? {} : { conf }) }).run(program, args)

  it('are not asked where the configuration is missing, which they would look for during a minute', async () => {
    expect(await run('true', [], join(directory, 'slurm.conf'))).toMatchObject({
      code: 'no-data',
      message: expect.stringContaining('no Slurm configuration'),
    })
  })

  it('are refused with their own words, cut, and killed when they are silent', async () => {
    const conf = join(directory, 'slurm.conf')
    writeFileSync(conf, '')
    expect(await run('bash', ['-c', 'echo not you >&2; exit 1'], conf)).toMatchObject({
      code: 'unsupported',
      message: 'bash: not you',
    })
    expect(await run('bash', ['-c', 'echo "slurm_load: Unable to contact slurm controller" >&2; exit 1'], conf)).toMatchObject({
      code: 'no-data',
    })
    const long = await run('bash', ['-c', 'printf %9999s x | tr " " y >&2; exit 1'], conf)
    expect(isRefusal(long) && long.message.length).toBeLessThan(400)
    expect(await run('sleep', ['60'], conf, 0.3)).toMatchObject({ code: 'no-data', numbers: { unansweredSeconds: 0.3 } })
    expect(await run('no-such-tool', [], conf)).toMatchObject({ message: expect.stringContaining('not installed') })
  })
})

describe('a request to slurmrestd', () => {
  const served = async (path: string, answer: (response: ServerResponse) => void): Promise<Server> => {
    const server = createServer((_request, response) => answer(response))
    await new Promise<void>((resolve) => server.listen(path, resolve))
    return server
  }
  const ask = (path: string) => send(`unix:${path}`, { method: 'GET', path: '/x', headers: {} }, 0.5)

  it('goes over a unix socket', async () => {
    const path = join(directory, 'socket')
    const server = await served(path, (response) => response.end('{}'))
    expect(await ask(path)).toEqual({ status: 200, text: '{}' })
    server.close()
  })

  it('may have been carried out where the answer broke off or did not come, and was not where nobody listens', async () => {
    const [broken, silent] = [join(directory, 'broken'), join(directory, 'silent')]
    const servers = [await served(broken, (response) => response.socket!.destroy()), await served(silent, () => undefined)]
    for (const path of [broken, silent]) {
      const answer = await ask(path)
      expect(isRefusal(answer) && isUnanswered(answer)).toBe(true)
    }
    const refused = await ask(join(directory, 'nobody'))
    expect(isRefusal(refused) && isUnanswered(refused)).toBe(false)
    for (const server of servers) {
      server.closeAllConnections()
      server.close()
    }
  })
})

describe('the controller', () => {
  it('is found in the configuration, unless there are several', () => {
    const config = { 'slurmctldhost[0]': 'vm(127.0.0.1)', slurmctldaddr: '(null)', slurmctldport: '6817' }
    expect(controllerOf(site(config))).toEqual({ address: '127.0.0.1', port: 6817 })
    expect(controllerOf(site({ ...config, 'slurmctldhost[1]': 'b' }))).toBeUndefined()
  })
})

describe('speed by quota', () => {
  const node = { name: 'n1', processors: 2, busyProcessors: 0, state: 'idle', host: '127.0.0.1' }
  const plain = site({ proctracktype: 'proctrack/linuxproc' })
  const version2 = (): string => {
    writeFileSync(join(directory, 'cgroup.controllers'), 'cpuset cpu io\n')
    return directory
  }

  it.each([
    [undefined, [node], 'no normal share'],
    [{ normalShare: 1 }, [node], 'leaves nothing to sprint with'],
    [{ normalShare: 0.5 }, [{ ...node, host: 'elsewhere' }], 'another host'],
    [{ normalShare: 0.5, mount: '/nowhere' }, [node], 'no cpu controller'],
  ] as const)('is refused with the reason: %j', (settings, nodes, words) => {
    expect(openQuota(settings, directory, nodes, plain)).toMatchObject({
      kind: 'refusal',
      message: expect.stringContaining(words),
    })
  })

  it('is refused where Slurm keeps the groups of version 2 itself', () => {
    const mount = version2()
    expect(openQuota({ normalShare: 0.5, mount }, 's', [node], site({ proctracktype: 'proctrack/cgroup' }))).toMatchObject({
      message: expect.stringContaining('proctrack/cgroup'),
    })
  })

  it('writes cpu.max and cpu.weight with version 2, in proportion to speed and processors', () => {
    const quota = openQuota({ normalShare: 0.5, mount: version2() }, 's', [node], plain)
    if (isRefusal(quota)) throw new Error(quota.message)
    expect([quota.least, quota.most]).toEqual([0.04, 2])
    const [root, ...settings] = quota.groupFile(1.5, 2).trim().split('\n')
    expect(settings).toEqual(['cpu.max 150000 100000', 'cpu.weight 300'])
    const group = join(root!, 'k.map.0')
    mkdirSync(group)
    writeFileSync(join(group, 'cpu.max'), '50000 100000')
    quota.apply('k', 2, 1)
    expect(readFileSync(join(group, 'cpu.max'), 'utf8')).toBe('100000 100000')
    quota.apply('other', 1, 1)
    expect(readFileSync(join(group, 'cpu.max'), 'utf8')).toBe('100000 100000')
    expect(quota.groups()).toMatchObject([{ key: 'k', stage: 'map', task: 0 }])
  })
})
