import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { type Issue, reportOf } from '../model/index.js'
import { type Ask, type SolveResult, solve } from '../queueing/index.js'
import { issuesText, refusalText } from '../report/index.js'
import { give, stopForIssues, style } from './answer.js'
import { EXIT, type Io } from './io.js'
import { type AnswerOptions, addAnswerOptions } from './options.js'

/** `halftone solve`: a station’s document, a case with expected values, or a file of cases. */
export function addSolveCommand(program: Command, io: Io): void {
  addAnswerOptions(
    program
      .command('solve')
      .argument('<file>', 'JSON: a model, a case {model, expected, rel_tol}, or {cases: [...]}')
      .description(
        'Solve queueing models: stations, networks, fits. Says by which method, how exactly, and refuses what has no answer.',
      )
      .addHelpText(
        'after',
        '\nExample:\n  echo \'{"arrival_rate": 14.4, "service_rate": 1, "servers": 16}\' > station.json && halftone solve station.json\n',
      ),
    { html: false },
  ).action(async (file: string, options: AnswerOptions) => {
    const document = readDocument(io, file, options)
    const cases = casesOf(document)
    const wrong = cases.issues
    if (wrong.length > 0) stopForIssues(io, reportOf(wrong), options)
    const solved = cases.cases.map(solveCase)
    io.exitCode = solved.reduce<number>((worst, one) => Math.max(worst, exitOf(one)), EXIT.ok) as typeof io.exitCode
    const value = cases.many
      ? {
          cases: solved.map(asJson),
          agreeing: solved.filter((one) => one.agrees !== false && one.result.kind === 'answer').length,
          of: solved.length,
        }
      : asJson(solved[0]!)
    const only = solved[0]!
    if (!cases.many && only.result.kind !== 'answer' && !options.json) {
      if (only.result.kind === 'refusal') io.err(refusalText(only.result.refusal, style(io)))
      else io.err(issuesText(reportOf(only.result.issues), style(io)))
      return
    }
    await give(io, options, { value, text: () => (cases.many ? manyText(solved) : oneText(only)) })
  })
}

/** One model to solve, with what is expected of it where that is known. */
interface Case {
  readonly id?: string
  readonly model: unknown
  readonly expected?: Readonly<Record<string, unknown>>
  readonly relativeTolerance: number
  /** Absolute tolerance of distribution functions, where the case says so. */
  readonly cdfTolerance?: number
}

interface Check {
  readonly path: string
  readonly value: number | string | null
  readonly expected: number | string
  /** |value − expected|/|expected|; null where there is no value. */
  readonly relativeError: number | null
  readonly within: boolean
}

interface SolvedCase {
  readonly case: Case
  readonly wallSeconds: number
  readonly result: SolveResult
  readonly checks?: readonly Check[]
  readonly agrees?: boolean
}

function readDocument(io: Io, file: string, options: AnswerOptions): unknown {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    return stopForIssues(
      io,
      reportOf([issue('unreadable', file, error instanceof Error ? error.message : String(error))]),
      options,
    )
  }
  try {
    return JSON.parse(text)
  } catch (error) {
    return stopForIssues(io, reportOf([issue('not-json', file, error instanceof Error ? error.message : String(error))]), options)
  }
}

