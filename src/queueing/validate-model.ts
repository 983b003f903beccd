/** What must hold of a station's document before any method sees it: every issue with its path and the value that was read. */
import type { Issue } from '../model/index.js'
import { shown } from '../model/index.js'

type Document = Record<string, unknown>

/** Rule of one named field. */
type Rule = (value: unknown, place: string, issues: Issue[]) => void

/** All issues of a model document, by the names of its fields. Unknown fields are let pass: documents carry notes. */
export function validateModel(model: Document): Issue[] {
  const issues: Issue[] = []
  for (const [key, value] of Object.entries(model)) rules[key]?.(value, key, issues)
  checkTogether(model, issues)
  return issues
}

function report(issues: Issue[], code: string, place: string, message: string, value: unknown): void {
  issues.push({
    code,
    severity: 'error',
    place,
    message,
    ...(value === undefined ? {} : { value: typeof value === 'number' ? String(value) : shown(value) }),
  })
}

interface Range {
  readonly above?: number
  readonly atLeast?: number
  readonly whole?: boolean
}

function number(range: Range): Rule {
  return (value, place, issues) => {
    if (typeof value !== 'number') return report(issues, 'wrong-type', place, 'expected a number', value)
    if (!Number.isFinite(value)) return report(issues, 'not-finite', place, 'expected a finite number', value)
    if (range.above !== undefined && !(value > range.above))
      report(issues, 'out-of-range', place, `must be above ${range.above}`, value)
    else if (range.atLeast !== undefined && !(value >= range.atLeast))
      report(issues, 'out-of-range', place, `must be at least ${range.atLeast}`, value)
    if (range.whole === true && !Number.isInteger(value)) report(issues, 'not-whole', place, 'must be a whole number', value)
  }
}

function list(of: Rule, atLeast = 1): Rule {
  return (value, place, issues) => {
    if (!Array.isArray(value)) return report(issues, 'wrong-type', place, 'expected a list', value)
    if (value.length < atLeast) report(issues, 'too-short', place, `needs at least ${atLeast}`, value)
    value.forEach((one, i) => {
      of(one, `${place}[${i}]`, issues)
    })
  }
}

/** A number where a list may stand, or the list. */
function oneOrMany(of: Rule): Rule {
  return (value, place, issues) => (Array.isArray(value) ? eachDeep(of, value, place, issues) : of(value, place, issues))
}

function eachDeep(of: Rule, value: readonly unknown[], place: string, issues: Issue[]): void {
  if (value.length === 0) report(issues, 'too-short', place, 'needs at least 1', value)
  value.forEach((one, i) => {
    if (Array.isArray(one)) eachDeep(of, one, `${place}[${i}]`, issues)
    else of(one, `${place}[${i}]`, issues)
  })
}

const servers: Rule = (value, place, issues) => {
  if (typeof value === 'number' && value === -1 && place.includes('[')) return
  number({ atLeast: 1, whole: true })(value, place, issues)
}

const service: Rule = (value, place, issues) => {
  if (typeof value === 'string') return
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return report(issues, 'wrong-type', place, 'expected a service law', value)
  const law = value as Document
  if (typeof law['type'] !== 'string')
    return report(issues, 'missing-field', `${place}.type`, 'expected the type of the law', law['type'])
  for (const key of ['mean', 'rate', 'scv', 'value', 'shape', 'k'])
    if (key in law) number({ above: 0 })(law[key], `${place}.${key}`, issues)
  for (const key of ['low', 'high', 'a', 'b']) if (key in law) number({ atLeast: 0 })(law[key], `${place}.${key}`, issues)
  if (law['type'] === 'PH' || 'A' in law || 'alpha' in law) phaseType(law, place, issues)
}

