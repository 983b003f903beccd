/** What happened under a policy, on one axis of time: who held each slot, how many jobs were there, what was left to sprint with. */
import type { TrialPolicy, TrialTask } from '../model/index.js'
import { ticksOf } from './chart.js'
import { count, counted, duration, number, roundDuration } from './format.js'
import { type Content, html, type Markup } from './html.js'

const WIDTH = 880
const LEFT = 104
const RIGHT = 14
const TOP = 24
const BAND = 64
const GAP = 22
/** More attempts than these are not told apart: the picture then ends where so many have begun. */
const DRAWN_AT_MOST = 3_000
const LANES_AT_MOST = 64

/** What several timelines must share to be compared: the colours of the classes, the end of the axis, the scale of the queues. */
export interface TimelineScale {
  readonly classes: readonly string[]
  readonly seconds: number
  readonly jobs: number
}

/** The scale for the policies of a trial. `shortened`: a busy trial is drawn up to there only. */
export function timelineScale(policies: readonly TrialPolicy[]): TimelineScale & { readonly shortened: boolean } {
  const whole = Math.max(1, ...policies.flatMap(({ timeline }) => timeline.tasks.map(({ endSeconds }) => endSeconds)))
  const drawn = Math.min(
    whole,
    ...policies.map(({ timeline }) => {
      const starts = timeline.tasks.map(({ startSeconds }) => startSeconds).sort((a, b) => a - b)
      return starts[DRAWN_AT_MOST] ?? whole
    }),
  )
  const seconds = drawn > 0 ? drawn : whole
  const jobs = Math.max(1, ...policies.flatMap(({ timeline }) => Object.values(timeline.present).flatMap((n) => largest(n))))
  const classes = [...new Set(policies.flatMap((one) => one.classes.map(({ name }) => name)))]
  return { classes, seconds, jobs, shortened: seconds < whole }
}

const largest = (values: readonly number[]): number => values.reduce((most, value) => Math.max(most, value), 0)

/** The timeline of one policy. */
export function trialTimeline({ policy, timeline }: TrialPolicy, scale: TimelineScale): Content {
  const { tasks, sprints, atSeconds, present, budget } = timeline
  const lanes = lanesOf(tasks)
  if (lanes.length === 0) return html`<p class="none">No task ran under ${policy.name}.</p>`
  const shown = lanes.slice(0, LANES_AT_MOST)
  const lane = shown.length > 24 ? 8 : 14
  const rowOf = new Map(shown.map(({ key }, row) => [key, row]))
  const queueTop = TOP + lane * shown.length + GAP
  const budgetTop = queueTop + BAND + GAP
  const height = (budget === undefined ? queueTop + BAND : budgetTop + BAND) + 10
  const x = (seconds: number): number =>
    LEFT + ((WIDTH - LEFT - RIGHT) * Math.min(Math.max(seconds, 0), scale.seconds)) / scale.seconds
  const colour = (className: string): string => `var(--c${Math.max(0, scale.classes.indexOf(className)) % 6})`
  const drawn = tasks.filter((task) => rowOf.has(keyOf(task)) && task.startSeconds <= scale.seconds)
  const ticks = ticksOf({ label: '', kind: 'duration' }, [0, scale.seconds])
  const lost = tasks.filter((task) => task.lost).length
  const alt = `${policy.name}: ${counted(tasks.length, 'attempt')} on ${counted(lanes.length, 'slot')}, ${count(lost)} thrown away, ${counted(sprints.length, 'sprint')}; at most ${Object.entries(
    present,
  )
    .map(([name, n]) => `${count(largest(n))} ${name}`)
    .join(', ')} jobs at once`
  return html`<figure><figcaption><strong>${policy.name}: ${policy.discipline}.</strong> <span>${noteOf(lost, sprints.length, lanes.length - shown.length)}</span></figcaption>
<svg class="plot" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${alt}" font-size="11" font-family="inherit">
${ticks.map((tick) => html`<line x1="${px(x(tick))}" x2="${px(x(tick))}" y1="${TOP - 6}" y2="${height - 8}" stroke="currentColor" stroke-opacity="0.13"></line><text x="${px(x(tick))}" y="${TOP - 11}" fill="currentColor" text-anchor="${tick === 0 ? 'start' : 'middle'}">${tick === 0 ? '0' : roundDuration(tick)}</text>`)}
${shown.map(({ node }, row) => (row > 0 && shown[row - 1]!.node === node ? '' : html`<text x="${LEFT - 8}" y="${TOP + lane * row + Math.min(lane, 12) - 1}" fill="currentColor" text-anchor="end">${shortly(node)}</text>`))}
${drawn.map((task) => taskMark(task, TOP + lane * rowOf.get(keyOf(task))!, lane - 2, colour(task.className), x))}
${sprintMarks(drawn, sprints, (task) => TOP + lane * rowOf.get(keyOf(task))!, x)}
${bandLabel('jobs there', scale.jobs, count(scale.jobs), queueTop)}
${Object.entries(present).map(([name, values]) => stepLine(atSeconds, values, scale.jobs, queueTop, x, colour(name), dashOf(scale, name)))}
${budget === undefined ? '' : html`${bandLabel('sprint budget', largest(budget), number(largest(budget)), budgetTop)}${stepLine(atSeconds, budget, Math.max(largest(budget), Number.MIN_VALUE), budgetTop, x, 'currentColor', '')}`}
</svg></figure>
`
}

