import type { Candidate, Estimate, Plan, TargetCheck } from '../model/index.js'
import { type Axis, intervalChart, type ScatterPoint, scatterChart } from './chart.js'
import {
  change,
  count,
  duration,
  durationUnit,
  interval,
  isPoint,
  number,
  percent,
  power,
  type Quantity,
  type Unit,
  value,
  withPlusMinus,
} from './format.js'
import { type Content, html } from './html.js'
import {
  CLASS_MEASURES,
  CLUSTER_MEASURES,
  commonUnit,
  confidenceInWords,
  listed,
  type Measure,
  predictorInWords,
} from './measures.js'
import { dataTable, page, pair, type Said, saidInWords } from './page.js'
import { differenceInForce, differencesMarkup, differencesText } from './plan-differences.js'
import { frontMarkup, frontText, sensitivityInWords } from './plan-outlook.js'
import { policyDifference, policyInWords } from './policy-words.js'
import { bullets, heading, type Ink, ink, parts, plain, type TextOptions, table, wrap } from './terminal.js'

/** Better, worse or neither once the intervals are looked at: `unclear` where they overlap. */
export type Direction = 'better' | 'worse' | 'same' | 'unclear' | 'neutral'

/** One figure under the policy in force and under the plan. */
export interface Comparison {
  readonly of: string
  readonly name: string
  readonly quantity: Quantity
  readonly before: Estimate | undefined
  readonly after: Estimate | undefined
  readonly change: string
  readonly direction: Direction
}

/** Every figure of the plan beside the one in force, classes first and the cluster last. */
export function comparisons(plan: Plan): Comparison[] {
  const before = plan.inForce?.prediction
  const after = plan.chosen.prediction
  const names = [...new Set([...(before?.classes ?? []), ...after.classes].map((c) => c.name))]
  return [
    ...names.flatMap((name) => {
      const a = before?.classes.find((c) => c.name === name)
      const b = after.classes.find((c) => c.name === name)
      return CLASS_MEASURES.flatMap((measure) => compared(name, measure, a, b, differenceInForce(plan, name, measure.name)))
    }),
    ...CLUSTER_MEASURES.flatMap((measure) => compared('cluster', measure, before?.cluster, after.cluster)),
  ]
}

function compared<Of>(
  of: string,
  measure: Measure<Of>,
  from: Of | undefined,
  to: Of | undefined,
  difference?: Estimate,
): Comparison[] {
  const before = from && measure.of(from)
  const after = to && measure.of(to)
  if (before === undefined && after === undefined) return []
  const { name, quantity } = measure
  return [
    {
      of,
      name,
      quantity,
      before,
      after,
      change: changeOf(quantity, before, after),
      direction: directionOf(measure.better, before, after, difference),
    },
  ]
}

/** A change of times, power and energy in per cent of what was; of shares in points, because they are per cent already. */
function changeOf(quantity: Quantity, before: Estimate | undefined, after: Estimate | undefined): string {
  if (before === undefined || after === undefined) return '–'
  if (quantity !== 'share') return change(before.value, after.value)
  const points = 100 * (after.value - before.value)
  if (!Number.isFinite(points)) return '–'
  if (Math.abs(points) < 0.005) return '0 points'
  return `${points > 0 ? '+' : '−'}${number(Math.abs(points))} ${Math.abs(points) === 1 ? 'point' : 'points'}`
}

function directionOf(
  better: Measure<unknown>['better'],
  before: Estimate | undefined,
  after: Estimate | undefined,
  difference: Estimate | undefined,
): Direction {
  if (before === undefined || after === undefined) return 'neutral'
  if (before.value === after.value) return 'same'
  if (better === 'neither') return 'neutral'
  const apart = difference ? difference.low > 0 || difference.high < 0 : before.low > after.high || after.low > before.high
  if (!apart && !(isPoint(before) && isPoint(after))) return 'unclear'
  const less = difference ? difference.value < 0 : after.value < before.value
  return less === (better === 'less') ? 'better' : 'worse'
}

/** `met`, `not met`, or `not sure` where the interval lies across the target. */
export function verdict(check: TargetCheck): 'met' | 'not met' | 'not sure' {
  return check.sure ? (check.met ? 'met' : 'not met') : 'not sure'
}

