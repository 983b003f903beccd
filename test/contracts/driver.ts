import { readFileSync } from 'node:fs'
import { mkdtemp, readdir, readFile, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, type TestContext } from 'vitest'
import {
  ACTION_KINDS,
  type ActionKind,
  type Capabilities,
  type ClusterAction,
  type Discipline,
  type Driver,
  type Enacted,
  isRefusal,
  JobSpec,
  LIVE_STATES,
  type Observation,
  type ObservedJob,
  type ObservedStage,
  type ObserveOptions,
  type Refusal,
  undoOf,
} from '../../src/model/index.js'

/** What holds of every driver. A driver that cannot keep one of them says why, and the reason stands in the title of the skipped test. */
const LAWS = {
  capabilities: 'says of every kind of action whether it is permitted, and why where it is not',
  refused: 'refuses what is not permitted with the reason, and changes nothing',
  unknown: 'refuses an unknown job, stage, task or node, and changes nothing',
  once: 'takes the same key submitted twice as one job',
  'once-ended': 'takes the key of a job that has ended as that job',
  twice: 'takes the same action twice as once',
  stages: 'runs the stages of a job in order and every task of them once',
  environment: 'tells every task who it is, in the directory of its job',
  'no-shell': 'hands arguments over as they are, through no shell',
  'withdrawn-first': 'leaves out the tasks that are withdrawn from the beginning',
  'withdrawn-pending': 'leaves out tasks that are withdrawn while they wait',
  'withdrawn-running': 'stops tasks that are withdrawn while they run',
  fraction: 'tells the kept tasks, and the stage after them, which share was kept',
  droppable: 'refuses to withdraw tasks of a stage that may not drop',
  inflate: 'runs withdrawn tasks that are put back',
  hold: 'keeps a held job from starting until it is released',
  submitted: 'starts the waiting job of the highest priority first: 1 before 2',
  prioritise: 'starts waiting jobs in the order of their changed priorities',
  requeue: 'begins a requeued job anew and counts the restart and what was thrown away',
  cancel: 'ends a cancelled job, waiting or running',
  'no-process': 'leaves no process of a cancelled job',
  sprint: 'gives a job the speed that is asked for, and takes it back',
  drain: 'starts nothing on a drained node until it is resumed',
  times: 'tells times in its own clock, in order: submit, start, end',
  ended: 'tells of ended jobs as far back as it is asked to',
  close: 'leaves jobs running when it is closed',
} as const
export type Law = keyof typeof LAWS | `undo ${ActionKind}`

/** A cluster under test: idle, with at least two slots, its waiting jobs ordered by priority and none evicted for another. */
export interface DriverUnderTest {
  readonly driver: Driver
  /** Program and arguments of a task that runs for about so long; with processes, `noteCommand`. */
  runCommandFor(seconds: number, tag: string): string[]
  /** Another driver to the same cluster, once the first is closed. */
  again(): Promise<Driver>
  /** Ends the cluster and leaves nothing behind. */
  close(): Promise<void>
}

export interface DriverContractOptions {
  /** How long, in the driver’s clock, a state may take to be seen. */
  readonly patienceSeconds: number
  /** By law: why it cannot hold of this driver. */
  readonly skips?: Partial<Record<Law, string>>
}

/**
 * Holds a driver to the laws of `src/model/driver.ts`. One cluster serves all laws; each leaves it idle. Nothing waits for a fixed time: states are
 * polled for with the driver’s own clock, so that a replay runs through it at once. Actions that the driver says are not permitted are not
 * asked for; the laws about them are skipped with its reason.
 */
