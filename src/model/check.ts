import { Cluster, slotCount, wattsAtSpeed } from './cluster.js'
import { couldHold, demandOf } from './demand.js'
import { type Issue, shown } from './issue.js'
import { CountLaw, Law } from './law.js'
import { Policy } from './policy.js'
import { AccuracyCurve, Arrival, MarkedProcess, Needs, type Stage, Work } from './workload.js'

/**
 * What must hold of a value beyond its shape. Each check takes the value as it was read, looks only at the parts that have the right
 * shape, and returns every issue with its path.
 */
type Checked = Issue[]
type Node = Record<string, unknown>

const TOLERANCE = 1e-6

function issue(code: string, place: string, message: string, value?: unknown, severity: Issue['severity'] = 'error'): Issue {
  return { code, severity, place, message, ...(value === undefined ? {} : { value: shown(value) }) }
}

function node(value: unknown): Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Node) : {}
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

function sumsToOne(values: readonly number[]): boolean {
  return Math.abs(values.reduce((sum, value) => sum + value, 0) - 1) <= TOLERANCE
}

function checkSum(values: readonly number[], place: string, what: string): Checked {
  return sumsToOne(values)
    ? []
    : [
        issue(
          'not-a-distribution',
          place,
          `${what} must sum to 1`,
          values.reduce((sum, value) => sum + value, 0),
        ),
      ]
}

/** Law: probabilities sum to 1, generators are generators, bounds are in order. */
export function checkLaw(value: unknown, place: string): Checked {
  const parsed = Law.safeParse(value)
  if (!parsed.success) return []
  const law = parsed.data
  switch (law.kind) {
    case 'hyper-erlang':
      return checkSum(
        law.branches.map((branch) => branch.probability),
        `${place}.branches`,
        'probabilities',
      )
    case 'phase-type':
      return [
        ...checkSum(law.initial, `${place}.initial`, 'initial probabilities'),
        ...checkSubGenerator(law.generator, law.initial.length, `${place}.generator`),
      ]
    case 'uniform':
      return law.lowSeconds < law.highSeconds
        ? []
        : [issue('out-of-order', `${place}.highSeconds`, `must be above lowSeconds ${law.lowSeconds}`, law.highSeconds)]
    case 'bounded-pareto':
      return law.lowSeconds < law.highSeconds
        ? []
        : [issue('out-of-order', `${place}.highSeconds`, `must be above lowSeconds ${law.lowSeconds}`, law.highSeconds)]
    case 'empirical': {
      const at = law.seconds.findIndex((seconds, i) => i > 0 && seconds < law.seconds[i - 1]!)
      if (at >= 0)
        return [
          issue(
            'out-of-order',
            `${place}.seconds[${at}]`,
            `values must ascend, the one before is ${law.seconds[at - 1]}`,
            law.seconds[at],
          ),
        ]
      return law.seconds.at(-1)! > 0
        ? []
        : [issue('zero-service', `${place}.seconds`, 'every value is 0: such a job takes no time')]
    }
    default:
      return []
  }
}

function checkSubGenerator(rows: readonly (readonly number[])[], order: number, place: string): Checked {
  const found: Checked = []
  if (rows.length !== order) found.push(issue('wrong-shape', place, `needs ${order} rows, one a phase`, rows.length))
  let leaves = false
  rows.forEach((row, i) => {
    if (row.length !== rows.length) found.push(issue('wrong-shape', `${place}[${i}]`, `needs ${rows.length} columns`, row.length))
    const diagonal = row[i] ?? 0
    if (diagonal >= 0) found.push(issue('not-a-generator', `${place}[${i}][${i}]`, 'the diagonal must be below 0', diagonal))
    row.forEach((rate, j) => {
      if (i !== j && rate < 0)
        found.push(issue('not-a-generator', `${place}[${i}][${j}]`, 'a rate off the diagonal must not be negative', rate))
    })
    const sum = row.reduce((a, b) => a + b, 0)
    const scale = Math.max(Math.abs(diagonal), Number.MIN_VALUE)
    if (sum > TOLERANCE * scale) found.push(issue('not-a-generator', `${place}[${i}]`, 'a row must not sum to more than 0', sum))
    if (sum < -TOLERANCE * scale) leaves = true
  })
  if (found.length === 0 && !leaves)
    found.push(issue('not-a-generator', place, 'no row sums to less than 0, so a time would never end'))
  return found
}

