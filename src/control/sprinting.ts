/**
 * Whose sprint begins, changes its speed and ends, looked at from time to time: the rules of `docs/simulate.md` on a live cluster.
 *
 * A job that has not ended so long after its timer started (at its arrival, or whenever it gets its slots) sprints while the bucket carries it.
 * A sprint counts from the look that asked for it, and only where the next look sees it; a job that leaves its slots ends its sprint. A
 * look too late overdraws the bucket, so `nextSeconds` says when the next is due. The time that a switch takes is the cluster’s own: the
 * toggle delays of a policy, which model it, are not waited for.
 *
 * What a second of sprint drains is scaled, where processor time is measured, by the sprint that it really was:
 *
 *   share of the sprint = (processor time a busy slot-second / the same at normal speed − 1) / (speed − 1), within 0 … 1
 *
 * the normal rate being measured over all unsprinted jobs of the class; until ten slot-seconds of them were seen, time alone counts.
 */
import type { ObservedJob, Sprint } from '../model/index.js'
import type { Bucket, SavedBucket } from './bucket.js'
import { resumesAfterExhaustion } from './bucket.js'
import type { Decision } from './decision.js'

const ENOUGH_SLOT_SECONDS = 10
/** Instants that are nearer than this are one: a double of seconds since 1970 is no finer than a quarter of it. */
const MICROSECOND = 1e-6

/** What is remembered of a job of a class that may sprint. */
interface Runner {
  /** When its timer started; meaningless while it does not run and the timer starts at dispatch. */
  since: number
  running: boolean
  restarts: number
  /** It has run before this look. */
  ran: boolean
  /** The speed that was asked for; 1: it does not sprint by our doing. */
  asked: number
  /** The last look decided to end its sprint. */
  ending: boolean
  spent: boolean
  busySlots: number
  cpuSeconds?: number
}

/** What one sprint drained a second since the last look, until it ended. */
interface Drain {
  readonly until: number
  readonly perSecond: number
}

/** What one look shows of the jobs of classes that may sprint. */
interface Look {
  readonly present: Set<string>
  /** Since the last look. */
  readonly drains: Drain[]
  readonly sprinting: [ObservedJob, Runner][]
  /** They sprinted and left their slots. */
  readonly left: [ObservedJob, Runner][]
  /** They run and their timer has run out: since when, and of which class. */
  readonly armed: [ObservedJob, Runner, due: number, className: string][]
  /** What goes on is drained a second from now on. */
  drain: number
  /** When the next timer runs out. */
  next: number
}

/** Processor time and busy slot-seconds of a class at normal speed. */
interface Normal {
  cpuSeconds: number
  slotSeconds: number
}

export interface SavedSprinting {
  readonly bucket?: SavedBucket
  readonly atSeconds?: number
  readonly runners: readonly (readonly [job: string, runner: Runner])[]
  readonly normal: readonly (readonly [className: string, normal: Normal])[]
}

export class Sprinting {
  /** When it wants to look again, in the driver’s clock. */
  nextSeconds: number | undefined
  private readonly runners = new Map<string, Runner>()
  private readonly normal = new Map<string, Normal>()
  private readonly resumes: boolean
  private at: number | undefined

  constructor(
    private readonly sprint: Sprint,
    readonly bucket: Bucket,
    private readonly chargeBy: 'cpu' | 'time',
    private readonly speedAtMost: number,
  ) {
    this.resumes = resumesAfterExhaustion(sprint)
  }

  /** `live`: jobs with their class; `ended`: those that ended since the last look, where they were seen to. */
  decide(now: number, live: readonly (readonly [ObservedJob, string])[], ended: ReadonlyMap<string, ObservedJob>): Decision[] {
    const from = this.at ?? now
    this.at = Math.max(from, now)
    // a clock that was set back passes no time
    const look = this.lookAt(live, now, this.at - from)
    look.drains.push(...this.drainedByGone(look.present, ended, from, this.at))
    this.settle(from, look.drains)
    const ends = this.endings(look)
    const { decisions, waiting } = this.beginnings(look, now)
    const next = Math.min(look.next, this.bucket.nextSeconds(look.drain, waiting) ?? Number.POSITIVE_INFINITY)
    this.nextSeconds = next === Number.POSITIVE_INFINITY ? undefined : next
    return [...ends, ...decisions]
  }

