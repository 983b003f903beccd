/** A trial as a page: measured beside foreseen, what happened on every slot, what dropping lost. */
import { accuracyLoss as lossAt, type TrialReport } from '../model/index.js'
import { type Curve, curveChart, type IntervalRow, intervalChart } from './chart.js'
import { change, count, counted, duration, energy, interval, NONE, percent, power, value } from './format.js'
import { type Content, html } from './html.js'
import { commonUnit } from './measures.js'
import { dataTable, page, pair } from './page.js'
import { policyInWords } from './policy-words.js'
import { closeUp, timelineLegend, timelineScale, trialTimeline } from './trial-timeline.js'
import {
  AGREEMENT_NOTE,
  type Agreement,
  actionsInWords,
  missedBy,
  trialCaveats,
  trialDrop,
  trialFigures,
  trialInWords,
  trialSetting,
  trialTitle,
  trialTrust,
} from './trial-words.js'

export function trialPage(report: TrialReport): string {
  const figures = trialFigures(report)
  const judged = figures.filter(({ agreement }) => agreement !== undefined)
  const off = (figure: 'mean' | 'p95', label: string) => {
    const missed = missedBy(figures, figure)
    const note = missed && `at most ${percent(Math.abs(missed.worst.error), 2)}`
    return missed === undefined ? [] : [{ label, value: percent(missed.median, 2), note: note! }]
  }
  const jobs = Object.values(report.arrivals).reduce((sum, n) => sum + n, 0)
  return page({
    kind: 'trial',
    question: trialTitle(report),
    answer: trialInWords(report),
    figures: [
      ...off('mean', 'mean off by, median'),
      ...off('p95', 'p95 off by, median'),
      ...(judged.length === 0
        ? []
        : [
            {
              label: 'within what was foreseen',
              value: `${judged.filter(({ agreement }) => agreement === 'within').length} of ${judged.length}`,
            },
          ]),
      { label: 'jobs a policy', value: count(jobs), note: `over ${duration(report.seconds)}` },
      { label: 'load', value: percent(report.load, 2), note: `of ${counted(report.driver.slots, 'slot')}` },
    ],
    trust: trialTrust(report),
    caveats: trialCaveats(report),
    sections: [
      {
        title: 'Measured and foreseen',
        body: [html`<p>${trialSetting(report)}</p>`, ...responseCharts(report), figureTable(report)],
      },
      { title: 'What it cost', body: [clusterTable(report)] },
      { title: 'What happened', body: timelines(report) },
      { title: 'What dropping lost', body: lossBody(report) },
      { title: 'What was measured before', body: [profileTable(report)] },
    ],
    foot: [`${report.schema} · seed ${report.seed}`],
  })
}

const SERIES = { measured: 'measured', predicted: 'foreseen of the same arrivals' } as const

/** Means on one side, 95th percentiles on the other, a line a policy and class. */
function responseCharts(report: TrialReport): Content[] {
  const figures = trialFigures(report)
  if (figures.length === 0) return [html`<p>No job ended: there is nothing to hold against the model.</p>`]
  const chart = (figure: 'mean' | 'p95', title: string): Content => {
    const rows = figures
      .filter((one) => one.figure === figure)
      .flatMap(({ policy, className, measured, predicted }): IntervalRow[] => {
        const group = `${policy}: ${className}`
        const row = (series: string, { value, low, high }: { value: number; low: number; high: number }): IntervalRow => ({
          ...{ group, series, value, low, high },
        })
        return [row(SERIES.measured, measured), ...(predicted ? [row(SERIES.predicted, predicted)] : [])]
      })
    return intervalChart({
      title,
      alt: rows
        .map((row) => `${row.group} ${row.series} ${duration(row.value)}`)
        .slice(0, 12)
        .join('; '),
      rows,
      x: { label: 'response time →', kind: 'duration', low: 0 },
      size: 'half',
    })
  }
  return [pair(chart('mean', 'Mean response.'), chart('p95', '95 % of the jobs ended within.'))]
}

const CLASS_OF: Readonly<Record<Agreement, string>> = { within: 'good', overlap: 'unsure', apart: 'bad' }

function figureTable(report: TrialReport): Content {
  const figures = trialFigures(report)
  if (figures.length === 0) return ''
  return dataTable(
    `Response with 95 % intervals. ${AGREEMENT_NOTE}`,
    [
      { head: 'Policy' },
      { head: 'Class' },
      { head: 'Jobs', numeric: true },
      { head: 'Response' },
      { head: 'Measured', numeric: true },
      { head: 'Foreseen', numeric: true },
      { head: 'Off by', numeric: true },
      { head: 'Agreement' },
    ],
    figures.map((one) => {
      const unit = commonUnit([one.measured.value, one.predicted?.value])
      return [
        one.policy,
        one.className,
        count(one.jobs),
        one.figure,
        interval(one.measured, 'duration', unit),
        html`${interval(one.predicted, 'duration', unit)}${one.steady && html`<small>long run ${value(one.steady, 'duration', unit)}</small>`}`,
        one.predicted === undefined ? NONE : change(one.measured.value, one.predicted.value),
        one.agreement === undefined ? NONE : html`<span class="${CLASS_OF[one.agreement]}">${one.agreement}</span>`,
      ]
    }),
  )
}

