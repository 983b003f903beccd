import type { Characterisation, GroupDistribution, IssueReport } from '../model/index.js'
import {
  characterisationInWords,
  condensed,
  dayNames,
  fileName,
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
import { count, duration, number, percent, roundDuration } from './format.js'
import { issuesText } from './issues.js'
import { distinct, saidInWords } from './page.js'
import {
  bar,
  bullets,
  type Column,
  heading,
  type Ink,
  ink,
  parts,
  plain,
  sparkline,
  type TextOptions,
  table,
  wrap,
} from './terminal.js'

export interface CharacterisationContext {
  /** Issues of the file with their places, where the caller still has them; the study itself only has their counts. */
  readonly issues?: IssueReport
}

const right = 'right' as const
const numbers = (heads: readonly string[]): Column[] => heads.map((head) => ({ head, align: right }))

/** The study for a terminal. */
export function characterisationText(raw: Characterisation, options: TextOptions & CharacterisationContext = {}): string {
  const pen = ink(options)
  const c = raw
  return parts(
    `${heading(`What recorded ${plain(fileName(c.source.path), 60)}?`, pen)}\n${wrap(plain(characterisationInWords(c), 1000), pen)}`,
    table(
      [{ head: 'Source' }, { head: '' }],
      sourceFacts(c).map(([name, text]) => [name, plain(text, 300)]),
      pen,
    ),
    table(
      [{ head: 'Sample' }, ...numbers(SUMMARY_HEADS)],
      summaries(c).map(({ name, distribution, show }) => [name, ...summaryCells(distribution, show)]),
      pen,
    ),
    arrivalsText(c, pen),
    burstinessText(c, pen),
    groupsText(
      'Run time',
      c.durations
        ? [
            [`by ${c.durations.classesBy ?? 'class'}`, c.durations.byClass],
            ['by size', c.durations.bySize],
            ['by outcome', c.durations.byOutcome],
          ]
        : [],
      pen,
    ),
    groupsText(
      'Wait',
      c.waiting
        ? [
            [`by ${c.waiting.classesBy ?? 'class'}`, c.waiting.byClass],
            ['by queue', c.waiting.classesBy === 'queue' ? [] : c.waiting.byQueue],
            ['by size', c.waiting.bySize],
          ]
        : [],
      pen,
    ),
    sizesText(c, pen),
    outcomesText(c, pen),
    utilisationText(c, pen),
    skewText(c, pen),
    queuesText(c, pen),
    typesText(c, pen),
    remarks(c).length > 0
      ? `${heading('Also', pen)}\n${bullets(
          remarks(c).map((s) => plain(s, 500)),
          pen,
        )}`
      : undefined,
    missingText(c, pen),
    notDerivableText(c, pen),
    foundText(c, options, pen),
    trustText(c, pen),
  )
}

function arrivalsText(c: Characterisation, pen: Ink): string | undefined {
  const { arrivals } = c
  if (!arrivals) return undefined
  const clocked = arrivals.clock === 'local-time'
  const days = dayNames(c)
  const profile = (of: { perHour: readonly (number | null)[] }): string => sparkline(of.perHour.map((v) => v ?? Number.NaN))
  const swing = (of: { peakToTrough: number | null }): string =>
    of.peakToTrough === null ? '' : `, ${number(of.peakToTrough)}× the quietest`
  const daily = condensed(arrivals.perDay.values, pen.width - 16)
  const busiestHour = clocked ? `${arrivals.byHour.peak} h` : `hour ${arrivals.byHour.peak + 1} of 24 from the start`
  const perHour = arrivals.meanPerHour === null ? '' : `${number(arrivals.meanPerHour)} an hour`
  const clock = table(
    [{ head: 'Arrivals' }, { head: perHour, align: right }, { head: '' }],
    [
      ['by hour', profile(arrivals.byHour), `busiest ${busiestHour}${swing(arrivals.byHour)}`],
      [
        'by day',
        profile(arrivals.byWeekday).padEnd(24),
        `busiest ${days[arrivals.byWeekday.peak] ?? '–'}${swing(arrivals.byWeekday)}`,
      ],
    ],
    pen,
  )
  const left = arrivals.leftOut.missingSubmission + arrivals.leftOut.beforeTraceStart
  const note =
    left > 0
      ? `\n${wrap(`Without ${count(left)} ${rowWords(c)} that have no submission time or were there before the trace began.`, pen, 2)}`
      : ''
  return `${clock}\nover time ${sparkline(daily)}${note}`
}

function burstinessText(c: Characterisation, pen: Ink): string | undefined {
  const { arrivals } = c
  if (!arrivals || (arrivals.dispersion.length === 0 && !arrivals.interarrival)) return undefined
  const windows = table(
    [{ head: 'Burstiness in windows of' }, ...numbers(['windows', 'IDC', 'without the daily rhythm'])],
    arrivals.dispersion.map((d) => [roundDuration(d.windowSeconds), count(d.windows), number(d.idc), number(d.idcWithoutDay)]),
    pen,
  )
  const acf = arrivals.interarrival?.autocorrelation ?? []
  const correlation =
    acf.length === 0
      ? ''
      : `\n${wrap(`Correlation of times between arrivals: ${acf.map((a) => `${number(a.value, 2)} at lag ${count(a.lag)}`).join(', ')}.`, pen)}`
  return `${windows}\n${pen.dim('IDC: variance / mean of the count in a window; 1 for Poisson arrivals.')}${correlation}`
}

function groupsText(
  what: string,
  groupings: readonly (readonly [string, readonly GroupDistribution[]])[],
  pen: Ink,
): string | undefined {
  const tables = groupings
    .filter(([, groups]) => groups.length > 1)
    .map(([by, groups]) =>
      table(
        [{ head: `${what} ${by}` }, ...numbers(['rows', 'mean', 'p50', 'p90', 'p95', 'p99', 'SCV'])],
        groups
          .slice(0, 12)
          .map(({ label, rows, distribution: d }) => [
            plain(label, 40),
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
        pen,
      ).concat(groups.length > 12 ? `\n${pen.dim(`… and ${groups.length - 12} more`)}` : ''),
    )
  return tables.length === 0 ? undefined : tables.join('\n\n')
}

const BAR = 20

function sizesText(c: Characterisation, pen: Ink): string | undefined {
  if (!c.sizes || !sized(c) || c.sizes.buckets.length === 0) return undefined
  return table(
    [
      { head: `${c.source.slotUnit}s` },
      ...numbers(['rows', 'share']),
      { head: '' },
      ...numbers([`of ${resourceWord(c)}`]),
      { head: '' },
    ],
    c.sizes.buckets.map((b) => [
      b.label,
      count(b.rows),
      percent(b.share),
      pen.accent(bar(b.share, BAR)),
      percent(b.slotTimeShare),
      pen.accent(bar(b.slotTimeShare ?? 0, BAR)),
    ]),
    pen,
  )
}

function outcomesText(c: Characterisation, pen: Ink): string | undefined {
  if (!c.outcomes || c.outcomes.rows.length === 0) return undefined
  return table(
    [{ head: 'Outcome' }, ...numbers(['rows', 'share']), { head: '' }, ...numbers([`of ${resourceWord(c)}`]), { head: '' }],
    c.outcomes.rows.map((o) => [
      plain(o.outcome, 20),
      count(o.rows),
      percent(o.share),
      pen.accent(bar(o.share, BAR)),
      percent(o.resourceShare),
      pen.accent(bar(o.resourceShare ?? 0, BAR)),
    ]),
    pen,
  )
}

function utilisationText(c: Characterisation, pen: Ink): string | undefined {
  const u = c.utilisation
  if (!u) return undefined
  const levels = [
    ...(slotted(c) ? [[`busy ${c.source.slotUnit}s`, u.busySlots] as const] : []),
    [`running ${rowWords(c)}`, u.running] as const,
    ...(u.waiting ? [[`waiting ${rowWords(c)}`, u.waiting] as const] : []),
  ]
  const shown = table(
    [{ head: 'Level' }, ...numbers(['mean', 'p50', 'p95', 'peak']), { head: 'over time' }],
    levels.map(([name, level]) => [
      name,
      number(level.mean),
      number(level.p50),
      number(level.p95),
      count(level.peak),
      pen.accent(sparkline(condensed(level.series.values, 34))),
    ]),
    pen,
  )
  const notes = [
    ...(u.meanUtilisation === null
      ? []
      : [`Mean utilisation of ${count(u.capacitySlots)} ${c.source.slotUnit}s: ${percent(u.meanUtilisation)}.`]),
    ...(u.basis === 'submission'
      ? [`The trace has no start times: a ${c.source.unit} is taken to run from its submission.`]
      : []),
    ...(u.openEnded > 0 ? [`${count(u.openEnded)} without an end are counted as busy to the end of the trace.`] : []),
  ]
  return notes.length === 0 ? shown : `${shown}\n${pen.dim(wrap(notes.join(' '), pen))}`
}

function skewText(c: Characterisation, pen: Ink): string | undefined {
  const all = skews(c)
  if (all.length === 0) return undefined
  return table(
    [{ head: 'How uneven' }, ...numbers(['holders', 'Gini', 'top 1 %', 'top 5 %', 'top 10 %', 'largest'])],
    all.map(({ name, skew }) => [
      name,
      count(skew.holders),
      number(skew.gini),
      percent(skew.topOne),
      percent(skew.topFive),
      percent(skew.topTen),
      percent(skew.largest),
    ]),
    pen,
  )
}

function queuesText(c: Characterisation, pen: Ink): string | undefined {
  if (!c.queues || c.queues.rows.length < 2) return undefined
  const most = 12
  return table(
    [{ head: 'Queue' }, ...numbers(['rows', 'share', `of ${resourceWord(c)}`, 'users', 'median run', 'median wait'])],
    c.queues.rows
      .slice(0, most)
      .map((q) => [
        plain(q.label, 30),
        count(q.rows),
        percent(q.share),
        percent(q.resourceShare),
        count(q.users),
        duration(q.medianRunSeconds),
        duration(q.medianWaitSeconds),
      ]),
    pen,
  ).concat(c.queues.distinct > most ? `\n${pen.dim(`… and ${count(c.queues.distinct - most)} more`)}` : '')
}

function typesText(c: Characterisation, pen: Ink): string | undefined {
  const types = c.heterogeneity.slotTypes
  if (!types || types.length === 0) return undefined
  return table(
    [{ head: `${c.source.slotUnit} type` }, ...numbers(['rows', 'share', `of ${resourceWord(c)}`, resourceWord(c)])],
    types
      .slice(0, 12)
      .map((t) => [
        plain(t.label, 40),
        count(t.rows),
        percent(t.share),
        percent(t.resourceShare),
        resource(c, t.resourceSeconds),
      ]),
    pen,
  )
}

function missingText(c: Characterisation, pen: Ink): string | undefined {
  const partial = c.missing.filter((m) => m.present && (m.missing > 0 || (m.negative ?? 0) > 0))
  const absent = c.missing.filter((m) => !m.present).map((m) => m.column)
  if (partial.length === 0 && absent.length === 0) return undefined
  const shown =
    partial.length === 0
      ? heading('Missing values', pen)
      : table(
          [{ head: 'Missing values in' }, ...numbers(['rows without', 'share', 'negative', 'zero'])],
          partial.map((m) => [
            plain(m.column, 40),
            count(m.missing),
            percent(c.source.used > 0 ? m.missing / c.source.used : 0),
            count(m.negative),
            count(m.zero),
          ]),
          pen,
        )
  return absent.length === 0 ? shown : `${shown}\n${wrap(plain(`Not in the trace at all: ${absent.join(', ')}.`, 500), pen)}`
}

function notDerivableText(c: Characterisation, pen: Ink): string | undefined {
  if (c.notDerivable.length === 0) return undefined
  return table(
    [{ head: 'Cannot be had from this trace' }, { head: 'Because' }],
    c.notDerivable.map((n) => [plain(n.item, 80), plain(n.reason, 300)]),
    pen,
  )
}

function foundText(c: Characterisation, options: TextOptions & CharacterisationContext, pen: Ink): string | undefined {
  if (options.issues && options.issues.counts.length > 0)
    return issuesText(firstPlaces(options.issues, 3), { ...options, heading: 'Issues found in the file' }).trimEnd()
  if (c.issues.length === 0) return undefined
  return table(
    [{ head: 'Issues found in the file' }, { head: '' }, { head: 'count', align: right }],
    c.issues.map((i) => [plain(i.message, 200), i.severity, count(i.count)]),
    pen,
  )
}

/** The same counts with at most so many places of each code. */
function firstPlaces(issues: IssueReport, most: number): IssueReport {
  const seen = new Map<string, number>()
  return {
    counts: issues.counts,
    kept: issues.kept.filter(({ code }) => {
      seen.set(code, (seen.get(code) ?? 0) + 1)
      return seen.get(code)! <= most
    }),
  }
}

function trustText(c: Characterisation, pen: Ink): string {
  const caveats = distinct(c.caveats).map((k) =>
    wrap(`${pen.warn('!')} ${plain(saidInWords(k), 1000)}${k.path ? ` (${plain(k.path)})` : ''}`, pen, 2, 4),
  )
  return [
    heading('How far to trust it', pen),
    bullets(
      trustInWords(c).map((s) => plain(s, 1000)),
      pen,
    ),
    ...caveats,
  ].join('\n')
}
