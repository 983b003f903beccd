import type { ClassRule, Issue, Trace } from '../model/index.js'
import { reportOf } from '../model/index.js'
import { issuesText } from '../report/index.js'
import { readTrace } from '../trace/index.js'
import type { Window } from '../workload/index.js'
import { progressFor, stopForIssues, stopForRefusal, style } from './answer.js'
import type { Io } from './io.js'
import { type AnswerOptions, durationSeconds, type TraceOptions, type WorkloadCliOptions } from './options.js'

/** Reads a trace for a command, with progress; ends the command where it cannot be read. */
export async function traceFor(io: Io, path: string, options: TraceOptions & AnswerOptions): Promise<Trace> {
  const bar = progressFor(io, `reading ${path}`, options)
  const reading = await readTrace(path, {
    ...(options.format ? { format: options.format } : {}),
    ...(options.mapping ? { mapping: options.mapping } : {}),
    ...(options.strict ? { strict: true } : {}),
    ...(options.timeZone ? { timeZone: options.timeZone } : {}),
    onProgress: ({ bytesRead, bytesTotal }) => bar.update(bytesTotal > 0 ? bytesRead / bytesTotal : 0),
  }).finally(() => bar.stop())
  if (reading.ok) return reading.trace
  if (reading.refusal && !reading.issues.counts.some(({ severity }) => severity === 'error')) {
    if (!options.json) io.err(issuesText(reading.issues, style(io)))
    return stopForRefusal(io, reading.refusal, options)
  }
  return stopForIssues(io, reading.issues, options)
}

/** The class rule that the options ask for. */
export function classRuleOf(options: WorkloadCliOptions): ClassRule | undefined {
  if (!options.by) return undefined
  return {
    by: options.by,
    ...(options.boundaries ? { boundaries: options.boundaries } : {}),
    ...(options.most ? { most: options.most } : {}),
  }
}

/** The window that --from and --to ask for, on the trace’s own clock. */
export function windowOf(io: Io, trace: Trace, options: WorkloadCliOptions & AnswerOptions): Window {
  const issues: Issue[] = []
  const at = (flag: string, text: string | undefined): number | undefined => {
    if (text === undefined) return undefined
    const seconds = durationSeconds(text)
    if (seconds !== undefined) return seconds
    const date = Date.parse(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text)
    if (Number.isNaN(date))
      issues.push({
        code: 'bad-time',
        severity: 'error',
        place: flag,
        message: 'expected a date, or a time since the trace began such as 35d',
        value: text,
      })
    else if (trace.clock.kind === 'relative') {
      issues.push({
        code: 'no-clock',
        severity: 'error',
        place: flag,
        message: 'the trace has no calendar: give a time since it began, such as 35d',
        value: text,
      })
    } else return date / 1000 - trace.clock.originUnixSeconds
    return undefined
  }
  const [from, to] = [at('--from', options.from), at('--to', options.to)]
  if (issues.length > 0) stopForIssues(io, reportOf(issues), options)
  return { ...(from === undefined ? {} : { fromSeconds: from }), ...(to === undefined ? {} : { toSeconds: to }) }
}
