import { type Issue, type IssueReport, type Refusal, reportOf } from '../model/index.js'
import { count, counted } from './format.js'
import { type Content, html } from './html.js'
import { nameInWords, numberNamed } from './named.js'
import { dataTable } from './page.js'
import { columnsOf, heading, type Ink, ink, parts, plain, type TextOptions, wrap } from './terminal.js'

const isReport = (issues: IssueReport | readonly Issue[]): issues is IssueReport => !Array.isArray(issues)

const reported = (issues: IssueReport | readonly Issue[]): IssueReport => (isReport(issues) ? issues : reportOf(issues))

const rank = (issue: { readonly severity: Issue['severity'] }): number => (issue.severity === 'error' ? 0 : 1)

/** Which issues have no place of their own in the list, by code. */
function leftOut({ counts, kept }: IssueReport): { code: string; message: string; count: number; shown: number }[] {
  const shown = new Map<string, number>()
  for (const { code } of kept) shown.set(code, (shown.get(code) ?? 0) + 1)
  return counts
    .map(({ code, message, count: total }) => ({
      code,
      message,
      count: total - (shown.get(code) ?? 0),
      shown: shown.get(code) ?? 0,
    }))
    .filter((rest) => rest.count > 0)
}

/** `2 errors, 1,204 warnings`; `no issues`. */
export function issuesInWords(issues: IssueReport | readonly Issue[]): string {
  const { counts } = reported(issues)
  const of = (severity: Issue['severity']): number =>
    counts.filter((c) => c.severity === severity).reduce((sum, c) => sum + c.count, 0)
  const [errors, warnings] = [of('error'), of('warning')]
  const said = [...(errors > 0 ? [counted(errors, 'error')] : []), ...(warnings > 0 ? [counted(warnings, 'warning')] : [])]
  return said.length === 0 ? 'no issues' : said.join(', ')
}

/** The message of an issue before the value that it may end with (`…: "x"`): the value has a column of its own. */
const saidValue = ({ message, value }: Issue): string | undefined =>
  value === undefined || message.includes(value) ? undefined : value

/**
 * Issues for a terminal: errors first, `place  message  value` aligned as far as the width allows; then how many more there are of each kind
 * whose places are not listed; then the sum.
 */
export function issuesText(
  issues: IssueReport | readonly Issue[],
  options: TextOptions & { readonly heading?: string } = {},
): string {
  const report = reported(issues)
  const pen = ink(options)
  const kept = [...report.kept].sort((a, b) => rank(a) - rank(b))
  const more = leftOut(report).map(({ message, count: n, shown }) => {
    const said = plain(message, 300)
    return wrap(shown > 0 ? `… and ${count(n)} more: ${said}` : `${count(n)} × ${said}`, pen, 2, 4)
  })
  return parts(
    options.heading === undefined ? undefined : heading(plain(options.heading), pen),
    aligned(kept, pen),
    more.join('\n'),
    summaryText(report, pen),
  )
}

function summaryText(report: IssueReport, pen: Ink): string {
  const words = `${issuesInWords(report)}.`
  return report.counts.some((c) => c.severity === 'error') ? pen.bad(words) : report.counts.length > 0 ? pen.warn(words) : words
}

function aligned(issues: readonly Issue[], pen: Ink): string {
  const most = Math.min(Math.floor(pen.width * 0.4), Math.max(0, ...issues.map((issue) => columnsOf(plain(issue.place, 400)))))
  return issues
    .map((issue) => {
      const place = plain(issue.place, 400)
      const paint = issue.severity === 'error' ? pen.bad : pen.warn
      const value = saidValue(issue)
      const hang = most + 4
      const body = valued(wrap(plain(issue.message, 1000), pen, hang, hang), value && plain(value, 80), hang, pen)
      // A place that is wider than its column stands on a line of its own.
      return columnsOf(place) > most
        ? `${paint(wrap(place, pen, 2, 2))}\n${body}`
        : `  ${paint(place)}${' '.repeat(most - columnsOf(place))}  ${body.trimStart()}`
    })
    .join('\n')
}

/** The value behind the message, or below it where the line has no room. */
function valued(body: string, value: string | undefined, hang: number, pen: Ink): string {
  if (value === undefined || value === '') return body
  const last = body.slice(body.lastIndexOf('\n') + 1)
  if (columnsOf(last) + 2 + columnsOf(value) <= pen.width) return `${body}  ${pen.dim(value)}`
  return `${body}\n${pen.dim(wrap(value, pen, hang, hang))}`
}

/** Issues as tables for a page: what was met how often, and the first places. */
export function issuesMarkup(issues: IssueReport | readonly Issue[], firstPlaces = 12): Content {
  const report = reported(issues)
  if (report.counts.length === 0) return html`<p>None: every row was read as it stands.</p>`
  const kept = [...report.kept].sort((a, b) => rank(a) - rank(b))
  return [
    dataTable(
      `What was met, and how often: ${issuesInWords(report)}`,
      [{ head: 'Issue' }, { head: 'Severity' }, { head: 'Count', numeric: true }],
      [...report.counts]
        .sort((a, b) => rank(a) - rank(b) || b.count - a.count)
        .map((c) => [c.message, c.severity, count(c.count)]),
    ),
    kept.length === 0
      ? ''
      : dataTable(
          kept.length > firstPlaces ? `The first ${firstPlaces} places` : 'Places',
          [{ head: 'Place' }, { head: 'Message' }, { head: 'Value' }],
          kept
            .slice(0, firstPlaces)
            .map((issue) => [
              html`<code>${issue.place}</code>`,
              issue.message,
              issue.value === undefined ? '' : html`<code>${issue.value}</code>`,
            ]),
        ),
  ]
}

const HINTS: Readonly<Record<Refusal['code'], string>> = {
  unstable: 'Lower the load, add slots, or allow levers that shorten the work (dropping, sprinting); then ask again.',
  'not-converged': 'Ask for a wider interval, allow more work, or ask another predictor.',
  unsupported: 'Ask another predictor (simulation holds for more) or simplify the scenario; of a cluster, ask what it permits.',
  'no-data': 'Of a file, give one with usable rows; of a cluster, see that it runs and what it said.',
  infeasible: 'Loosen a goal or widen the levers; then plan again.',
}

/** A refusal for a terminal: what, the numbers behind it, what to change. */
export function refusalText(refusal: Refusal, options: TextOptions = {}): string {
  const pen = ink(options)
  const numbers = Object.entries(refusal.numbers ?? {}).map(
    ([name, x]) => [nameInWords(plain(name, 60)), numberNamed(name, x)] as const,
  )
  const width = Math.max(0, ...numbers.map(([name]) => columnsOf(name)))
  return `${[
    `${pen.bold(pen.warn(`No answer: ${refusal.code}.`))}`,
    wrap(plain(refusal.message, 2000), pen, 2),
    ...numbers.map(([name, text]) => `    ${name}${' '.repeat(width - columnsOf(name))}  ${text}`),
    pen.dim(wrap(HINTS[refusal.code], pen, 2)),
  ].join('\n')}\n`
}
