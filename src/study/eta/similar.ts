/**
 * Run times of the most similar jobs that ended so far: the same user with the same name, size and limit; the same user and size; the same user; the
 * same size; all. What is nearer speaks first, and leaves to what is wider as much of the chance as it has seen too little to claim:
 *
 *   share of a group = n / (n + κ) of what nearer groups left,  n = Σ weights of its last runs
 *
 * Later runs weigh more. Jobs that failed or were cancelled are runs like others: a job can end early.
 * The blend is that of prediction by partial matching (Cleary and Witten 1984); that users repeat themselves is Tsafrir, Etsion and Feitelson (2007).
 */
import { lawOf, type RunTimeLaw } from './law.js'

/** What is known of a job before it runs. Labels as codes, −1 unknown; `limitSeconds` NaN where none is set. */
export interface JobTraits {
  readonly user: number
  readonly name: number
  readonly queue: number
  readonly slots: number
  readonly limitSeconds: number
}

/** How many of the last runs of a group are kept, and what a run weighs against the one after it. */
const KEPT = 40
const FADING = 0.94
/** Runs that a group needs before it is trusted half: κ above. */
const DOUBT = 1.5

/** The last runs of one group, a ring. */
class Group {
  private readonly runs = new Float64Array(KEPT)
  private next = 0
  size = 0

  add(seconds: number): void {
    this.runs[this.next] = seconds
    this.next = (this.next + 1) % KEPT
    if (this.size < KEPT) this.size++
  }

  /** The k-th last run. */
  last(k: number): number {
    return this.runs[(this.next - 1 - k + 2 * KEPT) % KEPT]!
  }
}

export class SimilarJobs {
  private readonly groups = new Map<string, Group>()
  private readonly fades = Float64Array.from({ length: KEPT }, (_, k) => FADING ** k)
  count = 0
  /** The longest run and the longest limit met. */
  longest = 0

  /** A job ended. */
  add(job: JobTraits, runSeconds: number): void {
    if (!(runSeconds >= 0)) return
    this.count++
    this.longest = Math.max(this.longest, runSeconds)
    for (const key of keysOf(job)) {
      let group = this.groups.get(key)
      if (group === undefined) {
        group = new Group()
        this.groups.set(key, group)
      }
      group.add(runSeconds)
    }
  }

  /** The law of a job like this, as of now; undefined before the first job ended. */
  law(job: JobTraits): RunTimeLaw | undefined {
    const values: number[] = []
    const weights: number[] = []
    let left = 1
    for (const key of keysOf(job)) {
      const group = this.groups.get(key)
      if (group === undefined) continue
      let n = 0
      for (let k = 0; k < group.size; k++) n += this.fades[k]!
      const share = (left * n) / (n + DOUBT)
      left -= share
      for (let k = 0; k < group.size; k++) {
        values.push(Math.max(group.last(k), 1e-3))
        weights.push((share * this.fades[k]!) / n)
      }
    }
    return values.length === 0 ? undefined : lawOf(values, weights)
  }

  /** Mean of the last two runs of its user, the one where there is one; undefined of a stranger. */
  lastTwo({ user }: JobTraits): number | undefined {
    const group = this.groups.get(`u${user}`)
    if (group === undefined || user < 0) return undefined
    return group.size === 1 ? group.last(0) : (group.last(0) + group.last(1)) / 2
  }

  /** The last run of the same user with the same size and limit, and how many of them were seen. */
  lastAlike(job: JobTraits): { readonly seconds: number; readonly seen: number } | undefined {
    const group = this.groups.get(`us${job.user} ${job.slots} ${job.limitSeconds}`)
    return group === undefined ? undefined : { seconds: group.last(0), seen: group.size }
  }
}

/** The groups of a job, nearest first. */
function keysOf({ user, name, queue, slots, limitSeconds }: JobTraits): string[] {
  const keys: string[] = []
  if (user >= 0 && name >= 0) keys.push(`uns${user} ${name} ${slots} ${limitSeconds}`, `un${user} ${name}`)
  else if (name >= 0) keys.push(`n${name} ${slots}`)
  if (user >= 0) keys.push(`us${user} ${slots} ${limitSeconds}`, `u${user}`)
  keys.push(`s${queue} ${slots} ${limitSeconds}`, `q${queue}`, 'all')
  return keys
}

/** What may be asked of the jobs that ended so far. */
export type SeenJobs = Pick<SimilarJobs, 'law' | 'lastTwo' | 'lastAlike' | 'count' | 'longest'>
