/**
 * The steering lease: one controller at a time may change how the cluster runs, and only for as long as it is heard of. What it did that must not outlive
 * it is taken back when it falls silent: speeds go to normal, and the discipline to what it was before.
 */
import type { ActionKind, Discipline } from '../../model/index.js'

/** Actions that steer. The others are what people do to their own jobs. */
const STEERING: ReadonlySet<ActionKind> = new Set(['sprint', 'discipline', 'prioritise', 'deflate', 'inflate', 'drain', 'resume'])

export function steers(kind: ActionKind): boolean {
  return STEERING.has(kind)
}

export class Lease {
  holder: string | undefined
  /** The discipline before the holder changed it. */
  private formerDiscipline: Discipline | undefined
  private heardAt = 0

  constructor(readonly seconds: number) {}

  /** Any call of the holder keeps its lease alive. */
  heard(controller: string, now: number): void {
    if (controller === this.holder) this.heardAt = now
  }

  /** Takes the lease for a controller; who else holds it, where somebody does. */
  take(controller: string, now: number): { readonly taken: boolean; readonly otherHolder?: string } {
    if (this.holder !== undefined && this.holder !== controller) return { taken: false, otherHolder: this.holder }
    const taken = this.holder === undefined
    this.holder = controller
    this.heardAt = now
    return { taken }
  }

  noteDiscipline(before: Discipline): void {
    this.formerDiscipline ??= before
  }

  lapsed(now: number): boolean {
    return this.holder !== undefined && now - this.heardAt > this.seconds
  }

  /** Seconds until it lapses if nothing is heard. */
  left(now: number): number {
    return Math.max(0, this.seconds - (now - this.heardAt))
  }

  /** Ends the lease; returns the discipline that is to be put back if its holder did not mean to leave it. */
  end(): Discipline | undefined {
    const former = this.formerDiscipline
    this.holder = undefined
    this.formerDiscipline = undefined
    return former
  }
}
