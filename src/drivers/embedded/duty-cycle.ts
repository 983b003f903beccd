/**
 * Speed by a duty cycle: the process group of a task is stopped and continued by signals, so that it may run for its share of every period. For where
 * control groups may not be written. A child that leaves its group is not slowed down; processor time is as it was when it was last looked at, of the
 * processes that lived then.
 */
import { cpuSecondsOf, descendantsOf, signal } from './processes.js'
import type { SpeedControl } from './speed.js'

const PERIOD_MS = 40

interface Cycled {
  readonly pid: number
  /** Processor seconds when they were last looked at. */
  used: number | undefined
  share: number
  paused: boolean
  stopped: boolean
  timer: NodeJS.Timeout | undefined
}

export class DutyCycle implements SpeedControl {
  readonly mechanism = 'duty cycle by signals'
  private readonly tasks = new Map<string, Cycled>()

  begin(name: string, pid: number, share: number): void {
    const task: Cycled = { pid, used: undefined, share, paused: false, stopped: false, timer: undefined }
    this.tasks.set(name, task)
    // a task that a dead daemon had stopped goes on
    signal(-pid, 'SIGCONT')
    this.cycle(task)
  }

  setShare(name: string, share: number): void {
    const task = this.tasks.get(name)
    if (task === undefined) return
    task.share = share
    if (!task.paused) this.cycle(task)
  }

  pause(name: string): void {
    const task = this.tasks.get(name)
    if (task === undefined) return
    task.paused = true
    clearTimeout(task.timer)
    this.stop(task)
  }

  goOn(name: string): void {
    const task = this.tasks.get(name)
    if (task === undefined) return
    task.paused = false
    this.cycle(task)
  }

  cpuSeconds(name: string): number | undefined {
    const task = this.tasks.get(name)
    if (task === undefined) return undefined
    let sum: number | undefined
    for (const pid of [task.pid, ...descendantsOf(task.pid)]) {
      const used = cpuSecondsOf(pid)
      if (used !== undefined) sum = (sum ?? 0) + used
    }
    if (sum !== undefined) task.used = Math.max(task.used ?? 0, sum)
    return task.used
  }

  members(): readonly number[] {
    return []
  }

  end(name: string): void {
    clearTimeout(this.tasks.get(name)?.timer)
    this.tasks.delete(name)
  }

  close(): void {
    for (const task of this.tasks.values()) {
      clearTimeout(task.timer)
      this.run(task)
    }
    this.tasks.clear()
  }

  private cycle(task: Cycled): void {
    clearTimeout(task.timer)
    this.run(task)
    if (task.share >= 1) return
    task.timer = setTimeout(() => {
      this.stop(task)
      task.timer = setTimeout(() => this.cycle(task), PERIOD_MS * (1 - task.share))
    }, PERIOD_MS * task.share)
  }

  private run(task: Cycled): void {
    if (task.stopped) signal(-task.pid, 'SIGCONT')
    task.stopped = false
  }

  private stop(task: Cycled): void {
    if (!task.stopped) signal(-task.pid, 'SIGSTOP')
    task.stopped = true
  }
}
