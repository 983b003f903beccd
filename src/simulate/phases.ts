/**
 * How the work of each job of a run answers a sprint: by the phases of its class (shares of whatever work the job has) or, on the exclusive
 * engine, by its stages, whose lengths are drawn again, the same, for the jobs that come to sprint.
 */
import { speedUnderSprint } from '../model/index.js'
import type { CompiledScenario } from './compile.js'
import type { RunJobs, WorkPhases } from './engine.js'
import { StageSizes, taskStream } from './jobs.js'

/** The phases of these jobs; undefined where every job goes at the sprint’s speed throughout. */
export function workPhases(
  compiled: CompiledScenario,
  jobs: RunJobs,
  chance: { readonly seed: number; readonly replication: number },
): WorkPhases | undefined {
  const { classes, exclusive, sprint } = compiled
  if (sprint === undefined) return undefined
  const bound = classes.map(({ phases, stages }) => {
    const shares = phases?.map((phase) => phase.processorBound) ?? stages?.map((stage) => stage.processorBound) ?? []
    return shares.every((share) => share === 1) ? [] : shares
  })
  if (bound.every((shares) => shares.length === 0)) return undefined
  // shares of the work that are over when each phase is
  const ends = classes.map(({ phases }) => {
    let sum = 0
    return phases?.map(({ share }) => (sum += share))
  })
  const stageEnds = exclusive ? new StageEnds(compiled, jobs, chance) : undefined
  return {
    count: (job) => bound[jobs.classIndex[job]].length,
    endOf: (job, i) => {
      const shares = ends[jobs.classIndex[job]]
      return shares ? shares[i] * jobs.size[job] : stageEnds!.of(job)[i]
    },
    speedOf: (job, i, sprint) => speedUnderSprint(bound[jobs.classIndex[job]][i], sprint),
  }
}

/** When the stages of a job on the exclusive engine are over, in work done; those of the job asked for last are kept. */
class StageEnds {
  private readonly sizes: (StageSizes | undefined)[]
  private readonly ordinal: Int32Array
  private job = -1
  private ends: Float64Array

  constructor(
    { classes, slotSpeeds }: CompiledScenario,
    private readonly jobs: RunJobs,
    { seed, replication }: { readonly seed: number; readonly replication: number },
  ) {
    this.sizes = classes.map(
      ({ stages, name }) => stages && new StageSizes(stages, slotSpeeds, taskStream(name, seed, replication)),
    )
    this.ends = new Float64Array(Math.max(...classes.map(({ stages }) => stages?.length ?? 0)))
    const seen = new Int32Array(classes.length)
    this.ordinal = Int32Array.from({ length: jobs.count }, (_, job) => seen[jobs.classIndex[job]]++)
  }

  of(job: number): Float64Array {
    if (job !== this.job) {
      this.sizes[this.jobs.classIndex[job]]!.size(this.ordinal[job], this.ends)
      this.job = job
    }
    return this.ends
  }
}
