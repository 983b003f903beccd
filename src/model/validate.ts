import { z } from 'zod'
import { Burstable, checkBurstable } from './burstable.js'
import { Characterisation } from './characterisation.js'
import { checkCluster, checkGoal, checkPolicy, checkScenario, checkWorkload } from './check.js'
import { Cluster } from './cluster.js'
import { Comparison } from './comparison.js'
import { JobSpec } from './driver.js'
import { checkObservation, Eta, JobQuestion, ObservationFile, WhatIf } from './eta.js'
import { Goal } from './goal.js'
import { type Issue, shown } from './issue.js'
import { checkMeasuredModel, MeasuredModel } from './measured-model.js'
import { Measurements } from './measurements.js'
import { Plan } from './plan.js'
import { Policy } from './policy.js'
import { Prediction } from './prediction.js'
import { Scenario } from './scenario.js'
import { TraceHeader } from './trace.js'
import { TrialReport } from './trial.js'
import { Workload } from './workload.js'

/** The nouns that are read from and written to files, with what holds of them beyond their shape. */
const NOUNS = {
  trace: { schema: TraceHeader, check: () => [] },
  workload: { schema: Workload, check: checkWorkload },
  cluster: { schema: Cluster, check: checkCluster },
  policy: { schema: Policy, check: checkPolicy },
  goal: { schema: Goal, check: checkGoal },
  scenario: { schema: Scenario, check: checkScenario },
  prediction: { schema: Prediction, check: () => [] },
  plan: { schema: Plan, check: () => [] },
  characterisation: { schema: Characterisation, check: () => [] },
  comparison: { schema: Comparison, check: () => [] },
  'measured-model': { schema: MeasuredModel, check: checkMeasuredModel },
  measurements: { schema: Measurements, check: () => [] },
  burstable: { schema: Burstable, check: checkBurstable },
  observation: { schema: ObservationFile, check: checkObservation },
  eta: { schema: Eta, check: () => [] },
  whatif: { schema: WhatIf, check: () => [] },
  job: { schema: JobSpec, check: () => [] },
  'job-question': { schema: JobQuestion, check: () => [] },
  'trial-report': { schema: TrialReport, check: () => [] },
} as const

export type Noun = keyof typeof NOUNS
export type Value<N extends Noun> = z.infer<(typeof NOUNS)[N]['schema']>
export type Valid<N extends Noun> =
  | { readonly ok: true; readonly value: Value<N>; readonly warnings: readonly Issue[] }
  | { readonly ok: false; readonly issues: readonly Issue[] }

/** Every noun that `validate` knows. */
export const nouns = Object.keys(NOUNS) as Noun[]

/**
 * Checks a plain value against a noun: its shape, then what must hold between its parts (names that exist, probabilities that sum to 1,
 * a gang that fits the cluster). Returns the value with defaults filled in, or every issue, each with its path: `classes[0].arrival.kind`.
 * Parts with a right shape are checked further even where other parts are wrong.
 */
export function validate<N extends Noun>(noun: N, value: unknown): Valid<N> {
  const { schema, check } = NOUNS[noun]
  const parsed = schema.safeParse(value)
  const shape = parsed.success ? [] : parsed.error.issues.flatMap((issue) => shapeIssues(issue, value))
  const issues = [...shape, ...check(value)]
  if (parsed.success && issues.every((issue) => issue.severity === 'warning')) {
    return { ok: true, value: parsed.data as Value<N>, warnings: issues }
  }
  return { ok: false, issues: issues.sort((a, b) => severity(a) - severity(b)) }
}

/** The JSON Schema (draft 2020-12) of a noun as it is written by hand: defaults are optional. Made from the same source as the types. */
export function jsonSchema(noun: Noun): Record<string, unknown> {
  return z.toJSONSchema(NOUNS[noun].schema, { io: 'input' }) as Record<string, unknown>
}

/** Which noun a value says it is, by its `schema` field; undefined where it does not say. */
export function nounOf(value: unknown): Noun | undefined {
  const schema = (value as { schema?: unknown } | null | undefined)?.schema
  return typeof schema === 'string' ? nouns.find((noun) => schema.startsWith(`halftone/${noun}/`)) : undefined
}

/** `['classes', 0, 'name']` as `classes[0].name`. */
function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((step, i) =>
      typeof step === 'number'
        ? `[${step}]`
        : /^[\w$]+$/.test(String(step))
          ? `${i > 0 ? '.' : ''}${String(step)}`
          : `["${String(step)}"]`,
    )
    .join('')
}

function severity(issue: Issue): number {
  return issue.severity === 'error' ? 0 : 1
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (node, step) => (node === null || node === undefined ? undefined : (node as Record<PropertyKey, unknown>)[step]),
    root,
  )
}

type ShapeIssue = z.core.$ZodIssue

function shapeIssues(issue: ShapeIssue, root: unknown, base: readonly PropertyKey[] = []): Issue[] {
  const path = [...base, ...issue.path]
  const seen = valueAt(root, path)
  const at = (code: string, message: string, place = path, value: unknown = valueAt(root, place)): Issue => ({
    code,
    severity: 'error',
    place: pathText(place) || '(top)',
    message,
    ...(value === undefined
      ? {}
      : { value: typeof value === 'number' && !Number.isFinite(value) ? String(value) : shown(value) }),
  })
  switch (issue.code) {
    case 'unrecognized_keys': {
      return issue.keys.map((key) => at('unknown-field', 'no such field here', [...path, key]))
    }
    case 'invalid_union': {
      if ('discriminator' in issue && issue.discriminator !== undefined) {
        const key = String(issue.discriminator)
        const wanted =
          'options' in issue && Array.isArray(issue.options)
            ? `: one of ${issue.options.map((option) => String(option)).join(', ')}`
            : ''
        return [at('unknown-kind', `\`${key}\` says what this is${wanted}`, path)]
      }
      // The alternative that came furthest is the one that was meant.
      const meant = issue.errors
        .filter((errors) => !errors.some((error) => error.code === 'invalid_type' && error.path.length === 0))
        .sort((a, b) => a.length - b.length)[0]
      if (meant) return meant.flatMap((error) => shapeIssues(error, root, path))
      const expected = issue.errors
        .flatMap((errors) => errors.map((error) => ('expected' in error ? String(error.expected) : '')))
        .filter(Boolean)
      return [at('wrong-type', `expected ${[...new Set(expected)].join(' or ')}`)]
    }
    case 'invalid_type':
      if (seen === undefined) return [at('missing-field', `expected ${issue.expected}, is missing`)]
      if (typeof seen === 'number') return [at('not-finite', `expected a finite ${issue.expected}`)]
      return [at('wrong-type', `expected ${issue.expected}`)]
    case 'invalid_value':
      return [
        at(
          seen === undefined ? 'missing-field' : 'unknown-value',
          `expected ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`,
        ),
      ]
    case 'too_small':
      if (issue.origin === 'array' || issue.origin === 'string') return [at('too-short', `needs at least ${issue.minimum}`)]
      return [at('out-of-range', `must be ${issue.inclusive === false ? 'above' : 'at least'} ${issue.minimum}`)]
    case 'too_big':
      if (issue.origin === 'array' || issue.origin === 'string') return [at('too-long', `takes at most ${issue.maximum}`)]
      return [at('out-of-range', `must be ${issue.inclusive === false ? 'below' : 'at most'} ${issue.maximum}`)]
    default:
      return [at('wrong-value', issue.message)]
  }
}
