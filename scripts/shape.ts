/**
 * `npm run shape`: draws docs/deflate-shape.svg, what DiAS changes against NP (and against P where P has a steady state to speak of) by mix, load and kind of
 * task, from the rows that `npm run bench -- quality/dias-shape --save` keeps.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { intervalChart } from '../src/report/index.js'
import { styleSheet } from '../src/report/style.js'
import { drawing, inColours, lightColours, plotIn } from './drawing.js'

interface Row {
  readonly mix: string
  readonly load: number
  readonly tasks: string
  readonly policy: string
  readonly 'P busy %'?: number
  readonly 'high vs P %'?: number
  readonly 'low vs P %'?: number
  readonly 'high vs NP %': number
  readonly 'low vs NP %': number
}

const SERIES = ['high against NP', 'low against NP', 'high against P', 'low against P'] as const
const LEGEND = 34

/** Changes of mean response in percent, a line a regime. */
export function shapePicture(all: readonly Row[]): string {
  const rows = all.filter(({ policy }) => policy.startsWith('DiAS'))
  if (rows.length === 0) throw new Error('rows are missing: run the bench')
  const figure = intervalChart({
    title: 'DiAS',
    height: 52 + 44 * rows.length,
    alt: rows
      .map(
        (row) => `${row.mix} at ${row.load}, ${row.tasks}: high ${row['high vs NP %']} %, low ${row['low vs NP %']} % against NP`,
      )
      .join('; '),
    rows: rows.flatMap((row) => {
      const group = `${row.mix}, ${row.load}, ${row.tasks}`
      const steady = row['P busy %'] !== undefined && row['P busy %'] < 95
      const values = [
        row['high vs NP %'],
        row['low vs NP %'],
        steady ? row['high vs P %'] : undefined,
        steady ? row['low vs P %'] : undefined,
      ]
      return SERIES.flatMap((series, i) => {
        const value = values[i]
        return value === undefined ? [] : [{ group, series, value, low: value, high: value }]
      })
    }),
    x: { label: 'change of mean response in percent; left is faster →', low: -100, high: 40 },
  }).toString()
  const plot = plotIn(figure)
  const keys = [...figure.matchAll(/<li><svg[^>]*style="([^"]*)">([\s\S]*?)<\/svg>([^<]*)<\/li>/g)].map(
    (match, i) =>
      `<g transform="translate(${12 + 160 * i} 10)"><g style="${match[1]}">${match[2]}</g><text x="28" y="10">${match[3]!.trim()}</text></g>`,
  )
  const content = `<g text-anchor="start" font-size="12">${keys.join('')}</g>\n<g transform="translate(0 ${LEGEND})">${plot.body}</g>`
  return drawing(
    880,
    plot.height + LEGEND,
    `Change of mean response under DiAS. ${plot.label}`,
    inColours(content, lightColours(styleSheet)),
  )
}

export const shapeRows = (): Row[] =>
  (JSON.parse(readFileSync('bench/results/quality/dias-shape.json', 'utf8')) as { rows: Row[] }).rows

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  writeFileSync('docs/deflate-shape.svg', shapePicture(shapeRows()))
}
