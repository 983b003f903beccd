/** What happened under a policy, on one axis of time: who held each slot, how many jobs were there, what was left to sprint with. */
import type { TrialPolicy, TrialTask } from '../model/index.js'
import { ticksOf } from './chart.js'
import { count, counted, duration, number, roundDuration } from './format.js'
import { type Content, html, type Markup } from './html.js'
import { policyInWords } from './policy-words.js'

const WIDTH = 880
const LEFT = 104
const RIGHT = 14
const TOP = 24
const BAND = 64
const GAP = 22
/** More attempts than these are not drawn: the picture then ends where so many have begun. */
const DRAWN_AT_MOST = 3_000
const LANES_AT_MOST = 64
/** Pixels at which an attempt is seen as one. */
const CLEAR = 12

type Timeline = TrialPolicy['timeline']
interface Span {
  readonly startSeconds: number
  readonly endSeconds: number
}

/** What several timelines must share to be compared: the colours of the classes, the stretch of time, the scale of the queues. */
export interface TimelineScale {
  readonly classes: readonly string[]
  readonly from: number
  readonly to: number
  readonly jobs: number
}

/** The scale for the whole of a trial. `shortened`: a busy trial is drawn up to there only. */
export function timelineScale(policies: readonly TrialPolicy[]): TimelineScale & { readonly shortened: boolean } {
  const whole = largest([1, ...policies.map(({ timeline }) => largest(timeline.tasks.map(({ endSeconds }) => endSeconds)))])
  const drawn = policies.map(({ timeline }) => {
    const starts = timeline.tasks.map(({ startSeconds }) => startSeconds).sort((a, b) => a - b)
    return starts[DRAWN_AT_MOST] ?? whole
  })
  const to = Math.min(whole, ...drawn.filter((seconds) => seconds > 0))
  const jobs = largest([1, ...policies.flatMap(({ timeline }) => Object.values(timeline.present).map(largest))])
  const classes = [...new Set(policies.flatMap((one) => one.classes.map(({ name }) => name)))]
  return { classes, from: 0, to, jobs, shortened: to < whole }
}

/**
 * A stretch of the trial in which single attempts can be told apart: the one in which most was thrown away and sprinted under all policies together, or
 * else most slots were busy. Undefined where the whole shows them already.
 */
export function closeUp(policies: readonly TrialPolicy[], scale: TimelineScale): TimelineScale | undefined {
  const times = policies.flatMap(({ timeline }) =>
    timeline.tasks.map(({ startSeconds, endSeconds }) => endSeconds - startSeconds),
  )
  const typical = times.sort((a, b) => a - b)[times.length >> 1] ?? 0
  const span = ((WIDTH - LEFT - RIGHT) / CLEAR) * typical
  if (!(span > 0) || span >= scale.to / 1.5) return undefined
  const starts = Array.from({ length: STRETCHES + 1 }, (_, k) => ((scale.to - span) * k) / STRETCHES)
  const told = starts.map((from) => policies.reduce((sum, { timeline }) => sum + eventful(timeline, from, from + span), 0))
  const from = starts[told.indexOf(largest(told))] ?? 0
  return { ...scale, from, to: from + span }
}

/** Where a close-up may begin. */
const STRETCHES = 40

/** Seconds of attempts thrown away and of sprints in a stretch, and a little for every attempt. */
function eventful({ tasks, sprints }: Timeline, from: number, to: number): number {
  const inside = ({ startSeconds, endSeconds }: Span): number =>
    Math.max(0, Math.min(endSeconds, to) - Math.max(startSeconds, from))
  const ran = tasks.reduce((sum, task) => sum + (task.lost ? 1 : 0.01) * inside(task), 0)
  return ran + sprints.reduce((sum, sprint) => sum + inside(sprint), 0)
}

const largest = (values: readonly number[]): number => values.reduce((most, value) => Math.max(most, value), 0)

