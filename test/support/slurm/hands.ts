import {
  type ClusterAction,
  type Driver,
  type Enacted,
  isRefusal,
  type Observation,
  type ObservedJob,
} from '../../../src/model/index.js'
import { until } from './daemons.js'

/** What tests do with a driver, a refusal being a failure of the test. */
export interface Hands {
  act(action: ClusterAction): Promise<Enacted>
  /** Every task, and jobs that ended however long ago. */
  look(): Promise<Observation>
  /** Looks until a job is as it should be, and returns it. */
  reaches(what: string, which: (job: ObservedJob) => boolean, holds: (job: ObservedJob) => boolean): Promise<ObservedJob>
}

const PATIENCE_SECONDS = 40

/** `driver` is asked for each time, since a test may open another. */
export function handsOn(driver: () => Driver): Hands {
  const look = async (): Promise<Observation> => {
    const seen = await driver().observe({ tasks: true, endedSince: 0 })
    if (isRefusal(seen)) throw new Error(seen.message)
    return seen
  }
  return {
    look,
    async act(action) {
      const answer = await driver().enact(action)
      if (isRefusal(answer)) throw new Error(answer.message)
      return answer
    },
    async reaches(what, which, holds) {
      let job: ObservedJob | undefined
      await until(what, PATIENCE_SECONDS, async () => (job = (await look()).jobs.find(which)) !== undefined && holds(job))
      return job!
    },
  }
}

export const keyed =
  (key: string) =>
  (job: ObservedJob): boolean =>
    job.key === key
export const isComplete = ({ state }: ObservedJob): boolean => state === 'complete'
/** So many tasks of the first stage run. */
export const isRunning =
  (tasks: number) =>
  (job: ObservedJob): boolean =>
    job.stages![0]!.running === tasks