function phaseType(law: Document, place: string, issues: Issue[]): void {
  const alpha = law['alpha']
  const before = issues.length
  list(number({ atLeast: 0 }))(alpha, `${place}.alpha`, issues)
  const order = Array.isArray(alpha) ? alpha.length : undefined
  const rows = squareMatrix(law['A'], `${place}.A`, issues, order)
  if (issues.length > before || rows === undefined) return
  const total = (alpha as number[]).reduce((sum, p) => sum + p, 0)
  if (Math.abs(total - 1) > 1e-6)
    report(issues, 'not-a-distribution', `${place}.alpha`, `initial probabilities sum to ${total}, not 1`, alpha)
  let leaves = false
  rows.forEach((row, i) => {
    let sum = 0
    row.forEach((rate, j) => {
      sum += rate
      if (i === j && !(rate < 0))
        report(issues, 'out-of-range', `${place}.A[${i}][${j}]`, 'the diagonal of a sub-generator is negative', rate)
      if (i !== j && rate < 0)
        report(issues, 'out-of-range', `${place}.A[${i}][${j}]`, 'a rate off the diagonal is at least 0', rate)
    })
    const scale = Math.abs(row[i]!)
    if (sum > 1e-9 * scale)
      report(issues, 'row-sum', `${place}.A[${i}]`, `a row of a sub-generator sums to at most 0, this one to ${sum}`, row)
    if (sum < -1e-9 * scale) leaves = true
  })
  if (!leaves) report(issues, 'never-ends', `${place}.A`, 'no phase leads out: the time has no end', undefined)
}

function squareMatrix(value: unknown, place: string, issues: Issue[], order?: number): number[][] | undefined {
  const before = issues.length
  list(list(number({})))(value, place, issues)
  if (issues.length > before) return undefined
  const rows = value as number[][]
  const size = order ?? rows.length
  if (rows.length !== size) report(issues, 'wrong-shape', place, `expected ${size} rows, found ${rows.length}`, undefined)
  rows.forEach((row, i) => {
    if (row.length !== size)
      report(issues, 'wrong-shape', `${place}[${i}]`, `expected ${size} columns, found ${row.length}`, undefined)
  })
  return issues.length > before ? undefined : rows
}

const arrivals: Rule = (value, place, issues) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return report(issues, 'wrong-type', place, 'expected an arrival process', value)
  const process = value as Document
  if (process['D0'] === undefined) return
  const d0 = squareMatrix(process['D0'], `${place}.D0`, issues)
  if (d0 === undefined) return
  const marked: { place: string; rows: number[][] }[] = []
  if (process['D1'] !== undefined && !Array.isArray(process['D'])) {
    const rows = squareMatrix(process['D1'], `${place}.D1`, issues, d0.length)
    if (rows !== undefined) marked.push({ place: `${place}.D1`, rows })
  } else if (Array.isArray(process['D'])) {
    process['D'].forEach((one, k) => {
      const rows = squareMatrix(one, `${place}.D[${k}]`, issues, d0.length)
      if (rows !== undefined) marked.push({ place: `${place}.D[${k}]`, rows })
    })
    if (marked.length < process['D'].length) return
  } else return report(issues, 'missing-field', `${place}.D`, 'expected the matrices of arrivals', undefined)
  for (const { place: where, rows } of marked)
    rows.forEach((row, i) => {
      row.forEach((rate, j) => {
        if (rate < 0) report(issues, 'out-of-range', `${where}[${i}][${j}]`, 'a rate of arrivals is at least 0', rate)
      })
    })
  d0.forEach((row, i) => {
    row.forEach((rate, j) => {
      if (i !== j && rate < 0)
        report(issues, 'out-of-range', `${place}.D0[${i}][${j}]`, 'a rate off the diagonal is at least 0', rate)
    })
    const sum =
      row.reduce((a, b) => a + b, 0) + marked.reduce((total, { rows }) => total + rows[i]!.reduce((a, b) => a + b, 0), 0)
    if (marked.length > 0 && Math.abs(sum) > 1e-6 * Math.max(Math.abs(row[i]!), 1e-12))
      report(issues, 'row-sum', `${place}.D0[${i}]`, `row ${i} of D0 and the marked matrices together sums to ${sum}, not 0`, row)
  })
}