const FIELDS: Readonly<Record<string, { readonly words: string; readonly quantity: Quantity }>> = {
  meanResponseSeconds: { words: 'mean response', quantity: 'duration' },
  p50ResponseSeconds: { words: 'median response', quantity: 'duration' },
  p95ResponseSeconds: { words: 'p95 response', quantity: 'duration' },
  p99ResponseSeconds: { words: 'p99 response', quantity: 'duration' },
  accuracyLossAtMost: { words: 'accuracy loss', quantity: 'share' },
  powerWattsAtMost: { words: 'power', quantity: 'power' },
  wasteAtMost: { words: 'waste', quantity: 'share' },
}

/** What a target is about: `high: p95 response`, and how its numbers are to be read. */
export function targetOf(check: TargetCheck): {
  readonly words: string
  readonly quantity: Quantity
  readonly className: string | undefined
  readonly field: string
} {
  const dot = check.path.lastIndexOf('.')
  const field = check.path.slice(dot + 1)
  const known = FIELDS[field]
  const className = check.path.startsWith('classes.') && dot > 8 ? check.path.slice(8, dot) : undefined
  if (known === undefined) return { words: check.path, quantity: 'number', className, field }
  return {
    words: className === undefined ? known.words : `${className}: ${known.words}`,
    quantity: known.quantity,
    className,
    field,
  }
}

/** A bound as its author may have written it: 900 s is 15 min, but 1,000 s stays in seconds. */
function boundUnit(seconds: number): Unit {
  const unit = durationUnit(seconds)
  const inUnit = seconds / unit.size
  return Number(inUnit.toPrecision(3)) === inUnit ? unit : { symbol: 's', size: 1 }
}

function shownAs(x: number, quantity: Quantity, bound: number): string {
  if (quantity === 'duration') return duration(x, x === bound ? boundUnit(bound) : commonUnit([bound, x]) && boundUnit(bound))
  return quantity === 'share' ? percent(x) : quantity === 'power' ? power(x) : number(x)
}

interface Goal {
  readonly words: string
  readonly target: string
  readonly before: { readonly predicted: string; readonly verdict: string } | undefined
  readonly after: { readonly predicted: string; readonly verdict: string } | undefined
}

function goals(plan: Plan): Goal[] {
  const paths = [...new Set([...plan.chosen.checks, ...(plan.inForce?.checks ?? [])].map((check) => check.path))]
  const find = (candidate: Candidate | undefined, path: string): TargetCheck | undefined =>
    candidate?.checks.find((check) => check.path === path)
  return paths.map((path) => {
    const [before, after] = [find(plan.inForce, path), find(plan.chosen, path)]
    const some = (after ?? before)!
    const { words, quantity } = targetOf(some)
    const side = (check: TargetCheck | undefined): Goal['before'] =>
      check && { predicted: shownAs(check.predicted, quantity, check.target), verdict: verdict(check) }
    return { words, target: shownAs(some.target, quantity, some.target), before: side(before), after: side(after) }
  })
}

/** The policy in force; where it could not be predicted, it is known as the one to go back to. */
const current = (plan: Plan): Plan['undo'] => plan.inForce?.policy ?? plan.undo

const keeps = (plan: Plan): boolean => !policyDifference(current(plan), plan.chosen.policy).some(({ changed }) => changed)

const unmet = (candidate: Candidate): TargetCheck[] => candidate.checks.filter((check) => !check.met)
const unsure = (candidate: Candidate): TargetCheck[] => candidate.checks.filter((check) => !check.sure)

/** Why there is no prediction of the policy in force, as a sentence. */
const refusedInWords = ({ inForceRefusal }: Plan): string | undefined =>
  inForceRefusal &&
  `The policy in force has no prediction (${inForceRefusal.code}): ${inForceRefusal.message}${/[.!?]$/.test(inForceRefusal.message) ? '' : '.'}`

/** The answer of a plan in one or two sentences. */
export function planInWords(plan: Plan): string {
  const refused = refusedInWords(plan)
  return refused === undefined ? chosenInWords(plan) : `${chosenInWords(plan)} ${refused}`
}

