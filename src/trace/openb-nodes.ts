import { type Cluster, IssueCollector, type IssueReport, shown } from '../model/index.js'
import { RecordScanner } from './records.js'
import { openSource, SourceTrouble } from './source.js'

/** A cluster from a node list, with what was wrong with the list and how many of its nodes have no GPU. */
export type NodesReading =
  | { readonly ok: true; readonly cluster: Cluster; readonly nodesWithoutGpu: number; readonly issues: IssueReport }
  | { readonly ok: false; readonly issues: IssueReport }

const COLUMNS = ['sn', 'gpu', 'model'] as const

/**
 * Reads Alibaba’s openb node list (sn, cpu_milli, memory_mib, gpu, model) as a cluster: one group for each model and number of GPUs, slots are
 * GPUs. Nodes without a GPU hold no slot and are counted, not listed.
 */
export async function readOpenbNodes(path: string): Promise<NodesReading> {
  const issues = new IssueCollector()
  const source = await openSource(path)
  if ('code' in source) {
    issues.add(source)
    return { ok: false, issues: issues.report() }
  }
  const groups = new Map<string, { name: string; count: number; slots: number }>()
  let header: string[] | undefined
  let nodesWithoutGpu = 0
  let lacking: readonly string[] = []
  const drop = (code: string, line: number, message: string, value: string): void =>
    issues.add({
      code,
      severity: 'warning',
      place: `${path}:${line}`,
      message: `${message}; the node is dropped`,
      value: shown(value),
    })
  const scanner = new RecordScanner({
    delimiter: ',',
    quotes: true,
    onTrouble: (trouble, line, value) => drop(trouble, line, 'the line cannot be split into columns', value),
    onRecord(record) {
      if (!header) {
        header = Array.from({ length: record.count }, (_, field) => record.text(field).trim())
        lacking = COLUMNS.filter((name) => !header!.includes(name))
        for (const column of lacking) {
          const message = `an openb node list needs a column ${column}`
          issues.add({
            code: 'missing-column',
            severity: 'error',
            place: `${path}:${record.line}`,
            message,
            value: shown(record.raw()),
          })
        }
        return
      }
      if (lacking.length > 0) return
      if (record.count !== header.length) {
        drop('column-count', record.line, `${record.count} columns where the header has ${header.length}`, record.raw())
        return
      }
      const gpuText = record.text(header.indexOf('gpu')).trim()
      const gpus = Number(gpuText)
      if (gpuText === '' || !Number.isInteger(gpus) || gpus < 0) {
        drop('bad-number', record.line, 'gpu is no whole number', gpuText)
        return
      }
      if (gpus === 0) {
        nodesWithoutGpu++
        return
      }
      const model = record.text(header.indexOf('model')).trim() || 'GPU'
      const name = `${model}x${gpus}`
      const group = groups.get(name) ?? { name, count: 0, slots: gpus }
      group.count++
      groups.set(name, group)
    },
  })
  try {
    for await (const chunk of source.chunks()) scanner.push(chunk)
    scanner.finish()
  } catch (error) {
    if (!(error instanceof SourceTrouble)) throw error
    issues.add({ code: error.code, severity: 'error', place: `${path}:${scanner.line}`, message: error.message })
  }
  const report = issues.report()
  if (groups.size === 0 && report.counts.every((count) => count.severity !== 'error')) {
    issues.add({ code: 'no-nodes', severity: 'error', place: path, message: 'the list has no node with a GPU' })
  }
  if (issues.report().counts.some((count) => count.severity === 'error')) return { ok: false, issues: issues.report() }
  const nodes = [...groups.values()].sort((a, b) => a.name.localeCompare(b.name, 'en')).map((group) => ({ ...group, speed: 1 }))
  return { ok: true, cluster: { schema: 'halftone/cluster/1', name: 'openb', nodes }, nodesWithoutGpu, issues: report }
}
