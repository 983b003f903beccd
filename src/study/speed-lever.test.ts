import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { type Scenario, slotCount, validate, wattsAtSpeed } from '../model/index.js'
import { readScenario } from './scenario-file.js'
import { type MeasuredLever, readSpeedLever, withSpeedLever } from './speed-lever.js'

const folder = mkdtempSync(join(tmpdir(), 'halftone-speeds-'))
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, ...lines: string[]): string {
  const path = join(folder, name)
  writeFileSync(path, `${lines.join('\n')}\n`)
  return path
}

async function leverOf(path: string, base?: number): Promise<MeasuredLever> {
  const reading = await readSpeedLever(path, base)
  if (!reading.ok) throw new Error(JSON.stringify(reading.issues.kept))
  return reading.lever
}

async function issuesOf(path: string, base?: number): Promise<[string, string][]> {
  const reading = await readSpeedLever(path, base)
  return reading.ok ? [] : reading.issues.kept.map(({ code, place }) => [code, place])
}

async function dias(): Promise<Scenario> {
  const reading = await readScenario('examples/dias.yaml')
  if (!reading.ok) throw new Error('examples/dias.yaml')
  return reading.question.scenario
}

const caps = ['power_limit,time_per_epoch,average_power', '100,11.1,91', '150,8.2,130', '250,7.4,195']

describe('a measured table as a lever', () => {
  it('gives the speeds above its base, each with its power', async () => {
    const { base, faster } = await leverOf(file('caps.csv', ...caps), 150)
    expect(base).toMatchObject({ setting: 150, watts: 130 })
    expect(faster.map(({ setting, watts }) => [setting, watts])).toEqual([[250, 195]])
    expect(faster[0]!.speed).toBeCloseTo(8.2 / 7.4, 12)
  })

  it('of several works is the median of their speeds, each against itself', async () => {
    const rows = [
      'resnet,64,100,10,90',
      'resnet,64,200,5,150',
      'resnet,128,100,20,95',
      'resnet,128,200,16,160',
      'bert,8,100,30,99',
      'bert,8,200,20,170',
    ]
    const { faster, caveats } = await leverOf(file('works.csv', 'network,batch_size,power_limit,seconds,watts', ...rows))
    // 2, 1.25 and 1.5 times as fast; 150, 160 and 170 W
    expect(faster).toMatchObject([{ setting: 200, watts: 160 }])
    expect(faster[0]!.speed).toBeCloseTo(1.5, 12)
    expect(caveats[0]).toMatchObject({ code: 'typical-work', numbers: { works: 3, leftOut: 0 } })
  })

  it('is refused line by line: slower at higher power, no number, no column, a base that was not measured, no gain', async () => {
    const slow = file('slow.csv', ...caps, '300,9,230')
    expect(await issuesOf(slow)).toEqual([['slower-at-higher-power', `${slow}:5`]])
    const word = file('word.csv', ...caps, '300,fast,230')
    expect(await issuesOf(word)).toEqual([['not-a-number', `${word}:5`]])
    const less = file('less.csv', 'power_limit,time', '100,1', '200,2')
    expect(await issuesOf(less)).toEqual([['missing-column', less]])
    const fine = file('fine.csv', ...caps)
    expect((await issuesOf(fine, 123)).map(([code]) => code)).toEqual(['unknown-base'])
    expect((await issuesOf(fine, 250)).map(([code]) => code)).toEqual(['no-speed-up'])
  })

  it('leaves out a work that is slower at higher power, says so, and is refused where most are', async () => {
    const [good, bad] = [
      ['100,10,90', '200,5,150'],
      ['100,5,90', '200,10,150'],
    ]
    const named = (name: string, rows: readonly string[]): string[] => rows.map((row) => `${name},${row}`)
    const header = 'job,power_limit,seconds,watts'
    const one = await leverOf(file('one.csv', header, ...named('a', good), ...named('b', good), ...named('c', bad)))
    expect(one.caveats.map(({ code }) => code)).toEqual(['typical-work', 'works-left-out'])
    const two = file('two.csv', header, ...named('a', good), ...named('b', bad), ...named('c', bad))
    expect(await issuesOf(two)).toEqual([
      ['slower-at-higher-power', `${two}:5`],
      ['slower-at-higher-power', `${two}:7`],
    ])
  })

  it('makes a valid scenario whose every speed has its measured power, who sprints as it was', async () => {
    const scenario = await dias()
    const lever = await leverOf(file('levels.csv', 'setting,seconds,watts', '800,10,60', '1200,7,90', '1500,6,130'))
    const changed = withSpeedLever(scenario, lever, 20)
    const valid = validate('scenario', changed)
    expect(valid.ok ? [] : valid.issues).toEqual([])
    expect(changed.levers!.sprint).toMatchObject({ classes: ['high'], speed: 1.667, otherSpeeds: [1.429] })
    const power = changed.cluster.power!
    const slots = slotCount(scenario.cluster)
    expect([power.idleWatts, power.busyWatts]).toEqual([20 * slots, 60 * slots])
    expect([1.429, 1.667].map((speed) => wattsAtSpeed(power, speed))).toEqual([90 * slots, 130 * slots])
  })
})

const DATA = '../shared/data'
const absent = existsSync(DATA) ? '' : ` (skipped: there is no ${DATA})`

describe.skipIf(absent !== '')(`published tables${absent}`, () => {
  it('Zeus: 250 W against 150 W on a V100 is 1.12 times as fast at 1.47 times the power, in the median of 51 trainings', async () => {
    const { base, faster, caveats } = await leverOf(`${DATA}/zeus/summary_power_v100.csv.gz`, 150)
    // the medians as a script over the file finds them: 1.1224, 130.3 W, 191.1 W
    expect(faster.at(-1)!.speed).toBeCloseTo(1.1224, 4)
    expect([base.watts, faster.at(-1)!.watts].map(Math.round)).toEqual([130, 191])
    expect(caveats[0]!.numbers).toEqual({ works: 51, leftOut: 17 })
  })

  it('V100 clocks: every faster clock draws more, all 20 kernels are used', async () => {
    const { faster, caveats } = await leverOf(`${DATA}/gpu-dvfs/v100-dvfs-real-profile.csv.gz`, 802)
    expect(faster.map(({ setting }) => setting)).toEqual([945, 1102, 1237, 1380])
    faster.reduce((a, b) => {
      expect(b.speed).toBeGreaterThan(a.speed)
      expect(b.watts).toBeGreaterThan(a.watts)
      return b
    })
    expect(faster.at(-1)!.speed).toBeLessThan(1380 / 802)
    expect(caveats.map(({ code }) => code)).toEqual(['typical-work'])
  })
})