function chosenInWords(plan: Plan): string {
  const { chosen } = plan
  const total = chosen.checks.length
  const many = `${total === 1 ? 'the goal' : `all ${count(total)} goals`}`
  const doubt = unsure(chosen).length > 0 ? `, though ${count(unsure(chosen).length)} of them not beyond doubt` : ''
  const action = keeps(plan) ? `Keep ${current(plan).name}` : `Change from ${current(plan).name} to ${chosen.policy.name}`
  if (total === 0) return `${action}: no goal was set, so this is the best by the quantity that was to be least.`
  if (plan.meetsGoals) return `${action}: it meets ${many}${doubt}; ${priceInWords(chosen)}.`
  const missed = unmet(chosen).map((check) => targetOf(check).words)
  const still = missed.length === 0 ? 'no goal is missed for sure' : `still missed: ${listed(missed)}`
  return `No policy that was tried meets ${many}. ${keeps(plan) ? `None is closer than ${current(plan).name}` : `The closest is ${chosen.policy.name}`}; ${still}; ${priceInWords(chosen)}.`
}

function priceInWords({ price }: Candidate): string {
  const items = [
    `${percent(price.accuracyLoss)} accuracy lost (mean over jobs)`,
    ...(price.powerWatts === undefined ? [] : [power(price.powerWatts)]),
    ...(price.sprintShare === undefined || price.sprintShare === 0
      ? []
      : [`sprinting ${percent(price.sprintShare)} of the time`]),
  ]
  return `the price is ${listed(items)}`
}

/** What gets better, what gets worse and what cannot be told apart, as sentences. */
export function bothDirections(plan: Plan): { readonly better: string[]; readonly worse: string[]; readonly unclear: string[] } {
  const all = comparisons(plan)
  const say = (c: Comparison): string => {
    const unit = commonUnit([c.before?.value, c.after?.value], c.quantity)
    return `${c.of === 'cluster' ? '' : `${c.of}: `}${c.name} ${value(c.before, c.quantity, unit)} → ${value(c.after, c.quantity, unit)} (${c.change})`
  }
  const of = (direction: Direction): string[] => all.filter((c) => c.direction === direction).map(say)
  return { better: of('better'), worse: of('worse'), unclear: of('unclear') }
}

const searchInWords = ({ search }: Plan): string =>
  `${count(search.screened)} policies screened, ${count(search.simulated)} simulated, ${count(search.refused)} refused, in ${duration(search.wallSeconds)} (seed ${search.seed}).`

/** What makes a change unclear. */
const doubtInWords = ({ differences = [] }: Plan): string =>
  differences.some(({ against }) => against === 'in force')
    ? 'A change of a mean or p95 response is called unclear where the interval of its difference on the same luck holds 0; any other where the two intervals overlap, which errs towards doubt.'
    : 'A change is called unclear where the two intervals overlap; both policies were predicted on the same luck, so this errs towards doubt.'

// --- terminal -------------------------------------------------------------------------------------------------------------------------

/** The plan for a terminal. */
export function planText(raw: Plan, options: TextOptions = {}): string {
  const plan = sanitised(raw)
  const pen = ink(options)
  return parts(
    `${heading(`Which policy meets the goals of ${plain(plan.scenario)}?`, pen)}\n${wrap(planInWords(plan), pen)}`,
    goalText(plan, pen),
    comparisonText(plan, pen),
    plan.inForce && directionsText(plan, pen),
    differencesText(plan, pen),
    `${heading('The change', pen)}\n${changeText(plan, pen)}`,
    `${heading('Why', pen)}\n${wrap(plain(plan.reason, 2000), pen, 2)}\n${wrap(plain(searchInWords(plan)), pen, 2)}`,
    outlookText(plan, pen),
    runnersText(plan, pen),
    frontText(plan, pen),
    trustText(plan, pen),
  )
}

function outlookText(plan: Plan, pen: Ink): string | undefined {
  const said = sensitivityInWords(plan)
  return said && `${heading('If the load is above the forecast', pen)}\n${wrap(plain(said, 2000), pen, 2)}`
}

const paintVerdict = (text: string | undefined, pen: Ink): string =>
  text === 'met' ? pen.good(text) : text === 'not met' ? pen.bad(text) : text === undefined ? '' : pen.warn(text)

