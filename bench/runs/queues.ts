/**
 * Four queues, 10⁶ customers at load 0.8: the simulator (through its door, jobs drawn and run) against a bare typed-array event loop in
 * TypeScript and, where g++ is at hand, the same written by hand in C++ (bench/rivals/queues.cpp). Two events a customer. Both also as they
 * are used: summed up with the exact median, 95 % and 99 % quantile of response, wait and service of each class. The C++ that such a run is
 * first set against keeps no times at all; the last column sets it against C++ that keeps the same ones. Processor time, the best of nine
 * of each in turn (C++: of forty-five); read the ratios, not the times.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isRefusal, type Policy, validate } from 'halftone/model'
import { Rng } from 'halftone/num'
import { type CompiledScenario, compileScenario, drawJobs, runJobs, summarise, Workspace } from 'halftone/simulate'
import { save } from '../save.js'

const CUSTOMERS = 1_000_000
const ROUNDS = 9
const NEVER = Number.POSITIVE_INFINITY

interface Case {
  readonly name: string
  readonly rival: string
  readonly servers: number
  readonly discipline: Policy['discipline']
  readonly classes: number
}

const cases: Case[] = [
  { name: 'M/M/1', rival: 'mm1', servers: 1, discipline: 'fcfs', classes: 1 },
  { name: 'M/M/16', rival: 'mmc', servers: 16, discipline: 'fcfs', classes: 1 },
  { name: 'two classes, NP', rival: 'np', servers: 1, discipline: 'priority-nonpreemptive', classes: 2 },
  { name: 'two classes, PR', rival: 'pr', servers: 1, discipline: 'priority-preemptive-resume', classes: 2 },
]

function compiled({ servers, discipline, classes }: Case): CompiledScenario {
  const read = validate('scenario', {
    schema: 'halftone/scenario/1',
    name: 'bench',
    workload: {
      schema: 'halftone/workload/1',
      name: 'bench',
      classes: Array.from({ length: classes }, (_, k) => ({
        name: `class ${k}`,
        priority: k + 1,
        arrival: { kind: 'poisson', ratePerSecond: (0.8 * servers) / classes },
        work: { kind: 'gang', slots: 1, runTime: { kind: 'exponential', meanSeconds: 1 } },
      })),
    },
    cluster: { schema: 'halftone/cluster/1', name: 'bench', nodes: [{ name: 'node', count: 1, slots: servers }] },
    policy: { schema: 'halftone/policy/1', name: 'bench', discipline },
  })
  if (!read.ok) throw new Error(JSON.stringify(read.issues))
  const scenario = compileScenario(read.value)
  if (isRefusal(scenario)) throw new Error(scenario.message)
  return scenario
}

/** The yardstick: arrivals and ends in a binary heap of typed arrays, −ln for exponentials, a ring of waiting times. */
function bareLoop(servers: number, classes: number, resume: boolean, seed: number): number {
  const rng = new Rng(seed, 'bare')
  const rate = 0.8 * servers
  // interrupted ends stay in the heap until their time comes
  const most = servers + 2 + (resume ? 1 << 16 : 0)
  const time = new Float64Array(most)
  const kind = new Int32Array(most)
  let length = 0
  const push = (t: number, k: number): void => {
    let at = length++
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (time[parent] <= t) break
      time[at] = time[parent]
      kind[at] = kind[parent]
      at = parent
    }
    time[at] = t
    kind[at] = k
  }
  const pop = (): void => {
    const t = time[--length]
    const k = kind[length]
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= length) break
      if (child + 1 < length && time[child + 1] < time[child]) child++
      if (time[child] >= t) break
      time[at] = time[child]
      kind[at] = kind[child]
      at = child
    }
    time[at] = t
    kind[at] = k
  }
  const size = 1 << 16
  const arrivals = Array.from({ length: classes }, () => new Float64Array(size))
  const lefts = Array.from({ length: classes }, () => new Float64Array(size))
  const head = new Int32Array(classes)
  const tail = new Int32Array(classes)
  let busy = 0
  let total = 0
  let arrived = 0
  let done = 0
  // one server with classes: who is in service, and which of the ends in the heap is still meant
  let lane = -1
  let since = 0
  let stamp = 0
  push(rng.exponential() / rate, -1)
  while (length > 0) {
    const t = time[0]
    const k = kind[0]
    pop()
    if (k < 0) {
      if (++arrived < CUSTOMERS) push(t + rng.exponential() / rate, -1)
      const mine = classes === 1 ? 0 : rng.below(classes)
      if (busy < servers) {
        busy++
        if (classes === 1) push(t + rng.exponential(), 0)
        else {
          lane = mine
          since = t
          push(t + rng.exponential(), ++stamp)
        }
      } else if (resume && mine < lane) {
        // the one in service goes back to the front with what it has left
        for (let i = 0; i < length; i++) {
          if (kind[i] !== stamp) continue
          head[lane] = (head[lane] - 1) & (size - 1)
          arrivals[lane][head[lane]] = since
          lefts[lane][head[lane]] = time[i] - t
          kind[i] = 0
        }
        lane = mine
        since = t
        push(t + rng.exponential(), ++stamp)
      } else {
        arrivals[mine][tail[mine]] = t
        lefts[mine][tail[mine]] = classes === 1 ? 0 : rng.exponential()
        tail[mine] = (tail[mine] + 1) & (size - 1)
      }
      continue
    }
    if (classes > 1 && k !== stamp) continue
    done++
    if (classes > 1) total += t - since
    let next = 0
    while (next < classes && head[next] === tail[next]) next++
    if (next === classes) {
      busy--
      continue
    }
    const at = head[next]
    head[next] = (at + 1) & (size - 1)
    if (classes === 1) {
      total += t - arrivals[0][at]
      push(t + rng.exponential(), 0)
    } else {
      lane = next
      since = arrivals[next][at]
      push(t + lefts[next][at], ++stamp)
    }
  }
  return total / done
}

