/**
 * One future of a queue: given how long each job will run and who will come, when does each start and end? The engine of `simulate/`, begun in the midst.
 *
 * The scheduler is taken to plan with the limits that users ask for (where none is set: with the longest that is known), never with the run times that
 * only the future knows. A job that waits for others joins the queue when the last of them has ended: the queue is played again with the times found so,
 * until they no longer change. What comes at an instant changes nothing before it, so each round settles one job at least.
 */
import type { Discipline, Policy } from '../../model/index.js'
import { disciplineRule, Engine, SlotPool, Workspace } from '../../simulate/index.js'
import { PlayClasses } from './classes.js'
import type { Later } from './later.js'
import type { Queue, QueueJob } from './queue.js'

/** Seconds from now, by job: those that run, then those that wait. Where jobs are interrupted, `start` is the end less the time on slots. */
export interface Future {
  readonly start: Float64Array
  readonly end: Float64Array
  readonly events: number
}

export interface PlayerOptions {
  /** Limit to plan with where none was asked for. */
  readonly longestSeconds: number
  /** Queues of the history by code: a later job has the priority of those that are seen in its queue. */
  readonly queueLabels: readonly string[]
  /** Users of the history. */
  readonly users: number
}

const RUNNING = 2
const DONE = 3
/** Looks at the played queue, to see whether all have started, in the time that the backlog takes. */
const LOOKS = 48

export class Player {
  private readonly jobs: readonly QueueJob[]
  /** Running jobs that give slots back, waiting jobs that depend on nobody; and those that do. */
  private readonly present: readonly number[]
  private readonly dependent: readonly number[]
  private readonly before: readonly (readonly number[])[]
  private readonly classes: PlayClasses
  private readonly space = new Workspace()
  private readonly runningInPlay: number

  constructor(
    private readonly queue: Queue,
    private readonly policy: Policy,
    private readonly options: PlayerOptions,
  ) {
    const { running, waiting } = queue
    this.jobs = [...running, ...waiting]
    const indices = this.jobs.map((_, i) => i)
    const runs = indices.filter((i) => i < running.length && this.jobs[i]!.slots > 0)
    this.runningInPlay = runs.length
    const waits = indices.filter((i) => i >= running.length)
    this.present = [...runs, ...waits.filter((i) => this.jobs[i]!.after.length === 0)]
    this.dependent = waits.filter((i) => this.jobs[i]!.after.length > 0)
    const place = new Map(this.jobs.map(({ seen }, i) => [seen.id, i]))
    this.before = this.jobs.map(({ after }) => after.flatMap((id) => place.get(id) ?? []))
    this.classes = new PlayClasses(this.jobs, policy, options.queueLabels)
  }

  /** How long the work of now takes at most, were every slot busy throughout and were nobody to come: for how far ahead to look. */
  backlogSeconds(runSeconds: Float64Array): number {
    const work = this.jobs.reduce(
      (sum, { slots, ranSeconds = 0 }, i) => sum + slots * Math.max(0, runSeconds[i]! - ranSeconds),
      0,
    )
    return work / this.queue.slots
  }

  /** `runSeconds`: what each job takes in all, more than it has run; in the order of `Future`. */
  play(runSeconds: Float64Array, later: Later): Future {
    const { jobs, dependent, before } = this
    const joins = new Float64Array(jobs.length).fill(Number.POSITIVE_INFINITY)
    let future = this.once(runSeconds, later, joins)
    let events = future.events
    for (let round = 0; round <= dependent.length; round++) {
      let moved = false
      for (const i of dependent) {
        const at = before[i]!.reduce((most, other) => Math.max(most, future.end[other]!), 0)
        if (at === joins[i]) continue
        joins[i] = at
        moved = true
      }
      if (!moved) break
      future = this.once(runSeconds, later, joins)
      events += future.events
    }
    return { ...future, events }
  }

