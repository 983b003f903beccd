import type { Cdf, Characterisation, Distribution, GroupDistribution, Series } from '../model/index.js'
import type { CharacterisationContext } from './characterisation.js'
import {
  characterisationInWords,
  dayNames,
  fileName,
  HOURS,
  moment,
  remarks,
  resource,
  resourceWord,
  rowWords,
  SUMMARY_HEADS,
  sized,
  skews,
  slotted,
  sourceFacts,
  summaries,
  summaryCells,
  trustInWords,
} from './characterisation-words.js'
import { barChart, type Curve, columnChart, curveChart } from './chart.js'
import { count, duration, number, percent, roundDuration } from './format.js'
import { type Content, html } from './html.js'
import { issuesMarkup } from './issues.js'
import { dataTable, page, pair, type TableColumn } from './page.js'

/** The study as a page. */
export function characterisationPage(c: Characterisation, context: CharacterisationContext = {}): string {
  return page({
    kind: 'characterisation',
    question: `What recorded ${fileName(c.source.path)}?`,
    answer: characterisationInWords(c),
    figures: tiles(c),
    trust: trustInWords(c),
    caveats: c.caveats,
    sections: [
      { title: 'Durations', body: durations(c) },
      { title: 'Arrivals', body: arrivals(c) },
      { title: 'Burstiness', body: burstiness(c) },
      { title: 'Waiting', body: waiting(c) },
      { title: 'Sizes and outcomes', body: sizesAndOutcomes(c) },
      { title: 'Load over time', body: load(c) },
      { title: 'Who uses it', body: skew(c) },
      { title: 'All samples in figures', body: [summaryTable(c), remarkList(c)] },
      { title: 'The file', body: file(c, context) },
    ],
    foot: [`${c.schema} · ${c.source.path}`, `Quantiles: ${c.definitions.quantile}. Moments: ${c.definitions.moments}.`],
  })
}

function tiles(c: Characterisation): { label: string; value: string; note?: string }[] {
  const { durations: d, waiting: w, arrivals: a, skew: s } = c
  const unused = c.source.rows - c.source.used
  const ten = a?.dispersion.find((x) => x.windowSeconds === 600) ?? a?.dispersion[0]
  const top = s.rowsByResource?.topOne
  return [
    { label: rowWords(c), value: count(c.source.used), note: unused > 0 ? `${count(unused)} rows unusable` : 'every row used' },
    ...(d ? [{ label: 'median run', value: duration(d.overall.quantiles.p50), note: `mean ${duration(d.overall.mean)}` }] : []),
    ...(w
      ? [{ label: 'median wait', value: duration(w.overall.quantiles.p50), note: `p99 ${duration(w.overall.quantiles.p99)}` }]
      : []),
    ...(ten
      ? [{ label: 'burstiness (IDC)', value: number(ten.idc), note: `in ${roundDuration(ten.windowSeconds)}; Poisson has 1` }]
      : []),
    ...(top === null || top === undefined
      ? []
      : [{ label: 'top 1 % take', value: percent(top), note: `of the ${resourceWord(c)}` }]),
    ...(c.work ? [{ label: 'work', value: resource(c, c.work.distribution.sum) }] : []),
  ].slice(0, 6)
}

// --- cumulative distributions -----------------------------------------------------------------------------------------------------------

const MOST_CURVES = 6

function cdfCurve(name: string, cdf: Cdf): Curve {
  const points = cdf.values.map((v, i) => [v, cdf.shares[i]!] as const)
  const first = points[0]
  return { name, points: first === undefined ? [] : [[first[0], 0], ...points], shape: points.length < 40 ? 'step' : 'line' }
}

/** Groups that have values, the largest first, and how many were left out. */
function charted(groups: readonly GroupDistribution[]): { shown: { label: string; distribution: Distribution }[]; more: number } {
  const full = groups.flatMap(({ label, rows, distribution }) => (distribution === null ? [] : [{ label, rows, distribution }]))
  const shown = new Set([...full].sort((a, b) => b.rows - a.rows).slice(0, MOST_CURVES))
  return { shown: full.filter((group) => shown.has(group)), more: full.length - shown.size }
}

