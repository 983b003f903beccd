/**
 * Who pays for backfill? Small jobs slip past large ones that wait for room. Strict order, EASY and conservative backfill on the same jobs,
 * small and large ones apart, with users who ask for three times what they need.
 *
 *   npx tsx examples/who-pays-for-backfill.ts
 */
import { Rng } from 'halftone/num'
import { conservativeBackfill, type DisciplineRule, Engine, easyBackfill, fcfs, type RunJobs, SlotPool } from 'halftone/simulate'

const rng = new Rng(3, 'who pays')
const count = 20_000
const jobs = {
  count,
  arrival: new Float64Array(count),
  size: new Float64Array(count),
  slots: new Int32Array(count),
  estimate: new Float64Array(count),
  classIndex: new Uint16Array(count),
} satisfies RunJobs
let now = 0
for (let i = 0; i < count; i++) {
  now += rng.exponential() * 440
  jobs.arrival[i] = now
  const large = rng.uniform() < 0.1
  jobs.slots[i] = large ? 32 : 1 + rng.below(4)
  jobs.size[i] = rng.exponential() * 3600
  jobs.estimate[i] = 3 * jobs.size[i]
  jobs.classIndex[i] = large ? 1 : 0
}

for (const rule of [fcfs, easyBackfill, conservativeBackfill] as DisciplineRule[]) {
  const pool = new SlotPool('packed', [{ nodes: 8, slots: 8, speed: 1 }], count)
  const engine = new Engine({ jobs, rule, pool, classPriority: Int32Array.of(1, 1), owners: 2 })
  engine.run()
  const wait = [0, 1].map((k) => {
    let sum = 0
    let n = 0
    for (let i = 0; i < count; i++) {
      if (jobs.classIndex[i] !== k) continue
      sum += engine.response[i] - engine.held[i]
      n++
    }
    return sum / n / 60
  })
  console.log(`${rule.name}: small jobs wait ${wait[0].toFixed(0)} min, large ones ${wait[1].toFixed(0)} min`)
}