function issue(code: string, place: string, message: string): Issue {
  return { code, severity: 'error', place, message }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function casesOf(document: unknown): {
  readonly many: boolean
  readonly cases: readonly Case[]
  readonly issues: readonly Issue[]
} {
  if (isObject(document) && 'cases' in document) {
    const given = document['cases']
    if (!Array.isArray(given))
      return { many: true, cases: [], issues: [issue('wrong-type', 'cases', 'expected a list of cases')] }
    if (given.length === 0) return { many: true, cases: [], issues: [issue('too-short', 'cases', 'needs at least one case')] }
    const issues = given.flatMap((one, i) =>
      isObject(one) && 'model' in one ? [] : [issue('wrong-type', `cases[${i}]`, 'a case has a model')],
    )
    return { many: true, cases: issues.length > 0 ? [] : given.map((one) => caseOf(one)), issues }
  }
  if (isObject(document) && 'model' in document) return { many: false, cases: [caseOf(document)], issues: [] }
  return { many: false, cases: [{ model: document, relativeTolerance: 1e-6 }], issues: [] }
}

function caseOf(document: Record<string, unknown>): Case {
  const expected = document['expected']
  const id = document['id']
  const tolerance = document['rel_tol']
  const absolute = /response_cdf[^.]*? abs (\d[\d.e+-]*)/.exec(String(document['note'] ?? ''))?.[1]
  return {
    model: document['model'],
    relativeTolerance: typeof tolerance === 'number' ? tolerance : 1e-6,
    ...(typeof id === 'string' ? { id } : {}),
    ...(isObject(expected) ? { expected } : {}),
    ...(absolute === undefined ? {} : { cdfTolerance: Number(absolute) }),
  }
}

/** The times at which the expected distribution functions are given. */
function askOf(expected: Readonly<Record<string, unknown>> | undefined): Ask | undefined {
  if (expected === undefined) return undefined
  const timesOf = (value: unknown): readonly number[] | undefined =>
    isObject(value) && isObject(value['response_cdf']) && Array.isArray(value['response_cdf']['t'])
      ? (value['response_cdf']['t'] as number[])
      : undefined
  const own = timesOf(expected)
  if (own !== undefined) return { cdfAt: own }
  const classes = expected['classes']
  if (!Array.isArray(classes)) return undefined
  const byClass = classes.map(timesOf)
  const first = byClass.find((times) => times !== undefined)
  return first === undefined ? undefined : { cdfAt: first, cdfAtByClass: byClass }
}

function solveCase(one: Case): SolvedCase {
  const start = performance.now()
  const result = solve(one.model, askOf(one.expected))
  const wallSeconds = (performance.now() - start) / 1000
  if (one.expected === undefined) return { case: one, wallSeconds, result }
  if (result.kind !== 'answer') return { case: one, wallSeconds, result, agrees: false }
  const checks = compare(one, one.expected, result.answer.values, '')
  return { case: one, wallSeconds, result, checks, agrees: checks.every((check) => check.within) }
}

/** Fields of a fit that have more than one right value: the moments beside them are compared instead. */
const REPRESENTATION = new Set(['alpha', 'A', 'D0', 'D1'])

function compare(one: Case, expected: unknown, value: unknown, path: string): Check[] {
  if (typeof expected === 'number' || typeof expected === 'string') {
    if (typeof expected === 'number' && typeof value === 'number') {
      const gap = Math.abs(value - expected)
      const relativeError = gap === 0 ? 0 : gap / Math.max(Math.abs(expected), 1e-300)
      const within =
        relativeError <= one.relativeTolerance ||
        (one.cdfTolerance !== undefined && path.includes('_cdf') && gap <= one.cdfTolerance)
      return [{ path, value, expected, relativeError, within }]
    }
    const shown = typeof value === 'number' || typeof value === 'string' ? value : null
    return [{ path, value: shown, expected, relativeError: null, within: value === expected }]
  }
  if (typeof expected !== 'object' || expected === null) return []
  return Object.entries(expected).flatMap(([key, inner]) => {
    if (REPRESENTATION.has(key)) return []
    const next = Array.isArray(expected) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`
    return compare(
      one,
      inner,
      isObject(value) || Array.isArray(value) ? (value as Record<string, unknown>)[key] : undefined,
      next,
    )
  })
}

function exitOf({ result, agrees }: SolvedCase): number {
  if (result.kind === 'issues') return EXIT.badInput
  return result.kind === 'refusal' || agrees === false ? EXIT.refused : EXIT.ok
}

function asJson({ case: one, wallSeconds, result, checks, agrees }: SolvedCase): Record<string, unknown> {
  const head = one.id === undefined ? {} : { id: one.id }
  if (result.kind === 'issues')
    return { ...head, ...(result.family === undefined ? {} : { family: result.family }), issues: result.issues }
  if (result.kind === 'refusal') return { ...head, family: result.family, refusal: result.refusal }
  const { values, method, exact, residual, caveats } = result.answer
  return {
    ...head,
    family: result.family,
    method,
    exact,
    ...(residual === undefined ? {} : { residual }),
    cost: { wallSeconds },
    caveats,
    values,
    ...(checks === undefined ? {} : { agrees, checks }),
  }
}

/** Leaves of an answer with their paths. */
function leaves(value: unknown, path: string): { readonly path: string; readonly value: string }[] {
  if (typeof value === 'number') return [{ path, value: shown(value) }]
  if (Array.isArray(value) && value.every((inner) => typeof inner === 'number'))
    return [{ path, value: value.map(shown).join('  ') }]
  if (typeof value !== 'object' || value === null) return [{ path, value: String(value) }]
  return Object.entries(value).flatMap(([key, inner]) =>
    leaves(inner, Array.isArray(value) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`),
  )
}

function shown(value: number): string {
  return Number(value.toPrecision(10)).toString()
}

function oneText({ case: one, wallSeconds, result, checks }: SolvedCase): string {
  if (result.kind !== 'answer') return ''
  const { values, method, exact, residual, caveats } = result.answer
  const lines = [
    `${one.id === undefined ? '' : `${one.id}: `}${result.family}`,
    `${exact ? 'exact' : 'approximate'}: ${method}${residual === undefined ? '' : ` (residual ${residual.toExponential(1)})`}, in ${(1000 * wallSeconds).toPrecision(2)} ms`,
    '',
  ]
  if (checks === undefined) {
    const rows = leaves(values, '')
    const width = Math.max(...rows.map((row) => row.path.length))
    for (const row of rows) lines.push(`${row.path.padEnd(width)}  ${row.value}`)
  } else {
    const width = Math.max(...checks.map((check) => check.path.length), 5)
    lines.push(`${'value'.padEnd(width)}  ${'here'.padStart(16)}  ${'expected'.padStart(16)}  relative error`)
    for (const { path, value, expected, relativeError, within } of checks)
      lines.push(
        `${path.padEnd(width)}  ${(typeof value === 'number' ? shown(value) : String(value)).padStart(16)}  ${(typeof expected === 'number' ? shown(expected) : expected).padStart(16)}  ${relativeError === null ? '' : relativeError.toExponential(1).padStart(8)}  ${within ? 'ok' : 'differs'}`,
      )
    const off = checks.filter((check) => !check.within).length
    lines.push('', off === 0 ? `all ${checks.length} values agree` : `${off} of ${checks.length} values differ`)
  }
  return `${lines.join('\n')}\n${caveats.length === 0 ? '' : `\n${caveats.map((one) => `caveat: ${one.message}\n`).join('')}`}`
}

function manyText(solved: readonly SolvedCase[]): string {
  const rows = solved.map(({ case: one, result, checks, agrees }, i) => {
    const id = one.id ?? `case ${i + 1}`
    if (result.kind === 'issues')
      return [id, result.family ?? '', 'wrong input', result.issues.map((found) => `${found.place}: ${found.message}`).join('; ')]
    if (result.kind === 'refusal') return [id, result.family, 'refused', result.refusal.message]
    const worst = [...(checks ?? [])].sort(
      (a, b) =>
        Number(a.within) - Number(b.within) ||
        (b.relativeError ?? Number.POSITIVE_INFINITY) - (a.relativeError ?? Number.POSITIVE_INFINITY),
    )[0]
    const note =
      worst === undefined
        ? result.answer.method
        : `${worst.path} ${worst.relativeError === null ? 'is missing' : worst.relativeError.toExponential(1)}`
    return [id, result.family, agrees === undefined ? 'solved' : agrees ? 'agrees' : 'differs', note]
  })
  const head = ['case', 'family', 'outcome', solved.some((one) => one.checks !== undefined) ? 'largest relative error' : 'method']
  const widths = [0, 1, 2].map((column) => Math.max(head[column]!.length, ...rows.map((row) => row[column]!.length)))
  const line = (row: readonly string[]) =>
    `${row
      .slice(0, 3)
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')}  ${row[3]}`.trimEnd()
  const good = solved.filter((one) => one.result.kind === 'answer' && one.agrees !== false).length
  return `${[line(head), ...rows.map(line)].join('\n')}\n\n${good} of ${solved.length} ${solved.some((one) => one.agrees !== undefined) ? 'agree' : 'solved'}\n`
}