/** What the colours and marks of the timelines mean. */
export function timelineLegend({ classes }: TimelineScale): Markup {
  const mark = (inner: Content): Markup => html`<svg width="24" height="12" aria-hidden="true" focusable="false">${inner}</svg>`
  const block = (colour: string): Markup => mark(html`<rect x="3" y="1" width="18" height="10" fill="${colour}"></rect>`)
  return html`<ul class="legend">${classes.map((name, k) => html`<li>${block(`var(--c${k % 6})`)} ${shortly(name, 60)}</li>`)}<li>${mark(lostBox(3, 1, 18, 10, 'currentColor'))} thrown away</li><li>${mark(html`<line x1="3" x2="21" y1="2" y2="2" stroke="currentColor" stroke-width="3"></line>`)} sprinting</li></ul>
`
}

function noteOf(lost: number, sprints: number, hidden: number): string {
  return [
    lost > 0 ? `${counted(lost, 'attempt')} thrown away.` : 'Nothing was thrown away.',
    sprints > 0 ? `${counted(sprints, 'sprint')}.` : '',
    hidden > 0 ? `${counted(hidden, 'further slot')} not drawn.` : '',
  ]
    .filter((sentence) => sentence !== '')
    .join(' ')
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

const px = (value: number): string => value.toFixed(1)
const shortly = (name: string, most = 14): string =>
  [...name].length > most ? `${[...name].slice(0, most - 1).join('')}…` : name
const DASHES = ['', '7 3', '2 3', '9 3 2 3', '1 3', '12 4']
const dashOf = ({ classes }: TimelineScale, name: string): string => DASHES[Math.max(0, classes.indexOf(name)) % DASHES.length]!

function taskMark(task: TrialTask, y: number, height: number, colour: string, x: (seconds: number) => number): Markup {
  const [from, to] = [x(task.startSeconds), x(task.endSeconds)]
  // a hair of paper between two attempts, so that they can be counted
  const width = Math.max(0.6, to - from - 0.6)
  const said = `${task.className}, job ${count(task.job)}, ${task.stage} ${count(task.task)}: ${duration(task.startSeconds)} to ${duration(task.endSeconds)}${task.lost ? ', thrown away' : ''}`
  return html`<g><title>${said}</title>${task.lost ? lostBox(from, y, width, height, colour) : html`<rect x="${px(from)}" y="${px(y)}" width="${px(width)}" height="${height}" fill="${colour}"></rect>`}</g>
`
}

/** Pale, with an edge and a stroke through it: seen without colour as well. */
function lostBox(x: number, y: number, width: number, height: number, colour: string): Markup {
  return html`<rect x="${px(x + 0.5)}" y="${px(y + 0.5)}" width="${px(Math.max(0.4, width - 1))}" height="${height - 1}" fill="${colour}" fill-opacity="0.2" stroke="${colour}"></rect><line x1="${px(x)}" y1="${px(y + height)}" x2="${px(x + width)}" y2="${px(y)}" stroke="${colour}"></line>`
}

/** A line over the attempts of a job while it sprinted. */
function sprintMarks(
  tasks: readonly TrialTask[],
  sprints: TrialPolicy['timeline']['sprints'],
  top: (task: TrialTask) => number,
  x: (seconds: number) => number,
): Markup[] {
  const ofJob = new Map<number, { startSeconds: number; endSeconds: number }[]>()
  for (const { job, startSeconds, endSeconds } of sprints)
    ofJob.set(job, [...(ofJob.get(job) ?? []), { startSeconds, endSeconds }])
  return tasks.flatMap((task) =>
    (ofJob.get(task.job) ?? []).flatMap((sprint) => {
      const from = Math.max(task.startSeconds, sprint.startSeconds)
      const to = Math.min(task.endSeconds, sprint.endSeconds)
      if (!(to > from)) return []
      const y = top(task) + 1
      return [
        html`<line x1="${px(x(from))}" x2="${px(Math.max(x(from) + 0.6, x(to) - 0.6))}" y1="${y}" y2="${y}" stroke="currentColor" stroke-width="2"></line>
`,
      ]
    }),
  )
}

function bandLabel(name: string, most: number, said: string, top: number): Markup {
  const line = (y: number): Markup =>
    html`<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}" stroke="currentColor" stroke-opacity="0.35"></line>`
  return html`${line(top + BAND)}<text x="${LEFT - 8}" y="${top + BAND}" fill="currentColor" text-anchor="end">0</text>${most > 0 ? html`<text x="${LEFT - 8}" y="${top + 9}" fill="currentColor" text-anchor="end">${said}</text>` : ''}<text x="${LEFT - 8}" y="${top + BAND / 2 + 5}" fill="currentColor" text-anchor="end">${name}</text>
`
}

/** Values that hold until the next look. Looks that change nothing, or less than a point could show, are left out. */
function stepLine(
  at: readonly number[],
  values: readonly number[],
  most: number,
  top: number,
  x: (seconds: number) => number,
  colour: string,
  dash: string,
): Markup {
  const y = (value: number): string => px(top + BAND - (BAND * Math.min(Math.max(value, 0), most)) / most)
  let path = ''
  let last: { y: string; x: string } | undefined
  for (let i = 0; i < Math.min(at.length, values.length); i++) {
    const now = { x: px(x(at[i]!)), y: y(values[i]!) }
    if (last === undefined) path = `M${now.x} ${now.y}`
    else if (now.y === last.y) continue
    else path += `H${now.x}V${now.y}`
    last = now
  }
  const end = at.at(-1)
  if (end === undefined) return html``
  return html`<path d="${path}H${px(x(end))}" fill="none" stroke="${colour}" stroke-width="1.6" stroke-dasharray="${dash}"></path>
`
}
