import type { ClassRun } from '../model/index.js'
import type { BundledJob } from './bundled-job.js'

/** The jobs that a class of a scenario may run: the noun says which there are, this list makes them known without loading it. */
export type JobName = Extract<ClassRun, { kind: 'bundled' }>['job']
export const JOB_NAMES = ['text', 'graph', 'training'] as const satisfies readonly JobName[]

/** A bundled job by its name. Loaded only when asked for: a task should not wait for what others need. */
export async function bundledJob(name: JobName): Promise<BundledJob<unknown, unknown>> {
  switch (name) {
    case 'text':
      return (await import('./text.js')).text
    case 'graph':
      return (await import('./graph.js')).graph
    case 'training':
      return (await import('./training.js')).training
  }
}

export function isJobName(name: unknown): name is JobName {
  return JOB_NAMES.some((known) => known === name)
}
