import { type ComparedPolicy, isRefusal, type PolicyComparison, type Prediction } from '../model/index.js'
import { intervalChart } from './chart.js'
import { change, duration, energy, interval, percent, power, withPlusMinus } from './format.js'
import type { Content } from './html.js'
import { dataTable, distinct, page, saidInWords } from './page.js'
import { policyInWords } from './policy-words.js'
import { bullets, heading, ink, parts, plain, type TextOptions, table, wrap } from './terminal.js'

/** Policies side by side in a sentence: which is best for the classes it is about, and what it costs the others. */
export function policyComparisonInWords({ policies, about }: PolicyComparison): string {
  const first = policies[0]
  const base = first && answered(first)
  if (!first || !base) return `${first?.policy.name ?? 'The first policy'} gives no answer to hold the others against.`
  const rivals = policies.slice(1).flatMap((one) => {
    const outcome = answered(one)
    return outcome ? [{ one, outcome }] : []
  })
  if (rivals.length === 0) return `Only ${first.policy.name} gives an answer.`
  const best = rivals.reduce((a, b) => (meanOf(b.outcome, about) < meanOf(a.outcome, about) ? b : a))
  const moved = base.classes.map(({ name }, k) => `${name} ${change(mean(base, k), mean(best.outcome, k))}`)
  const [wasted, wastes] = [base.cluster.waste.value, best.outcome.cluster.waste.value]
  const waste = wasted > 0 || wastes > 0 ? `; waste ${percent(wasted)} → ${percent(wastes)}` : ''
  const said = `mean responses against ${first.policy.name}: ${moved.join(', ')}${waste}`
  if (meanOf(best.outcome, about) >= meanOf(base, about))
    return `None is better for ${about.join(', ')} than ${first.policy.name}; the nearest is ${best.one.policy.name}; ${said}.`
  return `Best for ${about.join(', ')}: ${best.one.policy.name}; ${said}.`
}

/** The comparison for a terminal. */
export function policyComparisonText(comparison: PolicyComparison, options: TextOptions = {}): string {
  const pen = ink(options)
  const right = 'right' as const
  const first = comparison.policies[0]
  const base = first && answered(first)
  const able = comparison.policies.some(({ ability }) => ability !== undefined)
  const loses = comparison.policies.some((one) => lossOf(answered(one)) > 0)
  const classes = firstAnswer(comparison)?.classes.map(({ name }) => name) ?? []
  const columns = [
    { head: 'Policy' },
    ...classes.flatMap((name) => [
      { head: `${plain(name, 14)} mean`, align: right },
      { head: base ? `against ${first.policy.name}` : '', align: right },
      { head: 'p95', align: right },
    ]),
    ...(able ? [{ head: 'Ability', align: right }] : []),
    { head: 'Waste', align: right },
    ...(loses ? [{ head: 'Loss', align: right }] : []),
  ]
  const rows = comparison.policies.map((one) => {
    const outcome = answered(one)
    if (!outcome)
      return [
        pen.bold(plain(one.policy.name, 24)),
        pen.bad(isRefusal(one.outcome) ? one.outcome.code : ''),
        ...columns.slice(2).map(() => ''),
      ]
    return [
      pen.bold(plain(one.policy.name, 24)),
      ...outcome.classes.flatMap((c, k) => [
        withPlusMinus(c.response.mean, 'duration'),
        one === first || !base ? '' : change(mean(base, k), c.response.mean.value) + (sure(one, k) ? '' : ' ?'),
        duration(c.response.p95?.value),
      ]),
      ...(able ? [percent(one.ability)] : []),
      percent(outcome.cluster.waste.value),
      ...(loses ? [percent(lossOf(outcome))] : []),
    ]
  })
  const refused = comparison.policies.flatMap(({ policy, outcome }) =>
    isRefusal(outcome) ? [`${policy.name}: ${outcome.message}`] : [],
  )
  return parts(
    `${heading(plain(`${comparison.question} ${comparison.scenario}`), pen)}\n${wrap(plain(policyComparisonInWords(comparison), 600), pen)}`,
    table(columns, rows, pen),
    refused.length > 0 &&
      bullets(
        refused.map((line) => plain(line, 600)),
        pen,
      ),
    analyticText(comparison, options),
    dropsText(comparison, options),
    trust(comparison, options),
  )
}

