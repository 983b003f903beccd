/**
 * Who a process is: its number, when it started and in which run of the machine, so that a number that was given again to another process is
 * not taken for the first. Where the system does not say (no /proc), the number alone must do.
 */
import { readFileSync } from 'node:fs'

export interface ProcessIdentity {
  readonly process: number
  /** In ticks since the machine started. */
  readonly startTicks?: string
  readonly boot?: string
}

export function identityOf(process: number): ProcessIdentity | undefined {
  if (!isAlive(process)) return undefined
  const startTicks = startTicksOf(process)
  const boot = textOf('/proc/sys/kernel/random/boot_id')?.trim()
  return { process, ...(startTicks === undefined ? {} : { startTicks }), ...(boot === undefined ? {} : { boot }) }
}

/** Whether exactly this process still runs. */
export function stillRuns(one: ProcessIdentity): boolean {
  const now = identityOf(one.process)
  return now !== undefined && now.startTicks === one.startTicks && now.boot === one.boot
}

function isAlive(id: number): boolean {
  try {
    process.kill(id, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  // what has ended and was not yet asked for is gone
  return !/^\d+ \(.*\) [ZX] /s.test(textOf(`/proc/${id}/stat`) ?? '')
}

/** Field 22 of /proc/PID/stat; the name in field 2 may hold blanks and brackets. */
function startTicksOf(id: number): string | undefined {
  const stat = textOf(`/proc/${id}/stat`)
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
