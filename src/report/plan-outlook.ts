/** What a plan says beyond its winner: how it fares when the load is not as forecast, and what else could be had at which price. */
import type { FrontPoint, Plan } from '../model/index.js'
import { scatterChart } from './chart.js'
import { change, duration, number, percent, power } from './format.js'
import { type Content, html } from './html.js'
import { dataTable } from './page.js'
import { policyInWords } from './policy-words.js'
import { heading, type Ink, plain, table, wrap } from './terminal.js'

/** How much more load the plan bears, in sentences; undefined where that was not asked. */
export function sensitivityInWords({ sensitivity, chosen }: Plan): string | undefined {
  if (!sensitivity) return undefined
  const more = percent(sensitivity.loadFactor - 1)
  const aim = chosen.checks.length > 0 ? 'meets its goals' : 'is stable'
  const effects = sensitivity.classes?.map(({ name, meanResponseSeconds }) => {
    const now = chosen.prediction.classes.find((c) => c.name === name)?.response.mean.value
    return `${name} ${duration(meanResponseSeconds)}${now === undefined ? '' : ` (${change(now, meanResponseSeconds)})`}`
  })
  const there = effects
    ? `With ${more} more load than forecast, mean responses are ${effects.join(', ')}`
    : `With ${more} more load than forecast there is no steady state`
  const verdict = sensitivity.holds
    ? `, and the plan still ${aim}`
    : effects
      ? `, and the plan misses ${sensitivity.broken.join(', ')}`
      : ''
  const { margin } = sensitivity
  const border =
    margin === undefined
      ? ''
      : margin.atLeast
        ? ` It ${aim} up to ${number(margin.loadFactor)} times the load at least; more was not tried.`
        : ` Its margin: it ${aim} up to about ${number(margin.loadFactor)} times the load.`
  return `${there}${verdict}.${border}`
}

const FRONT_NOTE =
  'No other policy that was looked at beats these in response, accuracy and power together. Response: weighted mean of the classes, 1 is as in force.'

export function frontText({ front = [] }: Plan, pen: Ink): string | undefined {
  if (front.length < 2) return undefined
  const right = 'right' as const
  const powered = front.some(({ powerWatts }) => powerWatts !== undefined)
  return [
    heading('What else could be had', pen),
    table(
      [
        { head: 'Response', align: right },
        { head: 'Acc. loss', align: right },
        ...(powered ? [{ head: 'Power', align: right }] : []),
        { head: 'Goals' },
        { head: 'Policy' },
      ],
      front.map((point) => [
        number(point.response),
        percent(point.accuracyLoss),
        ...(powered ? [power(point.powerWatts)] : []),
        point.meetsGoals ? pen.good('met') : pen.bad('missed'),
        plain(point.confirmed ? point.policy.name : `${point.policy.name} (short run)`, 100),
      ]),
      pen,
    ),
    pen.dim(wrap(FRONT_NOTE, pen)),
  ].join('\n')
}

/** The front as a plot of price against response, and as a table. */
export function frontMarkup({ front = [] }: Plan): Content {
  if (front.length < 2) return html`<p>One policy is best in everything that was asked about.</p>`
  const lossy = new Set(front.map(({ accuracyLoss }) => accuracyLoss)).size > 1
  const price = (point: FrontPoint): number => (lossy ? point.accuracyLoss : (point.powerWatts ?? 0))
  return [
    scatterChart({
      title: 'The Pareto front: price against response.',
      note: 'Down and to the left is better; 1 is the response in force.',
      alt: front
        .slice(0, 10)
        .map(
          (point) =>
            `${point.policy.name}: response ${number(point.response)}, ${lossy ? percent(price(point)) : power(price(point))}`,
        )
        .join('; '),
      points: front.map((point) => ({
        x: price(point),
        y: point.response,
        series: point.meetsGoals ? 'meets the goals' : 'misses a goal',
      })),
      series: ['meets the goals', 'misses a goal'],
      x: lossy ? { label: 'accuracy lost, mean over jobs →', kind: 'share', low: 0 } : { label: 'power in watts →' },
      y: { label: '↑ weighted mean response', low: 0 },
    }),
    dataTable(
      FRONT_NOTE,
      [
        { head: 'Policy' },
        { head: 'Response', numeric: true },
        { head: 'Accuracy loss', numeric: true },
        { head: 'Power', numeric: true },
        { head: 'Goals' },
        { head: 'Seen' },
      ],
      front.map((point) => [
        html`${point.policy.name}<small>${policyInWords(point.policy)}</small>`,
        number(point.response),
        percent(point.accuracyLoss),
        power(point.powerWatts),
        point.meetsGoals ? 'met' : 'missed',
        point.confirmed ? 'to full precision' : 'in a short run',
      ]),
    ),
  ]
}