function analyticText(comparison: PolicyComparison, options: TextOptions): string | undefined {
  const pen = ink(options)
  const answeredTwice = comparison.policies.filter(({ analytic, outcome }) => analytic && !isRefusal(outcome))
  if (answeredTwice.length === 0) return undefined
  const rows = answeredTwice.flatMap(({ policy, analytic, outcome }) =>
    analytic!.classes.map((c, k) => [
      k === 0 ? plain(policy.name, 24) : '',
      plain(c.name, 20),
      duration(c.response.mean.value),
      change(mean(outcome as Prediction, k), c.response.mean.value),
      duration(c.response.p95?.value),
    ]),
  )
  const right = 'right' as const
  const methods = [...new Set(answeredTwice.map(({ analytic }) => analytic!.predictor.method))]
  return `${heading('What a formula says beside it', pen)}\n${table([{ head: 'Policy' }, { head: 'Class' }, { head: 'mean', align: right }, { head: 'of simulated', align: right }, { head: 'p95', align: right }], rows, pen)}\n${wrap(`by ${methods.join('; ')}`, pen)}`
}

function dropsText({ drops }: PolicyComparison, options: TextOptions): string | undefined {
  if (drops.length === 0) return undefined
  const pen = ink(options)
  const rows = drops.map((drop) => [
    plain(drop.className, 20),
    plain(drop.stage, 20),
    `${drop.tasks} on ${drop.slots}`,
    percent(drop.taskTimeCv, 2),
    drop.worth.length === 0
      ? 'none'
      : drop.worth.map(({ dropRatio, saves }) => `${percent(dropRatio, 3)} saves ${percent(saves, 2)}`).join(', '),
  ])
  return `${heading('Drop ratios that save time', pen)}\n${table([{ head: 'Class' }, { head: 'Stage' }, { head: 'Tasks', align: 'right' }, { head: 'cv', align: 'right' }, { head: 'Worth dropping' }], rows, pen)}`
}

function trust(comparison: PolicyComparison, options: TextOptions): string {
  const pen = ink(options)
  return `${heading('How far to trust it', pen)}\n${bullets(
    [
      'all policies were played on the same arrivals and the same task times; ± is the 95 % interval of each mean, and "?" marks a difference whose paired interval holds 0',
      ...caveatsOf(comparison).map((c) => plain(saidInWords(c), 2000)),
    ],
    pen,
  )}`
}

/** The comparison as a page. */
export function policyComparisonPage(comparison: PolicyComparison): string {
  const rows = comparison.policies.flatMap(({ policy, outcome }) =>
    isRefusal(outcome)
      ? []
      : outcome.classes.map((c) => ({
          group: policy.name,
          series: c.name,
          value: c.response.mean.value,
          low: c.response.mean.low,
          high: c.response.mean.high,
        })),
  )
  const base = comparison.policies[0] && answered(comparison.policies[0])
  return page({
    kind: 'policies',
    question: `${comparison.question} ${comparison.scenario}`,
    answer: policyComparisonInWords(comparison),
    trust: [
      'All policies were played on the same arrivals and the same task times. Intervals are of 95 %.',
      'A “?” marks a difference whose paired interval holds 0.',
    ],
    caveats: caveatsOf(comparison),
    sections: [
      {
        title: 'Mean response by policy',
        body: [
          intervalChart({
            title: 'Mean response, with its 95 % interval',
            alt: 'Mean response of each class under each policy, with intervals.',
            rows,
            x: { label: 'mean response', kind: 'duration', low: 0 },
          }),
          comparisonTable(comparison, base),
          clusterTable(comparison),
        ],
      },
      { title: 'Drop ratios that save time', body: [dropTable(comparison)] },
    ],
    foot: [`${comparison.schema}, seed ${comparison.seed}`],
  })
}

