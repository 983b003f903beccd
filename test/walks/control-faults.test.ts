import { describe, expect, it } from 'vitest'
import { Controller, Journal, type LedgerStore, openSteps, recover, steer } from '../../src/control/index.js'
import {
  type ClusterAction,
  type Driver,
  isRefusal,
  LedgerEntry,
  type ObservedJob,
  refuse,
  type Scenario,
  validate,
} from '../../src/model/index.js'
import { openDriver } from '../../src/study/index.js'

const never = new AbortController().signal

function scenarioOf(): Scenario {
  const stages = (seconds: number) => ({
    kind: 'stages',
    stages: [{ name: 'map', tasks: 5, taskTime: { kind: 'exponential', meanSeconds: seconds } }],
  })
  const read = validate('scenario', {
    schema: 'halftone/scenario/1',
    name: 'faults',
    workload: {
      schema: 'halftone/workload/1',
      name: 'two classes',
      classes: [
        { name: 'high', priority: 1, arrival: { kind: 'poisson', ratePerSecond: 0.02 }, work: stages(6) },
        { name: 'low', priority: 2, arrival: { kind: 'poisson', ratePerSecond: 0.04 }, work: stages(10) },
      ],
    },
    cluster: { schema: 'halftone/cluster/1', name: 'two', nodes: [{ name: 'n', count: 1, slots: 2 }] },
    policy: { schema: 'halftone/policy/1', name: 'before', discipline: 'fcfs' },
  })
  if (!read.ok) throw new Error(JSON.stringify(read.issues))
  return read.value
}

const JOBS = 10
const scenario = scenarioOf()
const policy = {
  ...scenario.policy,
  name: 'after',
  discipline: 'priority-nonpreemptive' as const,
  drop: { low: 0.4 },
  sprint: {
    origin: 'dispatch' as const,
    speed: 2,
    timeoutSeconds: { high: 4, low: 15 },
    budget: { seconds: 12, refillPerSecond: 0.05, onThresholdSeconds: 1 },
    toggleDelaySeconds: 0,
  },
}

async function replay(): Promise<Driver> {
  const driver = await openDriver({ on: 'replay', scenario, seed: 4, jobs: JOBS })
  if (isRefusal(driver)) throw new Error(driver.message)
  return driver
}

/** A ledger that survives its writer: opened anew it gives what was written. */
class Disk {
  readonly lines: LedgerEntry[] = []
  open(): LedgerStore {
    return {
      entries: [...this.lines],
      append: async (entries) => {
        for (const entry of entries) this.lines.push(LedgerEntry.parse(JSON.parse(JSON.stringify(entry))))
      },
      close: async () => {},
    }
  }
}

/** Stops the caller for good, as a SIGKILL would, at the k-th boundary: before and after each append and each action. */
class Killer {
  passed = 0
  killed: Promise<void>
  private done!: () => void
  constructor(private readonly at: number) {
    this.killed = new Promise((resolve) => {
      this.done = resolve
    })
  }
  async boundary(): Promise<void> {
    if (this.passed++ !== this.at) return
    this.done()
    await new Promise(() => {})
  }
  store(inner: LedgerStore): LedgerStore {
    return {
      ...inner,
      append: async (entries) => {
        await this.boundary()
        await inner.append(entries)
        await this.boundary()
      },
    }
  }
  driver(inner: Driver): Driver {
    return {
      ...inner,
      enact: async (action) => {
        await this.boundary()
        const answer = await inner.enact(action)
        await this.boundary()
        return answer
      },
    }
  }
}

/** Keeps what was really done, in order. */
function recorded(inner: Driver): Driver & { readonly did: ClusterAction[] } {
  const did: ClusterAction[] = []
  return {
    ...inner,
    did,
    enact: async (action) => {
      const answer = await inner.enact(action)
      if (!isRefusal(answer)) did.push(action)
      return answer
    },
  }
}

function controllerOn(driver: Driver, store: LedgerStore, id: string, given: object = {}): Controller {
  const steering = steer({ policy, classes: scenario.workload.classes, slots: 2 })
  return new Controller({
    driver,
    journal: new Journal(store, driver.clock, id),
    steering,
    policy: 'after',
    commit: true,
    ...given,
  })
}

async function live(driver: Driver, endedSince = 0): Promise<readonly ObservedJob[]> {
  const seen = await driver.observe({ endedSince })
  if (isRefusal(seen)) throw new Error(seen.message)
  return seen.jobs
}

const SECONDS = 400

