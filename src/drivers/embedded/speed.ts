/**
 * How much of a processor a running task may use. Two ways: a quota of the kernel’s for a control group (`cgroup.ts`), or stopping and continuing the
 * task’s processes in turn (`duty-cycle.ts`).
 */
export interface SpeedControl {
  /** `cgroup v1 quota`, `cgroup v2 quota`, `duty cycle by signals`. */
  readonly mechanism: string
  /** The task runs from now on, with this share of one processor. */
  begin(name: string, process: number, share: number): void
  setShare(name: string, share: number): void
  /** The task’s processes are stopped, or continued. */
  pause(name: string): void
  goOn(name: string): void
  /** Processor seconds that the task has used, where they are known. */
  cpuSeconds(name: string): number | undefined
  /** Processes that belong to the task for sure, whatever they did to leave it. */
  members(name: string): readonly number[]
  /** The task is gone: what was kept of it is removed. */
  end(name: string): void
  /** Everything that is ours is removed. */
  close(): void
}
