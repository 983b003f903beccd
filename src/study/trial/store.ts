/** What a trial has measured so far, in a file, so that one that was cut short can go on. */
import { readFile } from 'node:fs/promises'
import type { AccuracyCurve, Issue, Policy, Scenario, TrialPolicy } from '../../model/index.js'
import { writeWhole } from '../../report/index.js'
import type { Profiled } from './profile.js'

/** What is measured before the first policy is played. */
export interface Prepared {
  readonly profiled: Profiled
  /** By class. */
  readonly accuracy: Readonly<Record<string, AccuracyCurve>>
  /** By class: where the result of a job lies for which nothing was dropped. */
  readonly full: Readonly<Record<string, string>>
}

interface Kept {
  readonly schema: 'halftone/trial-state/1'
  /** What was asked for: a state goes on under the same question only. */
  readonly asked: string
  readonly prepared?: Prepared
  readonly policies?: readonly Policy[]
  readonly played: readonly TrialPolicy[]
}

/** The question that a stored state belongs to. */
export interface Asked {
  readonly scenario: Scenario
  readonly policies: readonly string[]
  readonly seed: number
  readonly load?: number
  readonly forSeconds: number
}

export class TrialStore {
  private constructor(
    private readonly path: string,
    private kept: Kept,
  ) {}

  /**
   * With `resume`, whatever the file has of the same question; an issue where it belongs to another one or cannot be read. Without, a new state that replaces the file at the
   * first writing.
   */
  static async open(path: string, asked: Asked, resume: boolean): Promise<TrialStore | Issue> {
    const question = JSON.stringify(asked)
    const fresh: Kept = { schema: 'halftone/trial-state/1', asked: question, played: [] }
    if (!resume) return new TrialStore(path, fresh)
    const issue = (message: string): Issue => ({ code: 'resume', severity: 'error', place: path, message })
    let text: string
    try {
      text = await readFile(path, 'utf8')
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ENOENT'
        ? new TrialStore(path, fresh)
        : issue(`cannot be read: ${(error as Error).message}`)
    }
    let kept: Kept
    try {
      kept = JSON.parse(text) as Kept
    } catch {
      return issue('is not JSON: leave --resume out to begin anew')
    }
    if (kept.schema !== fresh.schema || kept.asked !== question)
      return issue('belongs to another trial (scenario, policies, load, time or seed differ): leave --resume out to begin anew')
    return new TrialStore(path, kept)
  }

  get prepared(): Prepared | undefined {
    return this.kept.prepared
  }

  get policies(): readonly Policy[] | undefined {
    return this.kept.policies
  }

  played(name: string): TrialPolicy | undefined {
    return this.kept.played.find(({ policy }) => policy.name === name)
  }

  async keepPrepared(prepared: Prepared): Promise<void> {
    if (this.kept.prepared !== prepared) await this.keep({ ...this.kept, prepared })
  }

  async keepPolicies(policies: readonly Policy[]): Promise<void> {
    if (this.kept.policies !== policies) await this.keep({ ...this.kept, policies })
  }

  async keepPlayed(played: TrialPolicy): Promise<void> {
    await this.keep({ ...this.kept, played: [...this.kept.played, played] })
  }

  private async keep(kept: Kept): Promise<void> {
    const written = await writeWhole(this.path, JSON.stringify(kept))
    if (!written.ok) throw new Error(`${this.path}: ${written.issue.message}`)
    this.kept = kept
  }
}
