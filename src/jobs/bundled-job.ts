import type { estimateTop, estimateTotal, Refusal } from '../model/index.js'
import type { Rng } from '../num/index.js'

/** A file of a data set, by its name in the directory. */
export interface DataFile {
  readonly name: string
  readonly bytes: Uint8Array
}

export interface GenerateOptions {
  readonly rng: Rng
  /** Into how many partitions the data fall: map tasks at most. */
  readonly partitions: number
  /** How much work there is, in the unit of the job: see `BundledJob.sizeMeans`. */
  readonly size: number
}

/** Which part of the work is meant: task `task` of `tasks`. */
export interface Share {
  readonly task: number
  readonly tasks: number
}

/** What a reduce is handed: what it may scale up with, and the files that it named. */
export interface ReduceNeeds {
  readonly files: ReadonlyMap<string, Uint8Array>
  readonly estimateTotal: typeof estimateTotal
  readonly estimateTop: typeof estimateTop
}

/**
 * Real work in two stages, made of pure functions over bytes: map tasks that each take their part of the data, and a reduce that puts together what
 * they found and, where tasks were dropped, scales it up to the whole. A job of n tasks works on the first n partitions, where data come in partitions.
 *
 * What a job needs of the floors below is handed to it, so that a map task loads nothing that it does not use: a process that runs for a second
 * should not begin by reading half a library.
 */
export interface BundledJob<Part, Answer> {
  readonly name: string
  /** What `size` counts: `words a partition`. */
  readonly sizeMeans: string
  /** A size whose tasks take about a tenth of a second: where the search for a size begins. */
  readonly sizeAtFirst: number
  /** The files of a data set, one after another. Same stream, same bytes. */
  generate(options: GenerateOptions): Iterable<DataFile>
  /** Names of the files that a task reads. */
  inputs(share: Share): readonly string[]
  /** Names of the files that the reduce reads beside the parts. */
  readonly reduceInputs: readonly string[]
  /** What one task finds. Throws where the bytes are not what `generate` makes. */
  map(files: ReadonlyMap<string, Uint8Array>, share: Share): Part
  /** Whether a value that was read from a file is what `map` gives. */
  isPart(value: unknown): value is Part
  /** What the parts of `tasks` tasks, some perhaps missing, say of the whole. */
  reduce(parts: readonly Part[], tasks: number, needs: ReduceNeeds): Answer | Refusal
  /** Relative error of an answer against the one that nothing was dropped for, from 0 to 1. */
  lossAgainst(full: Answer, answer: Answer): number
}