describe('a controller that is killed', () => {
  it('at any journal boundary leaves what its successor puts in order: no sprint goes on, nothing is done twice, no job is lost', async () => {
    const whole = new Killer(-1)
    const first = controllerOn(whole.driver(await replay()), whole.store(new Disk().open()), 'c')
    await first.begin()
    await first.run(never, SECONDS)
    expect(await first.stop('the end')).toEqual([])
    expect(whole.passed).toBeGreaterThan(40)
    for (let at = 0; at < whole.passed; at++) {
      const cluster = recorded(await replay())
      const disk = new Disk()
      const killer = new Killer(at)
      const dead = controllerOn(killer.driver(cluster), killer.store(disk.open()), 'dead')
      const run = async (): Promise<void> => {
        await dead.begin()
        await dead.run(never, SECONDS)
        await dead.stop('the end')
      }
      await Promise.race([run(), killer.killed])
      const before = cluster.did.length

      // whoever puts things in order may be killed at it as well, again and again
      for (let k = 0; ; k++) {
        const again = new Killer(k)
        const journal = new Journal(again.store(disk.open()), cluster.clock, `next-${k}`)
        const done = recover({ journal, driver: again.driver(cluster) }).then((outcomes) => !isRefusal(outcomes))
        if (await Promise.race([done, again.killed.then(() => false)])) break
      }
      expect(openSteps(disk.lines)).toEqual([])
      const seen = await cluster.observe()
      if (isRefusal(seen)) throw new Error(seen.message)
      expect(seen.jobs.map(({ speed }) => speed).filter((speed) => speed !== 1)).toEqual([])
      expect(seen.discipline).toBe('fcfs')
      // a second recovery has nothing to do
      const after = cluster.did.length
      expect(await recover({ journal: new Journal(disk.open(), cluster.clock, 'again'), driver: cluster })).toEqual([])
      expect(cluster.did.length).toBe(after)
      // what is taken back twice is the same as once
      const undone = new Set(cluster.did.slice(before).map((action) => JSON.stringify(action)))
      expect(undone.size).toBeLessThanOrEqual(4)

      const next = controllerOn(cluster, disk.open(), 'successor')
      await next.begin()
      await next.run(never, SECONDS + 200)
      expect(await next.stop('the end')).toEqual([])
      const jobs = await live(cluster)
      expect(jobs.filter(({ state }) => state === 'complete')).toHaveLength(JOBS)
      // each job was deflated once at most, and kept what it was to keep
      const deflated = cluster.did.flatMap((action) => (action.kind === 'deflate' ? [action.job] : []))
      expect(new Set(deflated).size).toBe(deflated.length)
      for (const { stages = [] } of jobs)
        for (const { tasks, withdrawn } of stages) expect([0, 2]).toContain(tasks === 5 ? withdrawn : -1)
      expect(disk.lines.map(({ sequence }) => sequence)).toEqual(disk.lines.map((_, i) => i))
      const told = disk.lines.flatMap((entry) => (entry.kind === 'job' ? [entry.job] : []))
      expect(new Set(told).size).toBe(told.length)
    }
  }, 120_000)
})

