import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ClusterAction, isRefusal, LIVE_STATES, type Observation } from '../../model/index.js'
import type { Decision, SchedulerJob, Taken, TaskRef } from './index.js'
import { SCHEDULER_DISCIPLINES, Scheduler, type SchedulerSettings } from './scheduler.js'

/** A host that keeps what runs, and fails where the scheduler asks for what cannot be. */
class Host {
  readonly scheduler: Scheduler
  readonly running = new Map<string, { readonly task: TaskRef; readonly slots: readonly number[] }>()
  readonly suspended = new Map<string, TaskRef>()
  readonly stopping = new Map<string, TaskRef>()
  readonly over: string[] = []
  now = 0

  constructor(settings: SchedulerSettings) {
    this.scheduler = new Scheduler(settings)
  }

  submit(job: SchedulerJob): string {
    const taken = this.scheduler.submit(job, this.now)
    if (isRefusal(taken)) throw new Error(taken.message)
    this.carryOut(taken.decisions)
    return taken.jobId!
  }

  act(action: Exclude<ClusterAction, { kind: 'submit' }>): Taken | undefined {
    const taken = this.scheduler.act(action, this.now)
    if (isRefusal(taken)) return undefined
    this.carryOut(taken.decisions)
    return taken
  }

  ends(task: TaskRef, result: 'complete' | 'fail' = 'complete'): void {
    this.forget(task)
    this.carryOut(this.scheduler.taskEnded(task, { result }, this.now))
  }

  gone(task: TaskRef): void {
    this.forget(task)
    this.carryOut(this.scheduler.taskStopped(task, this.now))
  }

  /** All tasks that run or are to stop end, until nothing is left to do. */
  finish(): void {
    for (let rounds = 0; rounds < 10_000 && this.running.size + this.stopping.size > 0; rounds++) {
      this.now++
      for (const task of [...this.stopping.values()]) this.gone(task)
      for (const { task } of [...this.running.values()]) if (this.running.has(nameOf(task))) this.ends(task)
    }
  }

  observe(): Observation {
    return this.scheduler.observe(this.now, { tasks: true, endedSince: 0 })
  }

  private forget(task: TaskRef): void {
    for (const map of [this.running, this.suspended, this.stopping]) map.delete(nameOf(task))
  }

  private carryOut(decisions: readonly Decision[]): void {
    for (const decision of decisions) {
      if (decision.kind === 'speed') continue
      if (decision.kind === 'over') {
        this.over.push(decision.job)
        continue
      }
      const name = nameOf(decision.task)
      if (decision.kind === 'start' || decision.kind === 'continue') {
        if (this.running.has(name) || this.stopping.has(name)) throw new Error(`${name} runs already`)
        if (this.suspended.delete(name) !== (decision.kind === 'continue')) throw new Error(`${name} was not set aside`)
        const taken = new Set([...this.running.values()].flatMap(({ slots }) => slots))
        if (decision.slots.some((slot) => taken.has(slot))) throw new Error(`${name} got a slot that is taken`)
        this.running.set(name, { task: decision.task, slots: decision.slots })
      } else {
        if (!this.running.has(name) && !this.suspended.has(name)) throw new Error(`${name} does not run`)
        this.forget(decision.task)
        if (decision.kind === 'suspend') this.suspended.set(name, decision.task)
        else this.stopping.set(name, decision.task)
      }
    }
  }
}

function nameOf({ job, stage, task }: TaskRef): string {
  return `${job}/${stage}/${task}`
}

const NODES = [
  { name: 'a', slots: 2 },
  { name: 'b', slots: 1 },
]
const job = (key: string, priority: number, tasks: readonly number[], setup = false): SchedulerJob => ({
  key,
  className: 'c',
  priority,
  stages: tasks.map((count, i) => ({ name: `s${i}`, tasks: count, ...(setup ? { setup } : {}) })),
})

/** What may happen next, picked by numbers. */
const step = fc.record({ what: fc.nat(13), which: fc.nat(1_000), much: fc.nat(1_000) })

function happens(host: Host, { what, which, much }: { what: number; which: number; much: number }, nth: number): void {
  host.now += (much % 7) / 2
  const live = [...host.scheduler.present]
  const some = live[which % Math.max(1, live.length)]
  const on = { job: some?.id ?? 'none' }
  const stage = `s${much % 2}`
  const task = [...host.running.values()][which % Math.max(1, host.running.size)]?.task
  const going = [...host.stopping.values()][which % Math.max(1, host.stopping.size)]
  if (what <= 1) host.submit(job(`k${nth}`, 1 + (which % 3), much % 2 ? [1 + (which % 4), 2] : [1 + (which % 5)], much % 3 === 0))
  else if (what <= 3 && task) host.ends(task, what === 3 && much % 9 === 0 ? 'fail' : 'complete')
  else if (what === 4 && going) host.gone(going)
  else if (what === 5) host.act({ kind: 'deflate', ...on, stage, tasks: [which % 3, much % 3] })
  else if (what === 6) host.act({ kind: 'inflate', ...on, stage, tasks: [which % 3] })
  else if (what === 7) host.act({ kind: 'requeue', ...on })
  else if (what === 8 && much % 3 === 0) host.act({ kind: 'cancel', ...on })
  else if (what === 9) host.act({ kind: much % 2 ? 'hold' : 'release', ...on })
  else if (what === 10) host.act({ kind: 'prioritise', ...on, priority: 1 + (much % 3) })
  else if (what === 11) host.act({ kind: 'discipline', discipline: SCHEDULER_DISCIPLINES[much % 4]! })
  else if (what === 12) host.act(much % 2 ? { kind: 'drain', node: 'a', reason: 'r' } : { kind: 'resume', node: 'a' })
  else if (what === 13 && task) host.scheduler.taskEnded({ ...task, attempt: task.attempt - 1 }, { result: 'fail' }, host.now)
}