type Rows = readonly (readonly number[])[]

function checkMap(d0: Rows, d1: Rows, place: string): Checked {
  return checkMarked(d0, [[`${place}.d1`, d1]], place)
}

/** One generator in parts: d0 without arrivals, the others each with arrivals of a kind. */
function checkMarked(d0: Rows, marked: readonly (readonly [string, Rows])[], place: string): Checked {
  const found: Checked = []
  for (const [at, rows] of marked)
    if (d0.length !== rows.length) found.push(issue('wrong-shape', at, `needs ${d0.length} rows like d0`, rows.length))
  d0.forEach((row, i) => {
    if (row.length !== d0.length) found.push(issue('wrong-shape', `${place}.d0[${i}]`, `needs ${d0.length} columns`, row.length))
    for (const [at, rows] of marked) {
      const other = rows[i] ?? []
      if (other.length !== d0.length) found.push(issue('wrong-shape', `${at}[${i}]`, `needs ${d0.length} columns`, other.length))
      other.forEach((rate, j) => {
        if (rate < 0) found.push(issue('not-a-generator', `${at}[${i}][${j}]`, 'a rate must not be negative', rate))
      })
    }
    row.forEach((rate, j) => {
      if (i !== j && rate < 0)
        found.push(issue('not-a-generator', `${place}.d0[${i}][${j}]`, 'a rate off the diagonal must not be negative', rate))
    })
    const sum = [...row, ...marked.flatMap(([, rows]) => rows[i] ?? [])].reduce((a, b) => a + b, 0)
    if (Math.abs(sum) > TOLERANCE * Math.max(Math.abs(row[i] ?? 0), Number.MIN_VALUE)) {
      found.push(issue('not-a-generator', `${place}.d0[${i}]`, 'rows of d0 and d1 together must sum to 0', sum))
    }
  })
  return found
}

function checkCount(value: unknown, place: string): Checked {
  const parsed = CountLaw.safeParse(value)
  if (!parsed.success || typeof parsed.data === 'number') return []
  const { counts, probabilities } = parsed.data
  if (counts.length !== probabilities.length)
    return [issue('wrong-shape', `${place}.probabilities`, `needs ${counts.length}, one a count`, probabilities.length)]
  return checkSum(probabilities, `${place}.probabilities`, 'probabilities')
}

/** The largest count that a count law can draw, or undefined where it has not the right shape. */
function largestCount(value: unknown): number | undefined {
  const parsed = CountLaw.safeParse(value)
  if (!parsed.success) return undefined
  return typeof parsed.data === 'number' ? parsed.data : Math.max(...parsed.data.counts)
}

function checkArrival(value: unknown, place: string, hasTrace: boolean): Checked {
  if (node(value)['kind'] === 'replay' && !hasTrace)
    return [issue('missing-trace', place, '`replay` needs the workload’s `trace`')]
  const parsed = Arrival.safeParse(value)
  if (!parsed.success) return []
  const arrival = parsed.data
  if (arrival.kind === 'renewal') return checkLaw(arrival.interarrival, `${place}.interarrival`)
  if (arrival.kind === 'map') return checkMap(arrival.d0, arrival.d1, place)
  if (arrival.kind === 'time-of-day' && arrival.ratePerSecond.every((rate) => rate === 0)) {
    return [issue('no-arrivals', `${place}.ratePerSecond`, 'every rate is 0: no job would ever come')]
  }
  return []
}