/** The timeline of one policy. */
export function trialTimeline({ policy, timeline }: TrialPolicy, scale: TimelineScale): Content {
  const { tasks, sprints, atSeconds, present, budget } = timeline
  const lanes = lanesOf(tasks)
  if (lanes.length === 0) return html`<p class="none">No task ran under ${policy.name}.</p>`
  const shown = lanes.slice(0, LANES_AT_MOST)
  const lane = shown.length > 24 ? 8 : 14
  const tops = new Map(shown.map(({ key }, row) => [key, TOP + lane * row]))
  const queueTop = TOP + lane * shown.length + GAP
  const budgetTop = queueTop + BAND + GAP
  const height = (budget === undefined ? queueTop : budgetTop) + BAND + 10
  const x = axisOf(scale)
  const drawn = tasks.filter((task) => tops.has(keyOf(task)) && task.endSeconds >= scale.from && task.startSeconds <= scale.to)
  const ticks = ticksOf({ label: '', kind: 'duration' }, [scale.from, scale.to])
  // one unit along the axis: 165 s, 180 s and not 3 min
  const inUnit =
    ticks.every((tick) => Number.isInteger(tick)) && ticks.some((tick) => tick % 60 !== 0) ? secondsOf : roundDuration
  const lost = tasks.filter((task) => task.lost).length
  const most = budget === undefined ? 0 : largest(budget)
  const peaks = Object.entries(present).map(([name, values]) => `${count(largest(values))} ${name}`)
  const alt = `${policy.name}: ${counted(tasks.length, 'attempt')} on ${counted(lanes.length, 'slot')}, ${count(lost)} thrown away, ${counted(sprints.length, 'sprint')}; at most ${peaks.join(', ')} jobs at once`
  const note = noteOf(policy, lost, sprints.length, lanes.length - shown.length)
  return html`<figure><figcaption><strong>${policy.name}.</strong> <span>${note}</span></figcaption>
<svg class="plot" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${alt}" font-size="11" font-family="inherit">
${ticks.map((tick) => tickMark(inUnit(tick), x(tick), height))}
${shown.map(({ node, key }, row) => (shown[row - 1]?.node === node ? '' : label(shortly(node, 14), tops.get(key)! + Math.min(lane, 12) - 1)))}
${barsOf(drawn, x).map((bar) => barMark(bar, tops.get(keyOf(bar.first))!, lane - 2, colourOf(scale, bar.first.className), x))}
${sprintMarks(drawn, sprints, (task) => tops.get(keyOf(task))!, x)}
${band('jobs present', scale.jobs, count(scale.jobs), queueTop)}
${Object.entries(present).map(([name, values]) => stepLine({ atSeconds, values, most: scale.jobs, top: queueTop, colour: colourOf(scale, name), dash: dashOf(scale, name) }, scale))}
${budget === undefined ? '' : [band('sprint budget', most, number(most), budgetTop), stepLine({ atSeconds, values: budget, most: Math.max(most, Number.MIN_VALUE), top: budgetTop, colour: 'currentColor', dash: '' }, scale)]}
</svg></figure>
`
}

/** What the colours and marks of the timelines mean. */
export function timelineLegend(scale: TimelineScale): Markup {
  const mark = (inner: Content): Markup => html`<svg width="24" height="12" aria-hidden="true" focusable="false">${inner}</svg>`
  const classes = scale.classes.map((name) => [
    mark(html`<rect x="3" y="1" width="18" height="10" fill="${colourOf(scale, name)}"></rect>`),
    shortly(name, 60),
  ])
  const sprint = html`<line x1="3" x2="21" y1="2" y2="2" stroke="currentColor" stroke-width="3"></line>`
  const items: Content[][] = [
    ...classes,
    [mark(lostBox(3, 1, 18, 10, 'currentColor')), 'thrown away'],
    [mark(sprint), 'sprinting'],
  ]
  return html`<ul class="legend">${items.map(([picture, name]) => html`<li>${picture} ${name}</li>`)}</ul>
`
}

