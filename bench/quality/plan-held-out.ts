/**
 * Plans for real traces, found on the earlier part and judged on the later: the policy in force and the plan replay the jobs of the held-out window on the same
 * cluster, and every class’s change of mean and p95 response is printed, the good and the bad. Google by priority class, Philly and openb by size and QoS, GenAI
 * requests as one class. What the traces do not say is assumed, and is assumed in both windows alike: first come first served from a pool, a cluster 90 % busy in
 * the earlier part, a sprint that is the measured one of V100 power caps (Zeus): 250 W against
 * 150 W, its speed and power the medians over networks and batch sizes. Each plan is sought twice: by discipline and sprint alone, and with jobs that may also go
 * without 20 % of their data for 3 % of accuracy, which shortens every job by a fifth whether it waits or not. Needs ../shared/data.
 */
import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { type ClassRule, isRefusal, type Prediction, type ReplayJobs, type Scenario, slotCount } from 'halftone/model'
import { searchPlan } from 'halftone/plan'
import { simulatedPredictor } from 'halftone/simulate'
import { speedTable } from 'halftone/sprint'
import { scenarioOfTrace } from 'halftone/study'
import { readTrace } from 'halftone/trace'
import { save } from '../save.js'

const DATA = '../shared/data'
const [BASE, BOOST] = [150, 250]

/** Speed and watts of a V100 at 250 W against 150 W: medians over the measured jobs, each of them one network, batch size and optimizer. */
function measuredSprint(): { speed: number; baseWatts: number; sprintWatts: number; jobs: number } {
  const lines = gunzipSync(readFileSync(`${DATA}/zeus/summary_power_v100.csv.gz`))
    .toString('utf8')
    .trim()
    .split('\n')
    .slice(1)
  const byJob = new Map<string, { setting: number; seconds: number; watts: number }[]>()
  for (const line of lines) {
    const [dataset, network, batch, optimizer, cap, seconds, watts] = line.split(',')
    const key = [dataset, network, batch, optimizer].join()
    byJob.set(key, [...(byJob.get(key) ?? []), { setting: Number(cap), seconds: Number(seconds), watts: Number(watts) }])
  }
  const found = [...byJob.values()].flatMap((rows) => {
    const table = speedTable(rows, BASE)
    const base = rows.find(({ setting }) => setting === BASE)
    // where 250 W is no faster than a lower cap, the fastest useful level stands for it
    const fastest = table.ok ? table.levels.filter(({ setting }) => setting <= BOOST).at(-1) : undefined
    return base && fastest ? [{ speed: fastest.speed, base: base.watts, watts: fastest.watts }] : []
  })
  const middle = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]!
  return {
    speed: middle(found.map(({ speed }) => speed)),
    baseWatts: middle(found.map(({ base }) => base)),
    sprintWatts: middle(found.map(({ watts }) => watts)),
    jobs: found.length,
  }
}

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