function checkWork(value: unknown, place: string, hasTrace: boolean): Checked {
  const work = node(value)
  if (work['kind'] === 'replay' && !hasTrace) return [issue('missing-trace', place, '`replay` needs the workload’s `trace`')]
  if (work['kind'] === 'array')
    return [...checkCount(work['tasks'], `${place}.tasks`), ...checkLaw(work['taskTime'], `${place}.taskTime`)]
  if (work['kind'] === 'gang') {
    const needs = node(work['needs'])
    const nothing =
      work['slots'] === 0 && !(needs['per'] === 'job' && (Number(needs['cpus']) > 0 || Number(needs['memoryMib']) > 0))
    return [
      ...(nothing
        ? [issue('asks-nothing', `${place}.slots`, 'a job without slots needs CPUs or memory: `needs` with `per: job`', 0)]
        : []),
      ...checkCount(work['slots'], `${place}.slots`),
      ...checkLaw(work['runTime'], `${place}.runTime`),
      ...list(work['runTimeBySlots']).flatMap((raw, i, all): Checked => {
        const at = `${place}.runTimeBySlots[${i}]`
        const [bound, before] = [node(raw)['slotsAtMost'], node(all[i - 1])['slotsAtMost']]
        const order = typeof bound === 'number' && typeof before === 'number' && bound <= before
        return [
          ...(order
            ? [issue('out-of-order', `${at}.slotsAtMost`, `bounds must ascend, the one before is ${before}`, bound)]
            : []),
          ...checkLaw(node(raw)['runTime'], `${at}.runTime`),
        ]
      }),
    ]
  }
  const found: Checked = []
  const names = new Set<string>()
  list(work['stages']).forEach((raw, i) => {
    const stage = node(raw)
    const at = `${place}.stages[${i}]`
    found.push(
      ...checkCount(stage['tasks'], `${at}.tasks`),
      ...checkLaw(stage['taskTime'], `${at}.taskTime`),
      ...checkLaw(stage['setup'], `${at}.setup`),
    )
    const name = stage['name']
    if (typeof name === 'string') {
      if (names.has(name)) found.push(issue('duplicate-name', `${at}.name`, 'another stage of this class has this name', name))
      names.add(name)
    }
  })
  return found
}

function checkAccuracy(value: unknown, place: string): Checked {
  const parsed = AccuracyCurve.safeParse(value)
  if (!parsed.success) return []
  const found: Checked = []
  parsed.data.points.forEach((point, i, points) => {
    const before = points[i - 1]
    if (!before) return
    if (point.dropRatio <= before.dropRatio) {
      found.push(
        issue(
          'out-of-order',
          `${place}.points[${i}].dropRatio`,
          `drop ratios must ascend, the one before is ${before.dropRatio}`,
          point.dropRatio,
        ),
      )
    } else if (point.loss < before.loss) {
      found.push(
        issue(
          'not-monotone',
          `${place}.points[${i}].loss`,
          `dropping more cannot lose less: the point before loses ${before.loss}`,
          point.loss,
        ),
      )
    }
  })
  return found
}

/** The marked process and the classes that it brings: each has the other. */
function checkMarks(workload: Node, base: string): Checked {
  const found: Checked = []
  const process = MarkedProcess.safeParse(workload['arrivals'])
  const names: string[] = []
  list(workload['classes']).forEach((raw, i) => {
    const { name, arrival } = node(raw)
    if (typeof name !== 'string' || node(arrival)['kind'] !== 'marked') return
    names.push(name)
    const place = `${base}classes[${i}].arrival`
    if (workload['arrivals'] === undefined)
      found.push(issue('missing-process', place, '`marked` needs the workload’s `arrivals`'))
    else if (process.success && !process.data.d1[name]?.some((row) => row.some((rate) => rate > 0)))
      found.push(issue('no-arrivals', `${base}arrivals.d1.${name}`, 'the class is `marked` and no move of the process brings it'))
  })
  if (!process.success) return found
  const { d0, d1 } = process.data
  for (const name of Object.keys(d1))
    if (!names.includes(name))
      found.push(
        issue('unknown-class', `${base}arrivals.d1.${name}`, 'there is no class of this name whose arrival is `marked`', name),
      )
  const marked = Object.entries(d1).map(([name, rows]) => [`${base}arrivals.d1.${name}`, rows] as const)
  return [...found, ...checkMarked(d0, marked, `${base}arrivals`)]
}