function goalText(plan: Plan, pen: Ink): string | undefined {
  const rows = goals(plan)
  if (rows.length === 0) return undefined
  return table(
    [
      { head: 'Goal' },
      { head: 'At most', align: 'right' },
      { head: 'In force', align: 'right' },
      { head: '' },
      { head: 'Plan', align: 'right' },
      { head: '' },
    ],
    rows.map((goal) => [
      goal.words,
      goal.target,
      goal.before?.predicted ?? '–',
      paintVerdict(goal.before?.verdict, pen),
      goal.after?.predicted ?? '–',
      paintVerdict(goal.after?.verdict, pen),
    ]),
    pen,
  )
}

const paintDirection = (text: string, direction: Direction, pen: Ink): string =>
  direction === 'better'
    ? pen.good(text)
    : direction === 'worse'
      ? pen.bad(text)
      : direction === 'unclear'
        ? pen.warn(text)
        : text

function comparisonText(plan: Plan, pen: Ink): string {
  let last: string | undefined
  const rows = comparisons(plan).map((c) => {
    const unit = commonUnit([c.before?.value, c.after?.value], c.quantity)
    const row = [
      c.of === last ? '' : pen.bold(plain(c.of, 20)),
      c.name,
      withPlusMinus(c.before, c.quantity, unit),
      withPlusMinus(c.after, c.quantity, unit),
      c.change,
      c.direction === 'neutral' ? '' : paintDirection(c.direction, c.direction, pen),
    ]
    last = c.of
    return row
  })
  return table(
    [
      { head: 'Class' },
      { head: 'Figure' },
      { head: 'In force', align: 'right' },
      { head: 'Plan', align: 'right' },
      { head: 'Change', align: 'right' },
      { head: '' },
    ],
    rows,
    pen,
  )
}

/** Both directions in brief: the figures are in the table above. */
function directionsText(plan: Plan, pen: Ink): string {
  const all = comparisons(plan)
  const brief = (direction: Direction): string => {
    const own = all.filter((c) => c.direction === direction)
    const groups = [...new Set(own.map((c) => c.of))].map((of) => {
      const items = own.filter((c) => c.of === of).map((c) => `${c.name}${direction === 'unclear' ? '' : ` ${c.change}`}`)
      return `${of}: ${items.join(', ')}`
    })
    return groups.length === 0 ? 'nothing beyond its interval' : groups.join('; ')
  }
  const line = (title: string, paint: (text: string) => string, direction: Direction): string =>
    wrap(`${paint(title)} ${brief(direction)}.`, pen, 0, 2)
  return [
    line('Gets better —', pen.good, 'better'),
    line('Gets worse —', pen.bad, 'worse'),
    ...(all.some((c) => c.direction === 'unclear') ? [line('Cannot be told apart —', pen.warn, 'unclear')] : []),
  ].join('\n')
}

function changeText(plan: Plan, pen: Ink): string {
  if (keeps(plan)) return wrap('None: the policy in force stays.', pen, 2)
  return table(
    [{ head: 'Knob' }, { head: 'In force' }, { head: 'Plan' }],
    policyDifference(current(plan), plan.chosen.policy)
      .filter(({ changed }) => changed)
      .map(({ knob, from, to }) => [knob, from, to]),
    pen,
    2,
  ).concat(`\n${wrap(`To undo: go back to ${plan.undo.name} (${policyInWords(plan.undo)}).`, pen, 2)}`)
}

function runnerRow(candidate: Candidate): {
  name: string
  met: string
  worst: string
  loss: string
  power: string
  score: string
} {
  const worst = tightness(candidate)
  return {
    name: candidate.policy.name,
    met:
      candidate.checks.length === 0 ? '–' : `${candidate.checks.length - unmet(candidate).length} of ${candidate.checks.length}`,
    worst: worst === undefined ? '–' : percent(worst),
    loss: percent(candidate.price.accuracyLoss),
    power: power(candidate.price.powerWatts),
    score: number(candidate.score),
  }
}

const RUNNER_NOTE =
  'Tightest goal: predicted value as a share of the target; up to 100 % it is met. Score: what the search made least once goals hold.'

