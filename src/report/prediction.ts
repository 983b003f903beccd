import type { ClassPrediction, Policy, Prediction, Times } from '../model/index.js'
import { intervalChart } from './chart.js'
import { interval, plusMinus, rate, value, withPlusMinus } from './format.js'
import { type Content, html } from './html.js'
import {
  CLUSTER_MEASURES,
  commonRate,
  commonUnit,
  confidenceInWords,
  predictionInWords,
  predictorInWords,
  QUANTILES,
  WASTE_NOTE,
  widestMean,
} from './measures.js'
import { dataTable, distinct, page, saidInWords } from './page.js'
import { policyInWords } from './policy-words.js'
import { bullets, heading, type Ink, ink, parts, plain, type TextOptions, table, wrap } from './terminal.js'

/** What a prediction is of: it does not carry the question itself. */
export interface PredictionContext {
  readonly scenario?: string
  readonly policy?: Policy
  readonly seed?: number
}

const KINDS = ['response', 'wait', 'service'] as const

function title({ scenario, policy }: PredictionContext): string {
  const of = scenario === undefined ? 'How will each class fare' : `How will each class of ${scenario} fare`
  return `${of}${policy === undefined ? '?' : ` under ${policy.name}?`}`
}

/** The prediction for a terminal. */
export function predictionText(prediction: Prediction, options: TextOptions & PredictionContext = {}): string {
  const pen = ink(options)
  const clean = sanitised(prediction)
  return parts(
    `${heading(plain(title(options)), pen)}\n${wrap(predictionInWords(clean), pen)}`,
    options.policy && wrap(plain(`Policy: ${policyInWords(options.policy)}.`), pen),
    timesTable(clean, pen),
    flowTable(clean, pen),
    clusterTable(clean, pen),
    trustText(clean, pen),
  )
}

function timesTable(prediction: Prediction, pen: Ink): string {
  const shown = QUANTILES.filter((q) => prediction.classes.some((c) => KINDS.some((kind) => c[kind][q] !== undefined)))
  const columns = [{ head: 'Class' }, { head: 'Time' }, ...shown.map((q) => ({ head: q, align: 'right' as const }))]
  const rows = prediction.classes.flatMap((c) =>
    KINDS.map((kind, i) => {
      const unit = commonUnit(shown.map((q) => c[kind][q]?.value))
      return [i === 0 ? pen.bold(plain(c.name, 24)) : '', kind, ...shown.map((q) => withPlusMinus(c[kind][q], 'duration', unit))]
    }),
  )
  return table(columns, rows, pen)
}

function flowTable(prediction: Prediction, pen: Ink): string {
  const unit = commonRate(prediction.classes.map((c) => c.arrivalsPerSecond))
  const columns = [
    { head: 'Class' },
    { head: 'Arrivals', align: 'right' as const },
    { head: 'Throughput', align: 'right' as const },
    { head: 'Accuracy loss', align: 'right' as const },
  ]
  const rows = prediction.classes.map((c) => [
    pen.bold(plain(c.name, 24)),
    rate(c.arrivalsPerSecond, unit),
    withPlusMinus(c.throughputPerSecond, 'rate', unit),
    interval(c.accuracyLoss, 'share'),
  ])
  return table(columns, rows, pen)
}

function clusterTable(prediction: Prediction, pen: Ink): string {
  const rows = CLUSTER_MEASURES.flatMap((measure) => {
    const estimate = measure.of(prediction.cluster)
    return estimate === undefined
      ? []
      : [[measure.name, interval(estimate, measure.quantity), measure.name === 'waste' ? pen.dim(WASTE_NOTE) : '']]
  })
  return table([{ head: 'Cluster' }, { head: '', align: 'right' }, { head: '' }], rows, pen)
}

function trustText(prediction: Prediction, pen: Ink): string {
  const sentences = [predictorInWords(prediction), confidenceInWords(prediction)]
  const caveats = distinct(prediction.caveats).map(
    (c) => pen.warn('!') + ` ${plain(saidInWords(c), 2000)}${c.path ? ` (${plain(c.path)})` : ''}`,
  )
  return [
    heading('How far to trust it', pen),
    bullets(
      sentences.map((s) => plain(s, 2000)),
      pen,
    ),
    ...caveats.map((c) => wrap(c, pen, 2, 4)),
  ].join('\n')
}

/** The same prediction with names that are safe to print in a terminal. */
function sanitised(prediction: Prediction): Prediction {
  return { ...prediction, classes: prediction.classes.map((c) => ({ ...c, name: plain(c.name, 60) })) }
}