function checkPhases(jobClass: Node, place: string): Checked {
  const phases = list(jobClass['phases'])
  const shares = phases.map((phase) => node(phase)['share'])
  if (phases.length === 0 || !shares.every((share) => typeof share === 'number')) return []
  const found = checkSum(shares as number[], `${place}.phases`, 'shares')
  const stage = list(node(jobClass['work'])['stages']).findIndex((one) => node(one)['processorBound'] !== undefined)
  if (stage >= 0)
    found.push(
      issue(
        'contradiction',
        `${place}.work.stages[${stage}].processorBound`,
        'the class has phases already: say how work answers a sprint by phases or by stages',
      ),
    )
  return found
}

export function checkWorkload(value: unknown, base = ''): Checked {
  const workload = node(value)
  const hasTrace = workload['trace'] !== undefined
  const found: Checked = []
  found.push(...checkMarks(workload, base))
  const seen = new Map<string, number>()
  list(workload['classes']).forEach((raw, i) => {
    const jobClass = node(raw)
    const place = `${base}classes[${i}]`
    const name = jobClass['name']
    if (typeof name === 'string') {
      if (seen.has(name))
        found.push(issue('duplicate-name', `${place}.name`, `${base}classes[${seen.get(name)}] has this name already`, name))
      else seen.set(name, i)
    }
    found.push(
      ...checkArrival(jobClass['arrival'], `${place}.arrival`, hasTrace),
      ...checkWork(jobClass['work'], `${place}.work`, hasTrace),
      ...checkAccuracy(jobClass['accuracy'], `${place}.accuracy`),
      ...checkPhases(jobClass, place),
    )
    const replays = [node(jobClass['arrival'])['kind'] === 'replay', node(jobClass['work'])['kind'] === 'replay']
    if (replays[1] && !replays[0])
      found.push(issue('half-replay', `${place}.work`, 'replayed work needs replayed arrivals, job by job'))
  })
  return found
}

export function checkCluster(value: unknown, base = ''): Checked {
  const cluster = node(value)
  const power = node(cluster['power'])
  const [idle, busy, sprint] = [power['idleWatts'], power['busyWatts'], power['sprintWatts']]
  const found: Checked = []
  if (typeof idle === 'number' && typeof busy === 'number' && busy < idle) {
    found.push(issue('out-of-order', `${base}power.busyWatts`, `must not be below idleWatts ${idle}`, busy))
  }
  if (typeof busy === 'number' && typeof sprint === 'number' && sprint < busy) {
    found.push(issue('out-of-order', `${base}power.sprintWatts`, `must not be below busyWatts ${busy}`, sprint))
  }
  const nodes = list(cluster['nodes']).map(node)
  nodes.forEach((group, i) => {
    if (group['slots'] === 0 && group['cpus'] === undefined && group['memoryMib'] === undefined)
      found.push(
        issue('empty-node', `${base}nodes[${i}]`, 'a node without slots must say how many CPUs or how much memory it has'),
      )
  })
  if (nodes.length > 0 && nodes.every((group) => group['slots'] === 0))
    found.push(issue('no-slots', `${base}nodes`, 'no node has a slot: where there are no GPUs, slots are processors'))
  let before: [number, number] = [1, typeof busy === 'number' ? busy : 0]
  list(power['levels']).forEach((raw, i) => {
    const { speed, watts } = node(raw)
    if (typeof speed !== 'number' || typeof watts !== 'number') return
    const place = `${base}power.levels[${i}]`
    if (speed <= before[0])
      found.push(issue('out-of-order', `${place}.speed`, `speeds must ascend from 1, the one before is ${before[0]}`, speed))
    if (watts < before[1])
      found.push(issue('out-of-order', `${place}.watts`, `a faster speed cannot draw less than the ${before[1]} W before`, watts))
    before = [speed, watts]
  })
  return found
}

