import {
  type AccuracyCurve,
  accuracyLoss,
  type CountLaw,
  type JobClass,
  type Levers,
  type Policy,
  type Scenario,
  type Sprint,
  slotCount,
  waveBoundaries,
} from '../model/index.js'

const DROP_STEP = 0.05
const DROPS_PER_CLASS = 9

/** Levers where a scenario names none: the discipline in force or strict priority without preemption; nothing dropped, nobody sprints. */
function leversOf(scenario: Scenario): Levers {
  if (scenario.levers) return scenario.levers
  const disciplines: NonNullable<Levers['disciplines']> = [scenario.policy.discipline]
  if (!disciplines.includes('priority-nonpreemptive')) disciplines.push('priority-nonpreemptive')
  return { disciplines }
}

/**
 * Drop ratios worth trying for a class, ascending, 0 first: multiples of 0.05, the wave boundaries 1 − wC/n of every stage or array of fixed size on an
 * exclusive engine, of an array with a limit of its own on any (between two of them nothing is gained when task times are near-constant), and the largest
 * allowed. C is how many tasks run side by side. None above what the levers allow or what the goal’s accuracy floor bears; at most nine, spread evenly.
 */
export function dropRatios(scenario: Scenario, jobClass: JobClass): number[] {
  const lever = leversOf(scenario).dropRatioAtMost?.[jobClass.name] ?? 0
  const floor = scenario.goal?.classes[jobClass.name]?.accuracyLossAtMost ?? 0
  const most = Math.min(lever, largestDrop(jobClass.accuracy, floor))
  if (!(most > 0)) return [0]
  const found = new Set([0, most])
  for (let i = 1; i * DROP_STEP < most; i++) found.add(Math.round(i * DROP_STEP * 1e6) / 1e6)
  for (const boundary of boundaries(scenario, jobClass, most)) if (boundary < most) found.add(boundary)
  const ascending = [...found].sort((a, b) => a - b)
  if (ascending.length <= DROPS_PER_CLASS) return ascending
  return Array.from(
    { length: DROPS_PER_CLASS },
    (_, i) => ascending[Math.round((i * (ascending.length - 1)) / (DROPS_PER_CLASS - 1))]!,
  )
}

/** The largest drop ratio whose loss is at most `lossAtMost`: 0 without a curve, since an unknown loss is not a small one. */
export function largestDrop(curve: AccuracyCurve | undefined, lossAtMost: number): number {
  if (curve === undefined || lossAtMost <= 0) return 0
  let [low, high] = [0, 0.99]
  if (accuracyLoss(curve, high).value <= lossAtMost) return high
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2
    if (accuracyLoss(curve, middle).value <= lossAtMost) low = middle
    else high = middle
  }
  return Math.floor(low * 1e4) / 1e4
}

function boundaries({ cluster, policy }: Scenario, { work }: JobClass, most: number): number[] {
  const slots = slotCount(cluster)
  const exclusive = policy.engine === 'exclusive'
  if (work.kind === 'array') {
    const lanes = Math.max(1, Math.floor(slots / work.slotsPerTask))
    const limited = work.runningAtMost !== undefined && work.runningAtMost < lanes
    if (!work.droppable || !(exclusive || limited)) return []
    return counts(work.tasks).flatMap((tasks) => waveBoundaries(tasks, limited ? work.runningAtMost! : lanes, most))
  }
  if (work.kind !== 'stages' || !exclusive) return []
  const sizes = work.stages.filter((stage) => stage.droppable).flatMap((stage) => counts(stage.tasks))
  return sizes.flatMap((tasks) => waveBoundaries(tasks, slots, most))
}

function counts(law: CountLaw): readonly number[] {
  return typeof law === 'number' ? [law] : law.counts
}

/** How many candidates the first look may have; more classes then get coarser grids of drop ratios, which the search refines where it matters. */
const CANDIDATES_AT_MOST = 120

/**
 * Policies to compare: every discipline × drop ratio a class × sprint timeout that the levers allow. `serviceSeconds` (mean service by class,
 * from the policy in force) sets the scale of the timeouts: never, at once, and ¼, ½, 1, 2 times the mean service of the sprinting classes.
 */