export function driverContract(name: string, open: () => Promise<DriverUnderTest>, options: DriverContractOptions): void {
  const { patienceSeconds, skips = {} } = options
  // real time of one law: several states, each of which may take all the patience
  const timeout = 4_000 * patienceSeconds

  describe(`the ${name} driver`, () => {
    let cluster: DriverUnderTest
    let driver: Driver
    let may: Capabilities
    let slots = 0
    let discipline: Discipline | undefined
    let begunAt = 0
    let count = 0
    let directory = ''
    const own = new Set<string>()
    const stamp = Date.now().toString(36)

    beforeAll(async () => {
      cluster = await open()
      driver = cluster.driver
      may = await driver.capabilities()
      const seen = await look()
      discipline = seen.discipline
      slots = seen.nodes.reduce((sum, node) => sum + node.slots, 0)
    }, timeout)
    beforeEach(async () => {
      begunAt = driver.clock.now()
      directory = await realpath(await mkdtemp(join(tmpdir(), 'halftone-contract-')))
    }, timeout)
    afterEach(async () => {
      const left = await look()
      for (const node of left.nodes) if (node.state === 'drained') await act({ kind: 'resume', node: node.name })
      for (const { id } of left.jobs) if (own.has(id)) await act({ kind: 'cancel', job: id })
      if (discipline !== undefined && left.discipline !== discipline) await act({ kind: 'discipline', discipline })
      await until(
        'the cluster is idle',
        ({ jobs, nodes }) => jobs.length === 0 && nodes.every(({ busySlots }) => busySlots === 0),
        {},
      )
      await rm(directory, { recursive: true, force: true })
    }, timeout)
    afterAll(async () => {
      await driver?.close()
      await cluster?.close()
    }, timeout)

    /** A test of one law, or its skip with the reason in the title. */
    const law = (key: Law, title: string, needs: readonly ActionKind[], test: (context: TestContext) => Promise<void>): void => {
      const reason = skips[key]
      if (reason !== undefined) {
        it.skip(`${title} (skipped: ${reason})`)
        return
      }
      it(
        title,
        async (context) => {
          for (const kind of needs) {
            const permission = may.actions[kind]
            if (!permission.permitted) context.skip(`${kind} is not permitted: ${permission.reason}`)
          }
          await test(context)
        },
        timeout,
      )
    }
    const holds = (key: keyof typeof LAWS, needs: readonly ActionKind[], test: (context: TestContext) => Promise<void>): void =>
      law(key, LAWS[key], needs, test)

    const look = async (asked: ObserveOptions = {}): Promise<Observation> => {
      const observation = await driver.observe(asked)
      if (isRefusal(observation)) throw new Error(observation.message)
      return observation
    }
    /** All that this test may want to know: every task, and the jobs that ended since it began. */
    const lookClosely = (): Promise<Observation> => look({ tasks: true, endedSince: Math.floor(begunAt) })

    /** Looks until something holds, and returns what was seen; fails once patience is at its end, saying what was seen last. */
    const until = async (
      what: string,
      test: (observation: Observation) => boolean | Promise<boolean>,
      asked?: ObserveOptions,
    ): Promise<Observation> => {
      const deadline = driver.clock.monotonic() + patienceSeconds
      for (;;) {
        const observation = asked === undefined ? await lookClosely() : await look(asked)
        if (await test(observation)) return observation
        if (driver.clock.monotonic() > deadline)
          throw new Error(
            `not seen within ${patienceSeconds} s: ${what}; last seen: ${JSON.stringify(observation).slice(0, 2_000)}`,
          )
        await driver.clock.sleep(0.1)
      }
    }
    const untilJob = async (id: string, what: string, test: (job: ObservedJob) => boolean): Promise<ObservedJob> => {
      const seen = (jobs: readonly ObservedJob[]): ObservedJob | undefined => jobs.find((job) => job.id === id && test(job))
      const { jobs } = await until(`job ${id} ${what}`, ({ jobs }) => seen(jobs) !== undefined)
      return seen(jobs)!
    }
    const completed = (id: string): Promise<ObservedJob> => untilJob(id, 'is complete', ({ state }) => state === 'complete')
    const running = (id: string, tasks: number): Promise<ObservedJob> =>
      untilJob(id, `has ${tasks} running tasks`, ({ stages }) => stages?.some((stage) => stage.running === tasks) ?? false)

    const act = async (action: ClusterAction): Promise<Enacted> => {
      const answer = await driver.enact(action)
      if (isRefusal(answer)) throw new Error(`refused: ${JSON.stringify(action)}: ${answer.message}`)
      return answer
    }
    const refusalOf = async (action: ClusterAction): Promise<Refusal> => {
      const answer = await driver.enact(action)
      if (!isRefusal(answer)) throw new Error(`${JSON.stringify(action)} was not refused`)
      expect(answer.message.length).toBeGreaterThan(10)
      return answer
    }

    const stage = (
      of: { name?: string; tasks?: number; seconds?: number; droppable?: boolean } = {},
    ): JobSpec['stages'][number] => ({
      name: of.name ?? 'map',
      tasks: of.tasks ?? 1,
      command: cluster.runCommandFor(of.seconds ?? 0.3, of.name ?? 'map'),
      droppable: of.droppable ?? true,
    })
    const spec = (change: Partial<JobSpec> = {}): JobSpec =>
      JobSpec.parse({
        key: `contract-${stamp}-${count++}`,
        className: 'contract',
        priority: 2,
        stages: [stage()],
        directory,
        ...change,
      })
    const submitted = async (change: Partial<JobSpec> = {}): Promise<string> => {
      const { jobId } = await act({ kind: 'submit', spec: spec(change) })
      expect(jobId).toBeDefined()
      own.add(jobId!)
      await untilJob(jobId!, 'is seen', () => true)
      return jobId!
    }
    /** A job that keeps every slot busy until it is cancelled, so that others wait. */
    const blocked = async (): Promise<string> => {
      const id = await submitted({ priority: 1, stages: [stage({ name: 'block', tasks: slots, seconds: 600 })] })
      await running(id, slots)
      return id
    }
    const unblock = (id: string): Promise<Enacted> => act({ kind: 'cancel', job: id })

    const stageOf = (job: ObservedJob, name = 'map'): ObservedStage => job.stages!.find((one) => one.name === name)!
    const statesOf = (job: ObservedJob, name = 'map'): string[] => stageOf(job, name).each!.map(({ state }) => state)
    const liveLevers = async (): Promise<Levers> => leversOf(await look({ tasks: true }))

    holds('capabilities', [], async () => {
      expect(may.driver.length).toBeGreaterThan(0)
      expect(may.through.length).toBeGreaterThan(0)
      expect(Object.keys(may.actions).sort()).toEqual([...ACTION_KINDS].sort())
      for (const permission of Object.values(may.actions))
        if (!permission.permitted) expect(permission.reason.length).toBeGreaterThan(10)
      expect(may.actions.sprint.permitted).toBe(may.speeds !== undefined)
      if (may.speeds) expect(may.speeds.least).toBeLessThan(may.speeds.most)
    })

    holds('refused', ['submit', 'cancel'], async () => {
      await blocked()
      const job = await submitted()
      const { nodes } = await look()
      const before = await liveLevers()
      for (const kind of ACTION_KINDS) {
        const permission = may.actions[kind]
        if (permission.permitted) continue
        const { message } = await refusalOf(exampleOf(kind, job, nodes[0]!.name, spec()))
        expect(message).toContain(permission.reason)
      }
      expect(await liveLevers()).toEqual(before)
    })

    holds('unknown', ['submit', 'cancel'], async () => {
      await blocked()
      const job = await submitted({ stages: [stage({ tasks: 2 })] })
      const before = await liveLevers()
      const permitted = (kind: ActionKind): boolean => may.actions[kind].permitted
      for (const kind of ACTION_KINDS.filter(permitted))
        if (!['submit', 'discipline'].includes(kind)) await refusalOf(exampleOf(kind, '987654321', 'no-such-node', spec()))
      for (const kind of (['deflate', 'inflate'] as const).filter(permitted)) {
        await refusalOf({ kind, job, stage: 'no-such-stage', tasks: [0] })
        await refusalOf({ kind, job, stage: 'map', tasks: [2] })
      }
      expect(await liveLevers()).toEqual(before)
    })

    holds('once', ['submit'], async () => {
      await blocked()
      const one = spec()
      const ids = new Set<string | undefined>()
      for (let i = 0; i < 3; i++) ids.add((await act({ kind: 'submit', spec: one })).jobId)
      expect(ids.size).toBe(1)
      for (const id of ids) own.add(id!)
      const { jobs } = await until('the job', ({ jobs }) => jobs.some(({ key }) => key === one.key))
      expect(jobs.filter(({ key }) => key === one.key)).toMatchObject([{ id: [...ids][0], className: 'contract' }])
    })

    holds('once-ended', ['submit'], async () => {
      const one = spec()
      const first = await act({ kind: 'submit', spec: one })
      await completed(first.jobId!)
      expect((await act({ kind: 'submit', spec: one })).jobId).toBe(first.jobId)
      expect((await look()).jobs).toEqual([])
    })

    holds('twice', ['submit', 'cancel'], async () => {
      await blocked()
      const job = await submitted({ stages: [stage({ tasks: 4 })], withdrawn: { map: [3] } })
      const { nodes } = await look()
      for (const kind of ['prioritise', 'deflate', 'inflate', 'hold', 'release', 'drain', 'resume', 'discipline'] as const) {
        const first = INVERSE[kind]
        const without = (kind === 'release' || kind === 'resume') && !may.actions[first!].permitted
        if (!may.actions[kind].permitted || without) continue
        const action = exampleOf(kind, job, nodes[0]!.name, spec())
        const before = await liveLevers()
        await act(action)
        const once = leversOf(await until(`${kind} shows`, (seen) => !isDeepStrictEqual(leversOf(seen), before), { tasks: true }))
        await act(action)
        expect(await liveLevers(), kind).toEqual(once)
      }
      await act({ kind: 'cancel', job })
      await act({ kind: 'cancel', job })
      expect((await untilJob(job, 'has ended', ({ state }) => !LIVE_STATES.has(state))).state).toBe('cancel')
    })

    holds('stages', ['submit'], async () => {
      const tasks = slots + 1
      const id = await submitted({
        stages: [stage({ tasks }), stage({ name: 'reduce', droppable: false }), stage({ name: 'publish', tasks: 2 })],
      })
      const job = await completed(id)
      expect(job.stages!.map(({ name, tasks, ended, running, withdrawn }) => [name, tasks, ended, running, withdrawn])).toEqual([
        ['map', tasks, tasks, 0, 0],
        ['reduce', 1, 1, 0, 0],
        ['publish', 2, 2, 0, 0],
      ])
      let before = Number.NEGATIVE_INFINITY
      for (const { each } of job.stages!) {
        expect(each!.every(({ state, restarts = 0 }) => state === 'complete' && restarts === 0)).toBe(true)
        expect(Math.min(...each!.map(({ startSeconds }) => startSeconds!))).toBeGreaterThanOrEqual(before)
        before = Math.max(...each!.map(({ endSeconds }) => endSeconds!))
      }
      expect(job.restarts ?? 0).toBe(0)
    })

    holds('environment', ['submit'], async () => {
      const one = spec({ stages: [stage({ tasks: 3 }), stage({ name: 'reduce' })] })
      const { jobId } = await act({ kind: 'submit', spec: one })
      await completed(jobId!)
      const told = (await notesOf(directory)).filter(({ what }) => what === 'done')
      const expected = (name: string, task: number, tasks: number) => ({
        job: one.key,
        stage: name,
        task: String(task),
        tasks: String(tasks),
        fraction: 1,
        speed: 1,
        directory,
        workingDirectory: directory,
      })
      expect(told.map(({ environment }) => environment)).toEqual([
        ...[0, 1, 2].map((task) => expected('map', task, 3)),
        expected('reduce', 0, 1),
      ])
    })

    holds('no-shell', ['submit'], async () => {
      const odd = ['a b', '$(touch owned)', '`touch owned`', "it's", '"', ';', '*', '\\', '', '%A %%', '-n', 'two\nlines']
      const plain = stage()
      await completed(await submitted({ stages: [{ ...plain, command: [...plain.command, ...odd] }] }))
      const notes = await notesOf(directory)
      expect(notes.map(({ more }) => more)).toEqual([odd, odd])
      expect(await readdir(directory)).not.toContain('owned')
    })

    holds('withdrawn-first', ['submit'], async () => {
      const id = await submitted({ stages: [stage({ tasks: 4 }), stage({ name: 'reduce' })], withdrawn: { map: [1, 3] } })
      const job = await completed(id)
      expect(statesOf(job)).toEqual(['complete', 'withdrawn', 'complete', 'withdrawn'])
      expect(stageOf(job)).toMatchObject({ tasks: 4, withdrawn: 2, ended: 2 })
    })

    holds('withdrawn-pending', ['submit', 'deflate', 'cancel'], async () => {
      const blocker = await blocked()
      const id = await submitted({ stages: [stage({ tasks: 4 }), stage({ name: 'reduce' })] })
      await act({ kind: 'deflate', job: id, stage: 'map', tasks: [0, 2] })
      await untilJob(id, 'has two withdrawn tasks', (job) => stageOf(job).withdrawn === 2)
      await unblock(blocker)
      const job = await completed(id)
      expect(statesOf(job)).toEqual(['withdrawn', 'complete', 'withdrawn', 'complete'])
      expect(stageOf(job)).toMatchObject({ withdrawn: 2, ended: 2 })
    })

    holds('withdrawn-running', ['submit', 'deflate'], async () => {
      const id = await submitted({ stages: [stage({ tasks: 2, seconds: 8 }), stage({ name: 'reduce' })] })
      await running(id, 2)
      await act({ kind: 'deflate', job: id, stage: 'map', tasks: [1] })
      const job = await completed(id)
      expect(statesOf(job)).toEqual(['complete', 'withdrawn'])
      expect(stageOf(job)).toMatchObject({ withdrawn: 1, ended: 1 })
      const [kept, gone] = stageOf(job).each!
      if (gone!.endSeconds !== undefined) expect(gone!.endSeconds).toBeLessThanOrEqual(kept!.endSeconds!)
    })

    holds('fraction', ['submit', 'deflate', 'cancel'], async () => {
      const stages = [stage({ tasks: 4 }), stage({ name: 'reduce', droppable: false })]
      const fractions = async (): Promise<(string | number)[][]> =>
        (await notesOf(directory))
          .filter(({ what }) => what === 'done')
          .map(({ environment: { stage, task, fraction } }) => [stage, Number(task), fraction])
      const blocker = await blocked()
      const id = await submitted({ stages, withdrawn: { map: [1] } })
      await act({ kind: 'deflate', job: id, stage: 'map', tasks: [2] })
      await untilJob(id, 'has two withdrawn tasks', (job) => stageOf(job).withdrawn === 2)
      await unblock(blocker)
      await completed(id)
      expect(await fractions()).toEqual([
        ['map', 0, 0.5],
        ['map', 3, 0.5],
        ['reduce', 0, 0.5],
      ])
    })

    holds('droppable', ['submit', 'deflate'], async () => {
      await blocked()
      const id = await submitted({ stages: [stage({ tasks: 2, droppable: false })] })
      const before = await liveLevers()
      await refusalOf({ kind: 'deflate', job: id, stage: 'map', tasks: [0] })
      expect(await liveLevers()).toEqual(before)
    })

    holds('inflate', ['submit', 'inflate', 'cancel'], async () => {
      const blocker = await blocked()
      const id = await submitted({ stages: [stage({ tasks: 4 })], withdrawn: { map: [1, 2] } })
      await act({ kind: 'inflate', job: id, stage: 'map', tasks: [1] })
      await untilJob(id, 'has one withdrawn task', (job) => stageOf(job).withdrawn === 1)
      await unblock(blocker)
      expect(statesOf(await completed(id))).toEqual(['complete', 'complete', 'withdrawn', 'complete'])
    })

    holds('hold', ['submit', 'hold', 'release', 'cancel'], async () => {
      const blocker = await blocked()
      const id = await submitted()
      await act({ kind: 'hold', job: id })
      await untilJob(id, 'is held', ({ state }) => state === 'held')
      const behind = await submitted()
      await unblock(blocker)
      await completed(behind)
      const held = (await lookClosely()).jobs.find((job) => job.id === id)!
      expect([held.state, held.startSeconds]).toEqual(['held', undefined])
      await act({ kind: 'release', job: id })
      await completed(id)
    })

    /** Submits two jobs, each as wide as the cluster, behind a third; returns when they started, once both have ended. */
    const startsBehindBlocker = async (
      priorities: readonly [number, number],
      meanwhile: (ids: readonly string[]) => Promise<unknown>,
    ): Promise<number[]> => {
      const blocker = await blocked()
      const ids: string[] = []
      for (const priority of priorities) ids.push(await submitted({ priority, stages: [stage({ tasks: slots, seconds: 2 })] }))
      await meanwhile(ids)
      await unblock(blocker)
      const starts: number[] = []
      for (const id of ids) starts.push((await completed(id)).startSeconds!)
      return starts
    }

    holds('submitted', ['submit', 'cancel'], async () => {
      const [low, high] = await startsBehindBlocker([2, 1], async () => undefined)
      expect(high!).toBeLessThan(low!)
    })

    holds('prioritise', ['submit', 'prioritise', 'cancel'], async () => {
      const [first, second] = await startsBehindBlocker([2, 3], async ([, later]) => {
        await act({ kind: 'prioritise', job: later!, priority: 1 })
        await untilJob(later!, 'has priority 1', ({ priority }) => priority === 1)
      })
      expect(second!).toBeLessThan(first!)
    })

    holds('requeue', ['submit', 'requeue'], async () => {
      const id = await submitted({ stages: [stage({ tasks: 2, seconds: 4 })] })
      const first = await untilJob(id, 'has run for a while', (job) => {
        const { running, each } = stageOf(job)
        return running === 2 && each!.every((task) => driver.clock.now() - task.startSeconds! > 1.5)
      })
      await act({ kind: 'requeue', job: id })
      const job = await completed(id)
      expect(job.restarts).toBe(1)
      expect(job.wastedSeconds!).toBeGreaterThan(0)
      expect(statesOf(job)).toEqual(['complete', 'complete'])
      for (const task of stageOf(job).each!) expect(task.startSeconds!).toBeGreaterThan(first.startSeconds!)
    })

    holds('cancel', ['submit', 'cancel'], async () => {
      const blocker = await blocked()
      const waiting = await submitted()
      await act({ kind: 'cancel', job: waiting })
      const gone = await untilJob(waiting, 'has ended', ({ state }) => !LIVE_STATES.has(state))
      expect([gone.state, gone.startSeconds]).toEqual(['cancel', undefined])
      await act({ kind: 'cancel', job: blocker })
      const stopped = await untilJob(blocker, 'has ended', ({ state }) => !LIVE_STATES.has(state))
      expect(stopped.state).toBe('cancel')
      expect(stopped.endSeconds!).toBeGreaterThanOrEqual(stopped.startSeconds!)
    })

    holds('no-process', ['submit', 'cancel'], async () => {
      const id = await submitted({ stages: [stage({ tasks: 2, seconds: 600 })] })
      await running(id, 2)
      let processes: number[] = []
      await until('both tasks have begun', async () => {
        processes = (await notesOf(directory)).map(({ process }) => process)
        return processes.length === 2
      })
      expect(processes.every(alive)).toBe(true)
      await act({ kind: 'cancel', job: id })
      await until('its processes are gone', () => !processes.some(alive))
      expect((await notesOf(directory)).filter(({ what }) => what === 'done')).toEqual([])
    })

    holds('sprint', ['submit', 'sprint', 'cancel'], async () => {
      const id = await submitted({ stages: [stage({ tasks: 2, seconds: 600 })] })
      await running(id, 2)
      const before = await look()
      const { least, most } = may.speeds!
      const action: ClusterAction = { kind: 'sprint', job: id, speed: most > 1 ? most : least }
      expect(before.jobs.find((job) => job.id === id)!.speed).toBe(1)
      await act(action)
      await untilJob(id, `has speed ${action.speed}`, ({ speed }) => speed === action.speed)
      const undo = undoOf(action, before)
      for (const step of undo.kind === 'undo' ? undo.actions : []) await act(step)
      await untilJob(id, 'has speed 1', ({ speed }) => speed === 1)
    })

    holds('drain', ['submit', 'drain', 'resume'], async () => {
      const [first, ...others] = (await look()).nodes
      const stateOf = ({ nodes }: Observation): string => nodes.find((node) => node.name === first!.name)!.state
      await act({ kind: 'drain', node: first!.name, reason: 'contract' })
      await until('the node is drained', (seen) => stateOf(seen) === 'drained')
      const id = await submitted({ stages: [stage({ tasks: slots })] })
      if (others.length > 0) {
        const nodes = stageOf(await completed(id)).each!.map(({ node }) => node)
        expect(nodes).not.toContain(first!.name)
      } else
        for (let looks = 0; looks < 5; looks++) {
          await driver.clock.sleep(0.1)
          expect((await lookClosely()).jobs.find((job) => job.id === id)).toMatchObject({ state: 'pending' })
        }
      await act({ kind: 'resume', node: first!.name })
      await until('the node is up', (seen) => stateOf(seen) === 'up')
      await completed(id)
    })

    holds('times', ['submit'], async () => {
      const before = driver.clock.now()
      const id = await submitted({ stages: [stage({ tasks: 2 }), stage({ name: 'reduce' })] })
      let last = before
      const job = await untilJob(id, 'is complete', ({ state }) => state === 'complete')
      for (let looks = 0; looks < 3; looks++) {
        const { atSeconds } = await look()
        expect(atSeconds).toBeGreaterThanOrEqual(last)
        last = atSeconds
      }
      expect(last).toBeLessThanOrEqual(driver.clock.now())
      // a scheduler may write whole seconds
      expect(job.submitSeconds).toBeGreaterThanOrEqual(Math.floor(before))
      expect(job.startSeconds!).toBeGreaterThanOrEqual(job.submitSeconds)
      expect(job.endSeconds!).toBeGreaterThanOrEqual(job.startSeconds!)
      expect(job.endSeconds!).toBeLessThanOrEqual(last)
      const tasks = job.stages!.flatMap(({ each }) => each!)
      for (const { startSeconds, endSeconds } of tasks) {
        expect(startSeconds!).toBeGreaterThanOrEqual(job.startSeconds!)
        expect(endSeconds!).toBeGreaterThanOrEqual(startSeconds!)
        expect(endSeconds!).toBeLessThanOrEqual(job.endSeconds!)
      }
      expect(Math.min(...tasks.map(({ startSeconds }) => startSeconds!))).toBe(job.startSeconds)
    })

    holds('ended', ['submit'], async () => {
      const id = await submitted()
      const { endSeconds } = await completed(id)
      const seen = async (endedSince?: number): Promise<boolean> =>
        (await look(endedSince === undefined ? {} : { endedSince })).jobs.some((job) => job.id === id)
      expect([await seen(), await seen(endSeconds!), await seen(endSeconds! + 1)]).toEqual([false, true, false])
    })

    for (const kind of ACTION_KINDS) {
      if (kind === 'requeue' || kind === 'cancel') continue
      law(`undo ${kind}`, `takes ${kind} back by its undo`, ['submit', 'cancel', kind], async (context) => {
        const inverse = INVERSE[kind]
        if (inverse && !may.actions[inverse].permitted) context.skip(`nothing takes it back: ${inverse} is not permitted`)
        await blocked()
        const job = await submitted({ stages: [stage({ tasks: 4 })], withdrawn: { map: [3] } })
        const { nodes } = await look()
        const on = nodes[0]!.name
        if (kind === 'release') await act({ kind: 'hold', job })
        if (kind === 'resume') await act({ kind: 'drain', node: on, reason: 'contract' })
        const before = await until(
          'what is to be changed',
          (seen) => {
            const one = seen.jobs.find(({ id }) => id === job)
            const node = seen.nodes.find(({ name }) => name === on)
            return one?.state === (kind === 'release' ? 'held' : 'pending') && (kind !== 'resume' || node?.state === 'drained')
          },
          { tasks: true },
        )
        const action = exampleOf(kind, job, on, spec())
        const { jobId } = await act(action)
        if (jobId !== undefined) own.add(jobId)
        await until(`${kind} shows`, (seen) => !isDeepStrictEqual(leversOf(seen), leversOf(before)), { tasks: true })
        const undo = undoOf(action, before, jobId)
        if (undo.kind !== 'undo') throw new Error(undo.reason)
        for (const step of undo.actions) await act(step)
        await until(`${kind} was taken back`, (seen) => isDeepStrictEqual(leversOf(seen), leversOf(before)), { tasks: true })
      })
    }

    holds('close', ['submit'], async () => {
      const id = await submitted({ stages: [stage({ tasks: 2, seconds: 2 })] })
      await running(id, 2)
      await driver.close()
      driver = await cluster.again()
      expect((await completed(id)).restarts ?? 0).toBe(0)
    })
  })
}

