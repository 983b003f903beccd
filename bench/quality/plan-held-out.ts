/**
 * Plans for real traces, found on the earlier part and judged on the later: the policy in force and the plan replay the jobs of the held-out window on the same
 * cluster, and every class’s change of mean and p95 response is printed with the interval of the paired difference, the good and the bad, energy beside it. Google by
 * priority class, Philly and openb by size and QoS, GenAI requests as one class. What the traces do not say is assumed, and is assumed in both windows alike: first come
 * first served from a pool, a cluster 90 % busy in the earlier part, an idle slot that draws 40 W, and a sprint that is measured on a V100: power caps (Zeus) or clocks,
 * speed and power the medians over networks or kernels. Jobs that may drop go without 20 % of their data for 3 % of accuracy, which shortens every job by a fifth
 * whether it waits or not. Needs ../shared/data.
 */
import { existsSync } from 'node:fs'
import { type ClassRule, isRefusal, type ReplayJobs, type Scenario, slotCount, type Trace } from 'halftone/model'
import { searchPlan } from 'halftone/plan'
import { openRace, simulatedPredictor } from 'halftone/simulate'
import { type MeasuredLever, readSpeedLever, scenarioOfTrace, withSpeedLever } from 'halftone/study'
import { readTrace } from 'halftone/trace'
import { save } from '../save.js'

const DATA = '../shared/data'
/** Measured tables of a V100 as levers, each with the setting taken for normal use. */
const TABLES = [
  { table: 'power caps from 150 W (Zeus)', path: 'zeus/summary_power_v100.csv.gz', base: 150 },
  { table: 'clocks from 802 MHz', path: 'gpu-dvfs/v100-dvfs-real-profile.csv.gz', base: 802 },
]
const IDLE_WATTS = 40

/** Mean number of slots that the jobs of a window would keep busy if none waited. */
function offered({ count, submitSeconds, runSeconds, slots }: ReplayJobs): number {
  let work = 0
  for (let i = 0; i < count; i++) work += runSeconds[i]! * slots[i]!
  return work / submitSeconds[count - 1]!
}

interface Case {
  readonly name: string
  readonly path: string
  readonly classes: ClassRule
  /** Which classes sprint. */
  readonly sprint: (names: readonly string[]) => string[]
  readonly fromSeconds?: number
}

const CASES: Case[] = [
  { name: 'Google, 21 days', path: 'google2011/jobs.csv.gz', classes: { by: 'priority' }, sprint: (names) => names.slice(0, 1) },
  {
    name: 'Philly, by size',
    path: 'philly/philly_jobs.csv.gz',
    classes: { by: 'size', boundaries: [1, 4] },
    sprint: (names) => names.slice(0, 1),
    fromSeconds: 35 * 86_400,
  },
  {
    name: 'openb, by QoS',
    path: 'alibaba-openb/openb_pod_list_default.csv.gz',
    classes: { by: 'queue', most: 3 },
    sprint: (names) => names.slice(0, 1),
  },
  { name: 'GenAI requests', path: 'alibaba-genai/lora_requests.csv.gz', classes: { by: 'all' }, sprint: (names) => [...names] },
]

/** What a plan is to do: with a sprint alone shorten responses, or save energy while no class waits longer than now; or shorten them with dropped data besides. */
const WISHES = ['shortest responses', 'least energy, no class slower', 'shortest responses, may drop'] as const

if (!existsSync(DATA)) console.log(`left out: there is no ${DATA}`)
else {
  const levers: { table: string; lever: MeasuredLever }[] = []
  for (const { table, path, base } of TABLES) {
    const reading = await readSpeedLever(`${DATA}/${path}`, base)
    if (!reading.ok) throw new Error(path)
    const { lever } = reading
    levers.push({ table, lever })
    const speeds = lever.faster.map(({ speed, watts }) => `${speed.toFixed(3)} at ${watts.toFixed(0)} W`).join(', ')
    console.log(`V100, ${table}: ${lever.base.watts.toFixed(0)} W at speed 1, ${speeds}`)
  }
  const rows: Record<string, unknown>[] = []
  for (const asked of CASES) {
    const reading = await readTrace(`${DATA}/${asked.path}`)
    if (!reading.ok) {
      console.log(`${asked.name}: not read`)
      continue
    }
    for (const wish of WISHES)
      for (const { table, lever } of wish.endsWith('drop') ? levers.slice(0, 1) : levers) {
        const began = performance.now()
        const answer = judged(reading.trace, asked, lever, wish)
        if (typeof answer === 'string') {
          console.log(`${asked.name}: ${answer}`)
          continue
        }
        rows.push(
          ...answer.map((row, k) => ({
            trace: k === 0 ? asked.name : '',
            sprint: k === 0 ? table : '',
            wish: k === 0 ? wish : '',
            ...row,
          })),
        )
        process.stderr.write(`${asked.name}, ${table}, ${wish}: ${((performance.now() - began) / 1000).toFixed(1)} s\n`)
      }
  }
  console.table(rows)
  save('quality/plan-held-out', rows, { sprint: levers })
}

