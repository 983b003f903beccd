/**
 * Plays one policy on a real cluster: submits the jobs as they arrive, steers them, watches until the last has ended, and keeps what was seen of every attempt.
 */
import type { Steering } from '../../control/index.js'
import {
  type ClusterAction,
  type Driver,
  isRefusal,
  type JobSpec,
  LIVE_STATES,
  type Observation,
  type ObservedJob,
  type Refusal,
  refuse,
  type TrialTask,
} from '../../model/index.js'
import { AttemptLog } from './attempts.js'
import type { Arrivals } from './foresee.js'

export interface PlayRequest {
  readonly driver: Driver
  readonly arrivals: Arrivals
  /** Name of a class by its index. */
  readonly className: (classIndex: number) => string
  /** What the n-th job to arrive is; asked for once. */
  readonly spec: (job: number) => JobSpec
  readonly steering: Steering
  /** Seconds between two looks, where nothing else calls for one. */
  readonly everySeconds: number
  /** Jobs that have not ended so long after the first arrival are cancelled and counted as unfinished. */
  readonly atMostSeconds: number
  readonly progress?: (share: number, said: string) => void
  readonly signal?: AbortSignal
}

export interface PlayedJob {
  readonly number: number
  readonly classIndex: number
  readonly submitSeconds: number
  /** Undefined for a job that did not end. */
  readonly endSeconds: number | undefined
  readonly state: ObservedJob['state'] | 'unfinished'
  /** Slot time that was thrown away, as the cluster says. */
  readonly wastedSeconds: number | undefined
}

export interface Played {
  readonly startedAtSeconds: number
  /** From the first arrival until the last job was seen to have ended. */
  readonly seconds: number
  readonly jobs: readonly PlayedJob[]
  readonly tasks: readonly TrialTask[]
  readonly sprints: readonly {
    readonly job: number
    readonly startSeconds: number
    readonly endSeconds: number
    readonly speed: number
  }[]
  readonly looks: readonly {
    readonly atSeconds: number
    readonly present: readonly number[]
    readonly budget: number | undefined
  }[]
  readonly actions: Readonly<Record<string, number>>
  readonly refused: readonly string[]
  /** Mean measured watts, where the cluster has a meter. */
  readonly metered: { readonly watts: number; readonly source: string } | undefined
}

const LONGEST_SILENCE_SECONDS = 60
/** Between two looks, whatever seems to be due. */
const LEAST_PAUSE_SECONDS = 0.005
/** A job that ended so long before the last look is told of once more: clusters are late with what they know. */
const ENDED_SECONDS = 30

/** Plays the arrivals. Whatever ends it early (a fault, the signal) cancels the jobs that it submitted. */
export async function play(request: PlayRequest): Promise<Played | Refusal> {
  const player = new Player(request)
  try {
    return await player.run()
  } finally {
    await player.cancelWhatLives()
  }
}

class Player {
  private readonly began: number
  private readonly startedAt: number
  private readonly numberOf = new Map<string, number>()
  private readonly idOf: (string | undefined)[] = []
  private readonly ended: (ObservedJob | undefined)[]
  private readonly attempts = new AttemptLog()
  private readonly sprints: { job: number; startSeconds: number; endSeconds: number; speed: number }[] = []
  private readonly looks: { atSeconds: number; present: number[]; budget: number | undefined }[] = []
  private readonly actions: Record<string, number> = {}
  private readonly refused = new Set<string>()
  private readonly classes: number
  private joules = 0
  private meteredSeconds = 0
  private meteredAt = 0
  private meterSource = ''
  private submitted = 0
  private left: number
  private silentSince: number | undefined
  private lookedAt: number

  constructor(private readonly request: PlayRequest) {
    const { driver, arrivals } = request
    this.began = driver.clock.monotonic()
    this.startedAt = driver.clock.now()
    this.lookedAt = this.startedAt
    this.left = arrivals.arrival.length
    this.ended = new Array(this.left).fill(undefined)
    this.classes = arrivals.classIndex.reduce((most, k) => Math.max(most, k + 1), 0)
  }

  async run(): Promise<Played | Refusal> {
    const { driver, atMostSeconds, signal, everySeconds } = this.request
    while (this.left > 0 && this.elapsed() < atMostSeconds && !signal?.aborted) {
      const no = (await this.submitDue()) ?? (await this.look())
      if (no) return no
      await driver.clock.sleep(Math.max(LEAST_PAUSE_SECONDS, Math.min(everySeconds, this.untilNext(), this.untilDue())), signal)
    }
    if (signal?.aborted) return refuse('no-data', 'the trial was stopped before this policy had been played to its end')
    return this.played()
  }

  /** The jobs that were submitted and still live are taken back; nobody else’s. */
  async cancelWhatLives(): Promise<void> {
    const { driver } = this.request
    for (const [number, id] of this.idOf.entries())
      if (id !== undefined && this.ended[number] === undefined) await driver.enact({ kind: 'cancel', job: id })
  }

  private elapsed(): number {
    return this.request.driver.clock.monotonic() - this.began
  }