describe.each(['shared', 'exclusive'] as const)('the scheduler of a %s cluster, whatever happens to it', (engine) => {
  it('gives no slot twice, keeps its counts, and ends every job once nobody holds it', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const host = new Host({ nodes: NODES, discipline: 'priority-preemptive-resume', engine })
        steps.forEach((one, nth) => {
          happens(host, one, nth)
          const seen = host.observe()
          const busy = seen.nodes.reduce((sum, node) => sum + node.busySlots, 0)
          const held = [...host.running.values()].reduce((sum, { slots }) => sum + slots.length, 0)
          expect(busy).toBeGreaterThanOrEqual(held)
          for (const { stages } of seen.jobs)
            for (const { each, tasks, withdrawn, ended } of stages!) {
              const of = (state: string): number => each!.filter((task) => task.state === state).length
              expect([tasks, of('withdrawn'), of('complete')]).toEqual([each!.length, withdrawn, ended])
            }
        })
        host.act({ kind: 'resume', node: 'a' })
        for (const { id } of [...host.scheduler.present]) host.act({ kind: 'release', job: id })
        host.finish()
        const { jobs, nodes } = host.observe()
        expect(jobs.filter(({ state }) => LIVE_STATES.has(state))).toEqual([])
        expect(nodes.every(({ busySlots }) => busySlots === 0)).toBe(true)
        expect(new Set(host.over).size).toBe(jobs.length)
        expect(host.suspended.size).toBe(0)
      }),
      { numRuns: 300 },
    )
  })

  it('is in the same state when it is told the same again', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const play = (): string => {
          const host = new Host({ nodes: NODES, discipline: 'priority-preemptive-restart', engine })
          steps.forEach((one, nth) => {
            happens(host, one, nth)
          })
          return JSON.stringify(host.observe())
        }
        expect(play()).toBe(play())
      }),
      { numRuns: 50 },
    )
  })
})

describe('the scheduler', () => {
  const host = (change: Partial<SchedulerSettings> = {}): Host =>
    new Host({ nodes: NODES, discipline: 'priority-nonpreemptive', engine: 'shared', ...change })

  it('gives the slots of an evicted task on only once it is gone, and to whoever is first then', () => {
    const one = host({ discipline: 'priority-preemptive-restart' })
    one.submit(job('low', 3, [3]))
    const high = one.submit(job('high', 1, [1]))
    expect([one.stopping.size, one.running.size]).toEqual([1, 2])
    // the task that was started last has to go
    expect([...one.stopping.values()][0]!.task).toBe(2)
    one.now = 5
    one.gone([...one.stopping.values()][0]!)
    expect([...one.running.values()].some(({ task }) => task.job === high)).toBe(true)
    const low = one.observe().jobs.find(({ key }) => key === 'low')!
    expect([low.restarts, low.wastedSeconds, low.stages![0]!.each![2]!.state]).toEqual([1, 5, 'pending'])
  })

  it('asks for no more evictions while slots are coming free', () => {
    const one = host({ discipline: 'priority-preemptive-restart' })
    one.submit(job('low', 3, [3]))
    one.submit(job('high', 1, [1]))
    one.act({ kind: 'prioritise', job: 'j2', priority: 1 })
    one.submit(job('last', 3, [1]))
    expect(one.stopping.size).toBe(1)
  })

  it('refuses jobs that could never run, with the numbers', () => {
    const wide = { key: 'w', className: 'c', priority: 1, stages: [{ name: 'run', tasks: 1, slotsPerTask: 4 }] }
    const refused = host().scheduler.submit(wide, 0)
    expect(refused).toMatchObject({ kind: 'refusal', code: 'infeasible', numbers: { needed: 4, slots: 3 } })
    const none = host().scheduler.submit({ ...job('n', 1, [2]), withdrawn: { s0: [0, 1] } }, 0)
    expect(none).toMatchObject({ kind: 'refusal', code: 'infeasible' })
  })

  it('refuses disciplines that it does not know', () => {
    expect(host().scheduler.act({ kind: 'discipline', discipline: 'sjf' }, 0)).toMatchObject({ code: 'unsupported' })
  })

  it('tells the rank of waiting jobs as they would be served', () => {
    const one = host()
    one.submit(job('all', 1, [3]))
    for (const [key, priority] of [
      ['b', 3],
      ['c', 2],
      ['d', 3],
    ] as const)
      one.submit(job(key, priority, [1]))
    const ranks = Object.fromEntries(one.observe().jobs.map(({ key, rank }) => [key, rank]))
    expect(ranks).toEqual({ all: undefined, b: 1, c: 0, d: 2 })
  })

  it('makes no new observation of a job of which nothing changed', () => {
    const one = host()
    one.submit(job('all', 1, [3]))
    one.submit(job('waits', 2, [1]))
    const look = () => one.scheduler.observe(one.now).jobs
    const [before, after] = [look(), look()]
    expect(after.map((seen, i) => seen === before[i])).toEqual([true, true])
    one.act({ kind: 'sprint', job: 'j2', speed: 2 })
    expect(look().map((seen, i) => seen === before[i])).toEqual([true, false])
  })

  it('forgets jobs that are over beyond so many, the oldest first, but not their keys', () => {
    const one = host({ endedAtMost: 2 })
    for (let i = 0; i < 6; i++) {
      one.submit(job(`k${i}`, 1, [1]))
      one.finish()
    }
    expect(one.observe().jobs.map(({ key }) => key)).not.toContain('k0')
    expect(one.scheduler.submit(job('k0', 1, [1]), 9)).toMatchObject({ jobId: 'j1', decisions: [] })
  })
})