export function checkPolicy(value: unknown, base = ''): Checked {
  const policy = node(value)
  return checkSprint(node(policy['sprint']), policy['engine'] === 'exclusive', `${base}sprint.`)
}

/** Of the sprints that a plan may choose from: each speed and each budget. */
function checkSprintLever(cluster: unknown, sharedBy: 'one' | 'slots', lever: Node): Checked {
  const base = 'levers.sprint.'
  const speeds = [lever['speed'], ...list(lever['otherSpeeds'])].filter((speed) => typeof speed === 'number')
  const fastest = speeds.length > 0 ? { speed: Math.max(...speeds) } : {}
  const found = [
    ...checkSprint({ ...lever, ...fastest }, sharedBy === 'one', base),
    ...checkSprintOn(cluster, sharedBy, lever, base),
  ]
  list(lever['otherBudgets']).forEach((budget, i) => {
    const other = { speed: lever['speed'], budget }
    for (const one of [...checkSprint(other, sharedBy === 'one', base), ...checkSprintOn(cluster, sharedBy, other, base)])
      if (one.place.startsWith(`${base}budget.`))
        found.push({ ...one, place: one.place.replace('budget.', `otherBudgets[${i}].`) })
  })
  return found
}

/** Of a sprint alone: a bucket that can start a sprint, that can run out and that says how it fills; steps that climb. */
function checkSprint(sprint: Node, exclusive: boolean, base: string): Checked {
  const found: Checked = []
  const budget = node(sprint['budget'])
  const joules = budget['joules'] !== undefined
  const [unit, fill] = joules ? ['joules', 'refillWatts'] : ['seconds', 'refillPerSecond']
  const threshold = joules ? 'onThresholdJoules' : 'onThresholdSeconds'
  const [size, refill, window, least] = [budget[unit], budget[fill], budget['windowSeconds'], budget[threshold]]
  const at = (field: string): string => `${base}budget.${field}`
  if (joules && budget['seconds'] !== undefined)
    found.push(issue('contradiction', at('joules'), 'a budget is in seconds or in joules: give one of them', budget['joules']))
  if (typeof size === 'number' && typeof least === 'number' && least > size)
    found.push(
      issue('out-of-order', at(threshold), `the bucket holds only ${size} ${unit}, so no sprint would ever start`, least),
    )
  if (typeof size === 'number' && refill === undefined && window === undefined)
    found.push(issue('missing-field', at(fill), `say how the bucket fills: ${fill} (0 for never) or windowSeconds`))
  if (typeof refill === 'number' && refill > 0 && window !== undefined)
    found.push(
      issue('contradiction', at('windowSeconds'), `the bucket fills little by little (${fill}) or all at once: give one`, window),
    )
  if (!joules && exclusive) {
    // one job at a time drains one second a second at most
    if (typeof refill === 'number' && refill >= 1)
      found.push(
        issue(
          'unlimited-budget',
          at(fill),
          'one job at a time never drains what is refilled so fast: leave the budget out',
          refill,
        ),
      )
    if (typeof size === 'number' && typeof window === 'number' && size >= window)
      found.push(
        issue('unlimited-budget', at('windowSeconds'), `a bucket of ${size} s is never empty within this: leave it out`, window),
      )
  }
  let [time, speed] = [0, Number(sprint['speed'])]
  list(sprint['steps']).forEach((raw, i) => {
    const step = node(raw)
    const [after, then] = [step['afterSeconds'], step['speed']]
    if (typeof after === 'number' && after <= time)
      found.push(issue('out-of-order', `${base}steps[${i}].afterSeconds`, `times must ascend, the one before is ${time}`, after))
    if (typeof then === 'number' && then <= speed)
      found.push(issue('out-of-order', `${base}steps[${i}].speed`, `speeds must ascend, the one before is ${speed}`, then))
    if (typeof after === 'number') time = after
    if (typeof then === 'number') speed = then
  })
  return found
}

