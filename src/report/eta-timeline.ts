/** A queue as a timeline: for each job when it may start and when it may end, from now to the right. */
import type { EtaJob, EtaRange } from '../model/index.js'
import { between, fromNow } from './eta-words.js'
import { roundDuration } from './format.js'
import { type Content, html, join, Markup } from './html.js'

const WIDTH = 880
const LEFT = 118
const RIGHT = 14
const ROW = 20
const TOP = 26
/** More jobs than these are left to the table: a picture of a thousand lines shows nothing. */
export const DRAWN_AT_MOST = 80
const STEPS = [1, 2, 5, 10, 15, 30]
  .flatMap((n) => [n, 60 * n])
  .concat([1, 2, 3, 6, 12, 24, 48, 96, 168, 336, 720, 1440].map((h) => 3600 * h))

/** Rows for the jobs that have times, in their order. Light: 90 % of the futures; dark: half of them; a line: the median. */
export function etaTimeline(jobs: readonly EtaJob[], title: string): Content {
  const shown = jobs.filter(({ end }) => end !== undefined).slice(0, DRAWN_AT_MOST)
  if (shown.length === 0) return html`<p class="none">No job has a time to draw.</p>`
  const far = horizonOf(shown)
  const x = (seconds: number): number => LEFT + ((WIDTH - LEFT - RIGHT) * Math.min(Math.max(seconds, 0), far)) / far
  const height = TOP + ROW * shown.length + 8
  const ticks = ticksUpTo(far)
  const alt = shown
    .slice(0, 12)
    .map(({ id, start, end }) => `${id}: ${start ? `starts in ${fromNow(start.p50)}, ` : ''}ends in ${fromNow(end!.p50)}`)
    .join('; ')
  return html`<figure><figcaption><b>${title}</b> <span>Blue: when it may start; orange: when it may end. Light, 90 % of the futures; dark, half of them; a line, the median. A grey bar runs from the median start to the median end.</span></figcaption>
<ul class="legend"><li>${swatch('--c0')} start</li><li>${swatch('--c1')} end</li></ul>
<svg class="plot" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${alt}" font-size="11" font-family="inherit">
${ticks.map((tick) => html`<line x1="${x(tick).toFixed(1)}" x2="${x(tick).toFixed(1)}" y1="${TOP - 6}" y2="${height - 8}" stroke="var(--line)"></line><text x="${x(tick).toFixed(1)}" y="${TOP - 11}" fill="currentColor" text-anchor="${tick === 0 ? 'start' : 'middle'}">${tick === 0 ? 'now' : roundDuration(tick)}</text>`)}
${shown.map((job, i) => rowOf(job, TOP + ROW * i, x))}
</svg></figure>
`
}

const swatch = (colour: string): Markup =>
  new Markup(`<svg width="14" height="10" aria-hidden="true"><rect width="14" height="10" fill="var(${colour})"></rect></svg>`)

function rowOf({ id, name, start, end }: EtaJob, y: number, x: (seconds: number) => number): Markup {
  const label = `${id}${name === undefined ? '' : ` ${name}`}`
  const from = start?.p50 ?? 0
  const said = `${label}: ${start ? `starts in ${between(start.p5, start.p95)}, ` : 'runs, '}ends in ${between(end!.p5, end!.p95)}`
  return html`<g><title>${said}</title><text x="${LEFT - 8}" y="${y + 11}" fill="currentColor" text-anchor="end">${label.length > 17 ? `${label.slice(0, 16)}…` : label}</text>
<rect x="${x(from).toFixed(1)}" y="${y + 6.5}" width="${Math.max(0.5, x(end!.p50) - x(from)).toFixed(1)}" height="3" fill="var(--mark)"></rect>
${start ? band(start, y + 2, 'var(--c0)', x) : ''}${band(end!, y + 9, 'var(--c1)', x)}</g>
`
}

function band(range: EtaRange, y: number, colour: string, x: (seconds: number) => number): Markup {
  const bar = (low: number, high: number, opacity: number): Markup =>
    html`<rect x="${x(low).toFixed(1)}" y="${y}" width="${Math.max(0.8, x(high) - x(low)).toFixed(1)}" height="5" fill="${colour}" fill-opacity="${opacity}"></rect>`
  return join([
    bar(range.p5, range.p95, 0.35),
    bar(range.p25, range.p75, 0.9),
    html`<line x1="${x(range.p50).toFixed(1)}" x2="${x(range.p50).toFixed(1)}" y1="${y - 1}" y2="${y + 6}" stroke="currentColor" stroke-width="1.6"></line>`,
  ])
}

/** Far enough for nearly all ranges; a few that go on for ever may leave the picture. */
function horizonOf(jobs: readonly EtaJob[]): number {
  const ends = jobs.map(({ end }) => end!.p95).sort((a, b) => a - b)
  const middle = Math.max(...jobs.map(({ end }) => end!.p50))
  return Math.max(1, middle * 1.05, ends[Math.floor((ends.length - 1) * 0.9)]! * 1.02)
}

function ticksUpTo(far: number): number[] {
  const step =
    STEPS.slice()
      .sort((a, b) => a - b)
      .find((one) => far / one <= 9) ?? 86_400 * Math.ceil(far / 86_400 / 9)
  return Array.from({ length: Math.floor(far / step) + 1 }, (_, i) => i * step)
}
