/** What the jobs of a scenario’s classes really are: bundled work with its data made on the spot, or commands of the user’s own. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { accuracyProfile } from '../../deflate/index.js'
import {
  generateData,
  type JobName,
  jobSpec,
  lossAgainst,
  profileAccuracy,
  readAnswer,
  readDataSet,
  sizeFor,
} from '../../jobs/index.js'
import {
  type ClassRun,
  type Issue,
  type JobClass,
  JobSpec,
  keptTasks,
  type Refusal,
  refuse,
  type Scenario,
  type Stage,
} from '../../model/index.js'
import { Rng } from '../../num/index.js'
import type { ClassWork } from './trial.js'

export type WorkOf =
  | { readonly ok: true; readonly work: ReadonlyMap<string, ClassWork> }
  | { readonly ok: false; readonly issues: readonly Issue[] }

const DROP_RATIOS = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
const REPETITIONS = 20
/** Fewer partitions show no spread, so nothing can be scaled up from them. */
const LEAST_PARTITIONS = 2

/** What is wrong with a scenario as one to be tried: classes without anything to run, or of a kind that is not run. All of it. */
export function triableIssues({ workload }: Scenario): Issue[] {
  return workload.classes.flatMap((jobClass, k): Issue[] => {
    const place = `workload.classes[${k}]`
    const issue = (at: string, message: string): Issue => ({
      code: 'not-triable',
      severity: 'error',
      place: `${place}${at}`,
      message,
    })
    const { run, work, name } = jobClass
    if (!JobSpec.shape.className.safeParse(name).success)
      return [issue('.name', 'a cluster takes names of up to 60 letters, digits, blanks, dots, underscores and hyphens')]
    if (work.kind !== 'stages') return [issue('.work.kind', `class ${name} is of ${work.kind} jobs: a trial runs jobs of stages`)]
    const counts = work.stages.flatMap(({ tasks }, s) =>
      typeof tasks === 'number' ? [] : [issue(`.work.stages[${s}].tasks`, 'a trial wants a fixed number of tasks')],
    )
    if (!run) return [...counts, issue('.run', `class ${name} does not say what a trial is to run: a bundled job or commands`)]
    if (jobClass.arrival.kind === 'replay') counts.push(issue('.arrival', 'a trial draws arrivals from a law, not from a trace'))
    return [...counts, ...runIssues(run, work.stages, issue)]
  })
}

function runIssues(run: ClassRun, stages: readonly Stage[], issue: (at: string, message: string) => Issue): Issue[] {
  if (run.kind === 'bundled') {
    const fits = stages.length === 2 && stages[1].tasks === 1 && !stages[1].droppable
    return fits
      ? []
      : [issue('.work.stages', `bundled job ${run.job} has two stages: map tasks, then one reduce task that may not be dropped`)]
  }
  const unnamed = stages.filter(({ name }) => run.commands[name] === undefined)
  const unknown = Object.keys(run.commands).filter((name) => !stages.some((stage) => stage.name === name))
  return [
    ...unnamed.map(({ name }) => issue('.run.commands', `no command for stage ${name}`)),
    ...unknown.map((name) => issue(`.run.commands.${name}`, 'there is no stage of this name')),
  ]
}

/** The work of every class; data of bundled jobs are made below `directory`, sized on this machine. What is there already from the same wish is used again. */
export async function workOf(
  { workload }: Scenario,
  {
    directory,
    seed,
    progress,
  }: { readonly directory: string; readonly seed: number; readonly progress?: (said: string) => void },
): Promise<WorkOf> {
  const work = new Map<string, ClassWork>()
  for (const jobClass of workload.classes) {
    const { run, name } = jobClass
    if (run?.kind === 'bundled') {
      progress?.(`making the data of ${name}`)
      const made = await bundledWork(jobClass, run, directory, seed)
      if (!made.ok) return made
      work.set(name, made.work)
    } else if (run) work.set(name, commandWork(jobClass, run.commands))
  }
  return { ok: true, work }
}

function stagesOf({ work, name }: JobClass): readonly (Stage & { readonly tasks: number })[] {
  if (work.kind !== 'stages') throw new Error(`class ${name} was to be checked before`)
  return work.stages as (Stage & { tasks: number })[]
}

function commandWork(jobClass: JobClass, commands: Readonly<Record<string, readonly string[]>>): ClassWork {
  const stages = stagesOf(jobClass).map(({ name, tasks, droppable }) => ({
    name,
    tasks,
    droppable,
    command: [...commands[name]],
  }))
  return { spec: (job) => ({ ...job, className: jobClass.name, stages }) }
}

type Made = { readonly ok: true; readonly work: ClassWork } | { readonly ok: false; readonly issues: readonly Issue[] }

async function bundledWork(
  jobClass: JobClass,
  { job, taskSeconds }: Extract<ClassRun, { kind: 'bundled' }>,
  directory: string,
  seed: number,
): Promise<Made> {
  const [map, reduce] = stagesOf(jobClass)
  const tasks = map.tasks
  const data = join(directory, 'data', `${job}-${tasks}x${taskSeconds}s-${seed}`)
  const there = await dataSet(data, { job, tasks, taskSeconds, seed })
  if (!there.ok) return there
  const stages = [map.name, reduce.name] as const
  const asRefusal = (issues: readonly Issue[]): Refusal =>
    refuse('no-data', issues.map(({ place, message }) => `${place}: ${message}`).join('; '))
  return {
    ok: true,
    work: {
      spec: (one) => jobSpec({ ...one, job, data, mapTasks: tasks, className: jobClass.name, stages }),
      async accuracy(fullDirectory) {
        const dropRatios = DROP_RATIOS.filter((ratio) => keptTasks(tasks, ratio) >= LEAST_PARTITIONS)
        if (dropRatios.length === 0) return undefined
        const samples = await profileAccuracy(
          { data, directory: fullDirectory, tasks },
          { dropRatios, repetitions: REPETITIONS, rng: new Rng(seed, `accuracy ${jobClass.name}`) },
        )
        if (!samples.ok) return asRefusal(samples.issues)
        const measured = dropRatios.map((dropRatio) => ({
          dropRatio,
          losses: samples.value.filter((one) => one.dropRatio === dropRatio).map(({ loss }) => loss),
        }))
        const profile = accuracyProfile(measured)
        return profile.ok ? profile.curve : asRefusal(profile.issues)
      },
      async loss(fullDirectory, jobDirectory) {
        const [full, answer] = [readAnswer(fullDirectory), readAnswer(jobDirectory)]
        if (!full.ok) return asRefusal(full.issues)
        if (!answer.ok) return asRefusal(answer.issues)
        const loss = await lossAgainst(full.value, answer.value)
        return loss.ok ? loss.value : asRefusal(loss.issues)
      },
    },
  }
}

/** The data of a bundled job: as they are, where they were made for the same wish, else made now at the size that takes as long as asked for. */
async function dataSet(
  path: string,
  {
    job,
    tasks,
    taskSeconds,
    seed,
  }: { readonly job: JobName; readonly tasks: number; readonly taskSeconds: number; readonly seed: number },
): Promise<{ readonly ok: true } | { readonly ok: false; readonly issues: readonly Issue[] }> {
  if (readDataSet(path).ok) return { ok: true }
  const size = await sizeFor({ job, partitions: tasks, seconds: taskSeconds, seed })
  if (!size.ok) return size
  await mkdir(path, { recursive: true })
  return generateData(path, { job, partitions: tasks, size: size.value.size, seed })
}
