import type { DisciplineRule, JobTable } from '../discipline.js'
import { LaneQueue } from '../queues.js'

/** One lane a distinct priority, the highest (1) first; classes of equal priority share a lane. */
function lanes(jobs: JobTable): LaneQueue {
  const { classIndex, classPriority } = jobs
  const levels = [...new Set(classPriority)].sort((a, b) => a - b)
  const lane = Int32Array.from(classPriority, (priority) => levels.indexOf(priority))
  return new LaneQueue(jobs, levels.length, (job) => lane[classIndex[job]])
}

function classUrgency({ classIndex, classPriority }: JobTable, job: number): number {
  return classPriority[classIndex[job]]
}

/** Head of line: the head of the highest class that waits goes next; who runs is never interrupted. A gang that does not fit blocks. */
export const priorityNonPreemptive: DisciplineRule = { name: 'priority-nonpreemptive', interrupts: 'never', queue: lanes }

/** A waiting job evicts running jobs of lower classes, lowest and latest first, and only if that makes room; their work is kept. */
export const priorityPreemptiveResume: DisciplineRule = {
  name: 'priority-preemptive-resume',
  interrupts: 'resume',
  queue: lanes,
  urgency: classUrgency,
}

/** As resume, but an evicted job begins again with the same task times (repeat-identical); the time it had held is waste. */
export const priorityPreemptiveRestart: DisciplineRule = {
  name: 'priority-preemptive-restart',
  interrupts: 'restart',
  queue: lanes,
  urgency: classUrgency,
}
