/**
 * Which attempts of a job fail, and after how much work: drawn beforehand from a stream of the class, so that every policy meets the same
 * failures.
 *
 * A running job fails at a constant rate a second of work; an attempt that would outlast its failure begins anew, with the same work, until
 * the retries are used up: then the job is given up where it fails. A limit on the work of an attempt stops the job for good. What failed and
 * stopped attempts did is waste.
 */
import { Rng, zigguratExponential } from '../num/index.js'
import type { CompiledScenario } from './compile.js'
import type { RunJobs } from './engine.js'

export function withFailures(
  compiled: CompiledScenario,
  jobs: RunJobs,
  seed: number,
  replication: number,
  present?: { readonly ranSeconds: Float64Array },
): RunJobs {
  const { classes } = compiled
  if (classes.every((one) => one.failures === undefined && one.stopAfterSeconds === Number.POSITIVE_INFINITY)) return jobs
  const apart = present ? 'present ' : ''
  const streams = classes.map((one) => new Rng(seed, `replication ${replication}/class ${one.name}/${apart}failures`))
  const { count, size, classIndex } = jobs
  const first = new Int32Array(count + 1)
  const after: number[] = []
  const givenUp = new Uint8Array(count)
  for (let i = 0; i < count; i++) {
    first[i] = after.length
    // tasks on shared slots fail one by one: their engine draws when
    if (compiled.byTask && classes[classIndex[i]].stages !== undefined) continue
    const { failures, stopAfterSeconds } = classes[classIndex[i]]
    const rng = streams[classIndex[i]]
    let retries = failures ? failures.retriesAtMost : 0
    // who has run for so long has not failed yet, and a constant rate forgets
    for (let ran = present?.ranSeconds[i] ?? 0; ; ran = 0) {
      const fails = ran + (failures ? zigguratExponential(rng) / failures.ratePerRunningSecond : Number.POSITIVE_INFINITY)
      const ends = Math.min(fails, stopAfterSeconds)
      if (ends >= size[i]) break
      after.push(ends)
      if (stopAfterSeconds <= fails || retries-- === 0) {
        givenUp[i] = 1
        break
      }
    }
  }
  first[count] = after.length
  return { ...jobs, failures: { first, after: Float64Array.from(after), givenUp } }
}
