import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { raplMeter } from './meter.js'

describe('the energy meter of this machine', () => {
  let root: string
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'powercap-'))
  })
  afterEach(() => rmSync(root, { recursive: true, force: true }))

  const zone = (path: string, name: string, microjoules: number, range = 1_000_000_000): void => {
    mkdirSync(join(root, path), { recursive: true })
    writeFileSync(join(root, path, 'name'), `${name}\n`)
    writeFileSync(join(root, path, 'energy_uj'), `${microjoules}\n`)
    writeFileSync(join(root, path, 'max_energy_range_uj'), `${range}\n`)
  }
  const set = (path: string, microjoules: number): void => writeFileSync(join(root, path, 'energy_uj'), `${microjoules}\n`)

  it('adds processors and memory, and counts nothing twice', () => {
    zone('intel-rapl:0', 'package-0', 5_000_000)
    zone('intel-rapl:0:0', 'core', 1_000_000)
    zone('intel-rapl:0:1', 'dram', 2_000_000)
    zone('intel-rapl:1', 'psys', 9_000_000)
    const meter = raplMeter(root)!
    expect(meter.joules()).toBe(0)
    set('intel-rapl:0', 8_000_000)
    set('intel-rapl:0:0', 3_000_000)
    set('intel-rapl:0:1', 2_500_000)
    set('intel-rapl:1', 99_000_000)
    expect(meter.joules()).toBeCloseTo(3.5, 9)
  })

  it('goes on when a counter begins anew', () => {
    zone('intel-rapl:0', 'package-0', 90_000_000, 100_000_000)
    const meter = raplMeter(root)!
    set('intel-rapl:0', 5_000_000)
    expect(meter.joules()).toBeCloseTo(15, 9)
    set('intel-rapl:0', 6_000_000)
    expect(meter.joules()).toBeCloseTo(16, 9)
  })

  it('is none where there is nothing to read', () => {
    expect(raplMeter(join(root, 'absent'))).toBeUndefined()
    mkdirSync(join(root, 'intel-rapl:0'))
    expect(raplMeter(root)).toBeUndefined()
  })
})