export function candidatePolicies(
  scenario: Scenario,
  serviceSeconds: ReadonlyMap<string, number>,
  atMost = CANDIDATES_AT_MOST,
): Policy[] {
  const levers = leversOf(scenario)
  const disciplines = levers.disciplines ?? [scenario.policy.discipline]
  const classes = scenario.workload.classes
  const sprints = sprintsOf(scenario, levers, serviceSeconds)
  const grids = thinned(
    classes.map((jobClass) => dropRatios(scenario, jobClass)),
    atMost / (disciplines.length * sprints.length),
  )
  const drops = product(grids)
  return disciplines.flatMap((discipline) =>
    drops.flatMap((ratios) =>
      sprints.map((sprint) =>
        policyOf(scenario.policy, discipline, Object.fromEntries(classes.map((c, i) => [c.name, ratios[i]!])), sprint, levers),
      ),
    ),
  )
}

/** Grids with inner points taken out, the longest first, until there are no more than `atMost` combinations; the ends stay. */
function thinned(grids: readonly (readonly number[])[], atMost: number): (readonly number[])[] {
  const kept = [...grids]
  for (;;) {
    const longest = kept.reduce((best, grid, i) => (grid.length > kept[best]!.length ? i : best), 0)
    const grid = kept[longest]!
    if (grid.length <= 2 || kept.reduce((all, { length }) => all * length, 1) <= atMost) return kept
    const fewer = Math.max(2, Math.ceil(grid.length / 2))
    kept[longest] = Array.from({ length: fewer }, (_, i) => grid[Math.round((i * (grid.length - 1)) / (fewer - 1))]!)
  }
}

/**
 * The neighbours of a policy: one class’s drop ratio a step up or down its full grid; all sprint timeouts, or one class’s, a quarter up or down;
 * one class at once, or out of the sprint, which leaves its share of the budget to the others; the next speed or budget that the levers name.
 */
export function neighbours(scenario: Scenario, policy: Policy): Policy[] {
  const levers = leversOf(scenario)
  const moved: Policy[] = policy.sprint ? sprintNeighbours(levers, policy, policy.sprint) : []
  for (const jobClass of scenario.workload.classes) {
    const grid = dropRatios(scenario, jobClass)
    const ratio = policy.drop[jobClass.name] ?? 0
    const at = typeof ratio === 'number' ? grid.findIndex((value) => value >= ratio - 1e-12) : -1
    if (at < 0) continue
    for (const next of [grid[at - 1], grid[at + 1]]) {
      if (next !== undefined)
        moved.push(policyOf(policy, policy.discipline, { ...policy.drop, [jobClass.name]: next }, policy.sprint, levers))
    }
  }
  return moved
}

function sprintNeighbours(levers: Levers, policy: Policy, sprint: Sprint): Policy[] {
  const timeouts = Object.entries(sprint.timeoutSeconds)
  const moved: Sprint[] = [0.75, 1.25].map((factor) => ({
    ...sprint,
    timeoutSeconds: Object.fromEntries(timeouts.map(([name, seconds]) => [name, rounded(seconds * factor)])),
  }))
  if (timeouts.length > 1) {
    for (const [name, seconds] of timeouts) {
      for (const next of seconds === 0 ? [] : [0, rounded(seconds * 0.75), rounded(seconds * 1.25)])
        moved.push({ ...sprint, timeoutSeconds: { ...sprint.timeoutSeconds, [name]: next } })
      moved.push({ ...sprint, timeoutSeconds: Object.fromEntries(timeouts.filter(([other]) => other !== name)) })
    }
  }
  if (levers.sprint) {
    const speeds = speedsOf(levers.sprint)
    const at = speeds.indexOf(sprint.speed)
    for (const speed of [speeds[at - 1], speeds[at + 1]]) if (speed !== undefined) moved.push({ ...sprint, speed })
    for (const budget of budgetsOf(levers.sprint))
      if (budget && JSON.stringify(budget) !== JSON.stringify(sprint.budget)) moved.push({ ...sprint, budget })
  }
  return moved.map((next) => policyOf(policy, policy.discipline, policy.drop, next, levers))
}

