/** Policies of the DiAS papers side by side on one scenario: dropping against evicting against waiting. */
import { askedDrops, dropGains, droppingPolicy, namedPolicy, worthDropping } from '../deflate/index.js'
import {
  type ComparedPolicy,
  caveat,
  type Issue,
  isRefusal,
  type JobClass,
  lawMoments,
  lossOf,
  type Policy,
  type PolicyComparison,
  type Prediction,
  type ReplayJobs,
  type Scenario,
  type StageDrop,
  slotCount,
} from '../model/index.js'
import { knownPolicy } from '../plan/index.js'
import { analyticPredictor } from '../queueing/index.js'
import { comparePolicies } from '../simulate/index.js'

export interface DeflationRequest {
  readonly scenario: Scenario
  readonly replay?: ReplayJobs
  /** Names as in the papers; absent: P, NP, the drop ratios of the lowest class that gain something, and sprint where the scenario has it. */
  readonly policies?: readonly string[]
  /** Drop ratios by class, or by class and stage (`low=0.2`, `low.map=20%`): one policy more, and with it by default only P and NP. */
  readonly drops?: readonly string[]
  readonly seed: number
  readonly precision?: number
  readonly progress?: (share: number) => void
}

export type Deflation =
  | { readonly ok: true; readonly comparison: PolicyComparison }
  | { readonly ok: false; readonly issues: readonly Issue[] }

/** What is lost at most where the scenario’s goal says nothing of it. */
const LOSS_AT_MOST = 0.05
const DROP_AT_MOST = 0.4
/** Most drop ratios that are tried unasked. */
const RATIOS_AT_MOST = 4

/**
 * Plays every policy on the same luck, puts the formula’s answer beside it where one holds, and says which drop ratios gain anything at all.
 * The first policy is what the others are held against.
 */
export function compareDeflation({
  scenario,
  replay,
  policies,
  drops: asked = [],
  seed,
  precision,
  progress,
}: DeflationRequest): Deflation {
  const drops = stageDrops(scenario)
  const own = asked.length > 0 ? askedDrops(asked, scenario) : undefined
  const names = policies ?? (own ? ['P', 'NP'] : namesWorthTrying(scenario, drops))
  const named = names.map((name) => namedPolicy(name, scenario))
  const issues = [...named, ...(own ? [own] : [])].flatMap((one) => (one.ok ? [] : one.issues))
  if (issues.length > 0) return { ok: false, issues }
  const chosen = [
    ...named.flatMap((one): Policy[] => (one.ok ? [one.policy] : [])),
    ...(own?.ok ? [droppingPolicy(scenario, own.drop)] : []),
  ]
  const options = {
    seed,
    ...(replay ? { replay } : {}),
    ...(precision === undefined ? {} : { precision }),
    ...(progress ? { progress } : {}),
  }
  const known = replay ? undefined : knownPolicy(scenario, analyticPredictor, { seed })
  const compared = comparePolicies(scenario, chosen, { ...options, ...(known ? { known } : {}) }).map((one): ComparedPolicy => {
    const analytic = replay ? undefined : analyticFor({ ...scenario, policy: one.policy }, seed)
    return { ...one, ...(analytic ? { analytic } : {}) }
  })
  const unmeasured = scenario.workload.classes.filter(
    ({ name, accuracy }) => accuracy === undefined && chosen.some(({ drop }) => drop[name] !== undefined),
  )
  return {
    ok: true,
    comparison: {
      schema: 'halftone/policy-comparison/1',
      question: 'Drop, evict or wait?',
      scenario: scenario.name,
      about: [lowestOf(scenario).name],
      seed,
      policies: compared,
      drops,
      caveats: unmeasured.map(({ name }) =>
        caveat(
          'accuracy-unknown',
          `what dropping costs ${name} in accuracy was never measured: the loss shown is the share dropped`,
        ),
      ),
    },
  }
}

function analyticFor(scenario: Scenario, seed: number): Prediction | undefined {
  const answer = analyticPredictor.refuses(scenario) ?? analyticPredictor.predict(scenario, { seed })
  return isRefusal(answer) ? undefined : answer
}

/** Wave arithmetic of every droppable stage of a fixed number of tasks. */
function stageDrops(scenario: Scenario): StageDrop[] {
  const slots = slotCount(scenario.cluster)
  return scenario.workload.classes.flatMap(({ name, work }) => {
    if (work.kind !== 'stages') return []
    return work.stages.flatMap((stage): StageDrop[] => {
      if (!stage.droppable || typeof stage.tasks !== 'number') return []
      const { mean, second } = lawMoments(stage.taskTime)
      const taskTimeCv = Math.sqrt(Math.max(0, second / (mean * mean) - 1))
      const gains = worthDropping(dropGains({ tasks: stage.tasks, slots, taskTimeCv }))
      const worth = gains.map(({ dropRatio, tasks, waves, saves }) => ({ dropRatio, tasks, waves, saves }))
      return [{ className: name, stage: stage.name, tasks: stage.tasks, slots, taskTimeCv, worth }]
    })
  })
}

/** The class of lowest priority, the last of several. */
function lowestOf({ workload }: Scenario): JobClass {
  return workload.classes.reduce((a, b) => (b.priority >= a.priority ? b : a))
}

/** P and NP, then DA at a few ratios of the lowest class that its goal bears, then the same with sprint where the scenario describes one. */
function namesWorthTrying(scenario: Scenario, drops: readonly StageDrop[]): string[] {
  const priorities = [...new Set(scenario.workload.classes.map(({ priority }) => priority))]
  const lowest = lowestOf(scenario)
  const most = Math.min(scenario.levers?.dropRatioAtMost?.[lowest.name] ?? DROP_AT_MOST, 0.99)
  const loss = scenario.goal?.classes[lowest.name]?.accuracyLossAtMost ?? LOSS_AT_MOST
  const own = drops.filter(({ className }) => className === lowest.name).flatMap(({ worth }) => worth.map((one) => one.dropRatio))
  const divisible = 'divisible' in lowest.work ? lowest.work.divisible : lowest.work.kind === 'array' && lowest.work.droppable
  const ratios = [...new Set(own.length > 0 ? own : divisible ? [0.1, 0.2, 0.3, 0.4] : [])]
    .filter(
      (ratio) => ratio <= most + 1e-12 && lossOf(lowest.accuracy, ratio).value <= Math.max(loss, lowest.accuracy ? 0 : ratio),
    )
    .sort((a, b) => a - b)
  const few =
    ratios.length <= RATIOS_AT_MOST
      ? ratios
      : Array.from({ length: RATIOS_AT_MOST }, (_, i) => ratios[Math.round((i * (ratios.length - 1)) / (RATIOS_AT_MOST - 1))]!)
  const bracket = (ratio: number): string =>
    `(${priorities.map((_, i) => (i === priorities.length - 1 ? Number((100 * ratio).toPrecision(4)) : 0)).join(',')})`
  const sprints = scenario.policy.sprint !== undefined || scenario.levers?.sprint !== undefined
  return [
    'P',
    'NP',
    ...few.map((ratio) => `DA${bracket(ratio)}`),
    ...(sprints ? ['NPS', ...few.slice(-1).map((ratio) => `DiAS${bracket(ratio)}`)] : []),
  ]
}