function runnersText(plan: Plan, pen: Ink): string | undefined {
  if (plan.runnersUp.length === 0) return undefined
  const right = 'right' as const
  const rows = [plan.chosen, ...plan.runnersUp].map((candidate, i) => {
    const row = runnerRow(candidate)
    return [
      i === 0 ? 'plan' : String(i),
      i === 0 ? pen.bold(plain(row.name, 100)) : plain(row.name, 100),
      row.met,
      row.worst,
      row.loss,
      row.power,
      row.score,
    ]
  })
  return [
    heading('Runners-up', pen),
    table(
      [
        { head: '#' },
        { head: 'Policy' },
        { head: 'Goals met', align: right },
        { head: 'Tightest', align: right },
        { head: 'Acc. loss', align: right },
        { head: 'Power', align: right },
        { head: 'Score', align: right },
      ],
      rows,
      pen,
    ),
    pen.dim(wrap(RUNNER_NOTE, pen)),
  ].join('\n')
}

function trustText(plan: Plan, pen: Ink): string {
  const caveats = allCaveats(plan).map((c) =>
    wrap(`${pen.warn('!')} ${plain(saidInWords(c), 2000)}${c.path ? ` (${plain(c.path)})` : ''}`, pen, 2, 4),
  )
  return [
    heading('How far to trust it', pen),
    bullets(
      trustSentences(plan).map((s) => plain(s, 2000)),
      pen,
    ),
    ...caveats,
  ].join('\n')
}

function trustSentences(plan: Plan): string[] {
  return [predictorInWords(plan.chosen.prediction), confidenceInWords(plan.chosen.prediction), doubtInWords(plan)]
}

/** Caveats of the plan, then those of the two predictions with the policy they are about; each sentence once. */
function allCaveats(plan: Plan): Said[] {
  const seen = new Set<string>()
  const fresh = (c: Said): boolean => {
    const key = `${c.message} ${c.path ?? ''}`
    return seen.has(key) ? false : Boolean(seen.add(key))
  }
  const both = plan.chosen.prediction.caveats.filter((c) =>
    (plan.inForce?.prediction.caveats ?? []).some((d) => d.message === c.message && d.path === c.path),
  )
  const only = (candidate: Candidate): Said[] =>
    candidate.prediction.caveats
      .filter((c) => !both.includes(c))
      .map((c) => ({ ...c, message: `${candidate.policy.name}: ${c.message}` }))
  const shared = new Set(both.map((c) => `${c.message} ${c.path ?? ''}`))
  const inForce = (plan.inForce ? only(plan.inForce) : []).filter(
    (c) => !shared.has(`${c.message.slice(current(plan).name.length + 2)} ${c.path ?? ''}`),
  )
  return [...plan.caveats, ...both, ...only(plan.chosen), ...(keeps(plan) ? [] : inForce)].filter(fresh)
}

/** The same plan with names that are safe to print in a terminal. */
function sanitised(plan: Plan): Plan {
  const clean = (c: Candidate): Candidate => ({
    ...c,
    policy: cleanPolicy(c.policy),
    prediction: { ...c.prediction, classes: c.prediction.classes.map((k) => ({ ...k, name: plain(k.name, 60) })) },
    checks: c.checks.map((check) => ({ ...check, path: plain(check.path) })),
  })
  const cleanPolicy = (p: Plan['undo']): Plan['undo'] => ({
    ...p,
    name: plain(p.name, 100),
    drop: Object.fromEntries(Object.entries(p.drop).map(([name, ratio]) => [plain(name, 60), ratio])),
    ...(p.sprint && {
      sprint: {
        ...p.sprint,
        timeoutSeconds: Object.fromEntries(Object.entries(p.sprint.timeoutSeconds).map(([n, t]) => [plain(n, 60), t])),
      },
    }),
  })
  return {
    ...plan,
    ...(plan.inForce && { inForce: clean(plan.inForce) }),
    chosen: clean(plan.chosen),
    runnersUp: plan.runnersUp.map(clean),
    ...(plan.differences && {
      differences: plan.differences.map((one) => ({
        ...one,
        policy: plain(one.policy, 100),
        classes: one.classes.map((c) => ({ ...c, name: plain(c.name, 60) })),
      })),
    }),
    ...(plan.front && { front: plan.front.map((point) => ({ ...point, policy: cleanPolicy(point.policy) })) }),
    ...(plan.sensitivity && {
      sensitivity: {
        ...plan.sensitivity,
        broken: plan.sensitivity.broken.map((path) => plain(path)),
        ...(plan.sensitivity.classes && { classes: plan.sensitivity.classes.map((c) => ({ ...c, name: plain(c.name, 60) })) }),
      },
    }),
    undo: cleanPolicy(plan.undo),
  }
}

