import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { JobSpec } from '../model/index.js'
import type { JobName } from './catalogue.js'

/** The program of the tasks, from wherever this file was loaded: as compiled or as it was written. */
export const JOB_PROGRAM = fileURLToPath(new URL('../../dist/jobs/main.js', import.meta.url))

export interface JobSpecOptions {
  readonly job: JobName
  /** Directory of a data set of at least `mapTasks` partitions; where tasks run elsewhere, they must see it under the same absolute path. */
  readonly data: string
  readonly mapTasks: number
  readonly key: string
  readonly className: string
  readonly priority: number
  /** Names of the two stages: map and reduce unless said. */
  readonly stages?: readonly [map: string, reduce: string]
  readonly directory?: string
  readonly limitSeconds?: number
  readonly withdrawn?: JobSpec['withdrawn']
}

/** A bundled job as something to submit: map tasks that may be dropped, then a reduce that may not. */
export function jobSpec({ job, data, mapTasks, stages = ['map', 'reduce'], ...rest }: JobSpecOptions): JobSpec {
  const command = (what: 'map' | 'reduce'): string[] => [
    process.execPath,
    JOB_PROGRAM,
    what,
    ...['--job', job, '--data', resolve(data), '--tasks', String(mapTasks)],
  ]
  return JobSpec.parse({
    ...rest,
    stages: [
      { name: stages[0], tasks: mapTasks, command: command('map'), droppable: true },
      { name: stages[1], tasks: 1, command: command('reduce'), droppable: false },
    ],
  })
}
