/** What forests and boosted trees check alike before they grow. */
import { type Issue, shown } from '../model/index.js'
import type { Table } from './table.js'

interface Asked {
  /** Must be whole and at least 1. */
  readonly wholes: Readonly<Record<string, number | undefined>>
  /** Must lie above 0 and at most at 1. */
  readonly shares: Readonly<Record<string, number | undefined>>
  /** Must be finite and at least 0. */
  readonly amounts?: Readonly<Record<string, number | undefined>>
  /** Must lie between 0 and 1. */
  readonly levels?: readonly number[] | undefined
  readonly monotone?: Readonly<Record<string, 1 | -1>> | undefined
}

/** What of the settings makes no sense, each at `learner.setting`. */
export function settingIssues(
  learner: string,
  table: Table,
  { wholes, shares, amounts = {}, levels = [], monotone = {} }: Asked,
): Issue[] {
  const issues: Issue[] = []
  const error = (setting: string, message: string, value: unknown): void => {
    issues.push({ code: 'setting', severity: 'error', place: `${learner}.${setting}`, message, value: shown(String(value)) })
  }
  for (const [name, value] of Object.entries(wholes))
    if (value !== undefined && !(Number.isInteger(value) && value >= 1)) error(name, 'is not a whole number of at least 1', value)
  for (const [name, value] of Object.entries(shares))
    if (value !== undefined && !(value > 0 && value <= 1)) error(name, 'is not a share above 0 and at most 1', value)
  for (const [name, value] of Object.entries(amounts))
    if (value !== undefined && !(value >= 0 && Number.isFinite(value))) error(name, 'is not a finite number of at least 0', value)
  for (const level of levels) if (!(level > 0 && level < 1)) error('levels', 'is not between 0 and 1', level)
  for (const [name, sign] of Object.entries(monotone)) {
    const c = table.names.indexOf(name)
    if (c < 0) error(`monotone.${name}`, 'is no column of the features', name)
    else if (table.levels?.[c] !== undefined)
      error(`monotone.${name}`, 'is a column of categories, which have no order to be monotone in', name)
    if (sign !== 1 && sign !== -1) error(`monotone.${name}`, 'is neither 1 nor −1', sign)
  }
  return issues
}

/** Per column 1, −1 or 0; empty where no column is bound. */
export function monotoneOf(table: Table, monotone: Readonly<Record<string, 1 | -1>> = {}): Int8Array {
  if (Object.keys(monotone).length === 0) return new Int8Array(0)
  return Int8Array.from(table.names, (name) => (Object.hasOwn(monotone, name) ? monotone[name] : 0))
}