// --- page -----------------------------------------------------------------------------------------------------------------------------

/** The plan as a page. */
export function planPage(plan: Plan): string {
  const { chosen } = plan
  const worst = tightness(chosen)
  const { better, worse, unclear } = bothDirections(plan)
  const list = (title: string, kind: string, items: readonly string[]): Content =>
    items.length === 0
      ? ''
      : html`<div><h3 class="${kind}">${title}</h3><ul>${items.map((item) => html`<li>${item}</li>`)}</ul></div>`
  return page({
    kind: 'plan',
    question: `Which policy meets the goals of ${plan.scenario}?`,
    answer: planInWords(plan),
    figures: [
      ...(chosen.checks.length === 0
        ? []
        : [
            {
              label: 'goals met',
              value: `${chosen.checks.length - unmet(chosen).length} of ${chosen.checks.length}`,
              note: unsure(chosen).length === 0 ? 'none in doubt' : `${unsure(chosen).length} in doubt`,
            },
          ]),
      ...(worst === undefined ? [] : [{ label: 'tightest goal', value: percent(worst), note: 'of its target' }]),
      { label: 'accuracy lost', value: percent(chosen.price.accuracyLoss), note: 'mean over jobs' },
      ...(chosen.price.powerWatts === undefined ? [] : [{ label: 'power', value: power(chosen.price.powerWatts) }]),
      ...(chosen.price.sprintShare === undefined
        ? []
        : [{ label: 'sprinting', value: percent(chosen.price.sprintShare), note: 'of the time' }]),
    ],
    trust: trustSentences(plan),
    caveats: allCaveats(plan),
    sections: [
      { title: 'Goals', body: [goalMarkup(plan)] },
      { title: 'In force and planned', body: [responseChart(plan), comparisonMarkup(plan)] },
      {
        title: 'What gets better and what gets worse',
        body: [
          pair(list('Better', 'good', better), list('Worse', 'bad', worse)),
          list('Cannot be told apart', 'unsure', unclear),
          !plan.inForce
            ? html`<p>There is nothing to compare with: the policy in force has no prediction.</p>`
            : worse.length === 0
              ? html`<p>Nothing gets worse by more than its interval.</p>`
              : '',
          differencesMarkup(plan),
        ],
      },
      { title: 'The change', body: [changeMarkup(plan)] },
      {
        title: 'Why this one',
        body: [html`<p>${plan.reason}</p><p>${searchInWords(plan)}</p>`, candidateChart(plan), runnersMarkup(plan)],
      },
      { title: 'If the load is above the forecast', body: [outlookMarkup(plan)] },
      { title: 'What else could be had', body: [plan.front && frontMarkup(plan)] },
    ],
    foot: [`${plan.schema} · seed ${plan.search.seed}`],
  })
}

const CLASS_OF: Readonly<Record<string, string>> = {
  met: 'good',
  'not met': 'bad',
  'not sure': 'unsure',
  better: 'good',
  worse: 'bad',
  unclear: 'unsure',
  same: 'none',
  neutral: 'none',
}
const marked = (text: string): Content => html`<span class="${CLASS_OF[text] ?? 'none'}">${text === 'neutral' ? '' : text}</span>`

function outlookMarkup(plan: Plan): Content {
  const said = sensitivityInWords(plan)
  return said && html`<p>${said}</p>`
}

function goalMarkup(plan: Plan): Content {
  const rows = goals(plan)
  if (rows.length === 0) return html`<p>No goal was set.</p>`
  return dataTable(
    'Targets are upper bounds. “Not sure”: the interval lies across the target.',
    [
      { head: 'Goal' },
      { head: 'At most', numeric: true },
      { head: 'In force', numeric: true },
      { head: 'Met now' },
      { head: 'Plan', numeric: true },
      { head: 'Met by plan' },
    ],
    rows.map((goal) => [
      goal.words,
      goal.target,
      goal.before?.predicted ?? '–',
      goal.before && marked(goal.before.verdict),
      goal.after?.predicted ?? '–',
      goal.after && marked(goal.after.verdict),
    ]),
  )
}