/** Of a sprint on this cluster: power where joules are counted, speeds that have their watts, a drain that the refill does not outrun. */
function checkSprintOn(value: unknown, sharedBy: 'one' | 'slots', sprint: Node, base: string): Checked {
  const cluster = Cluster.safeParse(value)
  if (!cluster.success) return []
  const { power } = cluster.data
  const found: Checked = []
  const budget = node(sprint['budget'])
  const speeds: [string, unknown][] = [
    [`${base}speed`, sprint['speed']],
    ...list(sprint['otherSpeeds']).map((speed, i): [string, unknown] => [`${base}otherSpeeds[${i}]`, speed]),
    ...list(sprint['steps']).map((step, i): [string, unknown] => [`${base}steps[${i}].speed`, node(step)['speed']]),
  ]
  const top = power?.levels?.at(-1)
  for (const [place, speed] of speeds)
    if (top !== undefined && typeof speed === 'number' && speed > top.speed)
      found.push(
        issue('unknown-speed', place, `cluster.power.levels ends at speed ${top.speed}: say what a faster one draws`, speed),
      )
  const { joules, refillWatts, windowSeconds: window, refillPerSecond } = budget
  const delay = sprint['toggleOffDelaySeconds']
  if (typeof joules === 'number') {
    if (power === undefined)
      return [
        ...found,
        issue('missing-power', `${base}budget.joules`, 'joules need cluster.power: what idle, busy and sprinting draw', joules),
      ]
    const extra = Math.max(
      ...speeds.map(([, speed]) => (typeof speed === 'number' ? wattsAtSpeed(power, speed) - power.busyWatts : 0)),
    )
    if (!(extra > 0))
      return [
        ...found,
        issue(
          'unlimited-budget',
          `${base}budget.joules`,
          'a sprint here draws no more than normal speed, so nothing is ever drained',
          joules,
        ),
      ]
    if (typeof refillWatts === 'number' && refillWatts >= extra)
      found.push(
        issue(
          'unlimited-budget',
          `${base}budget.refillWatts`,
          `the whole cluster at sprint speed draws ${extra} W more, never as much as is refilled: leave the budget out`,
          refillWatts,
        ),
      )
    if (typeof window === 'number' && joules >= extra * window)
      found.push(
        issue(
          'unlimited-budget',
          `${base}budget.windowSeconds`,
          `${joules} J are never used up within this: leave the budget out`,
          window,
        ),
      )
    if (typeof delay === 'number' && sharedBy === 'one' && delay * extra > joules)
      found.push(
        issue(
          'out-of-order',
          `${base}toggleOffDelaySeconds`,
          `ending a sprint alone would take more than the ${joules} J`,
          delay,
        ),
      )
    return found
  }
  const slots = slotCount(cluster.data)
  if (sharedBy === 'slots' && typeof refillPerSecond === 'number' && refillPerSecond >= slots)
    found.push(
      issue(
        'unlimited-budget',
        `${base}budget.refillPerSecond`,
        `${slots} jobs at once never drain what is refilled so fast: leave the budget out`,
        refillPerSecond,
      ),
    )
  const { seconds } = budget
  if (sharedBy === 'slots' && typeof seconds === 'number' && typeof window === 'number' && seconds >= slots * window)
    found.push(
      issue(
        'unlimited-budget',
        `${base}budget.windowSeconds`,
        `${seconds} s are never used up within this: leave the budget out`,
        window,
      ),
    )
  if (typeof seconds === 'number' && typeof delay === 'number' && delay > seconds)
    found.push(
      issue('out-of-order', `${base}toggleOffDelaySeconds`, `ending a sprint alone would take more than the ${seconds} s`, delay),
    )
  return found
}

export function checkGoal(value: unknown, base = ''): Checked {
  const found: Checked = []
  for (const [name, raw] of Object.entries(node(node(value)['classes']))) {
    const goal = node(raw)
    const [p95, p99] = [goal['p95ResponseSeconds'], goal['p99ResponseSeconds']]
    if (typeof p95 === 'number' && typeof p99 === 'number' && p99 < p95) {
      found.push(
        issue(
          'contradiction',
          `${base}classes.${name}.p99ResponseSeconds`,
          `p99 cannot be below the p95 target ${p95}: drop one of them`,
          p99,
          'warning',
        ),
      )
    }
  }
  return found
}

