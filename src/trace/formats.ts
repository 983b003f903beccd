import { canonical } from './csv.js'
import { genai } from './genai.js'
import { googleDay1 } from './google-day1.js'
import { googleJobs } from './google-jobs.js'
import { googleTasks } from './google-tasks.js'
import { openb } from './openb.js'
import { philly } from './philly.js'
import { sacct } from './sacct.js'
import { nearest } from './spelling.js'
import { lackingColumns, type TableFormat } from './table.js'

/** Tables recognised by their header, the most particular first. */
export const TABLE_FORMATS: readonly TableFormat[] = [googleTasks, googleJobs, googleDay1, philly, openb, genai, sacct, canonical]

/** Every format that `readTrace` knows, by the name that `format` takes. */
export const FORMATS: readonly { readonly name: string; readonly title: string }[] = [
  ...TABLE_FORMATS.map(({ name, title }) => ({ name, title })),
  { name: 'swf', title: 'Standard Workload Format of the Parallel Workloads Archive' },
  { name: 'ledger', title: 'The ledger of halftone’s own controller: the jobs that ended while it watched' },
  { name: 'parquet', title: 'Parquet: halftone’s own, or any of the tables above' },
]

/** The table format whose columns the header has; nothing when there is none. */
export function recogniseTable(header: readonly string[]): TableFormat | undefined {
  return TABLE_FORMATS.find((format) => lackingColumns(format, header).length === 0)
}

/** For a header of no known format: the formats that come nearest and what they lack. */
export function nearestFormats(header: readonly string[]): string {
  const scored = TABLE_FORMATS.map((format) => {
    const lacking = lackingColumns(format, header)
    return { format, lacking, have: format.needs.filter((column) => header.includes(column)).length }
  })
    .filter(({ have }) => have > 0)
    .sort((a, b) => b.have / b.format.needs.length - a.have / a.format.needs.length)
    .slice(0, 3)
  const names = FORMATS.map(({ name }) => name).join(', ')
  const near = scored.map(
    ({ format, lacking }) => `${format.name} lacks ${lacking.map((column) => similar(column, header)).join(', ')}`,
  )
  const hint = near.length > 0 ? `nearest: ${near.join('; ')}` : 'none of their columns are here'
  return `no known format has these columns (${names}); ${hint}. Give a mapping of columns, or --format`
}

function similar(column: string, header: readonly string[]): string {
  const other = nearest(column, header)
  return other === undefined ? column : `${column} (is it ${other}?)`
}