function cdfChart(title: string, what: string, d: Distribution): Content {
  const zeros = d.zeroShare > 0 ? `${percent(d.zeroShare, 2)} of the values are 0, at the left edge.` : ''
  return curveChart({
    title,
    ...(zeros === '' ? {} : { note: zeros }),
    size: 'half',
    alt: `Half of the values are at most ${duration(d.quantiles.p50)}, 95 % at most ${duration(d.quantiles.p95)}, the largest is ${duration(d.max)}.`,
    curves: [cdfCurve(what, d.cdf)],
    x: { label: `${what} (log scale) →`, kind: 'duration', scale: 'log' },
    y: { label: '↑ share at most so long', kind: 'share', low: 0, high: 1 },
  })
}

function groupChart(title: string, what: string, groups: readonly GroupDistribution[]): Content {
  const { shown, more } = charted(groups)
  if (shown.length < 2) return ''
  return curveChart({
    title,
    ...(more > 0 ? { note: `The ${MOST_CURVES} largest of ${MOST_CURVES + more} groups.` } : {}),
    size: 'half',
    alt: shown.map(({ label, distribution }) => `${label}: median ${duration(distribution.quantiles.p50)}`).join('; '),
    curves: shown.map(({ label, distribution }) => cdfCurve(label, distribution.cdf)),
    x: { label: `${what} (log scale) →`, kind: 'duration', scale: 'log' },
    y: { label: '↑ share at most so long', kind: 'share', low: 0, high: 1 },
  })
}

const n = (head: string): TableColumn => ({ head, numeric: true })

function groupTable(caption: string, groups: readonly GroupDistribution[]): Content {
  if (groups.length < 2) return ''
  return dataTable(
    caption,
    [{ head: 'Group' }, n('rows'), n('mean'), n('p50'), n('p90'), n('p95'), n('p99'), n('SCV')],
    groups.map(({ label, rows, distribution: d }) => [
      label,
      count(rows),
      ...(d === null
        ? ['–', '–', '–', '–', '–', '–']
        : [
            duration(d.mean),
            duration(d.quantiles.p50),
            duration(d.quantiles.p90),
            duration(d.quantiles.p95),
            duration(d.quantiles.p99),
            number(d.scv),
          ]),
    ]),
  )
}

function durations(c: Characterisation): Content[] {
  const d = c.durations
  if (!d) return [html`<p>The trace has no run times.</p>`]
  const by = d.classesBy ?? 'class'
  return [
    pair(
      cdfChart('Run time.', 'run time', d.overall),
      groupChart(`Run time by ${by}.`, 'run time', d.byClass),
      groupChart('Run time by outcome.', 'run time', d.byOutcome),
      groupChart(`Run time by size in ${c.source.slotUnit}s.`, 'run time', d.bySize),
    ),
    groupTable(`Run time by ${by}`, d.byClass),
    groupTable('Run time by outcome', d.byOutcome),
    groupTable(`Run time by size in ${c.source.slotUnit}s`, d.bySize),
  ]
}

function waiting(c: Characterisation): Content[] {
  const w = c.waiting
  if (!w) return [html`<p>The trace does not tell when rows were submitted and when they started, so there are no waits.</p>`]
  const by = w.classesBy ?? 'class'
  const queues = w.classesBy === 'queue' ? [] : w.byQueue
  return [
    pair(
      cdfChart('Wait in the queue.', 'wait', w.overall),
      groupChart(`Wait by ${by}.`, 'wait', w.byClass),
      groupChart('Wait by queue.', 'wait', queues),
      groupChart(`Wait by size in ${c.source.slotUnit}s.`, 'wait', w.bySize),
    ),
    groupTable(`Wait by ${by}`, w.byClass),
    groupTable('Wait by queue', queues),
    groupTable(`Wait by size in ${c.source.slotUnit}s`, w.bySize),
  ]
}

