/** A trial for a terminal: measured beside foreseen, what each policy cost, and what the tasks were measured to take. */
import type { Estimate, TrialReport } from '../model/index.js'
import { change, count, duration, energy, interval, NONE, percent, value } from './format.js'
import { commonUnit } from './measures.js'
import { saidInWords } from './page.js'
import { policyInWords } from './policy-words.js'
import { bullets, heading, type Ink, ink, parts, plain, type TextOptions, table, wrap } from './terminal.js'
import {
  AGREEMENT_NOTE,
  type Agreement,
  actionsInWords,
  trialCaveats,
  trialDrop,
  trialFigures,
  trialInWords,
  trialSetting,
  trialTitle,
  trialTrust,
} from './trial-words.js'

const right = 'right' as const

export function trialText(report: TrialReport, options: TextOptions = {}): string {
  const pen = ink(options)
  const said = (line: string): string => plain(line, 2000)
  return parts(
    `${heading(said(trialTitle(report)), pen)}\n${wrap(said(trialInWords(report)), pen)}`,
    wrap(said(trialSetting(report)), pen),
    figuresText(report, pen),
    clusterText(report, pen),
    lossText(report, pen),
    profileText(report, pen),
    [
      heading('How far to trust it', pen),
      bullets(trialTrust(report).map(said), pen),
      ...trialCaveats(report).map((one) => wrap(`${pen.warn('!')} ${said(saidInWords(one))}`, pen, 2, 4)),
    ].join('\n'),
  )
}

function figuresText(report: TrialReport, pen: Ink): string | undefined {
  const figures = trialFigures(report)
  if (figures.length === 0) return undefined
  const colour: Readonly<Record<Agreement, (text: string) => string>> = { within: pen.good, overlap: pen.warn, apart: pen.bad }
  const rows = figures.map((one, i) => {
    const unit = commonUnit([one.measured.value, one.predicted?.value])
    const before = figures[i - 1]
    const samePolicy = before?.policy === one.policy
    return [
      samePolicy ? '' : pen.bold(plain(one.policy, 20)),
      samePolicy && before.className === one.className ? '' : plain(one.className, 20),
      one.figure,
      interval(one.measured, 'duration', unit),
      interval(one.predicted, 'duration', unit),
      one.predicted === undefined ? NONE : change(one.measured.value, one.predicted.value),
      one.agreement === undefined ? NONE : colour[one.agreement](one.agreement),
    ]
  })
  const columns = [
    { head: 'Policy' },
    { head: 'Class' },
    { head: 'Response' },
    { head: 'Measured', align: right },
    { head: 'Foreseen', align: right },
    { head: 'Off by', align: right },
    { head: 'Agreement' },
  ]
  return `${table(columns, rows, pen)}\n${pen.dim(wrap(AGREEMENT_NOTE, pen))}`
}

function clusterText({ policies }: TrialReport, pen: Ink): string | undefined {
  if (policies.length === 0) return undefined
  const rows = policies.map(({ policy, measured, predicted, actions, tookSeconds }) => [
    pen.bold(plain(policy.name, 20)),
    duration(tookSeconds),
    percent(measured.utilisation),
    percent(predicted?.utilisation),
    percent(measured.waste),
    percent(predicted?.waste),
    energy(measured.energyJoules),
    duration(measured.sprintSeconds),
    plain(actionsInWords(actions), 60),
  ])
  const numbers = ['Took', 'Busy', 'foreseen', 'Waste', 'foreseen', 'Energy', 'Sprinted'].map((head) => ({ head, align: right }))
  const legend = policies.map(({ policy }) => `${plain(policy.name, 20)}: ${plain(policyInWords(policy), 400)}`)
  return `${table([{ head: 'Policy' }, ...numbers, { head: 'Actions' }], rows, pen)}\n${bullets(legend, pen)}`
}

function lossText(report: TrialReport, pen: Ink): string | undefined {
  const losses = report.policies.flatMap((one) =>
    one.classes.flatMap(({ name, accuracyLoss }): string[][] => {
      const drop = trialDrop(report, one, name)
      if (drop === 0 && !(accuracyLoss.measured !== undefined && accuracyLoss.measured.value > 0)) return []
      const share = (estimate: Estimate | undefined): string => interval(estimate, 'share')
      return [
        [plain(one.policy.name, 20), plain(name, 20), percent(drop), share(accuracyLoss.measured), share(accuracyLoss.predicted)],
      ]
    }),
  )
  if (losses.length === 0) return undefined
  const columns = [
    { head: 'Policy' },
    { head: 'Class' },
    { head: 'Dropped', align: right },
    { head: 'Accuracy lost', align: right },
    { head: 'Foreseen', align: right },
  ]
  return table(columns, losses, pen)
}

function profileText({ profile }: TrialReport, pen: Ink): string {
  const rows = profile.classes.flatMap(({ name, jobs, stages }) =>
    stages.map((stage, s) => [
      s === 0 ? plain(name, 20) : '',
      s === 0 ? count(jobs) : '',
      plain(stage.name, 20),
      count(stage.tasks),
      interval(stage.taskSeconds, 'duration'),
      percent(stage.cv, 2),
      value(stage.setupSeconds, 'duration'),
      stage.speedUp === undefined ? NONE : `× ${value(stage.speedUp, 'number')}`,
    ]),
  )
  const columns = [
    { head: 'Measured before' },
    { head: 'Jobs', align: right },
    { head: 'Stage' },
    ...['Tasks', 'Task time', 'Varies by', 'Setup', 'Sprint'].map((head) => ({ head, align: right })),
  ]
  return table(columns, rows, pen)
}