function comparisonMarkup(plan: Plan): Content {
  return dataTable(
    `${current(plan).name} (in force) beside ${plan.chosen.policy.name} (plan), with intervals; shares change in points`,
    [
      { head: 'Class' },
      { head: 'Figure' },
      { head: 'In force', numeric: true },
      { head: 'Plan', numeric: true },
      { head: 'Change', numeric: true },
      { head: 'Verdict' },
    ],
    comparisons(plan).map((c) => {
      const unit = commonUnit([c.before?.value, c.after?.value], c.quantity)
      return [
        c.of,
        c.name,
        interval(c.before, c.quantity, unit),
        interval(c.after, c.quantity, unit),
        c.change,
        marked(c.direction),
      ]
    }),
  )
}

function changeMarkup(plan: Plan): Content {
  const rows = policyDifference(current(plan), plan.chosen.policy)
  const undo = html`<p>To undo: go back to ${plan.undo.name} (${policyInWords(plan.undo)}).</p>`
  if (keeps(plan)) return html`<p>None: the policy in force stays (${policyInWords(current(plan))}).</p>`
  return [
    dataTable(
      'Every knob of the two policies; changed ones in bold',
      [{ head: 'Knob' }, { head: `In force: ${current(plan).name}` }, { head: `Plan: ${plan.chosen.policy.name}` }],
      rows.map(({ knob, from, to, changed }) =>
        changed ? [html`<strong>${knob}</strong>`, from, html`<strong>${to}</strong>`] : [knob, from, to],
      ),
    ),
    undo,
  ]
}

function runnersMarkup(plan: Plan): Content {
  if (plan.runnersUp.length === 0) return html`<p>There is no runner-up: no other policy was worth showing.</p>`
  return dataTable(
    RUNNER_NOTE,
    [
      { head: '#' },
      { head: 'Policy' },
      { head: 'Goals met', numeric: true },
      { head: 'Tightest goal', numeric: true },
      { head: 'Accuracy loss', numeric: true },
      { head: 'Power', numeric: true },
      { head: 'Score', numeric: true },
    ],
    [plan.chosen, ...plan.runnersUp].map((candidate, i) => {
      const row = runnerRow(candidate)
      return [
        i === 0 ? 'plan' : String(i),
        html`${i === 0 ? html`<strong>${row.name}</strong>` : row.name}<small>${policyInWords(candidate.policy)}</small>`,
        row.met,
        row.worst,
        row.loss,
        row.power,
        row.score,
      ]
    }),
  )
}

const CHARTED = 12

function responseChart(plan: Plan): Content {
  const before = `in force: ${current(plan).name}`
  const after = `plan: ${plan.chosen.policy.name}`
  const rows = (['mean', 'p95'] as const).flatMap((q) =>
    plan.chosen.prediction.classes.slice(0, CHARTED).flatMap((now) => {
      const old = plan.inForce?.prediction.classes.find((c) => c.name === now.name)
      const field = q === 'mean' ? 'meanResponseSeconds' : 'p95ResponseSeconds'
      const target = plan.chosen.checks.find((check) => check.path === `classes.${now.name}.${field}`)?.target
      const row = (
        series: string,
        e: Estimate | undefined,
      ): { group: string; series: string; value: number; low: number; high: number; target?: number }[] =>
        e === undefined
          ? []
          : [
              {
                group: `${now.name}, ${q}`,
                series,
                value: e.value,
                low: e.low,
                high: e.high,
                ...(target === undefined ? {} : { target }),
              },
            ]
      return [...row(before, old?.response[q]), ...row(after, now.response[q])]
    }),
  )
  const order = [...rows].sort((a, b) => classPlace(plan, a.group) - classPlace(plan, b.group))
  return intervalChart({
    title: 'Response under the policy in force and under the plan.',
    note: 'Lines are intervals (none: narrower than the mark); further left is faster.',
    alt: order
      .map((row) => `${row.group} ${row.series}: ${duration(row.value)}`)
      .slice(0, 12)
      .join('; '),
    rows: order,
    muted: before,
    x: { label: 'response time (log scale) →', kind: 'duration', scale: 'log' },
  })
}