// --- arrivals ---------------------------------------------------------------------------------------------------------------------------

/** Bins as points at their middles, times counted from the first bin. */
function seriesPoints({ binSeconds, values }: Series, scale = 1): [number, number][] {
  return values.map((v, i) => [(i + 0.5) * binSeconds, v * scale])
}

const since = (c: Characterisation, series: Series): string => {
  const from = moment(c, series.startSeconds)
  return from === 'its start' ? 'the start of the trace' : from.replace(' its start', ' the start of the trace')
}

function arrivals(c: Characterisation): Content[] {
  const a = c.arrivals
  if (!a) return [html`<p>The trace does not tell when rows were submitted.</p>`]
  const clocked = a.clock === 'local-time'
  const names = dayNames(c)
  const hour = (i: number): string => (clocked ? `${i} h` : `hour ${i + 1} from the start`)
  const profile = (perHour: readonly (number | null)[], labels: readonly string[]): { label: string; value: number }[] =>
    labels.map((label, i) => ({ label, value: perHour[i] ?? Number.NaN }))
  const mean = a.meanPerHour === null ? [] : [{ at: a.meanPerHour, axis: 'y' as const, label: 'mean' }]
  const left = a.leftOut.missingSubmission + a.leftOut.beforeTraceStart
  return [
    left > 0
      ? html`<p>Without ${count(left)} ${rowWords(c)} that have no submission time or were there before the trace began.</p>`
      : '',
    curveChart({
      title: `${upper(rowWords(c))} submitted an hour, over time.`,
      note: `Means over bins of ${roundDuration(a.perHour.binSeconds)}.`,
      alt: `On average ${number(a.meanPerHour)} an hour; the busiest bin has ${number((Math.max(0, ...a.perHour.values) * 3600) / a.perHour.binSeconds)} an hour.`,
      height: 240,
      curves: [
        {
          name: 'arrivals',
          points: seriesPoints(a.perHour, 3600 / a.perHour.binSeconds),
          shape: a.perHour.values.length < 400 ? 'step' : 'line',
        },
      ],
      x: { label: `time since ${since(c, a.perHour)} →`, kind: 'duration', low: 0 },
      y: { label: `↑ ${rowWords(c)} an hour` },
    }),
    pair(
      columnChart({
        title: clocked ? 'By hour of the day.' : 'By hour, counted from the start of the trace.',
        note: a.byHour.peakToTrough === null ? '' : `The busiest has ${number(a.byHour.peakToTrough)} times the quietest.`,
        size: 'half',
        alt: `Busiest ${hour(a.byHour.peak)}, quietest ${hour(a.byHour.trough)}.`,
        bars: profile(a.byHour.perHour, HOURS),
        everyLabel: 3,
        guides: mean,
        x: { label: clocked ? `hour (${c.source.clock.timeZone ?? 'UTC'})` : 'hour' },
        y: { label: `↑ ${rowWords(c)} an hour` },
      }),
      columnChart({
        title: clocked ? 'By day of the week.' : 'By day modulo seven, counted from the start.',
        note: a.byWeekday.peakToTrough === null ? '' : `The busiest has ${number(a.byWeekday.peakToTrough)} times the quietest.`,
        size: 'half',
        alt: `Busiest ${names[a.byWeekday.peak] ?? ''}, quietest ${names[a.byWeekday.trough] ?? ''}.`,
        bars: profile(a.byWeekday.perHour, names),
        guides: mean,
        x: { label: 'day' },
        y: { label: `↑ ${rowWords(c)} an hour` },
      }),
    ),
  ]
}