/** The prediction as a page. */
export function predictionPage(prediction: Prediction, context: PredictionContext = {}): string {
  const { cluster, classes } = prediction
  const widest = widestMean(prediction)
  return page({
    kind: 'prediction',
    question: title(context),
    answer: predictionInWords(prediction),
    figures: [
      ...CLUSTER_MEASURES.flatMap((measure) => {
        const estimate = measure.of(cluster)
        return estimate === undefined
          ? []
          : [
              {
                label: measure.name,
                value: value(estimate, measure.quantity),
                note: measure.name === 'waste' && plusMinus(estimate) === '' ? WASTE_NOTE : plusMinus(estimate),
              },
            ]
      }),
    ],
    trust: [predictorInWords(prediction), confidenceInWords(prediction), ...(widest === undefined ? [] : [widest])],
    caveats: prediction.caveats,
    sections: [
      { title: 'Response by class', body: [responseChart(classes), timesMarkup(classes)] },
      { title: 'Wait and service', body: [waitChart(classes)] },
      { title: 'Flow and accuracy', body: [flowMarkup(classes)] },
      {
        title: 'Cluster',
        body: [
          dataTable(
            'The whole cluster, with intervals',
            [{ head: 'Figure' }, { head: 'Value', numeric: true }],
            CLUSTER_MEASURES.flatMap((m) => {
              const e = m.of(cluster)
              return e === undefined
                ? []
                : [[m.name === 'waste' ? html`${m.name}<small>${WASTE_NOTE}</small>` : m.name, interval(e, m.quantity)]]
            }),
          ),
          context.policy && html`<p>Policy: ${policyInWords(context.policy)}.</p>`,
        ],
      },
    ],
    foot: [`${prediction.schema}${context.seed === undefined ? '' : ` · seed ${context.seed}`}`],
  })
}

const CHARTED = 24

function responseChart(classes: readonly ClassPrediction[]): Content {
  const rows = classes.slice(0, CHARTED).flatMap((c) =>
    QUANTILES.flatMap((q) => {
      const e = c.response[q]
      return e === undefined ? [] : [{ group: c.name, series: q, value: e.value, low: e.low, high: e.high }]
    }),
  )
  return intervalChart({
    title: 'Response by class: mean and quantiles.',
    note: `Lines are intervals; where there is no line it is narrower than the mark.${classes.length > CHARTED ? ` The first ${CHARTED} of ${classes.length} classes.` : ''}`,
    alt: classes
      .slice(0, 6)
      .map((c) => `${c.name}: mean ${value(c.response.mean, 'duration')}, p95 ${value(c.response.p95, 'duration')}`)
      .join('; '),
    rows,
    x: { label: 'response time (log scale) →', kind: 'duration', scale: 'log' },
  })
}

function waitChart(classes: readonly ClassPrediction[]): Content {
  const rows = classes.slice(0, CHARTED).flatMap((c) =>
    (['wait', 'service'] as const).map((kind) => ({
      group: c.name,
      series: kind,
      value: c[kind].mean.value,
      low: c[kind].mean.low,
      high: c[kind].mean.high,
    })),
  )
  return intervalChart({
    title: 'Where the time goes: mean wait and mean service.',
    note: 'Wait is time in the queue only; response is wait plus service.',
    alt: classes
      .slice(0, 6)
      .map((c) => `${c.name}: wait ${value(c.wait.mean, 'duration')}, service ${value(c.service.mean, 'duration')}`)
      .join('; '),
    rows,
    x: { label: 'mean time →', kind: 'duration', low: 0 },
  })
}

function timesMarkup(classes: readonly ClassPrediction[]): Content {
  const cell = (times: Times, q: (typeof QUANTILES)[number]): Content => {
    const unit = commonUnit(QUANTILES.map((k) => times[k]?.value))
    const half = plusMinus(times[q])
    return html`${value(times[q], 'duration', unit)}${half === '' ? '' : html`<small>${half}</small>`}`
  }
  return dataTable(
    'Times by class: value, and half its interval as a share of it',
    [{ head: 'Class' }, { head: 'Time' }, ...QUANTILES.map((q) => ({ head: q, numeric: true }))],
    classes.flatMap((c) =>
      KINDS.map((kind) => [
        kind === 'response' ? c.name : html`<span class="none">${c.name}</span>`,
        kind,
        ...QUANTILES.map((q) => cell(c[kind], q)),
      ]),
    ),
  )
}

function flowMarkup(classes: readonly ClassPrediction[]): Content {
  const unit = commonRate(classes.map((c) => c.arrivalsPerSecond))
  return dataTable(
    'Jobs in, jobs out, and what is lost by dropping data',
    [
      { head: 'Class' },
      { head: 'Arrivals', numeric: true },
      { head: 'Throughput', numeric: true },
      { head: 'Accuracy loss', numeric: true },
    ],
    classes.map((c) => [
      c.name,
      rate(c.arrivalsPerSecond, unit),
      interval(c.throughputPerSecond, 'rate', unit),
      interval(c.accuracyLoss, 'share'),
    ]),
  )
}