  private untilNext(): number {
    const { arrival } = this.request.arrivals
    return this.submitted < arrival.length ? arrival[this.submitted] - this.elapsed() : Number.POSITIVE_INFINITY
  }

  /** Until the steering has something to do. */
  private untilDue(): number {
    const { driver, steering } = this.request
    return steering.nextSeconds === undefined ? Number.POSITIVE_INFINITY : steering.nextSeconds - driver.clock.now()
  }

  private async submitDue(): Promise<Refusal | undefined> {
    const { driver, spec } = this.request
    while (this.submitted < this.ended.length && this.untilNext() <= 0) {
      const job = spec(this.submitted)
      this.numberOf.set(job.key, this.submitted)
      const answer = await driver.enact({ kind: 'submit', spec: job })
      if (isRefusal(answer)) return answer
      this.idOf[this.submitted++] = answer.jobId
      this.count('submit')
    }
    return undefined
  }

  /** One look at the cluster, and what the steering makes of it. */
  private async look(): Promise<Refusal | undefined> {
    const { driver, steering, progress } = this.request
    const seen = await driver.observe({ tasks: true, endedSince: this.lookedAt - ENDED_SECONDS })
    if (isRefusal(seen)) return this.silence(seen)
    this.silentSince = undefined
    this.lookedAt = seen.atSeconds
    this.note(seen)
    for (const { action } of steering.decide(seen)) await this.enact(action)
    this.looks.push({ atSeconds: this.elapsed(), present: this.present(), budget: steering.budget?.level })
    progress?.(1 - this.left / this.ended.length, `${this.ended.length - this.left} of ${this.ended.length} jobs`)
    return undefined
  }

  /** A cluster that does not answer is waited for, but not for ever. */
  private silence(why: Refusal): Refusal | undefined {
    this.silentSince ??= this.elapsed()
    return this.elapsed() - this.silentSince > LONGEST_SILENCE_SECONDS ? why : undefined
  }

  private note({ jobs, power, atSeconds }: Observation): void {
    if (power) {
      const seconds = this.elapsed() - this.meteredAt
      this.joules += power.watts * seconds
      this.meteredSeconds += seconds
      this.meterSource = power.source
    }
    this.meteredAt = this.elapsed()
    for (const job of jobs) {
      const number = job.key === undefined ? undefined : this.numberOf.get(job.key)
      if (number === undefined || this.ended[number] !== undefined) continue
      this.attempts.note(number, job, atSeconds)
      if (LIVE_STATES.has(job.state)) continue
      this.ended[number] = job
      this.left--
      this.endSprint(number, job.endSeconds ?? this.startedAt + this.elapsed())
    }
  }

  private async enact(action: ClusterAction): Promise<void> {
    const answer = await this.request.driver.enact(action)
    if (isRefusal(answer)) {
      this.refused.add(`${action.kind}: ${answer.message}`)
      return
    }
    this.count(action.kind)
    if (action.kind !== 'sprint') return
    const number = this.idOf.indexOf(action.job)
    if (number < 0) return
    const now = this.startedAt + this.elapsed()
    this.endSprint(number, now)
    if (action.speed > 1)
      this.sprints.push({ job: number, startSeconds: this.elapsed(), endSeconds: Number.POSITIVE_INFINITY, speed: action.speed })
  }

  private endSprint(job: number, atSeconds: number): void {
    const open = this.sprints.find((sprint) => sprint.job === job && sprint.endSeconds === Number.POSITIVE_INFINITY)
    if (open) open.endSeconds = Math.max(open.startSeconds, atSeconds - this.startedAt)
  }

  private present(): number[] {
    const counts: number[] = new Array(this.classes).fill(0)
    for (let i = 0; i < this.submitted; i++) if (this.ended[i] === undefined) counts[this.request.arrivals.classIndex[i]]++
    return counts
  }

  private count(kind: string): void {
    this.actions[kind] = (this.actions[kind] ?? 0) + 1
  }

  private played(): Played {
    const { arrivals, className } = this.request
    const seconds = this.elapsed()
    return {
      startedAtSeconds: this.startedAt,
      seconds,
      jobs: this.ended.map((job, number) => ({
        number,
        classIndex: arrivals.classIndex[number],
        submitSeconds: job ? job.submitSeconds - this.startedAt : arrivals.arrival[number],
        endSeconds: job?.endSeconds === undefined ? undefined : job.endSeconds - this.startedAt,
        state: job?.state ?? 'unfinished',
        wastedSeconds: job?.wastedSeconds,
      })),
      tasks: this.attempts.tasks(this.startedAt, (number) => className(arrivals.classIndex[number])),
      sprints: this.sprints.map((sprint) => ({ ...sprint, endSeconds: Math.min(sprint.endSeconds, seconds) })),
      looks: this.looks,
      actions: this.actions,
      refused: [...this.refused],
      metered: this.meteredSeconds > 0 ? { watts: this.joules / this.meteredSeconds, source: this.meterSource } : undefined,
    }
  }
}
