import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type Estimate, parseNoun, type TrialPolicy, TrialReport, type TrialTask } from '../model/index.js'
import { type PageElement, parsePage } from './dom.js'
import { trialText } from './trial.js'
import { trialPage } from './trial-page.js'
import { closeUp, timelineScale } from './trial-timeline.js'
import { missedBy, trialFigures, trialInWords } from './trial-words.js'

const around = (value: number, share: number): Estimate => ({
  value,
  low: value * (1 - share),
  high: value * (1 + share),
  confidence: 0.95,
})

const task = (change: Partial<TrialTask>): TrialTask => ({
  className: 'batch',
  job: 0,
  stage: 'map',
  task: 0,
  node: 'worker',
  lane: 0,
  startSeconds: 0,
  endSeconds: 1,
  lost: false,
  ...change,
})

/** A policy under which `interactive` and `batch` took so long, and were foreseen to. */
function policy(
  name: string,
  [interactive, batch]: readonly [number, number],
  foreseen: readonly [number, number] | undefined,
  timeline: Partial<TrialPolicy['timeline']> = {},
  drop: Record<string, number> = {},
): object {
  const one = (className: string, measured: number, predicted: number | undefined): object => ({
    name: className,
    jobs: 20,
    unfinished: 0,
    measured: { mean: around(measured, 0.1), p95: around(2 * measured, 0.1) },
    ...(predicted === undefined ? {} : { predicted: { mean: around(predicted, 0.05), p95: around(2 * predicted, 0.05) } }),
    accuracyLoss: drop[className] ? { measured: around(0.02, 0.1), predicted: around(0.018, 0.1) } : {},
  })
  return {
    policy: { schema: 'halftone/policy/1', name, discipline: 'priority-nonpreemptive', drop },
    startedAtSeconds: 1_795_000_000,
    tookSeconds: 100,
    classes: [one('interactive', interactive, foreseen?.[0]), one('batch', batch, foreseen?.[1])],
    measured: { utilisation: 0.6, waste: name === 'P' ? 0.05 : 0 },
    energySource: 'a model of watts by busy slots',
    actions: { submit: 40 },
    timeline: { tasks: [task({})], sprints: [], atSeconds: [0, 1], present: { batch: [1, 0] }, ...timeline },
    caveats: [],
  }
}

function report(...policies: object[]): TrialReport {
  const scenario = parseNoun(readFileSync('examples/trial.yaml', 'utf8'), 'examples/trial.yaml', 'scenario')
  if (!scenario.ok) throw new Error(JSON.stringify(scenario.issues))
  const stage = { name: 'map', tasks: 8, taskSeconds: around(1, 0.02), cv: 0.1, setupSeconds: around(0.1, 0.1) }
  const accuracy = { source: 'measured', points: [{ dropRatio: 0.5, loss: 0.04, halfWidth: 0.01 }] }
  return TrialReport.parse({
    schema: 'halftone/trial-report/1',
    scenario: 'two classes',
    driver: { name: 'embedded', through: ['cgroup v1 quota'], slots: 4 },
    seed: 1,
    load: 0.7,
    seconds: 90,
    arrivals: { interactive: 20, batch: 20 },
    profile: {
      classes: [
        { name: 'interactive', jobs: 4, stages: [stage] },
        { name: 'batch', jobs: 4, stages: [stage], accuracy },
      ],
      turnaroundSeconds: around(0.02, 0.1),
      tookSeconds: 30,
      scenario: scenario.value,
    },
    policies,
    caveats: [],
  })
}