function burstiness(c: Characterisation): Content[] {
  const a = c.arrivals
  if (!a) return []
  const acf = a.interarrival?.autocorrelation ?? []
  const without = a.dispersion.flatMap((d) => (d.idcWithoutDay === null ? [] : [[d.windowSeconds, d.idcWithoutDay] as const]))
  return [
    pair(
      a.dispersion.length === 0
        ? ''
        : curveChart({
            title: 'Index of dispersion of counts.',
            note: 'Variance / mean of the number of arrivals in a window; for Poisson arrivals 1 in every window.',
            size: 'half',
            alt: a.dispersion.map((d) => `${roundDuration(d.windowSeconds)}: ${number(d.idc)}`).join('; '),
            curves: [
              { name: 'as recorded', points: a.dispersion.map((d) => [d.windowSeconds, d.idc]) },
              ...(without.length === 0 ? [] : [{ name: 'without the daily rhythm', points: without }]),
            ],
            guides: [{ at: 1, axis: 'y', label: 'Poisson' }],
            x: { label: 'window (log scale) →', kind: 'duration', scale: 'log' },
            y: { label: '↑ IDC (log scale)', scale: 'log' },
          }),
      acf.length === 0
        ? ''
        : curveChart({
            title: 'Autocorrelation of times between arrivals.',
            note: '0 where one gap says nothing about the next.',
            size: 'half',
            alt: acf.map((x) => `lag ${x.lag}: ${number(x.value, 2)}`).join('; '),
            curves: [{ name: 'autocorrelation', points: acf.map((x) => [x.lag, x.value]), shape: 'dots', colour: 0 }],
            guides: [{ at: 0, axis: 'y', label: '' }],
            x: { label: 'lag in arrivals (log scale) →', kind: 'count', scale: 'log' },
            y: { label: '↑ correlation' },
          }),
    ),
    a.dispersion.length === 0
      ? ''
      : dataTable(
          'Index of dispersion by window',
          [{ head: 'Window' }, n('windows'), n('IDC'), n('without the daily rhythm')],
          a.dispersion.map((d) => [roundDuration(d.windowSeconds), count(d.windows), number(d.idc), number(d.idcWithoutDay)]),
        ),
  ]
}

// --- sizes, outcomes, load --------------------------------------------------------------------------------------------------------------

interface Part {
  readonly label: string
  readonly rows: number
  readonly share: number
  readonly resourceShare: number | null
}

function shareChart(c: Characterisation, title: string, rows: readonly Part[]): Content {
  if (rows.length === 0) return ''
  return barChart({
    title,
    size: 'half',
    alt: rows
      .slice(0, 8)
      .map((r) => `${r.label}: ${percent(r.share)} of ${rowWords(c)}, ${percent(r.resourceShare)} of ${resourceWord(c)}`)
      .join('; '),
    bars: rows.flatMap((r) => [
      { label: r.label, value: r.share, series: `share of ${rowWords(c)}` },
      { label: r.label, value: r.resourceShare ?? Number.NaN, series: `share of ${resourceWord(c)}` },
    ]),
    x: { label: '', kind: 'share', low: 0 },
  })
}

function shareTable(
  c: Characterisation,
  head: string,
  caption: string,
  rows: readonly (Part & { readonly resourceSeconds: number })[],
): Content {
  if (rows.length === 0) return ''
  return dataTable(
    caption,
    [{ head }, n('rows'), n('share'), n(resourceWord(c)), n('share')],
    rows.map((r) => [r.label, count(r.rows), percent(r.share), resource(c, r.resourceSeconds), percent(r.resourceShare)]),
  )
}