/** Speeds that the lever allows, ascending. */
function speedsOf({ speed, otherSpeeds = [] }: NonNullable<Levers['sprint']>): number[] {
  return [...new Set([speed, ...otherSpeeds])].sort((a, b) => a - b)
}

/** Budgets that the lever allows; undefined: without limit. */
function budgetsOf({ budget, otherBudgets = [] }: NonNullable<Levers['sprint']>): Sprint['budget'][] {
  return [budget, ...otherBudgets]
}

/** The same policy under every other discipline that the levers allow, and with the sprint begun (at once) or ended: steps from one kind of policy to another. */
export function otherKinds(scenario: Scenario, policy: Policy): Policy[] {
  const levers = leversOf(scenario)
  const { discipline, drop, sprint } = policy
  const disciplines = (levers.disciplines ?? []).filter((other) => other !== discipline)
  const toggled = sprint
    ? [undefined]
    : sprintsOf(scenario, levers, new Map())
        .filter((one) => one !== undefined)
        .slice(0, 1)
  return [
    ...disciplines.map((other) => policyOf(policy, other, drop, sprint, levers)),
    ...(levers.sprint ? toggled.map((next) => policyOf(policy, discipline, drop, next, levers)) : []),
  ]
}

/** What a policy does, names aside, as a key. */
export function leversKey({ discipline, engine, placement, drop, sprint }: Policy): string {
  return JSON.stringify([discipline, engine, placement, Object.entries(drop).sort(), sprint ?? null])
}

/** Do two policies do the same? Names aside. */
export function sameLevers(a: Policy, b: Policy): boolean {
  return leversKey(a) === leversKey(b)
}

function sprintsOf(
  scenario: Scenario,
  levers: Levers,
  serviceSeconds: ReadonlyMap<string, number>,
): (Policy['sprint'] | undefined)[] {
  const inForce = scenario.policy.sprint
  const lever = levers.sprint
  if (!lever) return [inForce]
  const { speed: _speed, otherSpeeds: _others, budget: _budget, otherBudgets: _more, classes, ...rest } = lever
  const scales = [0, 0.25, 0.5, 1, 2]
  const built = speedsOf(lever).flatMap((speed) =>
    budgetsOf(lever).flatMap((budget) =>
      scales.map((scale) => ({
        ...rest,
        speed,
        timeoutSeconds: Object.fromEntries(classes.map((name) => [name, rounded(scale * (serviceSeconds.get(name) ?? 0))])),
        ...(budget ? { budget } : {}),
      })),
    ),
  )
  return [undefined, ...built]
}

function rounded(seconds: number): number {
  return Number(seconds.toPrecision(3))
}

function policyOf(
  base: Policy,
  discipline: Policy['discipline'],
  drop: Policy['drop'],
  sprint: Policy['sprint'],
  levers: Levers,
): Policy {
  const dropped = Object.entries(drop).filter(([, ratio]) => typeof ratio !== 'number' || ratio > 0)
  const { sprint: _before, ...rest } = base
  const words = [
    discipline as string,
    ...dropped.map(
      ([name, ratio]) => `drop ${name} ${typeof ratio === 'number' ? `${Number((ratio * 100).toPrecision(3))} %` : 'by stage'}`,
    ),
    ...(sprint
      ? Object.entries(sprint.timeoutSeconds).map(
          ([name, seconds]) => `sprint ${name} ${seconds === 0 ? 'at once' : `after ${seconds} s`}`,
        )
      : []),
    ...(sprint && levers.sprint?.otherSpeeds ? [`speed ${sprint.speed}`] : []),
    ...(sprint && levers.sprint?.otherBudgets ? [budgetWords(sprint.budget)] : []),
  ]
  return { ...rest, name: words.join(', '), discipline, drop: Object.fromEntries(dropped), ...(sprint ? { sprint } : {}) }
}

function budgetWords(budget: Sprint['budget']): string {
  if (!budget) return 'no limit'
  return 'seconds' in budget ? `budget ${budget.seconds} s` : `budget ${budget.joules} J`
}

function product(choices: readonly (readonly number[])[]): number[][] {
  return choices.reduce<number[][]>(
    (partial, values) => partial.flatMap((start) => values.map((value) => [...start, value])),
    [[]],
  )
}