export function checkScenario(value: unknown): Checked {
  const scenario = node(value)
  const workload = node(scenario['workload'])
  const found = [
    ...checkWorkload(workload, 'workload.'),
    ...checkCluster(scenario['cluster'], 'cluster.'),
    ...checkPolicy(scenario['policy'], 'policy.'),
    ...checkGoal(scenario['goal'], 'goal.'),
  ]
  const classes = new Map<string, Node>()
  for (const raw of list(workload['classes'])) {
    const name = node(raw)['name']
    if (typeof name === 'string') classes.set(name, node(raw))
  }
  const known = [...classes.keys()].join(', ')
  const reference = (name: string, place: string): void => {
    if (!classes.has(name)) found.push(issue('unknown-class', place, `no such class; there are ${known}`, name))
  }

  const policy = node(scenario['policy'])
  for (const [name, ratio] of Object.entries(node(policy['drop']))) {
    reference(name, `policy.drop.${name}`)
    const jobClass = classes.get(name)
    if (jobClass) found.push(...checkDrop(jobClass, ratio, `policy.drop.${name}`))
  }
  for (const name of Object.keys(node(node(policy['sprint'])['timeoutSeconds'])))
    reference(name, `policy.sprint.timeoutSeconds.${name}`)
  const sharedBy = policy['engine'] === 'exclusive' ? 'one' : 'slots'
  found.push(...checkSprintOn(scenario['cluster'], sharedBy, node(policy['sprint']), 'policy.sprint.'))
  const lever = node(node(scenario['levers'])['sprint'])
  found.push(...checkSprintLever(scenario['cluster'], sharedBy, lever))
  for (const name of Object.keys(node(node(scenario['goal'])['classes']))) reference(name, `goal.classes.${name}`)
  const levers = node(scenario['levers'])
  for (const [name, most] of Object.entries(node(levers['dropRatioAtMost']))) {
    reference(name, `levers.dropRatioAtMost.${name}`)
    const jobClass = classes.get(name)
    if (jobClass) found.push(...checkDrop(jobClass, most, `levers.dropRatioAtMost.${name}`))
  }
  list(node(levers['sprint'])['classes']).forEach((name, i) => {
    if (typeof name === 'string') reference(name, `levers.sprint.classes[${i}]`)
  })

  const cluster = Cluster.safeParse(scenario['cluster'])
  if (cluster.success) found.push(...goalAgainstCluster(node(scenario['goal']), cluster.data))
  const placement = Policy.shape.placement.safeParse(policy['placement'])
  if (cluster.success && placement.success) {
    list(workload['classes']).forEach((raw, i) => {
      const place = `workload.classes[${i}].work`
      const work = node(node(raw)['work'])
      const exclusive = policy['engine'] === 'exclusive'
      found.push(...impossible(cluster.data, exclusive ? 'pool' : placement.data, work, place))
    })
  }
  return found
}

/** Goals that no policy can meet on this cluster, or that nothing on it can be held against. */
function goalAgainstCluster(goal: Node, { power, costPerSlotHour, costPerKilowattHour }: Cluster): Checked {
  const found: Checked = []
  const cap = goal['powerWattsAtMost']
  if (typeof cap === 'number' && power === undefined)
    found.push(
      issue(
        'contradiction',
        'goal.powerWattsAtMost',
        'is a cap, but the cluster does not say its power: give cluster.power',
        cap,
      ),
    )
  else if (typeof cap === 'number' && power !== undefined && cap < power.idleWatts)
    found.push(
      issue(
        'contradiction',
        'goal.powerWattsAtMost',
        `is below what the cluster draws with nothing running (${power.idleWatts} W)`,
        cap,
      ),
    )
  if (goal['minimise'] === 'energy' && power === undefined)
    found.push(
      issue('contradiction', 'goal.minimise', 'energy cannot be least where nothing says it: give cluster.power', 'energy'),
    )
  if (goal['minimise'] === 'cost' && costPerSlotHour === undefined && (costPerKilowattHour === undefined || power === undefined))
    found.push(
      issue(
        'contradiction',
        'goal.minimise',
        'cost cannot be least where nothing says it: give cluster.costPerSlotHour, or cluster.costPerKilowattHour with cluster.power',
        'cost',
      ),
    )
  return found
}

