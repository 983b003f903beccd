/**
 * The bucket that live sprints drain, in seconds of sprint or in joules: it starts full, is never below 0 nor above its size, and fills at a
 * steady rate or, with a window, all at once at the end of each. The same bucket as in `docs/simulate.md`, told from look to look what was used.
 */
import { type Power, type Sprint, wattsAtSpeed } from '../model/index.js'

export interface BucketSettings {
  readonly sprint: Sprint
  /** All slots of the cluster, and its power: needed where the budget is in joules. */
  readonly slots: number
  /** One job at a time has the whole cluster, and counts as keeping all of it busy. */
  readonly exclusive: boolean
  readonly power?: Power
}

export interface SavedBucket {
  readonly level: number
  readonly atSeconds: number
  readonly nextFillSeconds?: number
  readonly overdrawn: number
}

/** A double of seconds since 1970 says no more than a quarter of a microsecond. */
const LAST_DIGIT = 1e-6

export class Bucket {
  readonly unit: 'seconds' | 'joules'
  readonly size: number
  /** A sprint starts only with so much in it. */
  readonly threshold: number
  /** Used beyond what was there: the looks came too late by so much. */
  overdrawn = 0
  level: number
  private readonly refill: number
  private readonly window: number | undefined
  private at: number | undefined
  private nextFill: number | undefined

  constructor(private readonly settings: BucketSettings) {
    const { budget, speed } = settings.sprint
    this.unit = budget !== undefined && 'joules' in budget ? 'joules' : 'seconds'
    const [size, refill, wanted] =
      budget === undefined
        ? [Number.POSITIVE_INFINITY, 0, 0]
        : 'joules' in budget
          ? [budget.joules, budget.refillWatts, budget.onThresholdJoules ?? 0.5 * this.extraWatts(speed)]
          : [budget.seconds, budget.refillPerSecond, budget.onThresholdSeconds]
    this.size = size
    this.window = budget?.windowSeconds
    this.refill = this.window === undefined ? refill : 0
    // sprinting again with a threshold of nothing would switch on and off without end
    const least = resumesAfterExhaustion(settings.sprint) ? 1e-3 : 1e-9
    this.threshold = budget === undefined ? 0 : Math.min(Math.max(wanted, least * size), size)
    this.level = size
  }

  /** What a job that sprints at `speed` on so many busy slots drains a second. */
  drainOf(speed: number, busySlots: number): number {
    if (this.unit === 'seconds') return 1
    const { slots, exclusive } = this.settings
    return this.extraWatts(speed) * (exclusive ? 1 : busySlots / slots)
  }

  /** Brings the bucket to `now`, `used` having been drained since the last time. */
  settle(now: number, used: number): void {
    const from = this.at ?? now
    this.at = Math.max(from, now)
    if (this.size === Number.POSITIVE_INFINITY) return
    const level = this.level + this.refill * (this.at - from) - used
    this.overdrawn += Math.max(0, -level)
    this.level = Math.min(this.size, Math.max(0, level))
    if (this.window === undefined) return
    this.nextFill ??= from + this.window
    if (this.nextFill > this.at) return
    this.level = this.size
    this.nextFill += this.window * (Math.floor((this.at - this.nextFill) / this.window) + 1)
  }

  /** Nothing is left, but for the last digit. */
  get isEmpty(): boolean {
    return this.size !== Number.POSITIVE_INFINITY && this.level <= Math.max(1e-9 * this.size, LAST_DIGIT)
  }

  get isEnough(): boolean {
    return !this.isEmpty && this.level >= this.threshold - LAST_DIGIT
  }

  /** When it will be empty, hold the threshold again or be filled, if `drain` goes on; undefined where nothing of it matters or will come. */
  nextSeconds(drain: number, somebodyWaits: boolean): number | undefined {
    if (this.size === Number.POSITIVE_INFINITY || this.at === undefined) return undefined
    const net = drain - this.refill
    const events: number[] = []
    if (drain > 0 && net > 0) events.push(this.at + this.level / net)
    if (somebodyWaits && net < 0 && !this.isEnough) events.push(this.at + (this.threshold - this.level) / -net)
    if ((somebodyWaits || drain > 0) && this.nextFill !== undefined) events.push(this.nextFill)
    return events.length === 0 ? undefined : Math.min(...events)
  }

  save(): SavedBucket | undefined {
    if (this.size === Number.POSITIVE_INFINITY || this.at === undefined) return undefined
    const { level, at, nextFill, overdrawn } = this
    return { level, atSeconds: at, overdrawn, ...(nextFill === undefined ? {} : { nextFillSeconds: nextFill }) }
  }

  restore(saved: SavedBucket): void {
    this.level = Math.min(this.size, saved.level)
    this.at = saved.atSeconds
    this.nextFill = saved.nextFillSeconds
    this.overdrawn = saved.overdrawn
  }

  private extraWatts(speed: number): number {
    const { power } = this.settings
    if (power === undefined) throw new Error('a budget in joules needs to know what a sprint draws')
    return wattsAtSpeed(power, speed) - power.busyWatts
  }
}

/** Whether a job whose sprint the empty bucket ended sprints again once the bucket holds the threshold. */
export function resumesAfterExhaustion({ afterExhaustion, origin }: Sprint): boolean {
  return afterExhaustion ? afterExhaustion === 'resume' : origin === 'dispatch'
}
