/**
 * One knob of a scenario turned: `policy.sprint.timeoutSeconds.high`, `workload.classes[0].arrival.ratePerSecond`, `cluster.nodes[0].count`.
 */
import { type Issue, type Scenario, validate } from '../model/index.js'

/** A knob and the values that it is to take. */
export interface Grid {
  readonly path: string
  readonly values: readonly (number | string)[]
}

const MOST_VALUES = 10_000

/** `path=low:high:step` (both ends included) or `path=a,b,c`; undefined where it is neither. */
export function parseGrid(text: string): Grid | undefined {
  const match = /^\s*([^=\s]+)\s*=\s*(.+?)\s*$/.exec(text)
  if (!match) return undefined
  const [, path, spec] = match as unknown as [string, string, string]
  const range = spec.split(':')
  if (range.length === 1) {
    const values = spec.split(',').map((part) => part.trim())
    if (values.some((value) => value === '')) return undefined
    return { path, values: values.map((value) => (Number.isFinite(Number(value)) ? Number(value) : value)) }
  }
  const [low, high, step] = range.map(Number)
  if (range.length !== 3 || ![low, high, step].every(Number.isFinite) || step! <= 0 || high! < low!) return undefined
  const count = Math.floor((high! - low!) / step! + 1e-9) + 1
  if (count > MOST_VALUES) return undefined
  // low + i · step, with the noise of binary fractions rounded away: 0.1 · 3 is 0.3
  return { path, values: Array.from({ length: count }, (_, i) => Number((low! + i * step!).toPrecision(12))) }
}

export type Turned =
  | { readonly ok: true; readonly scenario: Scenario }
  | { readonly ok: false; readonly issues: readonly Issue[] }

/** The scenario with the knob at the value, checked like any scenario. Parts on the way that are missing are made, so that a sprint’s timeout can be added. */
export function turnKnob(scenario: Scenario, path: string, value: number | string): Turned {
  const copy = structuredClone(scenario)
  const lacking = pointKnob(copy, path, value)
  if (lacking !== undefined) return wrong(path, lacking)
  const valid = validate('scenario', copy)
  return valid.ok ? { ok: true, scenario: valid.value } : { ok: false, issues: valid.issues }
}

/** Puts a value where a path points, in place; parts on the way that are missing are made. Says what is missing where it leads nowhere. Nothing is checked. */
export function pointKnob(copy: object, path: string, value: number | string): string | undefined {
  const parts = stepsOf(path)
  let node: unknown = copy
  for (const [i, part] of parts.entries()) {
    if (typeof node !== 'object' || node === null || (Array.isArray(node) && typeof part === 'string'))
      return `there is nothing called ${String(part)} there`
    const holder = node as Record<string | number, unknown>
    if (i === parts.length - 1) holder[part] = value
    else {
      if (Array.isArray(node) && !(part in holder)) return `there is no [${part}]`
      holder[part] ??= {}
      node = holder[part]
    }
  }
  return undefined
}

/** What stands where a path points; undefined where it leads nowhere. */
export function readKnob(scenario: object, path: string): unknown {
  return stepsOf(path).reduce<unknown>(
    (node, step) => (typeof node === 'object' && node !== null ? (node as Record<string | number, unknown>)[step] : undefined),
    scenario,
  )
}

/** `a.b[0].c` as its steps. */
function stepsOf(path: string): (string | number)[] {
  return path.split('.').flatMap((part) => {
    const match = /^([^[\]]*)((?:\[\d+\])*)$/.exec(part)
    if (!match) return [part]
    const indices = [...match[2]!.matchAll(/\[(\d+)\]/g)].map((index) => Number(index[1]))
    return match[1] === '' ? indices : [match[1]!, ...indices]
  })
}

function wrong(path: string, message: string): Turned {
  return { ok: false, issues: [{ code: 'no-such-knob', severity: 'error', place: path, message }] }
}