/** What undoes a kind of action, where that is another kind. */
const INVERSE: Partial<Record<ActionKind, ActionKind>> = {
  deflate: 'inflate',
  inflate: 'deflate',
  hold: 'release',
  release: 'hold',
  drain: 'resume',
  resume: 'drain',
}

/** An action of each kind, on a waiting job of four tasks of which the last is withdrawn. */
function exampleOf(kind: ActionKind, job: string, node: string, spec: JobSpec): ClusterAction {
  switch (kind) {
    case 'submit':
      return { kind, spec }
    case 'prioritise':
      return { kind, job, priority: 4 }
    case 'deflate':
      return { kind, job, stage: 'map', tasks: [0, 1] }
    case 'inflate':
      return { kind, job, stage: 'map', tasks: [3] }
    case 'sprint':
      return { kind, job, speed: 1.5 }
    case 'discipline':
      return { kind, discipline: 'fcfs' }
    case 'drain':
      return { kind, node, reason: 'contract' }
    case 'resume':
      return { kind, node }
    default:
      return { kind, job }
  }
}

/** What actions set and their undo restores, of the jobs that live. */
interface Levers {
  readonly discipline: string | undefined
  readonly nodes: readonly (readonly [string, string])[]
  readonly jobs: readonly { id: string; priority: number | undefined; speed: number; held: boolean; withdrawn: unknown }[]
}