/** Processor seconds of all threads: others share this machine. */
function seconds(work: () => void): number {
  const start = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1e6
}

const folder = mkdtempSync(join(tmpdir(), 'halftone-bench-'))
const binary = join(folder, 'queues')
const source = fileURLToPath(new URL('../rivals/queues.cpp', import.meta.url))
const built = spawnSync('g++', ['-O3', '-march=native', '-o', binary, source]).status === 0
if (!built) process.stdout.write('no g++ here: the C++ rival is left out\n')

const rows: Record<string, string>[] = []
for (const one of cases) {
  const scenario = compiled(one)
  const space = new Workspace()
  const small = new Workspace()
  const best = {
    engine: NEVER,
    pieces: NEVER,
    summed: NEVER,
    piecesSummed: NEVER,
    bare: NEVER,
    native: NEVER,
    nativeSummed: NEVER,
  }
  const better = (what: keyof typeof best, time: number): void => {
    best[what] = Math.min(best[what], time)
  }
  // as the predictor does it: the same number of customers in replications that stay in the cache
  const pieces = (each: (run: ReturnType<typeof runJobs>) => void): void => {
    const short = CUSTOMERS / 20
    for (let r = 0; r < 20; r++) each(runJobs(scenario, drawJobs(scenario, 1, r, short, small), undefined, undefined, small))
  }
  for (let round = 0; round < ROUNDS; round++) {
    let run: ReturnType<typeof runJobs> | undefined
    const engine = seconds(() => {
      run = runJobs(scenario, drawJobs(scenario, 1, round, CUSTOMERS, space), undefined, undefined, space)
    })
    const extra = seconds(() => summarise(run!, one.classes, 4, 63, true, space))
    if (run!.state.some((state) => state !== 3)) throw new Error('a customer was lost')
    if (run!.events !== 2 * CUSTOMERS) throw new Error(`${run!.events} events instead of ${2 * CUSTOMERS}`)
    better('engine', engine)
    better('summed', engine + extra)
    better(
      'pieces',
      seconds(() => pieces(() => {})),
    )
    better(
      'piecesSummed',
      seconds(() => pieces((run) => summarise(run, one.classes, 4, 63, true, small))),
    )
    better(
      'bare',
      seconds(() => bareLoop(one.servers, one.classes, one.rival === 'pr', round)),
    )
    if (!built) continue
    for (const [what, more] of [
      ['native', []],
      ['nativeSummed', ['quantiles']],
    ] as const) {
      const out = spawnSync(binary, [one.rival, String(CUSTOMERS), String(one.servers), ...more], { encoding: 'utf8' })
      better(what, (JSON.parse(out.stdout) as { seconds: number }).seconds)
    }
  }
  const rate = (time: number): string => ((2 * CUSTOMERS) / time / 1e6).toFixed(1)
  const times = (rival: number, time: number): string => (rival / time).toFixed(2)
  rows.push({
    queue: one.name,
    'halftone M events/s': rate(best.engine),
    'in 20 replications': rate(best.pieces),
    'with quantiles': rate(best.summed),
    'in 20 with quantiles': rate(best.piecesSummed),
    'bare loop': rate(best.bare),
    ...(built
      ? {
          'C++': rate(best.native),
          'C++ with quantiles': rate(best.nativeSummed),
          'halftone / C++': times(best.native, best.engine),
          'in 20 / C++': times(best.native, best.pieces),
          'with quantiles / C++ without': times(best.native, best.summed),
          'in 20 with quantiles / C++ without': times(best.native, best.piecesSummed),
          'with quantiles / C++ with': times(best.nativeSummed, best.summed),
        }
      : {}),
  })
}
rmSync(folder, { recursive: true })
console.table(rows)
save('runs/queues', rows)
