import type { IssueCollector } from '../model/index.js'
import type { LocatedMapping } from './mapping.js'
import type { ReadOptions, TraceReading } from './result.js'

export async function readParquet(
  path: string,
  _bytes: number,
  _mapping: LocatedMapping | undefined,
  issues: IssueCollector,
  _options: ReadOptions,
): Promise<TraceReading> {
  issues.add({ code: 'unsupported', severity: 'error', place: path, message: 'Parquet is not read yet' })
  return { ok: false, issues: issues.report() }
}