function noteOf(policy: TrialPolicy['policy'], lost: number, sprints: number, hidden: number): string {
  return [
    `${policyInWords(policy)}: ${lost > 0 ? `${counted(lost, 'attempt')} thrown away` : 'nothing thrown away'}`,
    ...(sprints > 0 ? [counted(sprints, 'sprint')] : []),
    ...(hidden > 0 ? [`${counted(hidden, 'further slot')} not drawn`] : []),
  ].join('; ')
}

interface Lane {
  readonly key: string
  readonly node: string
  readonly lane: number
}

const keyOf = ({ node, lane }: Pick<TrialTask, 'node' | 'lane'>): string => JSON.stringify([node, lane])

/** The slots that were used: by node as they read, numbers as numbers, then by lane. */
function lanesOf(tasks: readonly TrialTask[]): Lane[] {
  const lanes = new Map(tasks.map(({ node, lane }) => [keyOf({ node, lane }), { key: keyOf({ node, lane }), node, lane }]))
  return [...lanes.values()].sort((a, b) => a.node.localeCompare(b.node, 'en', { numeric: true }) || a.lane - b.lane)
}

// --- marks ----------------------------------------------------------------------------------------------------------------------------

const DASHES = ['', '7 3', '2 3', '9 3 2 3', '1 3', '12 4']
const placeOf = ({ classes }: TimelineScale, name: string): number => Math.max(0, classes.indexOf(name)) % 6
const colourOf = (scale: TimelineScale, name: string): string => `var(--c${placeOf(scale, name)})`
const dashOf = (scale: TimelineScale, name: string): string => DASHES[placeOf(scale, name)]!
const px = (value: number): string => value.toFixed(1)
const shortly = (name: string, most: number): string =>
  [...name].length > most ? `${[...name].slice(0, most - 1).join('')}…` : name

/** Where an instant lies; what is outside the stretch lies at its edge. */
function axisOf({ from, to }: TimelineScale): (seconds: number) => number {
  return (seconds) => LEFT + (WIDTH - LEFT - RIGHT) * ((Math.min(Math.max(seconds, from), to) - from) / (to - from))
}

const secondsOf = (seconds: number): string => `${count(seconds)} s`

function tickMark(text: string, x: number, height: number): Markup {
  return html`<line x1="${px(x)}" x2="${px(x)}" y1="${TOP - 6}" y2="${height - 8}" stroke="currentColor" stroke-opacity="0.13"></line><text x="${px(x)}" y="${TOP - 11}" fill="currentColor" text-anchor="middle">${text}</text>`
}

function label(text: string, y: number): Markup {
  return html`<text x="${LEFT - 8}" y="${y}" fill="currentColor" text-anchor="end">${text}</text>`
}

/** Attempts that are drawn as one: of one job on one slot, one right after another, too narrow to be told apart. */
interface Bar {
  readonly first: TrialTask
  readonly last: TrialTask
  readonly attempts: number
}

function barsOf(tasks: readonly TrialTask[], x: (seconds: number) => number): Bar[] {
  const open = new Map<string, Bar>()
  const bars: Bar[] = []
  for (const task of [...tasks].sort((a, b) => a.startSeconds - b.startSeconds)) {
    const bar = open.get(keyOf(task))
    const joined = bar !== undefined && joins(bar.last, task, x)
    if (bar !== undefined && !joined) bars.push(bar)
    open.set(keyOf(task), joined ? { ...bar, last: task, attempts: bar.attempts + 1 } : { first: task, last: task, attempts: 1 })
  }
  return [...bars, ...open.values()]
}

function joins(before: TrialTask, task: TrialTask, x: (seconds: number) => number): boolean {
  const narrow = x(task.endSeconds) - x(task.startSeconds) < CLEAR / 2
  return narrow && before.job === task.job && before.lost === task.lost && x(task.startSeconds) - x(before.endSeconds) < 1
}

