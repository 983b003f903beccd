import type { Comparison, SplitResult } from '../model/index.js'
import { curveChart, type ScatterPoint, scatterChart } from './chart.js'
import {
  capital,
  comparisonInWords,
  comparisonTitle,
  errorText,
  foundIn,
  randomSplits,
  shownSplits,
  splitSize,
  trustOfComparison,
} from './comparison.js'
import { count, counted, duration, NONE, percent } from './format.js'
import { type Content, html } from './html.js'
import { dataTable, page } from './page.js'

const KINDS = ['white', 'black', 'grey', 'baseline'] as const
/** Lines of one chart that an eye still tells apart. */
const CURVES = 6
const PREDICTIONS = 10_000
/** Errors that a log scale shows: below a hundredth of a per cent and above a hundredfold all are alike. */
const LEAST_SHOWN = 1e-4
const MOST_SHOWN = 100

/** The comparison as a page. */
export function comparisonPage(comparison: Comparison): string {
  const { data, splits, predictors, regions } = comparison
  const kindOf = new Map(predictors.map(({ name, kind }) => [name, kind]))
  const shown = shownSplits(splits)
  const refused = splits.filter(({ refusal }) => refusal !== undefined)
  return page({
    kind: 'comparison',
    question: comparisonTitle(comparison),
    answer: comparisonInWords(comparison),
    figures: shown.slice(0, 6).flatMap((split) => {
      const grey = split.verdict?.grey === undefined ? undefined : foundIn(split, split.verdict.grey)
      return grey?.medianError === undefined
        ? []
        : [{ label: split.name.split(':')[0]!, value: percent(grey.medianError, 2), note: `grey, median; ${outcomeWord(split)}` }]
    }),
    trust: trustOfComparison(comparison),
    caveats: comparison.caveats,
    sections: [
      { title: 'How many measurements does it take?', body: [pointsChart(splits, kindOf)] },
      ...shown.map((split) => ({
        title: split.name.charAt(0).toUpperCase() + split.name.slice(1),
        body: [
          html`<p><strong>${capital(split.verdict?.sentence ?? '')}</strong></p>`,
          costChart(split, kindOf),
          splitTable(split, kindOf),
          refusals(split),
        ],
      })),
      { title: 'Where in the range', body: [regionTable(regions)] },
      {
        title: 'Who took part',
        body: [
          dataTable(
            'Predictors',
            [{ head: 'Name' }, { head: 'Kind' }, { head: 'What it is' }],
            predictors.map(({ name, kind, what }) => [name, kind, what]),
          ),
          refused.length === 0
            ? ''
            : html`<ul>${refused.map(({ name, refusal }) => html`<li>No ${name}: ${refusal}.</li>`)}</ul>`,
        ],
      },
    ],
    foot: [
      `${comparison.schema} · ${data.path} · ${counted(data.rows, 'row')} · learned from ${data.features.join(', ')} · seed ${comparison.seed}`,
    ],
  })
}

function outcomeWord({ verdict }: SplitResult): string {
  switch (verdict?.outcome) {
    case 'grey':
      return 'wins'
    case 'black':
    case 'white':
      return `loses to ${verdict.outcome}`
    default:
      return 'no clear winner'
  }
}

/** Median error against the number of rows: the best of each kind and what they are worth beside it. */
function pointsChart(splits: readonly SplitResult[], kindOf: ReadonlyMap<string, string>): Content {
  const random = randomSplits(splits)
  if (random.length < 2) return ''
  const names = [...new Set(random.flatMap(({ results }) => results.map(({ predictor }) => predictor)))]
  const points = (name: string): [number, number][] =>
    random.flatMap((split): [number, number][] => {
      const error = foundIn(split, name)?.medianError
      return error === undefined ? [] : [[split.trainRows, Math.min(Math.max(error, LEAST_SHOWN), MOST_SHOWN)]]
    })
  const mean = (name: string): number => {
    const own = points(name)
    return own.reduce((sum, [, error]) => sum + Math.log(Math.max(error, 1e-6)), 0) / Math.max(1, own.length)
  }
  const of = (kind: string, most: number): string[] =>
    names
      .filter((name) => kindOf.get(name) === kind && points(name).length === random.length)
      .sort((a, b) => mean(a) - mean(b))
      .slice(0, most)
  const grey = of('grey', names.length)
  const chosenGrey = grey.filter((name) => name === random[0]!.verdict?.grey)
  const alike = (name: string): boolean => chosenGrey.some((one) => String(points(one)) === String(points(name)))
  const bestGrey = grey.filter((name) => !chosenGrey.includes(name) && !alike(name)).slice(0, 2 - chosenGrey.length)
  const chosen = [...of('white', 2), ...of('black', 2), ...bestGrey, ...chosenGrey].slice(0, CURVES)
  if (chosen.length === 0) return ''
  return curveChart({
    title: 'Median error by number of rows learned from.',
    note: 'The two best white and learned predictors over all sizes, the best grey one, and the grey one that was chosen; the tables below have all.',
    alt: chosen
      .map(
        (name) =>
          `${name}: ${points(name)
            .map(([rows, error]) => `${count(rows)} rows ${percent(error, 2)}`)
            .join(', ')}`,
      )
      .join('; '),
    curves: chosen.map((name) => ({ name: `${name} (${kindOf.get(name)})`, points: points(name) })),
    x: { label: 'rows to learn from (log scale) →', kind: 'count', scale: 'log' },
    y: { label: '↑ median error', kind: 'share', scale: 'log' },
    height: 340,
  })
}

