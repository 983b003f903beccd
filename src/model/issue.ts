/**
 * An issue: the input is wrong here. A value with a code, a place and the value that was seen.
 *
 * `severity` `error` means that the input cannot be used; `warning` means that a row was dropped or repaired and counted.
 */
export interface Issue {
  readonly code: string
  readonly severity: 'error' | 'warning'
  /** Where: `jobs.csv:412`, `scenario.yaml:7 classes[0].service.mean`, `classes[0].name`. */
  readonly place: string
  readonly message: string
  /** The value as it was read, cut to 80 characters. */
  readonly value?: string
}

/** How many times one code was met; the first few are kept as issues, none is forgotten in the count. */
export interface IssueCount {
  readonly code: string
  readonly severity: Issue['severity']
  readonly count: number
  readonly message: string
}

/** Issues of one input: every one counted, the first `keptPerCode` of each code kept with its place. */
export interface IssueReport {
  readonly counts: readonly IssueCount[]
  readonly kept: readonly Issue[]
}

/** The value as text, cut so that a million-character line does not become a million-character message. */
export function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value))
  const oneLine = text.replace(/[\r\n\t]+/g, ' ')
  return oneLine.length <= 80 ? oneLine : `${oneLine.slice(0, 77)}...`
}

/** Collects issues: counts all, keeps the first `keptPerCode` of each code. */
export class IssueCollector {
  private readonly byCode = new Map<string, { severity: Issue['severity']; count: number; message: string }>()
  private readonly kept: Issue[] = []

  constructor(private readonly keptPerCode = 20) {}

  /** Counts the issue and keeps it while fewer than `keptPerCode` of its code are kept. */
  add(issue: Issue): void {
    this.count(issue.code, issue.severity, issue.message, 1)
    if (this.byCode.get(issue.code)!.count <= this.keptPerCode) this.kept.push(issue)
  }

  /** Counts `times` issues of a code of which no place is kept. */
  count(code: string, severity: Issue['severity'], message: string, times: number): void {
    if (times <= 0) return
    const seen = this.byCode.get(code)
    if (seen) seen.count += times
    else this.byCode.set(code, { severity, count: times, message })
  }

  /** How many more issues of this code would be kept with their place. */
  room(code: string): number {
    return Math.max(0, this.keptPerCode - (this.byCode.get(code)?.count ?? 0))
  }

  report(): IssueReport {
    return {
      counts: [...this.byCode].map(([code, { severity, count, message }]) => ({ code, severity, count, message })),
      kept: [...this.kept],
    }
  }
}

/** A list of issues as a report, every one of them kept. */
export function reportOf(issues: readonly Issue[]): IssueReport {
  const collector = new IssueCollector(Number.POSITIVE_INFINITY)
  for (const issue of issues) collector.add(issue)
  return collector.report()
}
