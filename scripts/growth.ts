/**
 * `npm run growth`: draws docs/stations/growth.svg, what MMAP/PH/1 priority costs as the services get more phases and the arrivals more classes, from the rows
 * that `npm run bench -- kernels/marked-priority --save` keeps.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { type Axis, type Curve, curveChart } from '../src/report/index.js'
import { styleSheet } from '../src/report/style.js'
import { drawing, inColours, lightColours, plotIn } from './drawing.js'

/** A row of bench/results/kernels/marked-priority.json that belongs to a series. */
interface Row {
  readonly by?: 'order' | 'classes'
  readonly order: number
  readonly classes: number
  readonly discipline: 'NP' | 'PR'
  readonly momentsMs: { readonly wall: number }
  readonly percentilesMs: { readonly wall: number }
}

const SERIES = [
  { name: 'p50, p95, p99 of all classes, non-preemptive', figure: 'percentilesMs', discipline: 'NP', colour: 0 },
  { name: 'the same, preemptive-resume', figure: 'percentilesMs', discipline: 'PR', colour: 1 },
  { name: 'moments, non-preemptive', figure: 'momentsMs', discipline: 'NP', colour: 2 },
  { name: 'moments, preemptive-resume', figure: 'momentsMs', discipline: 'PR', colour: 3 },
] as const

const WIDTH = 880
const PANEL = { width: 425, top: 78, height: 300 }

/** One panel: the four series of the rows measured by `by`, as measured points and the lines between them. */
function panel(rows: readonly Row[], by: 'order' | 'classes', x: Axis, title: string) {
  const points = SERIES.map(({ figure, discipline }) =>
    rows
      .filter((row) => row.by === by && row.discipline === discipline)
      .map((row) => [row[by], row[figure].wall] as const)
      .sort((a, b) => a[0] - b[0]),
  )
  if (points.some((series) => series.length < 2)) throw new Error(`rows by ${by} are missing: run the bench`)
  const curves: Curve[] = [
    ...SERIES.map(({ name, colour }, i): Curve => ({ name, colour, shape: 'dots', points: points[i]! })),
    ...SERIES.map(({ colour }, i): Curve => ({ name: '', colour, points: points[i]! })),
  ]
  const alt = SERIES.map(({ name }, i) => `${name}: ${points[i]!.map(([at, ms]) => `${ms.toFixed(1)} ms at ${at}`).join(', ')}`)
  return curveChart({
    title,
    alt: alt.join('; '),
    size: 'half',
    height: PANEL.height,
    curves,
    x,
    y: { label: 'milliseconds per solution', scale: 'log', low: 0.1, high: 100 },
  }).toString()
}

/** Both panels under one legend. */
export function growthPicture(rows: readonly Row[]): string {
  const panels = [
    {
      title: 'By phase order of the services (3 classes)',
      figure: panel(
        rows,
        'order',
        { label: 'phases of each service law', kind: 'count', scale: 'log', low: 2, high: 25 },
        'By phase order, 3 classes',
      ),
    },
    {
      title: 'By number of classes (phase order 3)',
      figure: panel(
        rows,
        'classes',
        { label: 'classes', kind: 'count', scale: 'log', low: 0.8, high: 10 },
        'By number of classes, phase order 3',
      ),
    },
  ]
  // The kit's own legend, its keys laid out in two columns.
  const keys = [...panels[0]!.figure.matchAll(/<li><svg[^>]*style="([^"]*)">([\s\S]*?)<\/svg>([^<]*)<\/li>/g)]
    .map((match) => ({ style: match[1]!, key: match[2]!, name: match[3]!.trim() }))
    .filter(({ name }) => name !== '')
  const legend = keys.map(({ style, key, name }, i) => {
    const at = `translate(${12 + 330 * (i % 2)} ${8 + 20 * Math.floor(i / 2)})`
    return `<g transform="${at}"><g style="${style}">${key}</g><text x="28" y="10">${name}</text></g>`
  })
  const drawn = panels.map(({ title, figure }, i) => {
    const x = i * (WIDTH - PANEL.width)
    return `<text x="${x + 12}" y="66" font-size="13" font-weight="600" text-anchor="start">${title}</text>
<g transform="translate(${x} ${PANEL.top})">${plotIn(figure).body}</g>`
  })
  const label = `Milliseconds of MMAP/PH/1 priority. ${panels.map(({ figure }) => plotIn(figure).label).join('. ')}`
  const content = `<g text-anchor="start" font-size="12">${legend.join('')}</g>\n${drawn.join('\n')}`
  return drawing(WIDTH, PANEL.top + PANEL.height, label, inColours(content, lightColours(styleSheet)))
}

export const growthRows = (): Row[] =>
  (JSON.parse(readFileSync('bench/results/kernels/marked-priority.json', 'utf8')) as { rows: Row[] }).rows

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  writeFileSync('docs/stations/growth.svg', growthPicture(growthRows()))
}