if (!existsSync(DATA)) console.log(`left out: there is no ${DATA}`)
else {
  const measured = measuredSprint()
  console.log(
    `V100, ${BOOST} W against ${BASE} W over ${measured.jobs} measured jobs: ${measured.speed.toFixed(3)} times as fast, ${measured.baseWatts.toFixed(0)} → ${measured.sprintWatts.toFixed(0)} W`,
  )
  const rows: Record<string, unknown>[] = []
  for (const { name, path, classes, sprint, fromSeconds = 0 } of CASES) {
    const reading = await readTrace(`${DATA}/${path}`)
    if (!reading.ok) {
      console.log(`${name}: not read`)
      continue
    }
    const whole = scenarioOfTrace(reading.trace, { classes, window: { fromSeconds }, utilisation: 0.9 })
    if (isRefusal(whole)) {
      console.log(`${name}: ${whole.message}`)
      continue
    }
    // split where 60 % of the jobs have come
    const { submitSeconds, count } = whole.replay
    const origin = reading.trace.jobs.submitSeconds[whole.fitted.rows?.[0] ?? 0] ?? 0
    const split = Math.max(fromSeconds, origin) + submitSeconds[Math.floor(0.6 * count)]!
    const names = whole.scenario.workload.classes.map((c) => c.name)
    for (const dropping of [false, true]) {
      const asked = {
        classes,
        ...(dropping ? { drops: { all: { ratio: 0.2, loss: 0.03 } } } : {}),
        sprint: {
          classes: sprint(names),
          speed: Number(measured.speed.toFixed(3)),
          origin: 'dispatch' as const,
          toggleDelaySeconds: 0,
        },
      }
      const powered = (scenario: Scenario): Scenario => {
        const slots = slotCount(scenario.cluster)
        const power = { idleWatts: 40 * slots, busyWatts: measured.baseWatts * slots, sprintWatts: measured.sprintWatts * slots }
        return { ...scenario, cluster: { ...scenario.cluster, power } }
      }
      const early = scenarioOfTrace(reading.trace, { ...asked, window: { fromSeconds, toSeconds: split }, utilisation: 0.9 })
      if (isRefusal(early)) {
        console.log(`${name}: ${early.message}`)
        continue
      }
      const late = scenarioOfTrace(reading.trace, { ...asked, window: { fromSeconds: split }, cluster: early.scenario.cluster })
      if (isRefusal(late)) {
        console.log(`${name}, later part: ${late.message}`)
        continue
      }
      const plan = searchPlan(powered(early.scenario), {
        confirm: simulatedPredictor,
        seed: 1,
        replay: early.replay,
        now: () => performance.now() / 1000,
      })
      if (isRefusal(plan)) {
        console.log(`${name}: ${plan.message}`)
        continue
      }
      const play = (policy: Scenario['policy']): Prediction => {
        const answer = simulatedPredictor.predict({ ...powered(late.scenario), policy }, { seed: 1, replay: late.replay })
        if (isRefusal(answer)) throw new Error(answer.message)
        return answer
      }
      const [before, after] = [play(late.scenario.policy), play(plan.chosen.policy)]
      const change = (from: number | undefined, to: number | undefined): string =>
        from === undefined || to === undefined || from === 0 ? '' : `${(100 * (to / from - 1)).toFixed(1)} %`
      before.classes.forEach((now, k) => {
        const then = after.classes.find((c) => c.name === now.name)
        const foreseen = plan.chosen.prediction.classes.find((c) => c.name === now.name)
        const inForce = plan.inForce?.prediction.classes.find((c) => c.name === now.name)
        rows.push({
          trace: k === 0 ? `${name}${dropping ? ', may drop' : ''}` : '',
          'busy, later': k === 0 ? `${(100 * before.cluster.utilisation.value).toFixed(0)} %` : '',
          'load, later': k === 0 ? `${((100 * offered(late.replay)) / slotCount(late.scenario.cluster)).toFixed(0)} %` : '',
          plan: k === 0 ? plan.chosen.policy.name : '',
          class: now.name,
          'mean in force, later': Math.round(now.response.mean.value),
          '95 %': `${Math.round(now.response.mean.low)}–${Math.round(now.response.mean.high)}`,
          'mean under plan, later': then && Math.round(then.response.mean.value),
          'change, later': change(now.response.mean.value, then?.response.mean.value),
          'change foreseen': change(inForce?.response.mean.value, foreseen?.response.mean.value),
          'p95 change, later': change(now.response.p95?.value, then?.response.p95?.value),
          'power change, later': k === 0 ? change(before.cluster.powerWatts?.value, after.cluster.powerWatts?.value) : '',
        })
      })
      process.stderr.write(
        `${name}${dropping ? ', may drop' : ''}: done, ${plan.search.simulated} policies in ${plan.search.wallSeconds.toFixed(1)} s\n`,
      )
    }
  }
  console.table(rows)
  save('quality/plan-held-out', rows, { sprint: measured })
}
