/** What drawn jobs bring, task by task, for tests that need to know it. */
import { demandOf, keptTasks } from '../../src/model/index.js'
import { Rng, zigguratExponential } from '../../src/num/index.js'
import type { CompiledScenario, RunJobs } from '../../src/simulate/index.js'
import { StageStreams, seedFor, taskStream } from '../../src/simulate/jobs.js'
import type { SlowJob, SlowStage } from './slow-simulator.js'

const MOST_TASKS = 16_777_216

/** What the drawn jobs bring, spelt out for the slow simulator. */
export function spelt(compiled: CompiledScenario, jobs: RunJobs, seed: number): SlowJob[] {
  const seen = compiled.classes.map(() => 0)
  const none = Number.POSITIVE_INFINITY
  return Array.from({ length: jobs.count }, (_, i): SlowJob => {
    const k = jobs.classIndex[i]
    const jobClass = compiled.classes[k]
    const ordinal = seen[k]++
    const base = { arrival: jobs.arrival[i], priority: jobClass.priority, owner: k }
    if (jobClass.stages === undefined) {
      const { failures } = jobs
      const { cpus, memoryMib } = demandOf(jobs.slots[i], jobClass.needs)
      const stage: SlowStage = {
        setup: 0,
        tasks: [jobs.size[i]],
        kept: 1,
        slots: jobs.slots[i],
        cpus,
        memory: memoryMib,
        limit: 1,
        estimate: jobs.size[i],
        stops: (_task, attempt) => {
          if (!failures || failures.first[i] + attempt >= failures.first[i + 1]) return undefined
          const at = failures.first[i] + attempt
          return { after: failures.after[at], forGood: at + 1 === failures.first[i + 1] && failures.givenUp[i] === 1 }
        },
      }
      return { ...base, kind: 'gang', stages: [stage], stopAfterWork: none }
    }
    const streams = new StageStreams(jobClass.stages, taskStream(jobClass.name, seed, 0))
    const chances = new Rng(seed, `replication 0/class ${jobClass.name}/task failures`).state.slice()
    const stages = jobClass.stages.map((one, s): SlowStage => {
      const rng = new Rng(0)
      streams.seed(rng, ordinal, s)
      const out = new Float64Array(1)
      one.setup?.(rng, out, 0, 1)
      const setup = one.setup ? out[0] : 0
      const drawn = one.tasks(rng)
      const kept = keptTasks(drawn, one.dropRatio)
      const tasks = Array.from({ length: one.cutsStragglers ? drawn : kept }, () => {
        one.taskTime(rng, out, 0, 1)
        return out[0]
      })
      const { cpus, memoryMib } = demandOf(one.slotsPerTask, one.needs)
      return {
        setup,
        tasks,
        kept,
        slots: one.slotsPerTask,
        cpus,
        memory: memoryMib,
        limit: one.runningAtMost,
        estimate: one.taskMean,
        stops: (task, attempt) => {
          const { failures, isArray, stopAfterSeconds } = jobClass
          let fails = none
          if (failures) {
            const chance = new Rng(0)
            seedFor(chance, chances, (ordinal * jobClass.stages!.length + s) * MOST_TASKS + task)
            for (let a = 0; a <= attempt; a++) fails = zigguratExponential(chance) / failures.ratePerRunningSecond
          }
          const most = isArray ? stopAfterSeconds : none
          const after = Math.min(fails, most)
          if (after >= tasks[task]) return undefined
          return { after, forGood: most <= fails || attempt >= failures!.retriesAtMost }
        },
      }
    })
    return {
      ...base,
      kind: jobClass.isArray ? 'array' : 'stages',
      stages,
      stopAfterWork: jobClass.isArray ? none : jobClass.stopAfterSeconds,
    }
  })
}