const classPlace = (plan: Plan, group: string): number =>
  plan.chosen.prediction.classes.findIndex((c) => group.startsWith(`${c.name}, `))

/** Predicted value over target of the goal that is nearest to being missed (or missed most); goals at 0 that hold are not counted. */
export function tightness(candidate: Candidate): number | undefined {
  const ratios = candidate.checks
    .filter((check) => check.target > 0 && Number.isFinite(check.predicted / check.target))
    .map((check) => check.predicted / check.target)
  return ratios.length === 0 ? undefined : Math.max(...ratios)
}

function candidateChart(plan: Plan): Content {
  // The plan comes last, so that it lies on top of runners-up that cost and give the same.
  const named: readonly (readonly [series: string, label: string, candidate: Candidate])[] = [
    ...(plan.inForce ? [['in force', '', plan.inForce] as const] : []),
    ...plan.runnersUp.map((c, i) => ['runner-up, by its number in the table', String(i + 1), c] as const),
    ['plan', '', plan.chosen],
  ]
  const price = priceAxis(named.map(([, , c]) => c))
  const goalless = named.every(([, , c]) => tightness(c) === undefined)
  const gain = (c: Candidate): number | undefined => (goalless ? slowest(c) : tightness(c))
  const points: ScatterPoint[] = named.flatMap(([series, label, c]) => {
    const [x, y] = [price.of(c), gain(c)]
    return x === undefined || y === undefined || y <= 0 ? [] : [{ x, y, series, label }]
  })
  if (points.length < 2) return ''
  const spread = Math.max(...points.map((p) => p.y)) / Math.min(...points.map((p) => p.y))
  const y: Axis = goalless
    ? { label: '↑ slowest class, mean response', kind: 'duration', scale: spread > 5 ? 'log' : 'linear' }
    : {
        label: '↑ tightest goal, predicted / target',
        kind: 'share',
        scale: spread > 5 ? 'log' : 'linear',
        ...(spread > 5 ? {} : { low: 0 }),
      }
  return scatterChart({
    title: goalless ? 'Candidates: price against response.' : 'Candidates: price against the tightest goal.',
    note: goalless ? 'Down and to the left is better.' : 'Below the line every goal is met; down and to the left is better.',
    alt: points
      .map(
        (p) =>
          `${p.label === '' ? p.series : `runner-up ${p.label}`}: price ${tick(price.axis, p.x)}, ${goalless ? duration(p.y) : percent(p.y)}`,
      )
      .slice(0, 10)
      .join('; '),
    points,
    muted: 'in force',
    series: ['in force', 'plan'],
    x: price.axis,
    y,
    guides: goalless ? [] : [{ at: 1, axis: 'y', label: 'all goals met below' }],
  })
}

const tick = (axis: Axis, x: number): string => (axis.kind === 'share' ? percent(x) : number(x))
const slowest = (c: Candidate): number => Math.max(...c.prediction.classes.map((k) => k.response.mean.value))

/** The part of the price in which the candidates differ. */
function priceAxis(candidates: readonly Candidate[]): { readonly axis: Axis; readonly of: (c: Candidate) => number | undefined } {
  const differ = (of: (c: Candidate) => number | undefined): boolean => new Set(candidates.map(of)).size > 1
  const loss = (c: Candidate): number => c.price.accuracyLoss
  const watts = (c: Candidate): number | undefined => c.price.powerWatts
  const sprint = (c: Candidate): number | undefined => c.price.sprintShare
  if (differ(loss)) return { axis: { label: 'price: accuracy lost, mean over jobs →', kind: 'share', low: 0 }, of: loss }
  if (differ(watts)) return { axis: { label: 'price: power in watts →' }, of: watts }
  if (differ(sprint)) return { axis: { label: 'price: share of time sprinting →', kind: 'share', low: 0 }, of: sprint }
  return { axis: { label: 'utilisation of the cluster →', kind: 'share' }, of: (c) => c.prediction.cluster.utilisation.value }
}
