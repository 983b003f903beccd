import { isAlias, isCollection, isMap, isPair, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import { type Issue, shown } from './issue.js'
import { type Noun, nounOf, nouns, type Valid, validate } from './validate.js'

/**
 * Reads a noun from YAML or JSON text (JSON is YAML). Issues are placed by file, line and path: `scenario.yaml:7 classes[0].name`.
 * `noun` may be left out where the text says what it is by its `schema` field.
 */
export function parseNoun<N extends Noun>(text: string, place: string, noun?: N): Valid<N> & { readonly noun?: N } {
  const lines = new LineCounter()
  const clean = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
  const document = parseDocument(clean, { lineCounter: lines, uniqueKeys: true, prettyErrors: false, version: '1.2' })
  const at = (offset: number): string => `${place}:${lines.linePos(offset).line}`
  if (document.errors.length > 0) {
    return {
      ok: false,
      issues: document.errors.map((error): Issue => {
        const line = clean.slice(clean.lastIndexOf('\n', error.pos[0] - 1) + 1).split('\n', 1)[0] ?? ''
        return { code: 'bad-syntax', severity: 'error', place: at(error.pos[0]), message: error.message, value: shown(line) }
      }),
    }
  }
  const value: unknown = document.toJS({ maxAliasCount: 100 })
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    return {
      ok: false,
      issues: [
        {
          code: 'wrong-type',
          severity: 'error',
          place,
          message: 'expected an object with a `schema` field',
          value: shown(value),
        },
      ],
    }
  }
  const found = noun ?? (nounOf(value) as N | undefined)
  if (found === undefined) {
    const schema = (value as { schema?: unknown }).schema
    const message = `\`schema\` says what this is: ${nouns.map((name) => `halftone/${name}/1`).join(', ')}`
    return {
      ok: false,
      issues: [
        {
          code: 'unknown-noun',
          severity: 'error',
          place: `${place} schema`,
          message,
          ...(schema === undefined ? {} : { value: shown(schema) }),
        },
      ],
    }
  }
  const located = (issues: readonly Issue[]): Issue[] =>
    issues.map((issue) => {
      const offset = offsetOf(document.contents, issue.place)
      return { ...issue, place: offset === undefined ? `${place} ${issue.place}` : `${at(offset)} ${issue.place}` }
    })
  const valid = validate(found, value)
  return valid.ok
    ? { ...valid, warnings: located(valid.warnings), noun: found }
    : { ok: false, issues: located(valid.issues), noun: found }
}

/** Where in the text the deepest existing node of a path begins. */
function offsetOf(root: unknown, path: string): number | undefined {
  const steps = [...path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.[\]]+)/g)].map(
    (match) => match[1] ?? match[3] ?? Number(match[2]),
  )
  let current: unknown = root
  let offset = (root as Node | null)?.range?.[0]
  for (const step of steps) {
    if (!isCollection(current)) break
    if (isSeq(current)) {
      current = current.items[Number(step)]
    } else if (isMap(current)) {
      const pair = current.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(step))
      const key = pair?.key as Node | undefined
      if (key?.range) offset = key.range[0]
      current = pair?.value
      continue
    }
    if (isAlias(current)) break
    const range = (current as Node | null | undefined)?.range
    if (range) offset = range[0]
  }
  return offset
}
