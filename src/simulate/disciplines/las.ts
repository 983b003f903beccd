import type { DisciplineRule } from '../discipline.js'
import { RankQueue } from '../queues.js'

/** Tiresias’ thresholds in GPU-seconds (specs, 4.6). */
export const TIRESIAS_LEVELS: readonly number[] = [3250, 7200, 18000]

/**
 * Least attained service, in levels: a job falls one level each time the slots × seconds that it has held pass a threshold; lower levels
 * go first and may evict higher ones; first come, first served inside a level. Work is kept. Nobody’s size needs to be known.
 */
export function leastAttainedService(levels: readonly number[] = TIRESIAS_LEVELS): DisciplineRule {
  const level = (attained: number): number => {
    let at = 0
    // a hair of slack: the engine wakes a job when it reaches a threshold, give or take a rounding
    while (at < levels.length && attained >= levels[at] * (1 - 1e-9)) at++
    return at
  }
  return {
    name: 'las',
    interrupts: 'resume',
    drifts: true,
    levels,
    queue: (jobs) => new RankQueue((job, now) => level(jobs.attained(job, now))),
    urgency: (jobs, job, now) => level(jobs.attained(job, now)),
  }
}
