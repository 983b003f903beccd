import type { BundledJob } from './bundled-job.js'

export const JOB_NAMES = ['text', 'graph', 'training'] as const
export type JobName = (typeof JOB_NAMES)[number]

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