function barMark(
  { first, last, attempts }: Bar,
  y: number,
  height: number,
  colour: string,
  x: (seconds: number) => number,
): Markup {
  const [from, to] = [x(first.startSeconds), x(last.endSeconds)]
  // a hair of paper between two bars, so that they can be counted
  const width = Math.max(0.6, to - from - 0.6)
  const what = attempts === 1 ? `${first.stage} ${count(first.task)}` : counted(attempts, 'task')
  const said = `${first.className}, job ${count(first.job)}, ${what}: ${duration(first.startSeconds)} to ${duration(last.endSeconds)}${first.lost ? ', thrown away' : ''}`
  const box = first.lost
    ? lostBox(from, y, width, height, colour)
    : html`<rect x="${px(from)}" y="${y}" width="${px(width)}" height="${height}" fill="${colour}"></rect>`
  return html`<g><title>${said}</title>${box}</g>
`
}

/** Pale, with an edge and a stroke through it: seen without colour as well. */
function lostBox(x: number, y: number, width: number, height: number, colour: string): Markup {
  return html`<rect x="${px(x + 0.5)}" y="${y + 0.5}" width="${px(Math.max(0.4, width - 1))}" height="${height - 1}" fill="${colour}" fill-opacity="0.2" stroke="${colour}"></rect><line x1="${px(x)}" y1="${y + height}" x2="${px(x + width)}" y2="${y}" stroke="${colour}"></line>`
}

/** A line over the attempts of a job while it sprinted. */
function sprintMarks(
  tasks: readonly TrialTask[],
  sprints: Timeline['sprints'],
  top: (task: TrialTask) => number,
  x: (seconds: number) => number,
): Markup[] {
  const ofJob = new Map<number, Span[]>()
  for (const sprint of sprints) ofJob.set(sprint.job, [...(ofJob.get(sprint.job) ?? []), sprint])
  return tasks.flatMap((task) =>
    (ofJob.get(task.job) ?? []).flatMap((sprint) => {
      const from = x(Math.max(task.startSeconds, sprint.startSeconds))
      const to = x(Math.min(task.endSeconds, sprint.endSeconds))
      if (!(to > from)) return []
      const y = top(task) + 1
      return [
        html`<line x1="${px(from)}" x2="${px(Math.max(from + 0.6, to - 0.6))}" y1="${y}" y2="${y}" stroke="currentColor" stroke-width="2"></line>
`,
      ]
    }),
  )
}

/** The ground of a curve: a line at 0, its largest value, its name. */
function band(name: string, most: number, said: string, top: number): Markup {
  const ground = top + BAND
  return html`<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${ground}" y2="${ground}" stroke="currentColor" stroke-opacity="0.35"></line>${label('0', ground)}${most > 0 ? label(said, top + 9) : ''}${label(name, top + BAND / 2 + 5)}
`
}

interface Steps {
  readonly atSeconds: readonly number[]
  readonly values: readonly number[]
  /** What reaches the top of the band. */
  readonly most: number
  readonly top: number
  readonly colour: string
  readonly dash: string
}

/** Values that hold until the next look. Looks that change nothing that could be seen are left out. */
function stepLine({ atSeconds, values, most, top, colour, dash }: Steps, scale: TimelineScale): Content {
  const x = axisOf(scale)
  const y = (value: number): string => px(top + BAND * (1 - Math.min(Math.max(value, 0), most) / most))
  let path = ''
  let last: string | undefined
  for (let i = 0; i < Math.min(atSeconds.length, values.length); i++) {
    // what holds at the left edge was seen before it
    if (i + 1 < atSeconds.length && atSeconds[i + 1]! < scale.from) continue
    if (atSeconds[i]! > scale.to) break
    const now = y(values[i]!)
    if (now === last) continue
    path += last === undefined ? `M${px(x(atSeconds[i]!))} ${now}` : `H${px(x(atSeconds[i]!))}V${now}`
    last = now
  }
  if (last === undefined) return ''
  const d = `${path}H${px(x(atSeconds.at(-1)!))}`
  return html`<path d="${d}" fill="none" stroke="${colour}" stroke-width="1.6" stroke-dasharray="${dash}"></path>
`
}