function sizesAndOutcomes(c: Characterisation): Content[] {
  const sizes = (sized(c) ? (c.sizes?.buckets ?? []) : []).map((b) => ({
    ...b,
    resourceShare: b.slotTimeShare,
    resourceSeconds: b.slotSeconds,
  }))
  const outcomes = (c.outcomes?.rows ?? []).map((o) => ({ ...o, label: o.outcome }))
  const classes = (c.work?.classes ?? []).filter((w) => w.rows > 0)
  const work = classes.length > 1 ? (c.work?.classes ?? []) : []
  const types = c.heterogeneity.slotTypes ?? []
  return [
    pair(
      shareChart(c, `Sizes in ${c.source.slotUnit}s.`, sizes),
      shareChart(c, 'Outcomes.', outcomes),
      shareChart(c, `Size classes by ${resourceWord(c)}.`, work),
      types.length > 1 ? shareChart(c, `${c.source.slotUnit} types.`, types.slice(0, 10)) : '',
    ),
    shareTable(c, `${c.source.slotUnit}s`, `Sizes by count and by ${resourceWord(c)}`, sizes),
    shareTable(c, 'Outcome', `Outcomes by count and by ${resourceWord(c)}`, outcomes),
    types.length > 1
      ? shareTable(c, 'Type', `${c.source.slotUnit} types by count and by ${resourceWord(c)}`, types.slice(0, 20))
      : '',
  ]
}

function load(c: Characterisation): Content[] {
  const u = c.utilisation
  if (!u) return [html`<p>Without run times there is no load over time.</p>`]
  const withSlots = slotted(c)
  const level = withSlots ? u.busySlots : u.running
  const what = withSlots ? `busy ${c.source.slotUnit}s` : `running ${rowWords(c)}`
  const notes = [
    `Mean ${number(level.mean)}, peak ${count(level.peak)}.`,
    ...(u.basis === 'submission' ? ['The trace has no start times: rows are taken to run from their submission.'] : []),
    ...(u.openEnded > 0 ? [`${count(u.openEnded)} without an end count as busy to the end of the trace.`] : []),
  ]
  const over = (
    title: string,
    name: string,
    l: typeof level,
    note: string,
    guides: { at: number; axis: 'y'; label: string }[] = [],
  ): Content =>
    curveChart({
      title,
      note,
      height: 240,
      alt: `Mean ${number(l.mean)}, median ${number(l.p50)}, 95 % of the time at most ${number(l.p95)}, peak ${count(l.peak)}.`,
      curves: [{ name, points: seriesPoints(l.series), shape: l.series.values.length < 400 ? 'step' : 'line' }],
      guides,
      x: { label: `time since ${since(c, l.series)} →`, kind: 'duration', low: 0 },
      y: { label: `↑ ${name}`, low: 0 },
    })
  const waitingRows = `waiting ${rowWords(c)}`
  return [
    over(
      `${upper(what)} over time.`,
      what,
      level,
      notes.join(' '),
      u.capacitySlots === null || !withSlots ? [] : [{ at: u.capacitySlots, axis: 'y', label: 'capacity' }],
    ),
    u.waiting && u.waiting.peak > 0
      ? over(`${upper(waitingRows)} over time.`, waitingRows, u.waiting, 'Submitted and not yet started.')
      : '',
    dataTable(
      'Levels weighted by time',
      [{ head: 'Level' }, n('mean'), n('p50'), n('p95'), n('peak')],
      [
        ...(withSlots ? [[`busy ${c.source.slotUnit}s`, u.busySlots] as const] : []),
        [`running ${rowWords(c)}`, u.running] as const,
        ...(u.waiting ? [[waitingRows, u.waiting] as const] : []),
      ].map(([name, l]) => [name, number(l.mean), number(l.p50), number(l.p95), count(l.peak)]),
    ),
    u.meanUtilisation === null
      ? ''
      : html`<p>Mean utilisation of ${count(u.capacitySlots)} ${c.source.slotUnit}s: ${percent(u.meanUtilisation)}.</p>`,
  ]
}

// --- skew, file -------------------------------------------------------------------------------------------------------------------------

