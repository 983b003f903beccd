/**
 * The sprint queue of a calibration: queries a second of `simulateSprintQueue` (processor time, median of the calls), beside a bare Lindley loop
 * over the same columns and beside the general engine on the same path. Aim: 15 million queries a second on one server.
 */
import { Rng } from 'halftone/num'
import { Engine, fcfs, SlotPool, type SprintQueueOptions, simulateSprintQueue, Workspace } from 'halftone/simulate'
import { save } from '../save.js'
import { middle } from '../timing.js'

function queries(count: number, rate: number) {
  const rng = new Rng(1)
  const arrivalSeconds = new Float64Array(count)
  const workSeconds = new Float64Array(count)
  let now = 0
  for (let i = 0; i < count; i++) {
    arrivalSeconds[i] = now += rng.exponential() / rate
    workSeconds[i] = rng.exponential()
  }
  return { arrivalSeconds, workSeconds }
}

function lindley(arrival: Float64Array, work: Float64Array): number {
  let end = 0
  let sum = 0
  for (let i = 0; i < arrival.length; i++) {
    end = Math.max(arrival[i]!, end) + work[i]!
    sum += end - arrival[i]!
  }
  return sum / arrival.length
}

function medianSeconds(run: () => unknown, times: number): number {
  for (let i = 0; i < 3; i++) run()
  return middle(
    Array.from({ length: times }, () => {
      const before = process.cpuUsage()
      run()
      const { user, system } = process.cpuUsage(before)
      return (user + system) / 1e6
    }),
  )
}

const cells: [string, SprintQueueOptions][] = [
  ['unlimited, T = 2', { speed: 1.5, timeoutSeconds: 2 }],
  ['B = 5 per 200 s, T = 0', { speed: 1.5, timeoutSeconds: 0, budgetSeconds: 5, windowSeconds: 200 }],
  ['B = 20 per 200 s, T = 4', { speed: 1.5, timeoutSeconds: 4, budgetSeconds: 20, windowSeconds: 200 }],
  ['the same, p = 0.6', { speed: 2, timeoutSeconds: 4, budgetSeconds: 20, windowSeconds: 200, responsiveShare: 0.6 }],
  ['the same, with p95', { speed: 1.5, timeoutSeconds: 4, budgetSeconds: 20, windowSeconds: 200, quantiles: [0.95] }],
  ['reset every 200 s', { speed: 1.5, timeoutSeconds: 4, budgetSeconds: 20, windowSeconds: 200, refill: 'window-reset' }],
  ['sprints again', { speed: 1.5, timeoutSeconds: 4, budgetSeconds: 20, windowSeconds: 200, afterExhaustion: 'resume' }],
]
const rows: Record<string, unknown>[] = []
process.stdout.write('queries  servers  case                        M queries/s   of a bare Lindley loop   mean response\n')
const space = new Workspace()
for (const count of [50_000, 700_000])
  for (const servers of [1, 4]) {
    const path = queries(count, 0.75 * servers)
    const times = count === 50_000 ? 41 : 9
    const bare = medianSeconds(() => lindley(path.arrivalSeconds, path.workSeconds), times)
    for (const [name, options] of cells) {
      const ask = () => simulateSprintQueue(path, { ...options, servers }, space)
      const mean = ask().meanResponseSeconds
      const seconds = medianSeconds(ask, times)
      const rate = count / seconds / 1e6
      rows.push({ name, count, servers, millionPerSecond: rate, ofLindley: bare / seconds, mean })
      process.stdout.write(
        `${String(count).padStart(7)} ${String(servers).padStart(8)}  ${name.padEnd(26)} ${rate.toFixed(1).padStart(12)} ${(bare / seconds).toFixed(2).padStart(24)} ${mean.toFixed(3).padStart(15)}\n`,
      )
    }
    if (count === 50_000) {
      const run = () => {
        const engine = new Engine({
          jobs: {
            count,
            arrival: path.arrivalSeconds,
            size: path.workSeconds,
            slots: new Int32Array(count).fill(1),
            classIndex: new Uint16Array(count),
          },
          rule: fcfs,
          pool: new SlotPool('count', [{ nodes: 1, slots: servers, speed: 1 }], count),
          classPriority: Int32Array.of(1),
          owners: 1,
          sprint: {
            origin: 'arrival',
            speed: 1.5,
            timeoutSeconds: Float64Array.of(4),
            toggleDelaySeconds: 0,
            budget: { seconds: 20, refillPerSecond: 0.1, onThresholdSeconds: 0 },
          },
        })
        engine.run()
      }
      const seconds = medianSeconds(run, 11)
      rows.push({ name: 'general engine', count, servers, millionPerSecond: count / seconds / 1e6, ofLindley: bare / seconds })
      process.stdout.write(
        `${String(count).padStart(7)} ${String(servers).padStart(8)}  ${'general engine, T = 4'.padEnd(26)} ${(count / seconds / 1e6).toFixed(1).padStart(12)} ${(bare / seconds).toFixed(2).padStart(24)}\n`,
      )
    }
  }
save('kernels/sprint-queue', rows)
