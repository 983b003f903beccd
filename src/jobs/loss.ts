import type { Rng } from '../num/index.js'
import { bundledJob, isJobName } from './catalogue.js'
import { found, type Outcome, wrong } from './files.js'
import type { JobAnswer } from './results.js'
import { type JobPlace, openParts } from './run.js'

/** Relative error of an answer against the one of the same data for which nothing was dropped. */
export async function lossAgainst(full: JobAnswer, answer: JobAnswer): Promise<Outcome<number>> {
  if (full.job !== answer.job || full.fingerprint !== answer.fingerprint || full.tasks !== answer.tasks || !isJobName(full.job))
    return wrong('other-data', full.job, 'the answers are of different jobs or data: nothing to compare')
  if (full.kept !== full.tasks)
    return wrong('not-full', full.job, `an answer from ${full.kept} of ${full.tasks} tasks is no full result to compare with`)
  return found((await bundledJob(full.job)).lossAgainst(full.answer, answer.answer))
}

export interface AccuracyProfileOptions {
  readonly dropRatios: readonly number[]
  /** Random choices of the kept tasks at each ratio. */
  readonly repetitions: number
  readonly rng: Rng
}

/** What one repetition lost. */
export interface LossSample {
  readonly dropRatio: number
  readonly repetition: number
  readonly loss: number
}

/**
 * What dropping loses, measured: the reduce over random choices of the results of a job that ran in full, each held against the full result. Cheap,
 * since no map task runs again: a task finds the same whether others are dropped or not. Kept are ⌈n (1 − θ)⌉ tasks, as everywhere.
 */
export async function profileAccuracy(
  place: JobPlace,
  { dropRatios, repetitions, rng }: AccuracyProfileOptions,
): Promise<Outcome<LossSample[]>> {
  const { tasks, directory } = place
  const opened = await openParts(place)
  if (!opened.ok) return opened
  const { parts, reduce, job } = opened.value
  if (parts.length !== tasks)
    return wrong('missing', directory, `holds the results of ${parts.length} of ${tasks} tasks: profiling needs all`)
  const full = await reduce(parts)
  if (!full.ok) return full
  const { keptTasks } = await import('../model/index.js')
  const samples: LossSample[] = []
  for (const dropRatio of dropRatios) {
    const stream = rng.stream(`drop ${dropRatio}`)
    for (let repetition = 0; repetition < repetitions; repetition++) {
      const answer = await reduce(drawn(parts, keptTasks(tasks, dropRatio), stream))
      if (!answer.ok) return answer
      samples.push({ dropRatio, repetition, loss: job.lossAgainst(full.value.answer, answer.value.answer) })
    }
  }
  return found(samples)
}

/** `count` of the values, drawn without putting back, in their order. */
function drawn<T>(values: readonly T[], count: number, rng: Rng): T[] {
  let needed = count
  return values.filter((_, i) => {
    const taken = rng.uniform() * (values.length - i) < needed
    if (taken) needed--
    return taken
  })
}
