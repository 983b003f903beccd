import type { Refusal } from '../../model/index.js'
import type { NodeRow, QueueRow } from './row.js'

/** A stage to be submitted as an array, held until it is released. */
export interface Submission {
  readonly name: string
  /** Task numbers, in Slurm’s writing. */
  readonly array: string
  readonly script: string
  /** Slurm job ids that have to end before. */
  readonly after: readonly number[]
  readonly directory: string
  /** Path of what a task prints, with Slurm’s patterns. */
  readonly output: string
  readonly processors: number
  readonly memoryMiB?: number
  readonly limitMinutes?: number
  readonly qos?: string
  readonly nice?: number
  readonly partition?: string
  readonly account?: string
}

/** What both ways to Slurm can do: through slurmrestd, and by its command-line tools. */
export interface Gateway {
  nodes(): Promise<readonly NodeRow[] | Refusal>
  /** Jobs that live, and those that ended within the controller’s memory (MinJobAge). */
  queue(): Promise<readonly QueueRow[] | Refusal>
  /** The id of the new array. */
  submit(submission: Submission): Promise<number | Refusal>
}
