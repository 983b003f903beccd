/** Who waits longer or shorter if something is done: for a terminal and as a page. */
import type { EtaRange, WhatIf, WhatIfJob } from '../model/index.js'
import { intervalChart } from './chart.js'
import { fromNow, momentInWords, nineTenths } from './eta-words.js'
import { count, counted, duration, NONE } from './format.js'
import { type Content, html } from './html.js'
import { dataTable, page, saidInWords } from './page.js'
import { bullets, heading, ink, parts, plain, type TextOptions, table, wrap } from './terminal.js'

const LINES = 60
/** Jobs in the chart. */
const DRAWN_AT_MOST = 40

/** A difference: `+32 min`, `−5 s`, `0`. */
function difference(seconds: number | undefined): string {
  if (seconds === undefined) return NONE
  return Math.abs(seconds) < 1 ? '0' : `${seconds > 0 ? '+' : '−'}${duration(Math.abs(seconds))}`
}

const differences = (range: EtaRange | undefined): string =>
  range === undefined
    ? NONE
    : Math.abs(range.p5) < 1 && Math.abs(range.p95) < 1
      ? '0'
      : `${difference(range.p5)} … ${difference(range.p95)}`

const VERDICTS: Readonly<Record<WhatIfJob['verdict'], string>> = {
  later: 'later',
  sooner: 'sooner',
  same: 'as before',
  unsure: 'may move',
  new: 'would come',
  never: 'would get no time',
}

export function whatIfInWords({ change, jobs, meanLater, lastEnd }: WhatIf): string {
  const of = (verdict: WhatIfJob['verdict']): number => jobs.filter((job) => job.verdict === verdict).length
  const waiting = jobs.filter(({ verdict }) => verdict !== 'new').length
  const groups = [
    [of('later'), 'would start later'],
    [of('sooner'), 'would start sooner'],
    [of('same'), 'as before'],
    [of('unsure'), 'may move'],
    [of('never'), 'would get no time'],
  ] as const
  const said = groups.filter(([n]) => n > 0).map(([n, what]) => `${count(n)} ${what}`)
  const comers = jobs.filter(({ verdict, after }) => verdict === 'new' && after)
  const first = comers[0]
  const parts = [
    `If ${change}: of ${counted(waiting, 'waiting job')} ${said.length > 0 ? said.join(', ') : 'none is touched'}.`,
    first &&
      `${comers.length > 1 ? `The first of the new jobs` : 'The new job'} would start in ${fromNow(first.after!.p50)} (90 %: ${nineTenths(first.after)}).`,
    meanLater && `Mean start: ${difference(meanLater.p50)} (90 %: ${differences(meanLater)}).`,
    lastEnd &&
      `The last of the jobs seen now would end in ${fromNow(lastEnd.after.p50)} instead of ${fromNow(lastEnd.before.p50)}.`,
  ]
  return parts.filter(Boolean).join(' ')
}

export function whatIfText(answer: WhatIf, options: TextOptions = {}): string {
  const pen = ink(options)
  const right = 'right' as const
  const ordered = byChange(answer.jobs)
  const verdict = (job: WhatIfJob): string => {
    const said = VERDICTS[job.verdict]
    return job.verdict === 'later' || job.verdict === 'never' ? pen.bad(said) : job.verdict === 'sooner' ? pen.good(said) : said
  }
  return parts(
    `${heading(`What if? ${momentInWords(answer.atSeconds)}`, pen)}\n${wrap(plain(whatIfInWords(answer), 2000), pen)}`,
    ordered.length > 0 &&
      table(
        [
          { head: 'Job' },
          { head: 'User' },
          { head: 'Slots', align: right },
          { head: 'Now in', align: right },
          { head: 'Then in', align: right },
          { head: 'Later by', align: right },
          { head: '90 %', align: right },
          { head: '' },
        ],
        ordered
          .slice(0, LINES)
          .map((job) => [
            pen.bold(plain(`${job.id}${job.name ? ` ${job.name}` : ''}`, 24)),
            plain(job.user ?? '', 12),
            count(job.slots),
            fromNow(job.before?.p50),
            fromNow(job.after?.p50),
            difference(job.later?.p50),
            differences(job.later),
            verdict(job),
          ]),
        pen,
      ),
    ordered.length > LINES && pen.dim(`… and ${counted(ordered.length - LINES, 'job')} more: --json or --html has them all`),
    `${heading('How far to trust it', pen)}\n${bullets([...trustOf(answer), ...answer.caveats.map((one) => plain(saidInWords(one), 2000))], pen)}`,
  )
}

