/**
 * Makes the bundled queue: three weeks of a made-up GPU cluster as `sacct --parsable2` would print them at one moment, and what a driver would see at that
 * moment.
 *
 * SYNTHETIC. Nobody ran these jobs. Fourteen users [ours] each repeat a few kinds of job: a name, a size, a lognormal run time of its own with spread 0.5,
 * one run in eight ending early (failed or cancelled at a uniform part of it), in batches of 1 to 12. Limits are what people ask for: 1.5 to 8 times the
 * median of the kind, rounded up to an hour. Eight nodes of eight GPUs, one of them drained. Queue: EASY backfill with those limits, played by the engine.
 *
 * `npx tsx examples/queue/generate.ts && npm run format` writes `history.sacct.gz` and `snapshot.json`; a test makes them again and compares. What the snapshot’s jobs did
 * later is known to the generator alone: `truth`.
 */
import { writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { Rng } from 'halftone/num'
import { Engine, easyBackfill, SlotPool } from 'halftone/simulate'

const SEED = 20261121
const START = Date.UTC(2026, 9, 26) / 1000 // a Monday
const DAYS = 24
const MOMENT = 21.6 * 86_400
const NODES = 8
const GPUS_A_NODE = 8
const SLOTS = (NODES - 1) * GPUS_A_NODE

interface Kind {
  readonly user: string
  readonly name: string
  readonly slots: number
  readonly median: number
  readonly limit: number
  readonly weight: number
}

interface Job extends Kind {
  readonly submit: number
  readonly run: number
  readonly state: 'COMPLETED' | 'FAILED' | 'CANCELLED' | 'TIMEOUT'
}

const WORK = ['train', 'tune', 'eval', 'embed', 'sweep', 'prep', 'distil']

function kinds(rng: Rng): Kind[] {
  return Array.from({ length: 14 }, (_, u) => u).flatMap((u) =>
    Array.from({ length: 2 + rng.below(3) }, (_, k): Kind => {
      const median = Math.exp(Math.log(1800) + 1.3 * rng.normal())
      const asked = median * Math.exp(Math.log(1.5) + rng.uniform() * Math.log(8 / 1.5))
      return {
        user: `user${String(u + 1).padStart(2, '0')}`,
        name: `${WORK[(u + 3 * k) % WORK.length]}-${k + 1}`,
        slots: [1, 1, 1, 2, 2, 4, 8][rng.below(7)]!,
        median,
        limit: Math.ceil(asked / 3600) * 3600,
        weight: Math.exp(rng.normal()),
      }
    }),
  )
}

function jobs(): Job[] {
  const rng = new Rng(SEED, 'queue')
  const [what, when, how] = [rng.stream('kinds'), rng.stream('arrivals'), rng.stream('work')]
  const all = kinds(what)
  const total = all.reduce((sum, { weight }) => sum + weight, 0)
  const pick = (): Kind => {
    let u = what.uniform() * total
    return all.find(({ weight }) => (u -= weight) < 0) ?? all.at(-1)!
  }
  // as many batches as fill 82 % of the slots, more of them by day
  const work = all.reduce((sum, { weight, slots, median }) => sum + (weight / total) * slots * median * Math.exp(0.125) * 0.94, 0)
  const busiest = (1.6 * 0.82 * SLOTS) / (work * 3.4)
  const out: Job[] = []
  for (let t = when.exponential() / busiest; t < DAYS * 86_400; t += when.exponential() / busiest) {
    const hour = (t / 3600) % 24
    if (when.uniform() >= 0.625 * (1 + 0.6 * Math.cos((2 * Math.PI * (hour - 15)) / 24))) continue
    const kind = pick()
    const batch = what.uniform() < 0.6 ? 1 : 2 + what.below(11)
    for (let b = 0; b < batch; b++) {
      const whole = Math.max(20, kind.median * Math.exp(0.5 * how.normal()))
      const early = how.uniform() < 0.125
      const run = Math.min(kind.limit, early ? 5 + how.uniform() * whole : whole)
      const state = run === kind.limit ? 'TIMEOUT' : !early ? 'COMPLETED' : how.uniform() < 0.6 ? 'FAILED' : 'CANCELLED'
      out.push({ ...kind, submit: Math.round(t + b), run: Math.max(1, Math.round(run)), state })
    }
  }
  return out.sort((a, b) => a.submit - b.submit)
}

/** When each job starts, under EASY backfill with the requested limits. */
function starts(all: readonly Job[]): Float64Array {
  const engine = new Engine({
    jobs: {
      count: all.length,
      arrival: Float64Array.from(all, ({ submit }) => submit),
      size: Float64Array.from(all, ({ run }) => run),
      slots: Int32Array.from(all, ({ slots }) => slots),
      classIndex: new Uint16Array(all.length),
      estimate: Float64Array.from(all, ({ limit }) => limit),
    },
    classPriority: Int32Array.of(1),
    owners: 1,
    rule: easyBackfill,
    pool: new SlotPool('count', [{ nodes: 1, slots: SLOTS, speed: 1 }], all.length),
  })
  engine.run()
  return Float64Array.from(all, (_, i) => Math.round(engine.startedAt(i)))
}

/** The history as sacct prints it at the moment, the snapshot of that moment, and what came of its jobs: seconds from the moment to start and end. */
export function make() {
  const all = jobs()
  const begun = starts(all)
  const there = all
    .map((job, i) => ({ ...job, id: String(4001 + i), start: begun[i]!, end: begun[i]! + job.run }))
    .filter(({ submit }) => submit < MOMENT)
  const stamp = (seconds: number): string => new Date((START + seconds) * 1000).toISOString().slice(0, 19)
  const line = ({ id, name, user, submit, start, end, run, state, slots, limit }: (typeof there)[number]): string => {
    const ended = end <= MOMENT
    const started = start < MOMENT
    return [
      ...[id, name, user, 'gpu', stamp(submit), started ? stamp(start) : 'Unknown', ended ? stamp(end) : 'Unknown'],
      ...[
        ended ? run : started ? Math.round(MOMENT - start) : 0,
        ended ? state : started ? 'RUNNING' : 'PENDING',
        slots,
        limit / 60,
      ],
    ].join('|')
  }
  const live = there.filter(({ end }) => end > MOMENT)
  const head = 'JobID|JobName|User|Partition|Submit|Start|End|ElapsedRaw|State|NCPUS|TimelimitRaw'
  const free = Array.from({ length: NODES - 1 }, () => GPUS_A_NODE)
  /** One node after the other gives what it has, wherever it is. */
  const placed = (slots: number): { nodes: string[] } => {
    const nodes: string[] = []
    for (let [n, left] = [0, slots]; left > 0; n++) {
      const given = Math.min(left, free[n]!)
      if (given > 0) nodes.push(`gpu${n + 1}`)
      free[n] = free[n]! - given
      left -= given
    }
    return { nodes }
  }
  const seen = live.map(({ id, name, user, slots, limit, submit, start }) => ({
    ...{ id, name, user, queue: 'gpu', state: start < MOMENT ? 'running' : 'pending', submitSeconds: START + submit },
    ...(start < MOMENT ? { startSeconds: START + start, ...placed(slots) } : {}),
    ...{ slots, limitSeconds: limit, speed: 1 },
  }))
  const last = live.at(-1)!
  const waits = { user: 'user03', queue: 'gpu', speed: 1, limitSeconds: 7200, submitSeconds: START + MOMENT - 300 }
  return {
    history: `${[head, ...there.map(line)].join('\n')}\n`,
    snapshot: {
      schema: 'halftone/observation/1',
      atSeconds: START + MOMENT,
      discipline: 'easy-backfill',
      nodes: Array.from({ length: NODES }, (_, n) => ({
        name: `gpu${n + 1}`,
        slots: GPUS_A_NODE,
        ...(n === NODES - 1
          ? { busySlots: 0, state: 'drained', reason: 'new driver' }
          : { busySlots: GPUS_A_NODE - free[n]!, state: 'up' }),
      })),
      jobs: [
        ...seen,
        { ...waits, id: '9001', name: 'sweep-2', state: 'held', slots: 1, reason: 'JobHeldUser' },
        { ...waits, id: '9002', name: 'eval-1', state: 'pending', slots: 1, reason: 'Dependency', after: [last.id] },
        { ...waits, id: '9003', name: 'huge', state: 'pending', slots: 80 },
      ],
    },
    truth: new Map(live.map(({ id, start, end }) => [id, { start: start - MOMENT, end: end - MOMENT }])),
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { history, snapshot } = make()
  writeFileSync('examples/queue/history.sacct.gz', gzipSync(history, { level: 9 }))
  writeFileSync('examples/queue/snapshot.json', `${JSON.stringify(snapshot, null, 2)}\n`)
}
