import type { Characterisation } from '../model/index.js'
import { ascending, describe } from './distribution.js'
import { countByLabel, type Rows, shareOf, sumByLabel } from './rows.js'
import { skewOf } from './skew.js'

const MOST_TYPES = 50

/** Kinds of slots, machines, and what rows ask of CPU and memory; each null where the trace lacks it. */
export function heterogeneity(rows: Rows): Characterisation['heterogeneity'] {
  const { slotType, machine, cpu, memory } = rows.jobs
  const requests = (column: Float64Array | undefined) => (column ? describe(ascending(column, 0)) : null)
  return {
    slotTypes: slotTypes(rows, slotType),
    machines: machines(rows, machine),
    cpu: requests(cpu),
    cpuUnit: rows.trace.cpuUnit ?? null,
    memory: requests(memory),
    memoryUnit: rows.trace.memoryUnit ?? null,
  }
}

function slotTypes(rows: Rows, column: Rows['jobs']['slotType']): Characterisation['heterogeneity']['slotTypes'] {
  if (!column) return null
  const counts = countByLabel(column)
  const held = sumByLabel(column, rows.resource)
  const present = Array.from(counts.keys()).filter((code) => counts[code]! > 0)
  if (present.length === 0) return null
  return present
    .sort((a, b) => counts[b]! - counts[a]! || (column.labels[a]! < column.labels[b]! ? -1 : 1))
    .slice(0, MOST_TYPES)
    .map((code) => ({
      label: column.labels[code]!,
      rows: counts[code]!,
      share: counts[code]! / rows.count,
      resourceSeconds: held[code]!,
      resourceShare: shareOf(held[code]!, rows.totalResource),
    }))
}

function machines(rows: Rows, column: Rows['jobs']['machine']): Characterisation['heterogeneity']['machines'] {
  if (!column) return null
  const counts = countByLabel(column)
  const byRows = skewOf(counts.filter((count) => count > 0))
  if (!byRows) return null
  const byResource = skewOf(sumByLabel(column, rows.resource).filter((_, code) => counts[code]! > 0))
  return { distinct: byRows.holders, byRows, byResource }
}
