/**
 * Task numbers of a job array as Slurm writes them: `0-5,7,9-20:2%4`, of which `%4` is how many may run at once. A list that Slurm has cut
 * (`1-3,5,...`) is undefined, never a shorter list.
 */
export interface ArrayTasks {
  readonly tasks: readonly number[]
  readonly atOnce?: number
}

export function parseArrayTasks(text: string): ArrayTasks | undefined {
  const [list = '', limit] = text.replace(/^\[|\]$/g, '').split('%')
  const tasks: number[] = []
  for (const part of list.split(',')) {
    const range = /^(\d+)(?:-(\d+)(?::(\d+))?)?$/.exec(part)
    if (range === null) return undefined
    const last = Number(range[2] ?? range[1])
    for (let task = Number(range[1]); task <= last; task += Math.max(1, Number(range[3] ?? 1))) tasks.push(task)
  }
  return limit === undefined ? { tasks } : { tasks, atOnce: Number(limit) }
}

/** The shortest list of ranges: `[0, 1, 2, 7]` is `0-2,7`. */
export function formatArrayTasks(tasks: readonly number[]): string {
  const sorted = [...new Set(tasks)].sort((a, b) => a - b)
  const ranges: [number, number][] = []
  for (const task of sorted) {
    const last = ranges.at(-1)
    if (last !== undefined && last[1] === task - 1) last[1] = task
    else ranges.push([task, task])
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(',')
}