function skew(c: Characterisation): Content[] {
  const all = skews(c)
  if (all.length === 0) return []
  const drawn = all.slice(0, 5)
  return [
    curveChart({
      title: 'Lorenz curves.',
      note: 'Share of the total held by the poorest so many; on the straight line all hold alike.',
      alt: drawn.map(({ name, skew: s }) => `${name}: the top 10 % hold ${percent(s.topTen)}`).join('; '),
      height: 340,
      curves: [
        ...drawn.map(({ name, skew: s }) => ({ name, points: s.lorenz.holders.map((h, i) => [h, s.lorenz.total[i]!] as const) })),
        {
          name: 'equal shares',
          points: [
            [0, 0],
            [1, 1],
          ] as const,
          colour: 'muted' as const,
        },
      ],
      x: { label: 'share of the holders, poorest first →', kind: 'share', low: 0, high: 1 },
      y: { label: '↑ share of the total', kind: 'share', low: 0, high: 1 },
    }),
    dataTable(
      'How uneven: shares of the total held by those who have most',
      [{ head: 'What over whom' }, n('holders'), n('Gini'), n('top 1 %'), n('top 5 %'), n('top 10 %'), n('largest')],
      all.map(({ name, skew: s }) => [
        name,
        count(s.holders),
        number(s.gini),
        percent(s.topOne),
        percent(s.topFive),
        percent(s.topTen),
        percent(s.largest),
      ]),
    ),
    c.queues && c.queues.rows.length > 1
      ? dataTable(
          c.queues.distinct > 20 ? `The 20 largest of ${count(c.queues.distinct)} queues` : 'Queues',
          [
            { head: 'Queue' },
            n('rows'),
            n('share'),
            n(`of ${resourceWord(c)}`),
            n('users'),
            n('mean size'),
            n('median run'),
            n('median wait'),
          ],
          c.queues.rows
            .slice(0, 20)
            .map((q) => [
              q.label,
              count(q.rows),
              percent(q.share),
              percent(q.resourceShare),
              count(q.users),
              number(q.meanSlots),
              duration(q.medianRunSeconds),
              duration(q.medianWaitSeconds),
            ]),
        )
      : '',
  ]
}

function summaryTable(c: Characterisation): Content {
  return dataTable(
    'Every sample; SCV is variance / mean²',
    [{ head: 'Sample' }, ...SUMMARY_HEADS.map(n)],
    summaries(c).map(({ name, distribution, show }) => [name, ...summaryCells(distribution, show)]),
  )
}

function remarkList(c: Characterisation): Content {
  const all = remarks(c)
  return all.length === 0 ? '' : html`<ul>${all.map((remark) => html`<li>${remark}</li>`)}</ul>`
}

function file(c: Characterisation, context: CharacterisationContext): Content[] {
  const issues = context.issues
    ? issuesMarkup(context.issues)
    : c.issues.length === 0
      ? html`<p>None: every row was read as it stands.</p>`
      : dataTable(
          'What was met, and how often',
          [{ head: 'Issue' }, { head: 'Severity' }, n('Count')],
          c.issues.map((i) => [i.message, i.severity, count(i.count)]),
        )
  const missing = c.missing.filter((m) => m.present)
  const absent = c.missing.filter((m) => !m.present).map((m) => m.column)
  return [
    dataTable(
      'Source',
      [{ head: 'Fact' }, { head: 'Value' }],
      sourceFacts(c).map(([name, text]) => [name, text]),
    ),
    html`<h3>Issues found in the file</h3>`,
    issues,
    html`<h3>Missing values</h3>`,
    missing.length === 0
      ? ''
      : dataTable(
          `Of the ${count(c.source.used)} rows used`,
          [{ head: 'Column' }, n('missing'), n('share'), n('negative'), n('zero')],
          missing.map((m) => [
            m.column,
            count(m.missing),
            percent(c.source.used > 0 ? m.missing / c.source.used : 0),
            count(m.negative),
            count(m.zero),
          ]),
        ),
    absent.length === 0 ? '' : html`<p>Not in the trace at all: ${absent.join(', ')}.</p>`,
    html`<h3>What cannot be had from this trace</h3>`,
    c.notDerivable.length === 0
      ? html`<p>Nothing of the checklist is left open.</p>`
      : dataTable(
          'Open items of the checklist',
          [{ head: 'Item' }, { head: 'Because' }],
          c.notDerivable.map((x) => [x.item, x.reason]),
        ),
  ]
}

const upper = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
