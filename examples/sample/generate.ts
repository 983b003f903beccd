/**
 * Makes the bundled sample: three weeks of a made-up GPU cluster (14 nodes × 8 GPUs, Slurm), as `sacct --parsable2` would print it.
 *
 * SYNTHETIC. Nobody ran these jobs. Their laws come from published statistics:
 *   arrivals    5.4 jobs an hour in the quietest hour, 50 in the busiest, 16–17 h (Helios, cluster Venus); a raised cosine between them [ours], 0.6 of it on
 *               Saturday and Sunday [ours]
 *   interactive 40 % of jobs [ours], one GPU, lognormal life with median 540 s and 90 % below 6,573 s (Alibaba openb, 2023)
 *   training    sizes 93.2 / 4.5 / 2.0 / 0.35 % of one, 2–4, 5–8 and more GPUs, median run 18.6 / 6.1 / 394.7 / 352.3 min (Microsoft Philly extract); lognormal,
 *               spread 1.8 / 2.2 / 1.6 / 1.6 [ours], cut at four days [ours]
 *   outcomes    60.4 / 9.0 / 30.5 % complete / cancelled / failed (Philly, all jobs)
 * The number of nodes [ours] was chosen among 13 to 16 so that the queue hurts.
 * Queue: strict first come first served with gangs from one pool, computed below, independently of the simulator.
 *
 * `npm run sample` writes `examples/sample/jobs.sacct.gz`; the seed is in the text below, and a test makes the file again and compares.
 */
import { writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { Rng } from 'halftone/num'

const SEED = 20260907
const START = Date.UTC(2026, 8, 7) / 1000 // a Monday
const DAYS = 21
const GPUS = 14 * 8
const LONGEST_SECONDS = 4 * 86_400

const TRAINING = [
  { share: 0.932, gpus: [1], median: 18.6 * 60, spread: 1.8 },
  { share: 0.045, gpus: [2, 4], median: 6.1 * 60, spread: 2.2 },
  { share: 0.02, gpus: [8], median: 394.7 * 60, spread: 1.6 },
  { share: 0.003, gpus: [16, 32], median: 352.3 * 60, spread: 1.6 },
]

interface Job {
  submit: number
  qos: 'interactive' | 'training'
  user: string
  gpus: number
  run: number
  state: string
  limitMinutes: number
}

function draw(): Job[] {
  const rng = new Rng(SEED, 'sample')
  const [when, what, how] = [rng.stream('arrivals'), rng.stream('work'), rng.stream('outcome')]
  const busiest = 50 / 3600
  const rate = (seconds: number): number => {
    const hour = (seconds / 3600) % 24
    const day = Math.floor(seconds / 86_400) % 7
    return ((5.4 + (44.6 * (1 + Math.cos((2 * Math.PI * (hour - 16.5)) / 24))) / 2) / 3600) * (day >= 5 ? 0.6 : 1)
  }
  const jobs: Job[] = []
  for (let t = when.exponential() / busiest; t < DAYS * 86_400; t += when.exponential() / busiest) {
    if (when.uniform() * busiest >= rate(t)) continue
    const interactive = what.uniform() < 0.4
    let u = what.uniform()
    const size = TRAINING.find(({ share }) => (u -= share) < 0) ?? TRAINING.at(-1)!
    const law = interactive ? { gpus: [1], median: 540, spread: Math.log(6573 / 540) / 1.2815515655446004 } : size
    const run = Math.min(LONGEST_SECONDS, Math.max(1, Math.round(law.median * Math.exp(law.spread * what.normal()))))
    const end = how.uniform()
    jobs.push({
      submit: Math.floor(t),
      qos: interactive ? 'interactive' : 'training',
      user: `u${String(Math.floor(40 * what.uniform() ** 3)).padStart(2, '0')}`,
      gpus: law.gpus[what.below(law.gpus.length)]!,
      run,
      state: end < 0.604 ? 'COMPLETED' : end < 0.694 ? 'CANCELLED by 0' : 'FAILED',
      limitMinutes: Math.ceil((run * (1 + 3 * how.uniform())) / 3600) * 60,
    })
  }
  return jobs
}

/** Start times under strict FCFS: nobody overtakes, a gang waits until all its GPUs are free. */
function starts(jobs: readonly Job[]): number[] {
  const free = new Array<number>(GPUS).fill(0)
  let before = 0
  return jobs.map(({ submit, gpus, run }) => {
    free.sort((a, b) => a - b)
    const start = Math.max(submit, before, free[gpus - 1]!)
    free.fill(start + run, 0, gpus)
    before = start
    return start
  })
}

/** The whole file as text. */
export function sampleText(): string {
  const jobs = draw()
  const start = starts(jobs)
  const date = (seconds: number): string => new Date((START + seconds) * 1000).toISOString().slice(0, 19)
  const clock = (seconds: number): string => {
    const [days, rest] = [Math.floor(seconds / 86_400), seconds % 86_400]
    const time = [Math.floor(rest / 3600), Math.floor((rest % 3600) / 60), rest % 60]
      .map((part) => String(part).padStart(2, '0'))
      .join(':')
    return days > 0 ? `${days}-${time}` : time
  }
  const lines = jobs.map(({ submit, qos, user, gpus, run, state, limitMinutes }, i) =>
    [
      1000 + i,
      user,
      'gpu',
      qos,
      date(submit),
      date(start[i]!),
      date(start[i]! + run),
      clock(run),
      state,
      gpus * 8,
      `billing=${gpus * 8},cpu=${gpus * 8},gres/gpu=${gpus},node=${Math.ceil(gpus / 8)}`,
      clock(limitMinutes * 60),
    ].join('|'),
  )
  return `${['JobID|User|Partition|QOS|Submit|Start|End|Elapsed|State|NCPUS|AllocTRES|Timelimit', ...lines].join('\n')}\n`
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  writeFileSync(new URL('jobs.sacct.gz', import.meta.url), gzipSync(sampleText(), { level: 9 }))
}
