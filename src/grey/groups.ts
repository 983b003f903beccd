import type { Table } from '../learn/index.js'

/** A code for each row: rows that are equal in all the columns named have the same one; columns that are not there are passed over. */
export function groupsOf(table: Table, columns: readonly string[]): Int32Array {
  const picked = columns.map((name) => table.columns[table.names.indexOf(name)]).filter((column) => column !== undefined)
  const seen = new Map<string, number>()
  return Int32Array.from({ length: table.rows }, (_, i) => {
    const key = picked.map((column) => column[i]).join('|')
    const known = seen.get(key) ?? seen.size
    seen.set(key, known)
    return known
  })
}
