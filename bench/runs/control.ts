/**
 * What watching costs: ten thousand live jobs on a cluster in virtual time, one look a second, everything that a controller does but the waiting. The
 * cluster is a replay, whose own look (a list of all jobs) is measured apart; the share is processor time a look over the second between two
 * looks. First nothing is wanted but what sprint timers and arrivals bring (`quiet`), then every job is to be put into its class’s place and deflated
 * (`busy`), which is the most that a decision can be. Aims: under 1 % of a processor, decisions under 50 ms.
 */
import { Controller, Journal, memoryLedger, steer } from 'halftone/control'
import { replayDriver } from 'halftone/drivers'
import { type Driver, isRefusal, Policy } from 'halftone/model'
import { quantile } from 'halftone/num'
import { save } from '../save.js'

const LOOKS = process.argv.includes('--small') ? 20 : 200

const classes = [
  { name: 'high', priority: 1 },
  { name: 'low', priority: 2 },
]

function* jobs(count: number) {
  for (let i = 0; i < count; i++) {
    const className = i % 10 === 0 ? 'high' : 'low'
    const stages = [
      { name: 'map', tasks: 40, workSeconds: 3_000 + (i % 100) },
      { name: 'reduce', tasks: 4, workSeconds: 100, droppable: false },
    ]
    yield { key: `job-${i}`, className, priority: 3, submitSeconds: i / count, stages }
  }
}

async function clusterOf(count: number): Promise<Driver> {
  const nodes = Array.from({ length: 250 }, (_, i) => ({ name: `n${i}`, slots: 8 }))
  const driver = replayDriver({ nodes, discipline: 'priority-nonpreemptive', jobs: jobs(count) })
  if (isRefusal(driver)) throw new Error(driver.message)
  // all have arrived
  await driver.clock.sleep(2)
  return driver
}

const sprint = { speed: 2, timeoutSeconds: { high: 600 }, budget: { seconds: 3_600, refillPerSecond: 0.1 } }
const policies = {
  quiet: Policy.parse({ schema: 'halftone/policy/1', name: 'quiet', discipline: 'fcfs', sprint }),
  busy: Policy.parse({
    schema: 'halftone/policy/1',
    name: 'busy',
    discipline: 'priority-nonpreemptive',
    drop: { low: 0.2 },
    sprint,
  }),
}

const cpuMs = (before: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

async function measure(name: keyof typeof policies, count: number) {
  const driver = await clusterOf(count)
  const inner = steer({ policy: policies[name], classes, slots: 2_000 })
  const decisions: number[] = []
  let [lookMs, wanted] = [0, 0]
  const steering = new Proxy(inner, {
    get(target, key) {
      if (key !== 'decide') {
        const value = Reflect.get(target, key, target)
        return typeof value === 'function' ? value.bind(target) : value
      }
      return (observation: Parameters<typeof inner.decide>[0]) => {
        const from = performance.now()
        const decided = target.decide(observation)
        decisions.push(performance.now() - from)
        wanted = Math.max(wanted, decided.length)
        return decided
      }
    },
  })
  const timed: Driver = {
    ...driver,
    observe: async (options) => {
      const before = process.cpuUsage()
      const seen = await driver.observe(options)
      lookMs += cpuMs(before)
      return seen
    },
  }
  const journal = new Journal(memoryLedger(), driver.clock, 'bench')
  const controller = new Controller({ driver: timed, journal, steering, policy: name, commit: true })
  await controller.begin()
  // the compiler warms up on what is not counted
  for (let i = 0; i < 10; i++) await controller.look()
  decisions.length = 0
  lookMs = 0
  const before = process.cpuUsage()
  for (let i = 0; i < LOOKS; i++) {
    await controller.look()
    await driver.clock.sleep(1)
  }
  const all = cpuMs(before) / LOOKS
  const sorted = Float64Array.from(decisions).sort()
  const ms = (value: number): number => Number(value.toFixed(2))
  return {
    policy: name,
    'live jobs': count,
    'most wanted at once': wanted,
    'decision p50 ms': ms(quantile(sorted, 0.5)),
    'decision p99 ms': ms(quantile(sorted, 0.99)),
    'decision max ms': ms(sorted.at(-1)!),
    'controller ms of CPU a look': ms(all - lookMs / LOOKS),
    'look of the replay ms of CPU': ms(lookMs / LOOKS),
    'share of a processor, controller': `${((all - lookMs / LOOKS) / 10).toFixed(2)} %`,
    'share of a processor, with the look': `${(all / 10).toFixed(2)} %`,
  }
}

const rows: Record<string, unknown>[] = []
for (const count of [1_000, 10_000]) for (const name of ['quiet', 'busy'] as const) rows.push(await measure(name, count))
console.table(rows)
save('runs/control', rows, { looks: LOOKS })
