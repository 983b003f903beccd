import { keptTasks, waveBoundaries, waveCount } from '../model/index.js'

/** What one drop ratio does to one stage. Times in units of the mean task time. */
export interface DropGain {
  readonly dropRatio: number
  readonly tasks: number
  readonly waves: number
  /** Stage time over mean task time if all tasks take equally long: the number of waves. */
  readonly constantTasks: number
  /** The same for exponential task times: (ñ − C)/C + H_C from a full wave on, H_ñ below. */
  readonly exponentialTasks: number
  /** Share of the stage time saved against dropping nothing, under the law that the variability of the tasks is nearer to. */
  readonly saves: number
}

/** Task times vary so little that whole waves decide, below this coefficient of variation (specs/deflate.md, after E4). */
export const WAVES_DECIDE_BELOW = 0.3

/**
 * Wave arithmetic of a stage of `tasks` tasks on `slots` slots: what each drop ratio worth naming would save. `taskTimeCv` is the coefficient
 * of variation of one task’s time. Ratios are multiples of 0.05 and every wave boundary, up to `atMost`; with near-constant tasks only the
 * boundaries save anything.
 *
 * Source: specs/deflate.md, E2–E4.
 */
export function dropGains(
  { tasks, slots, taskTimeCv }: { readonly tasks: number; readonly slots: number; readonly taskTimeCv: number },
  atMost = 0.5,
): DropGain[] {
  const ratios = new Set([0, ...waveBoundaries(tasks, slots, atMost)])
  for (let step = 1; step / 20 <= atMost + 1e-12; step++) ratios.add(step / 20)
  const byWaves = taskTimeCv < WAVES_DECIDE_BELOW
  const time = (kept: number): number => (byWaves ? waveCount(kept, slots) : exponentialStage(kept, slots))
  return [...ratios]
    .sort((a, b) => a - b)
    .map((dropRatio) => {
      const kept = keptTasks(tasks, dropRatio)
      return {
        dropRatio,
        tasks: kept,
        waves: waveCount(kept, slots),
        constantTasks: waveCount(kept, slots),
        exponentialTasks: exponentialStage(kept, slots),
        saves: 1 - time(kept) / time(tasks),
      }
    })
}

/** Mean time of n exponential tasks of mean 1 on C slots: Σ 1/min(i, C) over i = 1…n. The harmonic part is the stragglers’, which dropping does not touch. */
function exponentialStage(tasks: number, slots: number): number {
  const atOnce = Math.min(tasks, slots)
  let time = Math.max(0, tasks - slots) / slots
  for (let i = 1; i <= atOnce; i++) time += 1 / i
  return time
}

/** Ratios at which a stage saves more than at every smaller one: the only ones worth their loss. */
export function worthDropping(gains: readonly DropGain[]): DropGain[] {
  let best = 0
  return gains.filter(({ saves }) => {
    if (saves <= best + 1e-12) return false
    best = saves
    return true
  })
}