function comparisonTable({ policies }: PolicyComparison, base: Prediction | undefined): Content {
  const rows = policies.flatMap((one): Content[][] => {
    const outcome = answered(one)
    if (!outcome) return [[one.policy.name, 'refused', isRefusal(one.outcome) ? one.outcome.message : '', '', '', '', '']]
    return outcome.classes.map((c, k) => [
      k === 0 ? one.policy.name : '',
      c.name,
      interval(c.response.mean, 'duration'),
      !base || one === policies[0] ? '' : change(mean(base, k), c.response.mean.value) + (sure(one, k) ? '' : ' ?'),
      duration(c.response.p95?.value),
      one.analytic ? duration(one.analytic.classes[k]?.response.mean.value) : '–',
      percent(c.accuracyLoss.value),
    ])
  })
  return dataTable(
    'Policies by class',
    [
      { head: 'Policy' },
      { head: 'Class' },
      { head: 'Mean response', numeric: true },
      { head: `Against ${policies[0]?.policy.name ?? 'the first'}`, numeric: true },
      { head: 'p95', numeric: true },
      { head: 'Mean by formula', numeric: true },
      { head: 'Accuracy loss', numeric: true },
    ],
    rows,
  )
}

function clusterTable({ policies }: PolicyComparison): Content {
  const able = policies.some(({ ability }) => ability !== undefined)
  const rows = policies.flatMap((one): Content[][] => {
    const cluster = answered(one)?.cluster
    if (!cluster) return []
    return [
      [
        one.policy.name,
        policyInWords(one.policy),
        ...(able ? [percent(one.ability)] : []),
        percent(cluster.utilisation.value),
        percent(cluster.waste.value),
        power(cluster.powerWatts?.value),
        energy(cluster.energyPerJobJoules?.value),
      ],
    ]
  })
  return dataTable(
    'What each policy does, and the cluster under it',
    [
      { head: 'Policy' },
      { head: 'What it does' },
      ...(able ? [{ head: 'Ability', numeric: true }] : []),
      { head: 'Utilisation', numeric: true },
      { head: 'Waste', numeric: true },
      { head: 'Power', numeric: true },
      { head: 'Energy a job', numeric: true },
    ],
    rows,
  )
}

function dropTable({ drops }: PolicyComparison): Content {
  if (drops.length === 0) return undefined
  return dataTable(
    'What dropping tasks saves of a stage',
    [
      { head: 'Class and stage' },
      { head: 'Tasks on slots', numeric: true },
      { head: 'Variation of task times (cv)', numeric: true },
      { head: 'Ratios that save more than every smaller one' },
    ],
    drops.map((drop) => [
      `${drop.className}, ${drop.stage}`,
      `${drop.tasks} on ${drop.slots}`,
      percent(drop.taskTimeCv, 2),
      drop.worth.length === 0
        ? 'none'
        : drop.worth
            .map(({ dropRatio, saves, waves }) => `${percent(dropRatio, 3)} saves ${percent(saves, 2)} (${waves} waves)`)
            .join(', '),
    ]),
  )
}

function answered({ outcome }: ComparedPolicy): Prediction | undefined {
  return isRefusal(outcome) ? undefined : outcome
}

function firstAnswer({ policies }: PolicyComparison): Prediction | undefined {
  return policies.flatMap((one) => answered(one) ?? [])[0]
}

/** The greatest accuracy loss of any class. */
function lossOf(outcome: Prediction | undefined): number {
  return Math.max(0, ...(outcome?.classes.map((c) => c.accuracyLoss.value) ?? []))
}

/** Mean response of the named classes, each job counted once. */
function meanOf({ classes }: Prediction, about: readonly string[]): number {
  const some = classes.filter(({ name }) => about.includes(name))
  const arrivals = some.reduce((sum, c) => sum + c.arrivalsPerSecond, 0)
  return some.reduce((sum, c) => sum + (c.arrivalsPerSecond / arrivals) * c.response.mean.value, 0)
}

function mean(prediction: Prediction, k: number): number {
  return prediction.classes[k]!.response.mean.value
}

/** Does the paired interval of the difference leave 0 out? */
function sure({ against }: ComparedPolicy, k: number): boolean {
  const difference = against?.[k]?.response.mean
  return difference !== undefined && (difference.low > 0 || difference.high < 0)
}

function caveatsOf(comparison: PolicyComparison): readonly { readonly message: string; readonly path?: string | undefined }[] {
  return distinct([
    ...comparison.caveats,
    ...comparison.policies.flatMap(({ outcome }) =>
      isRefusal(outcome) ? [] : outcome.caveats.map(({ message, path }) => ({ message, path })),
    ),
  ])
}