const rules: Readonly<Record<string, Rule>> = {
  arrival_rate: oneOrMany(number({ above: 0 })),
  service_rate: oneOrMany(number({ above: 0 })),
  servers: oneOrMany(servers),
  capacity: number({ atLeast: 1, whole: true }),
  branches: number({ atLeast: 1, whole: true }),
  population: oneOrMany(number({ atLeast: 0, whole: true })),
  think_time: oneOrMany(number({ atLeast: 0 })),
  service_times: oneOrMany(number({ atLeast: 0 })),
  visits: oneOrMany(number({ atLeast: 0 })),
  demands: list(number({ atLeast: 0 })),
  ca: number({ atLeast: 0 }),
  cs: number({ atLeast: 0 }),
  service,
  services: list(service),
  service_moments: list(number({ above: 0 })),
  moments: list(number({ above: 0 })),
  lag1_correlation: number({}),
  arrivals,
}

/** What must hold between fields. */
function checkTogether(model: Document, issues: Issue[]): void {
  if (issues.length > 0) return
  const { servers: c, capacity, population, service_times: times, visits, think_time: think, demands } = model
  if (typeof capacity === 'number' && typeof c === 'number' && capacity < c)
    report(issues, 'out-of-range', 'capacity', `must be at least the number of servers, ${c}`, capacity)
  if (typeof population === 'number' && population < 1)
    report(issues, 'out-of-range', 'population', 'must be at least 1', population)
  if (Array.isArray(population) && population.every((n) => n === 0))
    report(issues, 'out-of-range', 'population', 'at least one class needs a job', population)
  if (Array.isArray(demands) && demands.every((d) => d === 0))
    report(issues, 'out-of-range', 'demands', 'at least one demand is above 0', demands)
  const { services, arrivals: process, discipline } = model
  const marks = (process as Document | undefined)?.['D']
  if (Array.isArray(services) && Array.isArray(marks) && services.length !== marks.length)
    report(
      issues,
      'wrong-shape',
      'services',
      `expected ${marks.length}, one a class of arrivals, found ${services.length}`,
      undefined,
    )
  if (services !== undefined && discipline !== undefined && discipline !== 'non-preemptive' && discipline !== 'preemptive-resume')
    report(issues, 'unknown-value', 'discipline', 'expected non-preemptive or preemptive-resume', discipline)
  const moments = model['service_moments']
  if (Array.isArray(moments) && moments.length >= 2 && moments[1] < moments[0] ** 2 * (1 - 1e-9))
    report(
      issues,
      'not-moments',
      'service_moments[1]',
      `a second moment is at least the squared mean, ${moments[0] ** 2}`,
      moments[1],
    )
  if (!Array.isArray(times)) {
    if (times !== undefined) report(issues, 'wrong-type', 'service_times', 'expected a list', times)
    return
  }
  const nested = Array.isArray(population)
  if (nested !== Array.isArray(times[0])) {
    const expected = nested
      ? 'with a population by class, expected one row of service times a class'
      : 'expected one service time a station'
    report(issues, 'wrong-shape', 'service_times', expected, undefined)
    return
  }
  const stations = nested ? times[0].length : times.length
  const sameLength = (value: unknown, place: string, length: number, what: string) => {
    if (value === undefined) return
    if (!Array.isArray(value)) report(issues, 'wrong-type', place, 'expected a list', value)
    else if (value.length !== length)
      report(issues, 'wrong-shape', place, `expected ${length}, one a ${what}, found ${value.length}`, undefined)
  }
  sameLength(c, 'servers', stations, 'station')
  if (!nested) {
    sameLength(visits, 'visits', stations, 'station')
    if (think !== undefined && Array.isArray(think)) report(issues, 'wrong-type', 'think_time', 'expected a number', think)
    return
  }
  sameLength(times, 'service_times', population.length, 'class')
  sameLength(think, 'think_time', population.length, 'class')
  times.forEach((row, r) => {
    sameLength(row, `service_times[${r}]`, stations, 'station')
  })
  if (visits === undefined) return
  sameLength(visits, 'visits', population.length, 'class')
  if (Array.isArray(visits))
    visits.forEach((row, r) => {
      sameLength(row, `visits[${r}]`, stations, 'station')
    })
}