describe('a trial in words', () => {
  it('says of each measured figure how far off the model was, and whether it lies within what was foreseen', () => {
    const figures = trialFigures(report(policy('P', [10, 20], [10.2, 25])))
    const seen = figures.map(({ className, figure, error, agreement }) => [className, figure, error!.toFixed(3), agreement])
    // 10 lies in 10.2 ± 5 %; 20 ± 10 % ends at 22, 25 ± 5 % begins at 23.75
    expect(seen).toEqual([
      ['interactive', 'mean', '0.020', 'within'],
      ['interactive', 'p95', '0.020', 'within'],
      ['batch', 'mean', '0.250', 'apart'],
      ['batch', 'p95', '0.250', 'apart'],
    ])
    // 20 ± 10 % reaches 22, 22.5 ± 5 % begins at 21.4
    expect(trialFigures(report(policy('P', [10, 20], [10, 22.5])))[2]!.agreement).toBe('overlap')
  })

  it('takes an error for as large below as above, in the middle of an even number between the two', () => {
    const trial = report(policy('P', [10, 10], [9, 10.5]), policy('NP', [10, 10], [10.2, 14]))
    const missed = missedBy(trialFigures(trial), 'mean')!
    expect(missed.median).toBeCloseTo((0.05 + 0.1) / 2, 12)
    expect([missed.worst.policy, missed.worst.className]).toEqual(['NP', 'batch'])
  })

  it('answers with the errors and with what the last policy changed against the first', () => {
    const said = trialInWords(report(policy('P', [10, 20], [10, 20]), policy('DiAS', [8, 10], [8, 10])))
    expect(said).toContain('Foreseen mean responses are off by 0 % in the median')
    expect(said).toContain('under DiAS against P: interactive −20 % and batch −50 %; waste 5 % → 0 %')
  })

  it('says so where nothing was foreseen', () => {
    const trial = report(policy('P', [10, 20], undefined))
    expect(trialInWords(trial)).toBe('Nothing was foreseen to hold the measurements against.')
    expect(trialText(trial)).toContain('–')
  })
})

describe('the page of a trial', () => {
  const rects = (page: string): PageElement[] => [...parsePage(page).querySelectorAll('svg g rect')]

  it('draws an attempt a bar, those thrown away pale, and a line where its job sprinted', () => {
    const tasks = [
      task({ endSeconds: 40, lost: true }),
      task({ startSeconds: 40, endSeconds: 60, className: 'interactive', job: 1 }),
      task({ lane: 1, endSeconds: 100 }),
    ]
    const sprints = [{ job: 1, startSeconds: 50, endSeconds: 60, speed: 2 }]
    const page = trialPage(report(policy('P', [10, 20], [10, 20], { tasks, sprints })))
    const bars = rects(page)
    expect(bars.map((bar) => bar.getAttribute('fill'))).toEqual(['var(--c1)', 'var(--c0)', 'var(--c1)'])
    expect(bars.map((bar) => bar.getAttribute('fill-opacity'))).toEqual(['0.2', null, null])
    const wide = bars.map((bar) => Number(bar.getAttribute('width')))
    expect(wide[1]! / wide[2]!).toBeCloseTo(0.2, 2)
    const marks = [...parsePage(page).querySelectorAll('svg line[stroke-width="2"]')]
    expect(marks).toHaveLength(1)
    expect(page).toMatch(/interactive, job 1, map 0: 40\ss to 60\ss/)
  })

  it('draws short attempts of one job as one bar, and a stretch in which they are told apart where something happened', () => {
    const tasks = Array.from({ length: 600 }, (_, i) =>
      task({ job: Math.floor(i / 100), startSeconds: i, endSeconds: i + 1, lost: i >= 300 && i < 304 }),
    )
    const trial = report(policy('P', [10, 20], [10, 20], { tasks }))
    const scale = timelineScale(trial.policies)
    expect([scale.from, scale.to, scale.shortened]).toEqual([0, 600, false])
    const near = closeUp(trial.policies, scale)!
    expect(near.from).toBeLessThan(304)
    expect(near.to).toBeGreaterThan(300)
    expect(near.to - near.from).toBeLessThan(100)
    // seven in the whole: six jobs, one of them with attempts thrown away at its beginning
    expect(rects(trialPage(trial)).length).toBeLessThan(7 + 100)
    expect(trialPage(trial)).toContain('Task by task')
  })

  it('ends the picture of a trial with more attempts than can be drawn, and says so', () => {
    const tasks = Array.from({ length: 4_000 }, (_, i) => task({ job: i, startSeconds: i, endSeconds: i + 1 }))
    const trial = report(policy('P', [10, 20], [10, 20], { tasks }))
    expect(timelineScale(trial.policies)).toMatchObject({ to: 3_000, shortened: true })
    expect(trialPage(trial)).toContain('are drawn')
  })

  it('shows what dropping lost, beside what was profiled, of the classes that dropped', () => {
    const none = parsePage(trialPage(report(policy('NP', [10, 20], [10, 20]))))
    expect(none.documentElement.textContent).toContain('No policy dropped anything')
    const page = parsePage(trialPage(report(policy('DA', [10, 20], [10, 20], {}, { batch: 0.25 }))))
    const text = page.documentElement.textContent!
    expect(text).toContain('batch under DA, measured')
    expect(text).toContain('batch, profiled before')
    expect(text).toMatch(/DA\s*batch\s*25\s%/)
  })
})