/** Demands that the empty cluster could not hold, each where it is made. */
function impossible(cluster: Cluster, placement: Policy['placement'], work: Node, place: string): Checked {
  const look = (slots: number | undefined, raw: unknown, at: string, slotsAt: string): Checked => {
    const parsed = Needs.optional().safeParse(raw)
    if (slots === undefined || !parsed.success) return []
    const needs = parsed.data
    const demand = demandOf(slots, needs)
    if (couldHold(cluster, placement, demand)) return []
    if (!couldHold(cluster, placement, { slots, cpus: 0, memoryMib: 0 })) {
      const all = slotCount(cluster)
      const where =
        slots > all
          ? `the cluster has ${all} slots in all`
          : `${placement} on this cluster’s nodes, there are never so many together`
      return [issue('impossible-gang', slotsAt, `${where}, so such a job never starts`, slots)]
    }
    const alone = (['cpus', 'memoryMib'] as const).filter(
      (one) => !couldHold(cluster, placement, { slots, cpus: 0, memoryMib: 0, [one]: demand[one] }),
    )
    const never = placement === 'pool' ? 'the cluster has less in all' : 'its nodes never have so much beside the slots'
    if (alone.length === 0)
      return [
        issue(
          'impossible-needs',
          `${at}.needs`,
          `no node has slots, CPUs and memory for it together, so such a job never starts`,
        ),
      ]
    return alone.map((one) =>
      issue('impossible-needs', `${at}.needs.${one}`, `${demand[one]} in all: ${never}, so such a job never starts`, needs![one]),
    )
  }
  if (work['kind'] === 'gang') {
    const slots = work['slots'] === 0 ? 0 : largestCount(work['slots'])
    return look(slots, work['needs'], place, `${place}.slots`)
  }
  if (work['kind'] === 'array') {
    const slots = work['slotsPerTask'] ?? 1
    return look(typeof slots === 'number' ? slots : undefined, work['needs'], place, `${place}.slotsPerTask`)
  }
  if (work['kind'] !== 'stages') return []
  return list(work['stages']).flatMap((raw, s) => {
    const at = `${place}.stages[${s}]`
    return look(1, node(raw)['needs'], at, at)
  })
}

function checkDrop(jobClass: Node, ratio: unknown, place: string): Checked {
  const work = Work.safeParse(jobClass['work'])
  if (!work.success) return []
  if (work.data.kind === 'array') {
    if (typeof ratio === 'object')
      return [issue('unknown-stage', place, 'the tasks of an array are all alike: give one ratio', ratio)]
    return work.data.droppable || ratio === 0
      ? []
      : [issue('not-droppable', place, 'tasks of this array may not be dropped', ratio)]
  }
  if (work.data.kind !== 'stages') {
    if (typeof ratio === 'object')
      return [issue('unknown-stage', place, 'the jobs of this class have no stages: give one ratio', ratio)]
    return work.data.divisible || ratio === 0
      ? []
      : [
          issue(
            'not-divisible',
            place,
            'the jobs of this class cannot run on a share of their data: say `divisible: true` where they can',
            ratio,
          ),
        ]
  }
  const stages = new Map(work.data.stages.map((stage): [string, Stage] => [stage.name, stage]))
  if (typeof ratio !== 'object' || ratio === null) return []
  return Object.entries(ratio).flatMap(([name, share]): Checked => {
    const stage = stages.get(name)
    if (!stage)
      return [issue('unknown-stage', `${place}.${name}`, `no such stage; there are ${[...stages.keys()].join(', ')}`, name)]
    return stage.droppable || share === 0
      ? []
      : [issue('not-droppable', `${place}.${name}`, 'tasks of this stage may not be dropped', share)]
  })
}
