/** What a trial says, before it is laid out: figures side by side, verdicts and sentences that the terminal and the page share. */
import { droppedShare, type Estimate, type TrialClass, type TrialPolicy, type TrialReport } from '../model/index.js'
import { change, count, counted, duration, number, percent } from './format.js'
import { listed } from './measures.js'

/** How a measured figure and a foreseen one stand to one another. */
export type Agreement = 'within' | 'overlap' | 'apart'

/** One figure of one class under one policy. */
export interface TrialFigure {
  readonly policy: string
  readonly className: string
  readonly figure: 'mean' | 'p95'
  readonly jobs: number
  readonly measured: Estimate
  readonly predicted: Estimate | undefined
  /** In the long run, which is what a plan goes by. */
  readonly steady: Estimate | undefined
  /** Predicted against measured, as a share; undefined without either. */
  readonly error: number | undefined
  readonly agreement: Agreement | undefined
}

export const AGREEMENT_NOTE =
  'Off by: foreseen against measured. Within: the measured figure lies where nineteen in twenty such runs of the model do. Overlap: only the intervals meet.'

export function trialFigures({ policies }: TrialReport): TrialFigure[] {
  return policies.flatMap(({ policy, classes }) =>
    classes
      .filter(({ jobs }) => jobs > 0)
      .flatMap((one) => (['mean', 'p95'] as const).map((figure) => figureOf(policy.name, one, figure))),
  )
}

function figureOf(policy: string, { name, jobs, measured, predicted, steady }: TrialClass, figure: 'mean' | 'p95'): TrialFigure {
  const [seen, foreseen] = [measured[figure], predicted?.[figure]]
  const error = foreseen === undefined || !(seen.value > 0) ? undefined : foreseen.value / seen.value - 1
  return {
    policy,
    className: name,
    figure,
    jobs,
    measured: seen,
    predicted: foreseen,
    steady: steady?.[figure],
    error: error !== undefined && Number.isFinite(error) ? error : undefined,
    agreement: foreseen && agreementOf(seen, foreseen),
  }
}

function agreementOf(measured: Estimate, predicted: Estimate): Agreement {
  if (measured.value >= predicted.low && measured.value <= predicted.high) return 'within'
  return measured.high >= predicted.low && measured.low <= predicted.high ? 'overlap' : 'apart'
}

/** How far off the model was in one kind of figure: in the middle and at worst. */
export interface Missed {
  readonly median: number
  readonly worst: TrialFigure & { readonly error: number }
}

export function missedBy(figures: readonly TrialFigure[], figure: TrialFigure['figure']): Missed | undefined {
  const judged = figures
    .flatMap((one) => (one.figure === figure && one.error !== undefined ? [{ ...one, error: one.error }] : []))
    .sort((a, b) => Math.abs(a.error) - Math.abs(b.error))
  if (judged.length === 0) return undefined
  const [low, high] = [judged[(judged.length - 1) >> 1]!, judged[judged.length >> 1]!]
  return { median: (Math.abs(low.error) + Math.abs(high.error)) / 2, worst: judged.at(-1)! }
}

/** What is measured, how far the model was off, and what the last policy changed against the first: the answer of a trial. */
export function trialInWords(report: TrialReport): string {
  const figures = trialFigures(report)
  const off = (['mean', 'p95'] as const).flatMap((figure) => {
    const missed = missedBy(figures, figure)
    if (missed === undefined) return []
    const { median, worst } = missed
    const name = figure === 'mean' ? 'Foreseen mean responses are off' : '95th percentiles'
    const most = `${percent(Math.abs(worst.error), 2)} at most (${worst.className} under ${worst.policy})`
    return [`${name} by ${percent(median, 2)} in the median, ${most}`]
  })
  const told = off.length > 0 ? `${off.join('; ')}.` : 'Nothing was foreseen to hold the measurements against.'
  return [told, gainInWords(report)].filter((sentence) => sentence !== '').join(' ')
}

function gainInWords({ policies }: TrialReport): string {
  const [first, last] = [policies[0], policies.at(-1)]
  if (first === undefined || last === undefined || first === last) return ''
  const changes = last.classes.flatMap((now) => {
    const before = first.classes.find(({ name }) => name === now.name)
    if (before === undefined || before.jobs === 0 || now.jobs === 0) return []
    return [`${now.name} ${change(before.measured.mean.value, now.measured.mean.value)}`]
  })
  if (changes.length === 0) return ''
  const { waste } = last.measured
  const wasted = `waste ${percent(first.measured.waste)} → ${percent(waste)}`
  return `Measured mean responses under ${last.policy.name} against ${first.policy.name}: ${listed(changes)}; ${wasted}.`
}

/** Share of a class’s data that a policy leaves out. */
export function trialDrop({ profile }: TrialReport, { policy }: TrialPolicy, className: string): number {
  const jobClass = profile.scenario.workload.classes.find(({ name }) => name === className)
  return jobClass === undefined ? 0 : droppedShare(policy, jobClass)
}

export function trialTitle({ scenario, driver }: TrialReport): string {
  return `Did ${scenario} fare as foreseen on the ${driver.name} cluster?`
}

/** What was run, in a sentence. */
export function trialSetting(report: TrialReport): string {
  const { driver, arrivals, load, seconds, policies } = report
  const jobs = Object.entries(arrivals).map(([name, n]) => `${count(n)} ${name}`)
  return `${listed(policies.map(({ policy }) => policy.name))} on ${counted(driver.slots, 'slot')} (${listed([driver.name, ...driver.through], '; ')}), each with the same ${listed(jobs)} arriving over ${duration(seconds)} at load ${percent(load, 2)}.`
}

export function trialTrust(report: TrialReport): string[] {
  const { policies, profile } = report
  const agreements = trialFigures(report).flatMap(({ agreement }) => (agreement === undefined ? [] : [agreement]))
  const within = agreements.filter((one) => one === 'within').length
  const unfinished = policies.flatMap(({ policy, classes }) =>
    classes.filter((one) => one.unfinished > 0).map((one) => `${count(one.unfinished)} of ${one.name} under ${policy.name}`),
  )
  const sources = [...new Set(policies.map(({ energySource }) => energySource))]
  return [
    ...(agreements.length === 0
      ? []
      : [
          `${within} of ${counted(agreements.length, 'measured figure')} lie within the range that the model foresaw of such a run.`,
        ]),
    'Each policy was run once. The intervals of what was measured cover the luck within that run, not that of another day.',
    `The model was calibrated on the spot, by ${counted(
      profile.classes.reduce((sum, { jobs }) => sum + jobs, 0),
      'job',
    )} run alone in ${duration(profile.tookSeconds)}; what it foresees is of the same arrivals.`,
    ...(unfinished.length > 0
      ? [`Not finished in time, and so missing from the figures, which look better for it: ${listed(unfinished)}.`]
      : []),
    ...(sources.length > 0 ? [`Energy: ${listed(sources, '; ')}.`] : []),
  ]
}

/** Caveats of the whole and of each policy, those with its name. */
export function trialCaveats({ caveats, policies }: TrialReport): TrialReport['caveats'] {
  return [
    ...caveats,
    ...policies.flatMap(({ policy, caveats }) => caveats.map((one) => ({ ...one, path: one.path ?? policy.name }))),
  ]
}

/** What was done to the cluster under a policy: `submit 68, deflate 41`. */
export function actionsInWords(actions: TrialPolicy['actions']): string {
  return Object.entries(actions)
    .map(([kind, n]) => `${kind} ${number(n)}`)
    .join(', ')
}
