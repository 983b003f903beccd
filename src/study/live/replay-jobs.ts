/**
 * The jobs of a scenario for a cluster in virtual time, with the luck of the simulator: under one seed the n-th job of a class arrives when it
 * does there and brings the same tasks, so that what a controller did can be compared with what was predicted.
 */
import type { ReplayJob, ReplayStage } from '../../drivers/index.js'
import { isRefusal, type Refusal, type ReplayJobs, refuse, type Scenario } from '../../model/index.js'
import { Rng } from '../../num/index.js'
import { type CompiledClass, compileScenario, drawJobs, replayedJobs, StageStreams, taskStream } from '../../simulate/index.js'

/** The jobs in order of arrival, tasks drawn as they come; a refusal where a class cannot be played so. */
export function jobsOfScenario(
  scenario: Scenario,
  seed: number,
  count: number,
  replay?: ReplayJobs,
): Iterable<ReplayJob> | Refusal {
  // neither drops nor sprints: those are for whoever steers
  const { schema, name, discipline, engine, placement } = scenario.policy
  const compiled = compileScenario({ ...scenario, policy: { schema, name, discipline, engine, placement, drop: {} } }, replay)
  if (isRefusal(compiled)) return compiled
  if (compiled.replayed && scenario.workload.classes.some(({ work }) => work.kind !== 'replay'))
    return refuse('unsupported', 'a cluster in virtual time plays the jobs of a trace or of laws, not of both at once')
  const makers = compiled.classes.map((jobClass) => tasksOf(jobClass, seed))
  const { classes } = scenario.workload
  const drawn = replay && compiled.replayed ? replayedJobs(compiled, replay) : drawJobs(compiled, seed, 0, count)
  const { arrival, classIndex, size, slots } = drawn
  return {
    *[Symbol.iterator]() {
      const seen = new Int32Array(classes.length)
      for (let i = 0; i < drawn.count; i++) {
        const { name: className, priority } = classes[classIndex[i]!]!
        const stages = makers[classIndex[i]!]?.(seen[classIndex[i]!]!++) ?? [
          { name: 'run', tasks: 1, slotsPerTask: slots[i]!, workSeconds: size[i]! },
        ]
        yield { key: `job-${i}`, className, priority, submitSeconds: arrival[i]!, stages }
      }
    },
  }
}

/** Draws the tasks of the n-th job of a class; undefined for gangs, which are drawn as a whole. */
function tasksOf({ stages, name }: CompiledClass, seed: number): ((n: number) => ReplayStage[]) | undefined {
  if (stages === undefined) return undefined
  const streams = new StageStreams(stages, taskStream(name, seed, 0))
  const rng = new Rng(0)
  const one = new Float64Array(1)
  return (n) =>
    stages.map((stage, s) => {
      streams.seed(rng, n, s)
      stage.setup?.(rng, one, 0, 1)
      const setupSeconds = one[0]!
      const tasks = stage.tasks(rng)
      const work = new Float64Array(tasks)
      stage.taskTime(rng, work, 0, tasks)
      return {
        name: stage.name,
        tasks,
        slotsPerTask: stage.slotsPerTask,
        workSeconds: Array.from(work),
        ...(stage.setup ? { setup: true, setupSeconds } : {}),
        processorBound: stage.processorBound,
      }
    })
}
