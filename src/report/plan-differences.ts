/** What a plan says of its differences from other policies, each replication or batch played by both: sharper than two intervals side by side. */
import type { Estimate, Plan } from '../model/index.js'
import { duration, durationUnit, interval } from './format.js'
import { type Content, html } from './html.js'
import { dataTable } from './page.js'
import { heading, type Ink, plain, table, wrap } from './terminal.js'

const NOTE =
  'Response under the plan minus response under the other policy, on the same arrivals and task times, with the 95 % interval of the difference; “?” where it holds 0.'

const FIGURES = [
  ['mean response', 'mean'],
  ['p95 response', 'p95'],
] as const

/** The difference of a class’s figure from the policy in force; undefined where the two were not played on the same luck. */
export function differenceInForce(plan: Plan, className: string, figure: string): Estimate | undefined {
  const field = FIGURES.find(([name]) => name === figure)?.[1]
  const against = plan.differences?.find((one) => one.against === 'in force')
  const response = against?.classes.find(({ name }) => name === className)?.response
  return field && response?.[field]
}

/** One figure of one class beside one other policy. */
interface Row {
  readonly against: string
  readonly policy: string
  readonly of: string
  readonly difference: string
  readonly bounds: string
  readonly sure: boolean
}

function rows({ differences = [] }: Plan): Row[] {
  return differences.flatMap(({ against, policy, classes }) =>
    classes.flatMap(({ name, response }) =>
      FIGURES.flatMap(([figure, field]): Row[] => {
        const estimate = response[field]
        if (!estimate) return []
        const unit = durationUnit(estimate.value)
        return [
          {
            against,
            policy,
            of: `${name}: ${figure}`,
            difference: `${estimate.value > 0 ? '+' : ''}${duration(estimate.value, unit)}`,
            bounds: interval(estimate, 'duration', unit).replace(/^[^[]*/, ''),
            sure: estimate.low > 0 || estimate.high < 0 || (estimate.low === 0 && estimate.high === 0),
          },
        ]
      }),
    ),
  )
}

export function differencesText(plan: Plan, pen: Ink): string | undefined {
  const all = rows(plan)
  if (all.length === 0) return undefined
  let last = ''
  const cells = all.map(({ against, policy, of, difference, bounds, sure }) => {
    const head = `${against}: ${plain(policy, 60)}`
    const row = [head === last ? '' : head, plain(of, 60), difference, bounds, sure ? '' : pen.warn('?')]
    last = head
    return row
  })
  return [
    heading('Differences on the same luck', pen),
    table(
      [{ head: 'Against' }, { head: 'Figure' }, { head: 'Difference', align: 'right' }, { head: '95 %' }, { head: '' }],
      cells,
      pen,
    ),
    pen.dim(wrap(NOTE, pen)),
  ].join('\n')
}

export function differencesMarkup(plan: Plan): Content {
  const all = rows(plan)
  if (all.length === 0) return ''
  return dataTable(
    NOTE,
    [
      { head: 'Against' },
      { head: 'Figure' },
      { head: 'Difference', numeric: true },
      { head: '95 %', numeric: true },
      { head: '' },
    ],
    all.map(({ against, policy, of, difference, bounds, sure }) => [
      html`${policy}<small>${against}</small>`,
      of,
      difference,
      bounds,
      sure ? '' : '?',
    ]),
  )
}