describe('a controller on a cluster in trouble', () => {
  it('acts on nothing while the cluster does not answer, says so once, and goes on when it does', async () => {
    const inner = recorded(await replay())
    let down = false
    const disk = new Disk()
    const driver: Driver = {
      ...inner,
      observe: async (options) => (down ? refuse('no-data', 'no answer') : inner.observe(options)),
    }
    const controller = controllerOn(driver, disk.open(), 'c')
    await controller.begin()
    await controller.run(never, 60)
    const before = inner.did.length
    down = true
    await controller.run(never, 60)
    expect(inner.did.length).toBe(before)
    expect(disk.lines.filter((entry) => entry.kind === 'note')).toHaveLength(1)
    down = false
    await controller.run(never, SECONDS)
    expect(inner.did.length).toBeGreaterThan(before)
    expect(await controller.stop('the end')).toEqual([])
    expect(((await inner.observe()) as { discipline?: string }).discipline).toBe('fcfs')
  })

  it('takes back what shows no effect, and does not try the same lever again at once', async () => {
    const inner = await replay()
    let ignored = 0
    const disk = new Disk()
    const driver: Driver = {
      ...inner,
      enact: async (action) => {
        if (action.kind !== 'sprint' || action.speed === 1) return inner.enact(action)
        ignored++
        return { kind: 'enacted' }
      },
    }
    const controller = controllerOn(driver, disk.open(), 'c')
    await controller.begin()
    await controller.run(never, SECONDS)
    await controller.stop('the end')
    const sprints = disk.lines.filter((entry) => entry.kind === 'intent' && entry.action.kind === 'sprint')
    expect(ignored).toBe(sprints.length)
    expect(sprints.length).toBeGreaterThan(0)
    for (const sprint of sprints)
      expect(disk.lines.some((entry) => entry.kind === 'undone' && sprint.kind === 'intent' && entry.step === sprint.step)).toBe(
        true,
      )
    const byJob = sprints.map((entry) => entry.kind === 'intent' && entry.action.kind === 'sprint' && entry.action.job)
    expect(byJob.length - new Set(byJob).size).toBeLessThanOrEqual(3)
  })

  it('journals a fault of the cluster in the middle of an action, and judges by the next look whether it was done', async () => {
    const inner = await replay()
    let faults = 0
    const disk = new Disk()
    const driver: Driver = {
      ...inner,
      enact: async (action) => {
        const answer = await inner.enact(action)
        if (faults++ % 2 === 0) throw new Error('the connection broke after the request was sent')
        return answer
      },
    }
    const controller = controllerOn(driver, disk.open(), 'c')
    await controller.begin()
    await controller.run(never, SECONDS)
    for (let tries = 0; tries < 5 && (await controller.stop('the end')).length > 0; tries++);
    expect(openSteps(disk.lines)).toEqual([])
    expect((await live(inner, Number.POSITIVE_INFINITY)).filter(({ speed }) => speed !== 1)).toEqual([])
    expect(((await inner.observe()) as { discipline?: string }).discipline).toBe('fcfs')
  })

  it('does nothing that it cannot journal, takes back what it did, and keeps its hands off', async () => {
    const inner = recorded(await replay())
    const disk = new Disk()
    let full = false
    const store = disk.open()
    const failing: LedgerStore = {
      ...store,
      append: async (entries) => {
        if (full) throw new Error('the disk is full')
        await store.append(entries)
      },
    }
    const controller = controllerOn(inner, failing, 'c')
    await controller.begin()
    await controller.run(never, 100)
    expect(inner.did.length).toBeGreaterThan(0)
    full = true
    const before = inner.did.length
    await controller.run(never, 100)
    const after = inner.did.slice(before)
    expect(
      after.every(
        (action) =>
          (action.kind === 'sprint' && action.speed === 1) || (action.kind === 'discipline' && action.discipline === 'fcfs'),
      ),
    ).toBe(true)
    const look = await controller.look()
    expect(look.handsOff).toContain('the ledger cannot be written')
    expect(((await inner.observe()) as { discipline?: string }).discipline).toBe('fcfs')
    await controller.stop('the end')
    full = false
    // the ledger is behind, so whoever comes next takes back once more, which changes nothing
    const outcomes = await recover({ journal: new Journal(disk.open(), inner.clock, 'next'), driver: inner })
    expect(isRefusal(outcomes)).toBe(false)
    expect(((await inner.observe()) as { discipline?: string }).discipline).toBe('fcfs')
    expect(openSteps(disk.lines)).toEqual([])
  })

  it('holds back while the clock was set, and says so', async () => {
    const inner = await replay()
    let shift = 0
    const disk = new Disk()
    const driver: Driver = {
      ...inner,
      clock: {
        ...inner.clock,
        now: () => inner.clock.now() + shift,
        monotonic: () => inner.clock.monotonic(),
        sleep: (seconds, signal) => inner.clock.sleep(seconds, signal),
      },
    }
    const controller = controllerOn(driver, disk.open(), 'c')
    await controller.begin()
    let held = 0
    for (let i = 1; i <= 300; i++) {
      // set forward by an hour, and back
      if (i % 10 === 0) shift = shift === 0 ? 3600 : 0
      const look = await controller.look()
      if (i % 10 === 0) expect(look.reports.filter(({ outcome }) => outcome === 'done')).toEqual([])
      held += look.reports.filter(({ guard }) => guard === 'clock-jump').length
      await driver.clock.sleep(1)
    }
    expect(held).toBeGreaterThan(0)
    expect(disk.lines.some((entry) => entry.kind === 'held-back' && entry.guard === 'clock-jump')).toBe(true)
  })

  it('does not act on what it saw too long ago, because the cluster answers slowly', async () => {
    const inner = recorded(await replay())
    const disk = new Disk()
    const driver: Driver = {
      ...inner,
      observe: async (options) => {
        const seen = await inner.observe(options)
        await inner.clock.sleep(15)
        return seen
      },
    }
    const controller = controllerOn(driver, disk.open(), 'c')
    await controller.begin()
    await controller.run(never, SECONDS)
    await controller.stop('the end')
    expect(inner.did).toEqual([])
    expect(disk.lines.filter((entry) => entry.kind === 'held-back' && entry.guard === 'stale').length).toBeGreaterThan(0)
  })

  it('takes everything back and keeps its hands off where a class fares worse than before', async () => {
    const inner = recorded(await replay())
    const disk = new Disk()
    const controller = controllerOn(inner, disk.open(), 'c', {
      before: { low: 1 },
      guard: { modelError: { atMost: 10, jobsAtLeast: 2 } },
    })
    await controller.begin()
    await controller.run(never, SECONDS)
    expect((await controller.look()).handsOff).toContain('class low fares worse')
    expect(((await inner.observe()) as { discipline?: string }).discipline).toBe('fcfs')
    expect(disk.lines.filter((entry) => entry.kind === 'held-back' && entry.guard === 'worse')).toHaveLength(1)
    const at = disk.lines.findIndex((entry) => entry.kind === 'held-back' && entry.guard === 'worse')
    expect(disk.lines.slice(at).some((entry) => entry.kind === 'intent')).toBe(false)
  })
})