export function whatIfPage(answer: WhatIf): string {
  return page({
    kind: 'what if',
    question: `What if ${answer.change}?`,
    answer: whatIfInWords(answer),
    figures: [
      { label: 'Slots', value: `${count(answer.cluster.after.slots)}`, note: `${count(answer.cluster.before.slots)} now` },
      {
        label: 'Discipline',
        value: answer.discipline.after,
        note: answer.discipline.after === answer.discipline.before ? 'as now' : `${answer.discipline.before} now`,
      },
      { label: 'Mean start', value: difference(answer.meanLater?.p50), note: `90 %: ${differences(answer.meanLater)}` },
    ],
    trust: trustOf(answer),
    caveats: answer.caveats,
    sections: [
      {
        title: 'Who waits longer or shorter',
        body: [
          moves(answer.jobs),
          dataTable(
            'Times to start, from now: medians, and the difference in 90 % of the futures.',
            [
              { head: 'Job' },
              { head: 'User' },
              { head: 'Slots', numeric: true },
              { head: 'Starts in, now', numeric: true },
              { head: 'Would start in', numeric: true },
              { head: 'Later by, 90 %', numeric: true },
              { head: 'So' },
            ],
            byChange(answer.jobs).map((job): Content[] => [
              html`${job.id}${job.name ? html`<small>${job.name}</small>` : ''}`,
              job.user ?? '',
              count(job.slots),
              fromNow(job.before?.p50),
              fromNow(job.after?.p50),
              html`${difference(job.later?.p50)}<small>${differences(job.later)}</small>`,
              VERDICTS[job.verdict],
            ]),
          ),
        ],
      },
    ],
    foot: [`${answer.schema}, seed ${answer.seed}, ${counted(answer.cost.futures, 'future')}`],
  })
}

/** How much later or sooner those start that are moved most. */
function moves(jobs: readonly WhatIfJob[]): Content {
  const moved = byChange(jobs).flatMap(({ id, name, later }) =>
    later ? [{ group: `${id}${name ? ` ${name}` : ''}`, later }] : [],
  )
  const shown = moved.slice(0, DRAWN_AT_MOST)
  return intervalChart({
    title: `How much later jobs would start${moved.length > shown.length ? `: the ${DRAWN_AT_MOST} that move most` : ''}.`,
    note: 'Median and 90 % of the futures; left of 0 is sooner.',
    alt: shown.map(({ group, later }) => `${group}: ${difference(later.p50)}`).join('; '),
    rows: shown.map(({ group, later }) => ({
      group,
      series: 'later by',
      value: later.p50 / 3600,
      low: later.p5 / 3600,
      high: later.p95 / 3600,
    })),
    x: { label: 'hours later →', low: Math.min(0, ...shown.map(({ later }) => later.p5 / 3600)) },
  })
}

/** New jobs first, then by how much the change moves them. */
function byChange(jobs: readonly WhatIfJob[]): WhatIfJob[] {
  const weight = ({ verdict, later }: WhatIfJob): number =>
    verdict === 'new' || verdict === 'never' ? Number.POSITIVE_INFINITY : Math.abs(later?.p50 ?? 0)
  return [...jobs].sort((a, b) => (weight(b) === weight(a) ? 0 : weight(b) - weight(a)))
}

function trustOf({ cost, discipline }: WhatIf): string[] {
  return [
    `${counted(cost.futures, 'future')}, each played both ways on the same drawn run times and arrivals, in ${duration(cost.wallSeconds)}; discipline ${discipline.before}.`,
  ]
}