/** Error against cost: training once and ten thousand predictions, which is what the front is about. Those on the front are named, and the grey one that was chosen. */
function costChart(split: SplitResult, kindOf: ReadonlyMap<string, string>): Content {
  const points = split.results.flatMap((one): ScatterPoint[] => {
    const { medianError, trainSeconds, microsecondsPerPrediction, answered, pareto, predictor } = one
    if (medianError === undefined || trainSeconds === undefined || microsecondsPerPrediction === undefined) return []
    if (answered !== 1) return []
    return [
      {
        x: Math.max(trainSeconds + PREDICTIONS * 1e-6 * microsecondsPerPrediction, 1e-7),
        y: Math.min(Math.max(medianError, LEAST_SHOWN), MOST_SHOWN),
        series: kindOf.get(predictor) ?? 'grey',
        ...(pareto || predictor === split.verdict?.grey ? { label: predictor } : {}),
      },
    ]
  })
  return scatterChart({
    title: `Error against cost: training once and ${count(PREDICTIONS)} predictions.`,
    note: `Named: the front, where nothing errs less and costs less${split.verdict?.grey === undefined ? '' : ', and the grey model that was chosen, which cost what the choice among all of them took'}.`,
    height: 360,
    alt: split.results
      .filter(({ pareto }) => pareto)
      .map(({ predictor, medianError }) => `${predictor}: ${errorText(medianError)}`)
      .join('; '),
    points,
    series: KINDS,
    muted: 'baseline',
    x: { label: 'seconds of training and predictions (log scale) →', kind: 'duration', scale: 'log' },
    y: { label: '↑ median error', kind: 'share', scale: 'log' },
  })
}

function splitTable(split: SplitResult, kindOf: ReadonlyMap<string, string>): Content {
  const n = (head: string) => ({ head, numeric: true })
  return dataTable(
    `${splitSize(split)}; front: nothing errs less (median) and costs less (training and ${count(PREDICTIONS)} predictions)`,
    [
      { head: 'Predictor' },
      { head: 'Kind' },
      n('median'),
      n('p90'),
      n('worst'),
      n('in 90 %'),
      n('training'),
      n('prediction'),
      { head: 'front' },
    ],
    split.results
      .filter(({ refusal }) => refusal === undefined)
      .map((one) => [
        one.answered! < 1 ? html`${one.predictor}<small>answered ${percent(one.answered, 2)} of the rows</small>` : one.predictor,
        kindOf.get(one.predictor) ?? '',
        errorText(one.medianError),
        errorText(one.p90Error),
        errorText(one.worstError),
        one.coverage === undefined ? NONE : percent(one.coverage, 2),
        duration(one.trainSeconds),
        one.microsecondsPerPrediction === undefined ? NONE : duration(one.microsecondsPerPrediction * 1e-6),
        one.pareto ? '●' : '',
      ]),
  )
}

function refusals(split: SplitResult): Content {
  const refused = split.results.filter(({ refusal }) => refusal !== undefined)
  return refused.length === 0
    ? ''
    : html`<ul>${refused.map(({ predictor, refusal }) => html`<li>${predictor} refused: ${refusal}.</li>`)}</ul>`
}

function regionTable(regions: Comparison['regions']): Content {
  const own = regions.filter(
    ({ split, column, predictor }) => split === 'random' && column !== undefined && predictor !== 'median seen',
  )
  if (own.length === 0) return ''
  const column = own[0]!.column!
  const bins = [...new Map(own.map((region) => [`${region.low}`, region])).values()].sort((a, b) => a.low! - b.low!)
  const names = [...new Set(own.map(({ predictor }) => predictor))]
  const short = (x: number): string => String(Number(x.toPrecision(4)))
  return dataTable(
    `Median error by ${column}, rows drawn at random`,
    [{ head: 'Predictor' }, ...bins.map(({ low, high }) => ({ head: `${short(low!)} to ${short(high!)}`, numeric: true }))],
    names.map((name) => [
      name,
      ...bins.map(({ low }) => errorText(own.find((one) => one.predictor === name && one.low === low)?.medianError)),
    ]),
  )
}
