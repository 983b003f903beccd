/**
 * The energy meter of this machine’s processors and memory, where the kernel lets it be read: the counters that Linux shows under powercap (Intel’s RAPL, and AMD’s under the
 * same name). They count microjoules and begin anew at `max_energy_range_uj`, so a meter is to be read at least once a minute. Since 2020 only root may read them (CVE-2020-8694).
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface EnergyMeter {
  /** Joules since the meter was opened. */
  joules(): number
  readonly source: string
}

interface Zone {
  readonly path: string
  /** Microjoules after which the counter begins anew. */
  readonly range: number
  last: number
}

/** Undefined where there is nothing to read, or nothing that may be read. Processors as a whole, and memory beside them; parts of a processor are in the whole. */
export function raplMeter(root = '/sys/class/powercap'): EnergyMeter | undefined {
  const zones = zonesOf(root)
  if (zones.length === 0) return undefined
  let total = 0
  const joules = (): number => {
    for (const zone of zones) {
      const now = numberIn(join(zone.path, 'energy_uj'))
      if (now === undefined) continue
      total += now >= zone.last ? now - zone.last : now + zone.range - zone.last
      zone.last = now
    }
    return total / 1e6
  }
  return { joules, source: 'measured: RAPL counters of the processors' }
}

function zonesOf(root: string): Zone[] {
  let names: string[]
  try {
    names = readdirSync(root)
  } catch {
    return []
  }
  return names.flatMap((name): Zone[] => {
    const path = join(root, name)
    const counted = /^intel-rapl:\d+$/.test(name) ? /^package-/ : /^intel-rapl:\d+:\d+$/.test(name) ? /^dram$/ : undefined
    if (!counted?.test(textIn(join(path, 'name')) ?? '')) return []
    const [last, range] = [numberIn(join(path, 'energy_uj')), numberIn(join(path, 'max_energy_range_uj'))]
    return last === undefined || range === undefined ? [] : [{ path, range, last }]
  })
}

function textIn(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return undefined
  }
}

function numberIn(path: string): number | undefined {
  const text = textIn(path)
  const value = Number(text)
  return text === undefined || text === '' || !Number.isFinite(value) ? undefined : value
}
