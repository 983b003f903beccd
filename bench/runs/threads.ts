/**
 * One simulation on several threads, two priority classes with preemption, 37,500 customers a replication: a short run (about a quarter of a
 * second of work, of which starting a thread is a good part) and a long one. What the machine itself allows is measured beside it: as many
 * processes as threads, each doing the whole of the work alone and knowing nothing of the others, against one. Wall time, the best of
 * several rounds in turn; where others share the cores, read `cores’ worth`: one thread’s processor time over that of all threads together, times
 * the threads, which is the speed-up that cores to itself would give.
 */
import { spawn } from 'node:child_process'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { isRefusal, type Scenario, validate } from 'halftone/model'
import { simulate } from 'halftone/study'
import { save } from '../save.js'

const JOBS = 37_500
const ROUNDS = 3

function scenario(): Scenario {
  const read = validate('scenario', {
    schema: 'halftone/scenario/1',
    name: 'bench',
    workload: {
      schema: 'halftone/workload/1',
      name: 'bench',
      classes: [1, 2].map((priority) => ({
        name: `class ${priority}`,
        priority,
        arrival: { kind: 'poisson', ratePerSecond: 0.4 },
        work: { kind: 'gang', slots: 1, runTime: { kind: 'exponential', meanSeconds: 1 } },
      })),
    },
    cluster: { schema: 'halftone/cluster/1', name: 'bench', nodes: [{ name: 'node', count: 1, slots: 1 }] },
    policy: { schema: 'halftone/policy/1', name: 'bench', discipline: 'priority-preemptive-resume' },
  })
  if (!read.ok) throw new Error(JSON.stringify(read.issues))
  return read.value
}

/** Wall seconds of one answer, and the answer without what it cost. */
async function once(replications: number, threads: number): Promise<{ seconds: number; processor: number; answer: string }> {
  const options = { seed: 1, replications, jobsPerReplication: JOBS, jobsAtMost: 1e9 }
  const start = performance.now()
  const before = process.cpuUsage()
  const prediction = await simulate({ scenario: scenario(), threads, ...options })
  const seconds = (performance.now() - start) / 1000
  const { user, system } = process.cpuUsage(before)
  if (isRefusal(prediction)) throw new Error(prediction.message)
  return { seconds, processor: (user + system) / 1e6, answer: JSON.stringify({ ...prediction, cost: undefined }) }
}

/** The slowest of so many processes that begin together. */
function processes(count: number, replications: number): Promise<number> {
  const one = (): Promise<number> =>
    new Promise((resolve, reject) => {
      const own = [...process.execArgv, fileURLToPath(import.meta.url), '--measure', String(replications)]
      const child = spawn(process.execPath, own, { stdio: ['ignore', 'pipe', 'inherit'] })
      let out = ''
      child.stdout.on('data', (data) => {
        out += data
      })
      child.on('close', (code) => (code === 0 ? resolve(Number(out)) : reject(new Error(`process ended with ${code}`))))
    })
  return Promise.all(Array.from({ length: count }, one)).then((times) => Math.max(...times))
}

const asked = process.argv.indexOf('--measure')
if (asked >= 0) {
  await once(20, 1)
  process.stdout.write(String((await once(Number(process.argv[asked + 1]), 1)).seconds))
} else {
  const rows: Record<string, string | number>[] = []
  const cores = cpus().length
  const counts = [...new Set([2, 4, 8, cores].filter((threads) => threads <= cores))].sort((a, b) => a - b)
  for (const replications of [100, 800]) {
    const alone: number[] = []
    const aloneProcessor: number[] = []
    const processor = counts.map((): number[] => [])
    const threaded = counts.map((): number[] => [])
    const separate = counts.map((): number[] => [])
    for (let round = 0; round < ROUNDS; round++) {
      const one = await once(replications, 1)
      alone.push(one.seconds)
      aloneProcessor.push(one.processor)
      for (const [i, threads] of counts.entries()) {
        const many = await once(replications, threads)
        if (many.answer !== one.answer) throw new Error(`${threads} threads give another answer`)
        threaded[i]!.push(many.seconds)
        processor[i]!.push(many.processor)
        separate[i]!.push(await processes(threads, replications))
      }
      alone.push((await once(replications, 1)).seconds)
    }
    const single = Math.min(...alone)
    for (const [i, threads] of counts.entries()) {
      const speedUp = single / Math.min(...threaded[i]!)
      const ceiling = (threads * single) / Math.min(...separate[i]!)
      rows.push({
        replications,
        'customers M': (replications * JOBS) / 1e6,
        threads,
        'one thread s': Number(single.toFixed(2)),
        'speed-up': Number(speedUp.toFixed(2)),
        'separate processes': Number(ceiling.toFixed(2)),
        'share of that': Number((speedUp / ceiling).toFixed(2)),
        'cores’ worth': Number(((threads * Math.min(...aloneProcessor)) / Math.min(...processor[i]!)).toFixed(2)),
      })
    }
  }
  console.table(rows)
  save('runs/threads', rows)
}