/** One row a class: found on the earlier part of the trace, judged on the later. A text where there is no answer. */
function judged(
  trace: Trace,
  asked: Case,
  lever: MeasuredLever,
  wish: (typeof WISHES)[number],
): Record<string, unknown>[] | string {
  const { classes, fromSeconds = 0 } = asked
  const whole = scenarioOfTrace(trace, { classes, window: { fromSeconds }, utilisation: 0.9 })
  if (isRefusal(whole)) return whole.message
  // split where 60 % of the jobs have come
  const { submitSeconds, count } = whole.replay
  const origin = trace.jobs.submitSeconds[whole.fitted.rows?.[0] ?? 0] ?? 0
  const split = Math.max(fromSeconds, origin) + submitSeconds[Math.floor(0.6 * count)]!
  const sprinting = asked.sprint(whole.scenario.workload.classes.map((c) => c.name))
  const common = {
    classes,
    ...(wish.endsWith('drop') ? { drops: { all: { ratio: 0.2, loss: 0.03 } } } : {}),
    sprint: { classes: sprinting, speed: 1, origin: 'dispatch' as const, toggleDelaySeconds: 0 },
  }
  const early = scenarioOfTrace(trace, { ...common, window: { fromSeconds, toSeconds: split }, utilisation: 0.9 })
  if (isRefusal(early)) return early.message
  const late = scenarioOfTrace(trace, { ...common, window: { fromSeconds: split }, cluster: early.scenario.cluster })
  if (isRefusal(late)) return `later part: ${late.message}`
  const [before, after] = [early.scenario, late.scenario].map((scenario) => withSpeedLever(scenario, lever, IDLE_WATTS))
  const plan = searchPlan(wish.startsWith('least') ? frugal(before!, early.replay) : before!, {
    confirm: simulatedPredictor,
    seed: 1,
    replay: early.replay,
    now: () => performance.now() / 1000,
  })
  if (isRefusal(plan)) return plan.message
  const race = openRace(after!, [after!.policy, plan.chosen.policy], { seed: 1, replay: late.replay })
  const [now, then] = [race.prediction(0), race.prediction(1)]
  const differences = race.difference(1, 0)
  if (isRefusal(now) || isRefusal(then) || !differences) return 'the later part has no answer'
  const change = (from: number | undefined, to: number | undefined): string =>
    from === undefined || to === undefined || from === 0 ? '' : `${(100 * (to / from - 1)).toFixed(1)} %`
  return now.classes.map(({ name, response }, k) => {
    const foreseen = plan.chosen.prediction.classes.find((c) => c.name === name)
    const inForce = plan.inForce?.prediction.classes.find((c) => c.name === name)
    const { low, high } = differences[k]!.response.mean
    const share = (seconds: number): string => (100 * (seconds / response.mean.value)).toFixed(1)
    const first = <T>(value: T): T | '' => (k === 0 ? value : '')
    return {
      'busy, later': first(`${(100 * now.cluster.utilisation.value).toFixed(0)} %`),
      'load, later': first(`${((100 * offered(late.replay)) / slotCount(after!.cluster)).toFixed(0)} %`),
      plan: first(plan.chosen.policy.name),
      'keeps its goals': first(plan.meetsGoals ? '' : 'no'),
      class: name,
      'mean in force, later': Math.round(response.mean.value),
      'mean under plan, later': Math.round(then.classes[k]!.response.mean.value),
      'change, later': change(response.mean.value, then.classes[k]!.response.mean.value),
      '95 %, paired': `${share(low)} to ${share(high)}`,
      'change foreseen': change(inForce?.response.mean.value, foreseen?.response.mean.value),
      'p95 change, later': change(response.p95?.value, then.classes[k]!.response.p95?.value),
      'power change, later': first(change(now.cluster.powerWatts?.value, then.cluster.powerWatts?.value)),
      'energy a job, later': first(change(now.cluster.energyPerJobJoules?.value, then.cluster.energyPerJobJoules?.value)),
      'energy a job, foreseen': first(
        change(
          plan.inForce?.prediction.cluster.energyPerJobJoules?.value,
          plan.chosen.prediction.cluster.energyPerJobJoules?.value,
        ),
      ),
    }
  })
}

/** The scenario with the goal that no class’s mean response gets longer, at the least energy. */
function frugal(scenario: Scenario, replay: ReplayJobs): Scenario {
  const now = simulatedPredictor.predict(scenario, { seed: 1, replay })
  if (isRefusal(now)) throw new Error(now.message)
  const classes = Object.fromEntries(
    now.classes.map(({ name, response }) => [name, { meanResponseSeconds: response.mean.value, weight: 1 }]),
  )
  return { ...scenario, goal: { schema: 'halftone/goal/1', classes, minimise: 'energy' } }
}
