/**
 * Where dropping and sprinting pay and where they do not: the reference jobs of the deflate specification with two and three classes, by mix, load and kind
 * of task, under P (evict and begin again), NP, DA (drop), NPS (sprint) and DiAS (both), all on the same luck. Changes of mean response are against P, which
 * is what the papers’ headline percentages are against, and against NP. Where P has no steady state there is nothing to hold a percentage against, and the row
 * says so; where P is busy 95 % of the time or more, its own response hangs on the length of the run, and so do percentages against it. Idle power half of busy power, and none, since the energy saved depends on it.
 */
import { namedPolicy } from 'halftone/deflate'
import { isRefusal, type Prediction, type Scenario, validate } from 'halftone/model'
import { comparePolicies } from 'halftone/simulate'
import { save } from '../save.js'

interface JobKind {
  readonly name: string
  readonly scale: number
  readonly share: number
}

const H20 = Array.from({ length: 20 }, (_, i) => 1 / (i + 1)).reduce((a, b) => a + b, 0)

/** Reference jobs: 50 map tasks of 20 s and 20 reduce tasks of 10 s on 20 slots, each class so many times as long. */
function question(tasks: 'exponential' | 'constant', kinds: readonly JobKind[], load: number): Scenario {
  const mean = (scale: number): number =>
    5 + scale * ((tasks === 'exponential' ? 20 * (1.5 + H20) : 60) + 5 + (tasks === 'exponential' ? 10 * H20 : 10))
  const rate = load / kinds.reduce((sum, { scale, share }) => sum + share * mean(scale), 0)
  const time = (s: number) =>
    tasks === 'exponential' ? { kind: 'exponential', meanSeconds: s } : { kind: 'constant', seconds: s }
  const read = validate('scenario', {
    schema: 'halftone/scenario/1',
    name: 'reference jobs',
    workload: {
      schema: 'halftone/workload/1',
      name: 'w',
      classes: kinds.map(({ name, scale, share }, i) => ({
        name,
        priority: i + 1,
        arrival: { kind: 'poisson', ratePerSecond: rate * share },
        work: {
          kind: 'stages',
          stages: [
            { name: 'map', setup: { kind: 'exponential', meanSeconds: 5 }, tasks: 50, taskTime: time(20 * scale) },
            {
              name: 'reduce',
              setup: { kind: 'exponential', meanSeconds: 5 * scale },
              tasks: 20,
              taskTime: time(10 * scale),
              droppable: false,
            },
          ],
        },
      })),
    },
    cluster: {
      schema: 'halftone/cluster/1',
      name: 'c',
      nodes: [{ name: 'n', count: 10, slots: 2 }],
      power: { idleWatts: 0.5, busyWatts: 1, sprintWatts: 1.5 },
    },
    policy: { schema: 'halftone/policy/1', name: 'p', discipline: 'fcfs', engine: 'exclusive' },
    levers: { sprint: { speed: 2.5, classes: [kinds[0]!.name] } },
  })
  if (!read.ok) throw new Error(JSON.stringify(read.issues))
  return read.value
}

const two = (high: number): JobKind[] => [
  { name: 'high', scale: 1, share: high },
  { name: 'low', scale: 2.36, share: 1 - high },
]
const three: JobKind[] = [
  { name: 'high', scale: 1, share: 0.2 },
  { name: 'middle', scale: 1.6, share: 0.3 },
  { name: 'low', scale: 2.36, share: 0.5 },
]
const regimes = [
  ...([0.1, 0.5, 0.9] as const).flatMap((high) =>
    ([0.5, 0.8] as const).flatMap((load) =>
      (['constant', 'exponential'] as const).map((tasks) => ({
        mix: `${100 * high}/${100 - 100 * high}`,
        kinds: two(high),
        load,
        tasks,
      })),
    ),
  ),
  ...([0.5, 0.8] as const).flatMap((load) =>
    (['constant', 'exponential'] as const).map((tasks) => ({ mix: '20/30/50', kinds: three, load, tasks })),
  ),
]

const rows: Record<string, unknown>[] = []
const percent = (from: number, to: number): number => Number((100 * (to / from - 1)).toFixed(1))
for (const { mix, kinds, load, tasks } of regimes) {
  const scenario = question(tasks, kinds, load)
  const zeros = kinds.slice(1).map(() => 0)
  const names = ['P', 'NP', `DA(${[...zeros, 20].join(',')})`, 'NPS', `DiAS(${[...zeros, 20].join(',')})`]
  const policies = names.map((name) => {
    const named = namedPolicy(name, scenario)
    if (!named.ok) throw new Error(name)
    return named.policy
  })
  const compared = comparePolicies(scenario, policies, { seed: 7, precision: 0.02, jobsAtMost: 3_000_000 })
  const answers = compared.map(({ outcome }) => (isRefusal(outcome) ? undefined : outcome))
  const [p, np] = [answers[0], answers[1]]
  const mean = (answer: Prediction, i: number): number => answer.classes[i]!.response.mean.value
  const last = kinds.length - 1
  /** Power where an idle slot draws nothing: what is above half of it, since idle is half of busy. */
  const active = (answer: Prediction): number => {
    const { powerWatts, utilisation } = answer.cluster
    return powerWatts!.value - 0.5 * (1 - utilisation.value)
  }
  compared.forEach(({ policy }, i) => {
    const answer = answers[i]
    const against = (base: Prediction | undefined, k: number): number | undefined =>
      base && answer && base !== answer ? percent(mean(base, k), mean(answer, k)) : undefined
    rows.push({
      mix,
      load,
      tasks,
      policy: policy.name,
      'P busy %': p && Number((100 * p.cluster.utilisation.value).toFixed(1)),
      'high s': answer && Number(mean(answer, 0).toPrecision(4)),
      'low s': answer ? Number(mean(answer, last).toPrecision(4)) : 'no steady state',
      'high vs P %': against(p, 0),
      'low vs P %': against(p, last),
      'high vs NP %': against(np, 0),
      'low vs NP %': against(np, last),
      'waste %': answer && Number((100 * answer.cluster.waste.value).toFixed(2)),
      'energy vs P %':
        p && answer && p !== answer ? percent(p.cluster.powerWatts!.value, answer.cluster.powerWatts!.value) : undefined,
      'energy vs P %, no idle power': p && answer && p !== answer ? percent(active(p), active(answer)) : undefined,
    })
  })
  process.stderr.write(`${mix} at ${load}, ${tasks}: done\n`)
}
console.table(rows)
const dias = rows.filter(({ policy }) => String(policy).startsWith('DiAS'))
const held = dias.filter((row) => row['low vs P %'] !== undefined && (row['P busy %'] as number) < 95)
const unheld = dias.filter((row) => row['low vs P %'] === undefined)
const least = (key: string): unknown => held.map((row) => row[key] as number).sort((a, b) => a - b)[0]
const worse = held.filter((row) => (row['high vs P %'] as number) > 0)
process.stdout.write(
  `DiAS against P: low at best ${least('low vs P %')} %, high at best ${least('high vs P %')} %, energy at best ${least('energy vs P %')} % (${least('energy vs P %, no idle power')} % without idle power); ` +
    `high is worse in ${worse.length} of ${held.length} regimes where P is busy less than 95 %; P has no steady state in ${unheld.length} of ${dias.length}\n`,
)
save('quality/dias-shape', rows)