  private once(runSeconds: Float64Array, later: Later, joins: Float64Array): Future {
    const { jobs, queue, present, dependent, classes, policy } = this
    const joining = dependent.filter((i) => joins[i]! < Number.POSITIVE_INFINITY).sort((a, b) => joins[a]! - joins[b]! || a - b)
    const columns = this.columns(runSeconds, later, joins, joining)
    const rule = disciplineRule(policy)
    const engine = new Engine(
      {
        jobs: columns,
        classPriority: classes.priorities,
        owners: this.options.users + 1,
        rule,
        pool: new SlotPool('count', [{ nodes: 1, slots: queue.slots, speed: 1 }], columns.count),
        ...(classes.sprint ? { sprint: classes.sprint } : {}),
        ...(policy.backfill ? { promises: policy.backfill.promisesAtMost } : {}),
        start: {
          running: this.runningInPlay,
          waiting: present.length - this.runningInPlay,
          ranSeconds: Float64Array.from(present.slice(0, this.runningInPlay), (i) => jobs[i]!.ranSeconds!),
        },
      },
      this.space,
    )
    const mine = [...present.map((_, k) => k), ...columns.joined]
    const startsTell = rule.interrupts === 'never' && classes.sprint === undefined
    const settled = (job: number): boolean => engine.state[job] === DONE || (startsTell && engine.state[job] === RUNNING)
    let step = Math.max(1, this.backlogSeconds(runSeconds) / LOOKS)
    let open = 0
    for (let [until, look] = [step, 1]; open < mine.length; look++) {
      const over = engine.run(until)
      while (open < mine.length && settled(mine[open]!)) open++
      if (over) break
      if (look % LOOKS === 0) step *= 2
      until += step
    }
    const start = new Float64Array(jobs.length).fill(Number.POSITIVE_INFINITY)
    const end = new Float64Array(jobs.length).fill(Number.POSITIVE_INFINITY)
    // a job whose slots do not come back runs to its end beside the queue
    for (let i = 0; i < queue.running.length; i++) {
      start[i] = -jobs[i]!.ranSeconds!
      end[i] = runSeconds[i]! - jobs[i]!.ranSeconds!
    }
    const which = [...present, ...joining]
    mine.forEach((job, k) => {
      const i = which[k]!
      if (startsTell) {
        start[i] = engine.startedAt(job)
        end[i] = start[i]! + columns.size[job]!
      } else {
        end[i] = columns.arrival[job]! + engine.response[job]!
        start[i] = i < queue.running.length ? -jobs[i]!.ranSeconds! : end[i]! - engine.held[job]!
      }
    })
    return { start, end, events: engine.events }
  }

  /** Those present, then those who come and those who join when what they wait for has ended, in the order of their arrival. */
  private columns(runSeconds: Float64Array, later: Later, joins: Float64Array, joining: readonly number[]) {
    const { jobs, present, classes, options } = this
    const count = present.length + later.count + joining.length
    const arrival = new Float64Array(count)
    const size = new Float64Array(count)
    const slots = new Int32Array(count)
    const classIndex = new Uint16Array(count)
    const estimate = new Float64Array(count)
    const owner = new Int32Array(count)
    const put = (at: number, i: number, when: number): void => {
      const { seen, traits, slots: width, ranSeconds } = jobs[i]!
      arrival[at] = when
      size[at] = ranSeconds === undefined ? runSeconds[i]! * classes.kept[classes.of(i)]! : runSeconds[i]!
      slots[at] = width
      classIndex[at] = classes.of(i)
      // who outran the limit is expected to end at any moment
      estimate[at] = seen.limitSeconds ?? Math.max(options.longestSeconds, traits.limitSeconds || 0)
      owner[at] = traits.user + 1
    }
    for (const [k, i] of present.entries()) put(k, i, -Math.max(0, this.queue.atSeconds - jobs[i]!.seen.submitSeconds))
    const joined: number[] = []
    let at = present.length
    let nextJoin = 0
    for (let k = 0; k <= later.count; k++) {
      const when = k < later.count ? later.arrival[k]! : Number.POSITIVE_INFINITY
      for (; nextJoin < joining.length && joins[joining[nextJoin]!]! <= when; nextJoin++) {
        joined.push(at)
        put(at++, joining[nextJoin]!, joins[joining[nextJoin]!]!)
      }
      if (k === later.count) break
      arrival[at] = when
      const of = classes.ofLater(later.queue[k]!)
      size[at] = later.runSeconds[k]! * classes.kept[of]!
      slots[at] = later.slots[k]!
      classIndex[at] = of
      estimate[at] = later.limitSeconds[k]! > 0 ? later.limitSeconds[k]! : options.longestSeconds
      owner[at] = later.user[k]! + 1
      at++
    }
    return { count, arrival, size, slots, classIndex, estimate, owner, joined }
  }
}

/** What may be asked of a player. */
export type Plays = Pick<Player, 'play' | 'backlogSeconds'>

/** A policy that is a discipline and nothing more. */
export function policyNamed(discipline: Discipline): Policy {
  return { schema: 'halftone/policy/1', name: discipline, discipline, engine: 'shared', placement: 'pool', drop: {} }
}
