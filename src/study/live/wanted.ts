/** What a controller is to bring about: the policy of a plan, of a scenario or alone, with what is known of its classes. */
import type { Predicted, SteeredClass } from '../../control/index.js'
import {
  type IssueReport,
  type Plan,
  type Policy,
  type Power,
  type Prediction,
  reportOf,
  type Scenario,
} from '../../model/index.js'
import { readNoun } from '../scenario-file.js'

export interface Wanted {
  readonly policy: Policy
  readonly classes: readonly SteeredClass[]
  readonly power?: Power
  /** What the plan promises, and what it was before. */
  readonly prediction?: Prediction
  readonly before?: Predicted
}

export type WantedReading = { readonly ok: true; readonly wanted: Wanted } | { readonly ok: false; readonly issues: IssueReport }

/** Reads a plan, a scenario or a policy; `scenarioPath` says what the classes of a plan or a policy are. */
export function readWanted(path: string, scenarioPath?: string): WantedReading {
  const read = readNoun(path)
  if (!read.ok) return { ok: false, issues: reportOf(read.issues) }
  const scenario = scenarioPath === undefined ? undefined : readNoun(scenarioPath, 'scenario')
  if (scenario && !scenario.ok) return { ok: false, issues: reportOf(scenario.issues) }
  const known = scenario && { classes: scenario.value.workload.classes, ...powerOf(scenario.value.cluster) }
  switch (read.noun) {
    case 'plan': {
      const { chosen, inForce } = read.value as Plan
      const names = chosen.prediction.classes.map(({ name }) => ({ name }))
      const before = inForce && { before: meansOf(inForce.prediction) }
      return { ok: true, wanted: { policy: chosen.policy, prediction: chosen.prediction, classes: names, ...before, ...known } }
    }
    case 'scenario': {
      const { policy, workload, cluster } = read.value as Scenario
      return { ok: true, wanted: { policy, classes: workload.classes, ...powerOf(cluster), ...known } }
    }
    case 'policy': {
      const policy = read.value as Policy
      return { ok: true, wanted: { policy, classes: classesNamed(policy), ...known } }
    }
    default: {
      const message = 'neither a plan, nor a scenario, nor a policy'
      const issue = { code: 'wrong-noun', severity: 'error', place: path, message, value: String(read.noun) } as const
      return { ok: false, issues: reportOf([issue]) }
    }
  }
}

export function meansOf({ classes }: Prediction): Predicted {
  return Object.fromEntries(classes.map(({ name, response }) => [name, response.mean.value]))
}

const powerOf = ({ power }: { readonly power?: Power | undefined }) => (power ? { power } : {})

/** The classes that a policy names itself. */
function classesNamed({ drop, sprint, stopAfterSeconds }: Policy): SteeredClass[] {
  const names = [drop, sprint?.timeoutSeconds ?? {}, stopAfterSeconds ?? {}].flatMap((one) => Object.keys(one))
  return [...new Set(names)].map((name) => ({ name }))
}
