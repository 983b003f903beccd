import { type Cluster, IssueCollector, type IssueReport, type NodeGroup, shown } from '../model/index.js'
import { RecordScanner } from './records.js'
import { openSource, SourceTrouble } from './source.js'

/** A cluster from a node list, with what was wrong with the list and how many of its nodes have no GPU. */
export type NodesReading =
  | { readonly ok: true; readonly cluster: Cluster; readonly nodesWithoutGpu: number; readonly issues: IssueReport }
  | { readonly ok: false; readonly issues: IssueReport }

const COLUMNS = ['sn', 'gpu', 'model'] as const

/**
 * Reads Alibaba’s openb node list (sn, cpu_milli, memory_mib, gpu, model) as a cluster: one group for each model, number of GPUs, CPUs and memory; slots
 * are GPUs. Nodes without a GPU are counted, and listed (without slots) where the list says what CPUs or memory they have.
 */
export async function readOpenbNodes(path: string): Promise<NodesReading> {
  const issues = new IssueCollector()
  const source = await openSource(path)
  if ('code' in source) {
    issues.add(source)
    return { ok: false, issues: issues.report() }
  }
  const groups = new Map<string, NodeGroup>()
  const named = new Map<string, number>()
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
      if (gpus === 0) nodesWithoutGpu++
      const amounts = ['cpu_milli', 'memory_mib'].map((column): number | undefined => {
        const at = header!.indexOf(column)
        const value = at < 0 ? Number.NaN : Number(record.text(at).trim() || Number.NaN)
        return value > 0 && Number.isFinite(value) ? value : undefined
      })
      const cpus = amounts[0] === undefined ? undefined : amounts[0] / 1000
      const memoryMib = amounts[1]
      if (gpus === 0 && cpus === undefined && memoryMib === undefined) return
      const model = record.text(header.indexOf('model')).trim() || (gpus === 0 ? 'CPU' : 'GPU')
      const key = `${model} ${gpus} ${cpus} ${memoryMib}`
      let group = groups.get(key)
      if (group === undefined) {
        // alike but for CPUs or memory: the second of them is told apart by a number
        const plain = gpus === 0 ? model : `${model}x${gpus}`
        const nth = (named.get(plain) ?? 0) + 1
        named.set(plain, nth)
        group = {
          name: nth === 1 ? plain : `${plain} (${nth})`,
          count: 0,
          slots: gpus,
          speed: 1,
          ...(cpus === undefined ? {} : { cpus }),
          ...(memoryMib === undefined ? {} : { memoryMib }),
        }
        groups.set(key, group)
      }
      group.count++
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
  if ([...groups.values()].every(({ slots }) => slots === 0) && report.counts.every((count) => count.severity !== 'error')) {
    issues.add({ code: 'no-nodes', severity: 'error', place: path, message: 'the list has no node with a GPU' })
  }
  if (issues.report().counts.some((count) => count.severity === 'error')) return { ok: false, issues: issues.report() }
  const nodes = [...groups.values()].sort((a, b) => a.name.localeCompare(b.name, 'en'))
  return { ok: true, cluster: { schema: 'halftone/cluster/1', name: 'openb', nodes }, nodesWithoutGpu, issues: report }
}