function leversOf({ discipline, nodes, jobs }: Observation): Levers {
  const byName = <T extends { name: string } | { id: string }>(values: readonly T[]): T[] =>
    [...values].sort((a, b) => (JSON.stringify(Object.values(a)[0]) < JSON.stringify(Object.values(b)[0]) ? -1 : 1))
  return {
    discipline,
    nodes: byName(nodes).map(({ name, state }) => [name, state]),
    jobs: byName(jobs).map(({ id, priority, speed, state, stages }) => ({
      id,
      priority,
      speed,
      held: state === 'held',
      withdrawn: stages?.map(({ each }) => each?.filter((task) => task.state === 'withdrawn').map(({ index }) => index)),
    })),
  }
}

/** What a task wrote: when it began and when it was done. */
interface Note {
  readonly what: 'begun' | 'done'
  readonly process: number
  readonly more: readonly string[]
  readonly environment: {
    readonly job: string
    readonly stage: string
    readonly task: string
    readonly tasks: string
    readonly fraction: number
    readonly speed: number
    readonly directory: string
    readonly workingDirectory: string
  }
}

/**
 * A task as a process: it writes what it was told into the directory of its job, once when it begins and once when it is done, and sleeps in
 * between. Further arguments are written down as they came.
 */
export function noteCommand(seconds: number, tag: string): string[] {
  const program = `
    const { renameSync, writeFileSync } = require('node:fs')
    const [seconds, tag, ...more] = process.argv.slice(1)
    const e = process.env
    const note = (what) => {
      const name = e.HALFTONE_DIRECTORY + '/' + [tag, e.HALFTONE_STAGE, e.HALFTONE_TASK, process.pid, what].join('-')
      const environment = {
        job: e.HALFTONE_JOB,
        stage: e.HALFTONE_STAGE,
        task: e.HALFTONE_TASK,
        tasks: e.HALFTONE_TASKS,
        fraction: Number(e.HALFTONE_SAMPLING_FRACTION),
        speed: Number(e.HALFTONE_SPEED),
        directory: e.HALFTONE_DIRECTORY,
        workingDirectory: process.cwd(),
      }
      writeFileSync(name + '.part', JSON.stringify({ what, process: process.pid, more, environment }))
      renameSync(name + '.part', name + '.note')
    }
    note('begun')
    setTimeout(() => note('done'), 1000 * Number(seconds))`
  return [process.execPath, '-e', program, '--', String(seconds), tag]
}

/** The notes in a directory by stage (as they stand in the alphabet: map, reduce), task and what they say. */
async function notesOf(directory: string): Promise<Note[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.note'))
  const notes = await Promise.all(names.map(async (name) => JSON.parse(await readFile(join(directory, name), 'utf8')) as Note))
  const order = ({ environment: { stage, task }, what }: Note): string => `${stage} ${task.padStart(6, '0')} ${what}`
  return notes.sort((a, b) => (order(a) < order(b) ? -1 : 1))
}

/** Whether a process runs; one that has ended and was not yet collected by its parent does not. */
function alive(process: number): boolean {
  try {
    return !/\) [ZX]/.test(readFileSync(`/proc/${process}/stat`, 'utf8'))
  } catch {
    return false
  }
}