  /** Who sprints, whose timer has run out, who left its slots while it sprinted, and what the sprints since the last look drained. */
  private lookAt(live: readonly (readonly [ObservedJob, string])[], now: number, seconds: number): Look {
    const look: Look = {
      present: new Set(),
      drains: [],
      sprinting: [],
      left: [],
      armed: [],
      drain: 0,
      next: Number.POSITIVE_INFINITY,
    }
    for (const [job, className] of live) {
      const timeout = this.sprint.timeoutSeconds[className]
      if (timeout === undefined) continue
      look.present.add(job.id)
      const running = job.state === 'running'
      const runner = this.runners.get(job.id)
      const sprinted = runner !== undefined && runner.asked > 1 && job.speed > 1
      if (sprinted) look.drains.push({ until: this.at!, perSecond: this.drained(job, runner, className, seconds) })
      else if (runner !== undefined) this.learn(job, runner, className, seconds)
      const again = runner !== undefined && running && runner.running && (job.restarts ?? 0) !== runner.restarts
      const seen = this.see(job, runner, running, now)
      if (!sprinted) seen.asked = 1
      else if (!running || again) look.left.push([job, seen])
      else {
        look.sprinting.push([job, seen])
        look.drain += this.bucket.drainOf(job.speed, seen.busySlots)
      }
      if (!running || seen.spent) continue
      const due = seen.since + timeout
      const ranOut = now >= due - MICROSECOND
      if (ranOut) look.armed.push([job, seen, due, className])
      const step = this.sprint.steps?.find(({ afterSeconds }) => due + afterSeconds > now)
      if (!ranOut) look.next = Math.min(look.next, due)
      else if (step) look.next = Math.min(look.next, due + step.afterSeconds)
    }
    return look
  }

  /** Ends of sprints: of jobs that left their slots, and of all once the bucket is empty. */
  private endings(look: Look): Decision[] {
    const decisions = look.left.map(([job, runner]) => this.end(job, runner, 'it left its slots'))
    for (const [job, runner] of look.sprinting) {
      if (!this.bucket.isEmpty && !runner.spent) continue
      decisions.push(this.end(job, runner, 'the sprint budget is used up'))
      look.drain -= this.bucket.drainOf(job.speed, runner.busySlots)
      if (!this.resumes) runner.spent = true
    }
    return decisions
  }

  /** Sprints that begin or change their speed, and whether somebody waits for the bucket. */
  private beginnings(look: Look, now: number): { readonly decisions: readonly Decision[]; readonly waiting: boolean } {
    const empty = this.bucket.isEmpty
    const decisions: Decision[] = []
    let waiting = false
    for (const [job, runner, due, className] of look.armed) {
      const wanted = this.speedAt(now - due)
      const sprints = runner.asked > 1
      if (runner.spent || (sprints ? job.speed === wanted && !empty : job.speed !== 1)) continue
      if (empty || !(sprints || this.bucket.isEnough)) {
        waiting = true
        continue
      }
      if (sprints) look.drain -= this.bucket.drainOf(job.speed, runner.busySlots)
      look.drain += this.bucket.drainOf(wanted, runner.busySlots)
      runner.asked = wanted
      const reason = this.reasonOf(className, sprints, now - due)
      decisions.push({ action: { kind: 'sprint', job: job.id, speed: wanted }, reason })
    }
    return { decisions, waiting }
  }

  save(): SavedSprinting {
    const bucket = this.bucket.save()
    return {
      ...(bucket ? { bucket } : {}),
      ...(this.at === undefined ? {} : { atSeconds: this.at }),
      runners: [...this.runners].map(([job, runner]) => [job, { ...runner }]),
      normal: [...this.normal].map(([name, normal]) => [name, { ...normal }]),
    }
  }

  restore(saved: SavedSprinting): void {
    if (saved.bucket) this.bucket.restore(saved.bucket)
    this.at = saved.atSeconds
    for (const [job, runner] of saved.runners) this.runners.set(job, { ...runner })
    for (const [name, normal] of saved.normal) this.normal.set(name, { ...normal })
  }

  /** What is remembered of the job after this look. */
  private see(job: ObservedJob, before: Runner | undefined, running: boolean, now: number): Runner {
    const restarts = job.restarts ?? 0
    const runner = before ?? {
      since: 0,
      running: false,
      restarts,
      ran: false,
      asked: 1,
      ending: false,
      spent: false,
      busySlots: 0,
    }
    if (this.sprint.origin === 'arrival') runner.since = job.submitSeconds
    else if (running && !(runner.running && restarts === runner.restarts)) {
      // of a job that runs again nobody says since when: since it was seen to
      runner.since = runner.ran || restarts > 0 ? now : (job.startSeconds ?? now)
      runner.spent = false
    }
    runner.ending = false
    runner.running = running
    runner.ran ||= running
    runner.restarts = restarts
    runner.busySlots = running ? busySlotsOf(job) : 0
    if (job.cpuSeconds !== undefined) runner.cpuSeconds = job.cpuSeconds
    if (before === undefined) this.runners.set(job.id, runner)
    return runner
  }

