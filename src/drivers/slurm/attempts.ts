/** What the scripts of a job’s tasks noted as attempts began and ended, read from its `log`. */
import { readFileSync, statSync } from 'node:fs'

export interface Attempt {
  readonly startSeconds: number
  readonly node?: string
  readonly endSeconds?: number
  readonly exitCode?: number
  /** Processor time that it used, once it has ended. */
  readonly cpuSeconds?: number
}

/** Linux counts processor time in hundredths of a second, whatever it measures by. */
const TICKS_A_SECOND = 100

/** Attempts by stage and task, in the order in which they began. A line that a crash cut short is left out. */
export type Attempts = ReadonlyMap<string, readonly Attempt[]>

export const attemptKey = (stage: string, task: number): string => `${stage} ${task}`

/** A log as far as it has been read. */
export interface ReadLog {
  readonly size: number
  readonly attempts: Attempts
}

/** Reads a log unless it is as long as it was; lines are only ever added to it. */
export function readAttempts(path: string, known: ReadLog = { size: 0, attempts: new Map() }): ReadLog {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  return size === known.size ? known : { size, attempts: parseAttempts(readFileSync(path, 'utf8')) }
}

export function parseAttempts(text: string): Attempts {
  const attempts = new Map<string, Attempt[]>()
  const open = new Map<string, { list: Attempt[]; at: number }>()
  for (const line of text.split('\n')) {
    const parts = /^(begin|end) ([\w-]+) (\d+) (\d+) (\d+) (\d+)[.,](\d+) (\S+)(?: (\d+))?$/.exec(line)
    if (parts === null) continue
    const [, what, stage, task, job, restart, seconds, fraction, last, ticks] = parts
    const time = Number(`${seconds}.${fraction}`)
    const key = attemptKey(stage!, Number(task))
    const identity = `${key} ${job} ${restart}`
    if (what === 'begin') {
      const list = attempts.get(key) ?? []
      attempts.set(key, list)
      open.set(identity, { list, at: list.length })
      list.push({ startSeconds: time, ...(last === '-' ? {} : { node: last! }) })
      continue
    }
    const begun = open.get(identity)
    if (begun === undefined) continue
    const cpu = ticks === undefined ? {} : { cpuSeconds: Number(ticks) / TICKS_A_SECOND }
    begun.list[begun.at] = { ...begun.list[begun.at]!, endSeconds: time, exitCode: Number(last), ...cpu }
  }
  return attempts
}
