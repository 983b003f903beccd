import { describe, expect, it } from 'vitest'
import { Rng } from '../num/index.js'
import { fcfs, priorityNonPreemptive, priorityPreemptiveResume } from './disciplines/index.js'
import { Engine, type RunJobs } from './engine.js'
import { SlotPool } from './pool.js'
import { firstComeFirstServed, oneServerByPriority } from './recursions.js'
import { Workspace } from './workspace.js'

function draw(count: number, servers: number, whole: boolean): RunJobs {
  const rng = new Rng(9, 'recursions')
  const arrival = new Float64Array(count)
  const size = new Float64Array(count)
  const classIndex = new Uint16Array(count)
  let now = 0
  for (let i = 0; i < count; i++) {
    // whole numbers make many ties, which both ways must break alike
    const gap = (rng.exponential() * 1.25) / servers
    now += whole ? Math.round(gap) : gap
    arrival[i] = now
    size[i] = whole ? 2 * rng.below(3) : rng.exponential()
    classIndex[i] = rng.below(3)
  }
  return { count, arrival, size, classIndex, slots: new Int32Array(count).fill(1) }
}

const lanes = Int32Array.of(1, 0, 1)
const classPriority = Int32Array.of(5, 2, 5)

describe('recursions give what the event engine gives', () => {
  for (const whole of [false, true]) {
    const ties = whole ? ', with ties' : ''
    const cases: [string, number, typeof fcfs, (jobs: RunJobs) => ReturnType<typeof firstComeFirstServed>][] = [
      ['one server', 1, fcfs, (jobs) => firstComeFirstServed(jobs, 1, 2, 100, new Workspace())],
      ['seven servers', 7, fcfs, (jobs) => firstComeFirstServed(jobs, 7, 2, 100, new Workspace())],
      ['non-preemptive', 1, priorityNonPreemptive, (jobs) => oneServerByPriority(jobs, lanes, 2, false, 2, 100, new Workspace())],
      ['resume', 1, priorityPreemptiveResume, (jobs) => oneServerByPriority(jobs, lanes, 2, true, 2, 100, new Workspace())],
    ]
    it.each(cases)(`%s${ties}`, (_name, servers, rule, recurse) => {
      const jobs = draw(5000, servers, whole)
      const engine = new Engine({
        jobs,
        rule,
        classPriority,
        owners: 3,
        markEvery: 100,
        pool: new SlotPool('count', [{ nodes: 1, slots: servers, speed: 2 }], 5000),
      })
      engine.run()
      const quick = recurse(jobs)
      for (let i = 0; i < jobs.count; i++) {
        const off = Math.abs(quick.response[i] - engine.response[i])
        if (off > 1e-9) throw new Error(`job ${i}: ${quick.response[i]} by recursion, ${engine.response[i]} by events`)
        if (Math.abs(quick.held[i] - engine.held[i]) > 1e-9) throw new Error(`job ${i} was held for another time`)
      }
      expect(quick.marks.length).toBe(engine.marks.length)
      quick.marks.forEach((mark, i) => {
        expect(mark.time).toBe(engine.marks[i].time)
        expect(Math.abs(mark.busy - engine.marks[i].busy)).toBeLessThan(1e-6)
        expect(Math.abs(mark.present - engine.marks[i].present)).toBeLessThan(1e-5)
      })
      expect(Math.abs(quick.end.present - engine.totals().present)).toBeLessThan(1e-5)
    })
  }
})