  /** Drains the bucket by what each sprint used until its end, so that what comes in when it is full counts for nothing. */
  private settle(from: number, drains: readonly Drain[]): void {
    let [at, rate] = [from, drains.reduce((sum, { perSecond }) => sum + perSecond, 0)]
    for (const { until, perSecond } of [...drains].sort((a, b) => a.until - b.until)) {
      if (until > at) this.bucket.settle(until, rate * (until - at))
      at = Math.max(at, until)
      rate -= perSecond
    }
    this.bucket.settle(this.at!, 0)
  }

  /** What a sprint that is seen to go on has drained a second since the last look. */
  private drained(job: ObservedJob, runner: Runner, className: string, seconds: number): number {
    const full = this.bucket.drainOf(job.speed, (runner.busySlots + busySlotsOf(job)) / 2)
    const normal = this.normal.get(className)
    const [before, after] = [runner.cpuSeconds, job.cpuSeconds]
    if (this.chargeBy === 'time' || normal === undefined || normal.slotSeconds < ENOUGH_SLOT_SECONDS) return full
    if (before === undefined || after === undefined || !(normal.cpuSeconds > 0)) return full
    const slotSeconds = ((runner.busySlots + busySlotsOf(job)) / 2) * seconds
    if (!(slotSeconds > 0)) return full
    const rate = (after - before) / slotSeconds / (normal.cpuSeconds / normal.slotSeconds)
    return full * Math.min(1, Math.max(0, (rate - 1) / (job.speed - 1)))
  }

  /** How much processor time a slot-second of the class takes at normal speed. */
  private learn(job: ObservedJob, runner: Runner, className: string, seconds: number): void {
    if (runner.cpuSeconds === undefined || job.cpuSeconds === undefined || !runner.running || job.speed !== 1) return
    if (runner.asked !== 1 || job.state !== 'running' || seconds <= 0) return
    const normal = this.normal.get(className) ?? { cpuSeconds: 0, slotSeconds: 0 }
    normal.cpuSeconds += job.cpuSeconds - runner.cpuSeconds
    normal.slotSeconds += ((runner.busySlots + busySlotsOf(job)) / 2) * seconds
    this.normal.set(className, normal)
  }

  /** Sprints of jobs that are gone: until they ended, or until now where nobody says. Forgets those jobs. */
  private drainedByGone(
    present: ReadonlySet<string>,
    ended: ReadonlyMap<string, ObservedJob>,
    from: number,
    now: number,
  ): Drain[] {
    const drains: Drain[] = []
    for (const [id, runner] of this.runners) {
      if (present.has(id)) continue
      const until = Math.min(now, Math.max(from, ended.get(id)?.endSeconds ?? now))
      if (runner.asked > 1 && !runner.ending)
        drains.push({ until, perSecond: this.bucket.drainOf(runner.asked, runner.busySlots) })
      this.runners.delete(id)
    }
    return drains
  }

  private end(job: ObservedJob, runner: Runner, reason: string): Decision {
    runner.ending = true
    return { action: { kind: 'sprint', job: job.id, speed: 1 }, reason, restores: true }
  }

  private reasonOf(className: string, sprints: boolean, elapsed: number): string {
    if (sprints) return `class ${className}: still running ${round(elapsed)} s after its timer ran out`
    const since = this.sprint.origin === 'arrival' ? 'arrived' : 'started'
    return `class ${className}: not ended ${round(this.sprint.timeoutSeconds[className]!)} s after it ${since}`
  }

  private speedAt(elapsed: number): number {
    let { speed } = this.sprint
    for (const step of this.sprint.steps ?? []) if (step.afterSeconds <= elapsed + MICROSECOND) speed = step.speed
    return Math.min(speed, this.speedAtMost)
  }
}

/** Slots that the job keeps busy at this look. */
export function busySlotsOf(job: ObservedJob): number {
  if (job.state !== 'running') return 0
  return job.stages ? job.stages.reduce((sum, { running }) => sum + running, 0) : job.slots
}

const round = (seconds: number): number => Math.round(seconds * 10) / 10
