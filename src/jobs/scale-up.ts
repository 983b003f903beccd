import type { Estimate, Refusal } from '../model/index.js'
import type { ReduceNeeds } from './bundled-job.js'

/**
 * The total over all tasks from those of the kept ones. From one of several it is the value alone, at confidence 0: one shows no spread, but a job
 * whose tasks were dropped to the last but one shall still answer.
 */
export function scaledUp(totals: readonly number[], tasks: number, { estimateTotal }: ReduceNeeds): Estimate | Refusal {
  return isOneOfSeveral(totals.length, tasks) ? alone(totals[0]! * tasks) : estimateTotal({ partitions: tasks, totals })
}

export const isOneOfSeveral = (kept: number, tasks: number): boolean => kept === 1 && tasks > 1

/** A value without an interval. */
export function alone(value: number): Estimate {
  return { value, low: value, high: value, confidence: 0 }
}
