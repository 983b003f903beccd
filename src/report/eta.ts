/** When the jobs of a queue will start and end: for a terminal and as a page. */
import type { Eta, EtaJob } from '../model/index.js'
import { DRAWN_AT_MOST, etaTimeline } from './eta-timeline.js'
import { etaInWords, etaTrust, fromNow, middleHalf, momentInWords, nineTenths } from './eta-words.js'
import { count, counted, duration, number, percent } from './format.js'
import { type Content, html } from './html.js'
import { dataTable, page, saidInWords } from './page.js'
import { bullets, heading, ink, parts, plain, type TextOptions, table, wrap } from './terminal.js'

/** Lines of a table in a terminal; the rest is counted. */
const LINES = 60

export function etaText(eta: Eta, options: TextOptions = {}): string {
  const pen = ink(options)
  const right = 'right' as const
  const timed = eta.jobs.filter(({ never }) => never === undefined)
  const rows = timed
    .slice(0, LINES)
    .map((job) => [
      pen.bold(plain(job.id, 18)),
      plain(job.name ?? '', 16),
      plain(job.user ?? '', 12),
      count(job.slots),
      job.state === 'running' ? `runs ${duration(job.ranSeconds)}` : `waits ${duration(job.waitedSeconds)}`,
      job.state === 'running' ? '' : fromNow(job.start?.p50),
      job.state === 'running' ? '' : nineTenths(job.start),
      fromNow(job.end?.p50),
      nineTenths(job.end),
    ])
  const columns = [
    { head: 'Job' },
    { head: 'Name' },
    { head: 'User' },
    { head: 'Slots', align: right },
    { head: 'So far' },
    { head: 'Starts in', align: right },
    { head: '90 %', align: right },
    { head: 'Ends in', align: right },
    { head: '90 %', align: right },
  ]
  const never = eta.jobs.filter((job) => job.never !== undefined)
  return parts(
    `${heading(`When will jobs start and end? ${momentInWords(eta.atSeconds)}`, pen)}\n${wrap(etaInWords(eta), pen)}`,
    rows.length > 0 && table(columns, rows, pen),
    timed.length > LINES && pen.dim(`… and ${counted(timed.length - LINES, 'job')} more: --json or --html has them all`),
    never.length > 0 &&
      `${heading('No time for', pen)}\n${bullets(
        never.map((job) => plain(`${job.id}${job.name ? ` ${job.name}` : ''}: ${job.never!.message}`)),
        pen,
      )}`,
    `${heading('How far to trust it', pen)}\n${bullets([...etaTrust(eta), ...eta.caveats.map((one) => plain(saidInWords(one), 2000))], pen)}`,
  )
}

export function etaPage(eta: Eta): string {
  const timed = eta.jobs.filter(({ end }) => end !== undefined)
  const never = eta.jobs.filter((job) => job.never !== undefined)
  const more = timed.length - DRAWN_AT_MOST
  return page({
    kind: 'queue',
    question: eta.jobs.length === 1 ? `When will job ${eta.jobs[0]!.id} start and finish?` : 'When will my job start and finish?',
    answer: etaInWords(eta),
    figures: [
      { label: 'Moment', value: momentInWords(eta.atSeconds) },
      {
        label: 'Slots busy',
        value: `${count(eta.cluster.busySlots)} of ${count(eta.cluster.slots)}`,
        note: eta.cluster.slotsAway > 0 ? `${count(eta.cluster.slotsAway)} more away` : '',
      },
      { label: 'Running', value: count(eta.jobs.filter(({ state }) => state === 'running').length) },
      { label: 'Waiting', value: count(eta.jobs.filter(({ start }) => start !== undefined).length) },
    ],
    trust: etaTrust(eta),
    caveats: eta.caveats,
    sections: [
      {
        title: 'Timeline',
        body: [
          etaTimeline(
            timed,
            more > 0 ? `The first ${DRAWN_AT_MOST} jobs; ${more} more are in the table.` : 'All jobs that have times.',
          ),
        ],
      },
      { title: 'Jobs', body: [jobTable(timed)] },
      { title: 'No time for', body: never.length > 0 ? [neverTable(never)] : [] },
      { title: 'What it rests on', body: scoresOf(eta) },
    ],
    foot: [`${eta.schema}, seed ${eta.seed}, ${counted(eta.cost.futures, 'future')}, ${counted(eta.cost.events, 'event')}`],
  })
}

function jobTable(jobs: readonly EtaJob[]): Content {
  return dataTable(
    'Times from now. Half and 90 % of the futures lie in the ranges.',
    [
      { head: 'Job' },
      { head: 'User' },
      { head: 'Slots', numeric: true },
      { head: 'So far' },
      { head: 'Starts in', numeric: true },
      { head: 'half, 90 %', numeric: true },
      { head: 'Ends in', numeric: true },
      { head: 'half, 90 %', numeric: true },
    ],
    jobs.map((job): Content[] => {
      const runs = job.state === 'running'
      return [
        html`${job.id}${job.name ? html`<small>${job.name}</small>` : ''}`,
        job.user ?? '',
        count(job.slots),
        runs ? `runs ${duration(job.ranSeconds)}` : `waits ${duration(job.waitedSeconds)}`,
        ...(runs ? ['', ''] : [fromNow(job.start?.p50), html`${middleHalf(job.start)}<small>${nineTenths(job.start)}</small>`]),
        ...[fromNow(job.end?.p50), html`${middleHalf(job.end)}<small>${nineTenths(job.end)}</small>`],
      ]
    }),
  )
}

function neverTable(jobs: readonly EtaJob[]): Content {
  return dataTable(
    'Jobs that wait for something else than slots.',
    [{ head: 'Job' }, { head: 'User' }, { head: 'Slots', numeric: true }, { head: 'Why' }],
    jobs.map((job): Content[] => [
      `${job.id}${job.name ? ` ${job.name}` : ''}`,
      job.user ?? '',
      count(job.slots),
      job.never!.message,
    ]),
  )
}

function scoresOf({ runTimes, discipline, correction }: Eta): Content[] {
  const heads = (first: string, ...rest: string[]) => [{ head: first }, ...rest.map((head) => ({ head, numeric: true }))]
  return [
    runTimes.scores &&
      dataTable(
        `Run times foreseen for ${counted(runTimes.tested ?? 0, 'later job')} of the history; ${runTimes.name} is used. CRPS of the logarithm: less is better.`,
        heads('Way', 'CRPS', 'Median off by', 'in 50 % range', 'in 90 % range'),
        runTimes.scores.map((one) => [
          one.name,
          number(one.crps),
          `× ${number(one.medianFactor)}`,
          percent(one.covered50, 2),
          percent(one.covered90, 2),
        ]),
      ),
    discipline.tried &&
      dataTable(
        'Recorded starts played again, given what jobs really took.',
        heads('Discipline', 'Median off by', 'within a factor of 2'),
        discipline.tried.map((one) => [one.discipline, `× ${number(one.medianFactor)}`, percent(one.within2, 2)]),
      ),
    correction.scores &&
      dataTable(
        `Times to start foreseen at the later of ${counted(correction.moments ?? 0, 'past moment')}; ${correction.name} is used.`,
        heads('Correction', 'CRPS', 'in 50 % range', 'in 90 % range'),
        correction.scores.map((one) => [one.name, number(one.crps), percent(one.covered50, 2), percent(one.covered90, 2)]),
      ),
  ]
}