function clusterTable({ policies }: TrialReport): Content {
  return dataTable(
    'Of the whole cluster, measured; what was foreseen below it',
    [
      { head: 'Policy' },
      { head: 'Took', numeric: true },
      { head: 'Utilisation', numeric: true },
      { head: 'Waste', numeric: true },
      { head: 'Power', numeric: true },
      { head: 'Energy', numeric: true },
      { head: 'Sprinted', numeric: true },
      { head: 'Actions' },
    ],
    policies.map(({ policy, tookSeconds, measured, predicted, actions }) => {
      const both = (of: (cluster: typeof measured) => string): Content =>
        html`${of(measured)}${predicted === undefined || of(predicted) === NONE ? '' : html`<small>${of(predicted)}</small>`}`
      return [
        html`${policy.name}<small>${policyInWords(policy)}</small>`,
        duration(tookSeconds),
        both(({ utilisation }) => percent(utilisation)),
        both(({ waste }) => percent(waste)),
        both(({ powerWatts }) => power(powerWatts)),
        both(({ energyJoules }) => energy(energyJoules)),
        both(({ sprintSeconds }) => duration(sprintSeconds)),
        actionsInWords(actions),
      ]
    }),
  )
}

function timelines({ policies }: TrialReport): Content[] {
  const scale = timelineScale(policies)
  const near = closeUp(policies, scale)
  const budgets = policies.some(({ timeline }) => timeline.budget !== undefined)
  return [
    html`<p>What ran on each slot; below, the jobs that were present at once, by class${budgets ? ', and what was left of the sprint budget' : ''}.${scale.shortened ? ` The first ${duration(scale.to)} are drawn.` : ''}</p>`,
    timelineLegend(scale),
    ...policies.map((policy) => trialTimeline(policy, scale)),
    near && [
      html`<h3>Task by task, from ${duration(near.from)} to ${duration(near.to)}</h3>`,
      ...policies.map((policy) => trialTimeline(policy, near)),
    ],
  ]
}

function lossBody(report: TrialReport): Content[] {
  const rows = report.policies.flatMap((one) =>
    one.classes.flatMap(({ name, accuracyLoss }) => {
      const drop = trialDrop(report, one, name)
      const lost = accuracyLoss.measured
      return drop > 0 || (lost !== undefined && lost.value > 0) ? [{ policy: one.policy.name, name, drop, accuracyLoss }] : []
    }),
  )
  const curves = report.profile.classes.flatMap(({ name, accuracy }, k): Curve[] => {
    if (accuracy === undefined || !rows.some((row) => row.name === name)) return []
    const ratios = [0, ...accuracy.points.map(({ dropRatio }) => dropRatio)]
    const points = ratios.map((ratio): [number, number] => [ratio, lossAt(accuracy, ratio).value])
    return [{ name: `${name}, profiled before`, points, colour: k }]
  })
  const seen = rows.flatMap(({ policy, name, drop, accuracyLoss: { measured } }): Curve[] => {
    const k = report.profile.classes.findIndex((one) => one.name === name)
    return measured === undefined
      ? []
      : [{ name: `${name} under ${policy}, measured`, points: [[drop, measured.value]], shape: 'dots', colour: Math.max(0, k) }]
  })
  return [
    rows.length === 0
      ? html`<p>No policy dropped anything.</p>`
      : dataTable(
          'Accuracy lost against the result of everything, mean over the jobs',
          [
            { head: 'Policy' },
            { head: 'Class' },
            { head: 'Dropped', numeric: true },
            { head: 'Measured', numeric: true },
            { head: 'Foreseen', numeric: true },
          ],
          rows.map(({ policy, name, drop, accuracyLoss: { measured, predicted } }) => [
            policy,
            name,
            percent(drop),
            interval(measured, 'share'),
            interval(predicted, 'share'),
          ]),
        ),
    curves.length === 0
      ? ''
      : curveChart({
          title: 'Accuracy lost against the share of tasks dropped.',
          note: 'Lines: random choices among the results of a full run, before the trial. Marks: what the jobs of the trial lost.',
          alt: [...curves, ...seen]
            .map(({ name, points }) => `${name}: ${percent(points.at(-1)![1])} at ${percent(points.at(-1)![0])}`)
            .join('; '),
          curves: [...curves, ...seen],
          x: { label: 'share of tasks dropped →', kind: 'share', low: 0 },
          y: { label: '↑ accuracy lost', kind: 'share', low: 0 },
        }),
  ]
}

function profileTable({ profile }: TrialReport): Content {
  return dataTable(
    `Jobs of each class run alone, ${duration(profile.tookSeconds)} in all; from the end of a task to the next on its slot ${value(profile.turnaroundSeconds, 'duration')}`,
    [
      { head: 'Class' },
      { head: 'Stage' },
      { head: 'Jobs', numeric: true },
      { head: 'Tasks', numeric: true },
      { head: 'Task time', numeric: true },
      { head: 'Varies by', numeric: true },
      { head: 'Setup', numeric: true },
      { head: 'Sprint', numeric: true },
    ],
    profile.classes.flatMap(({ name, jobs, stages }) =>
      stages.map((stage) => [
        name,
        stage.name,
        count(jobs),
        count(stage.tasks),
        interval(stage.taskSeconds, 'duration'),
        percent(stage.cv, 2),
        interval(stage.setupSeconds, 'duration'),
        stage.speedUp === undefined ? NONE : `× ${interval(stage.speedUp, 'number')}`,
      ]),
    ),
  )
}
