import { type Caveat, type Characterisation, caveat } from '../model/index.js'
import type { Rows } from './rows.js'

const number = (n: number) => n.toLocaleString('en-US')

/** What a reader of the figures should know: the notes of the trace, and what the figures left out. */
export function caveats(
  rows: Rows,
  found: Pick<Characterisation, 'arrivals' | 'utilisation' | 'waiting' | 'outcomes' | 'definitions'>,
): Caveat[] {
  const { trace, counts } = rows
  const list: Caveat[] = []
  const add = (rowsConcerned: number, code: string, message: string, path: string) => {
    if (rowsConcerned > 0) list.push(caveat(code, message, { path, numbers: { rows: rowsConcerned } }))
  }
  add(
    counts.beforeTrace,
    'submitted-before-trace',
    `${number(counts.beforeTrace)} rows were submitted before the trace begins: left out of arrivals, durations, waits and slowdown; what they ran inside the trace counts as resource-time and busy slots`,
    'arrivals',
  )
  add(
    counts.missingSubmission,
    'missing-submission',
    `${number(counts.missingSubmission)} rows do not say when they were submitted: left out of arrivals and waits`,
    'arrivals',
  )
  add(
    counts.censoredStarted,
    'censored-run-times',
    `${number(counts.censoredStarted)} rows started but have no run time (still running when the trace ends): left out of durations, which makes those look shorter, and counted as busy to the end`,
    'durations',
  )
  add(
    trace.jobs.startSeconds ? counts.censoredWaiting : 0,
    'never-started',
    `${number(counts.censoredWaiting)} rows have neither a start nor a run time: left out of durations and waits, which makes waits look shorter`,
    'waiting',
  )
  add(
    trace.jobs.startSeconds ? 0 : counts.censoredWaiting,
    'missing-run-times',
    `${number(counts.censoredWaiting)} rows have no run time: left out of durations and resource-time`,
    'durations',
  )
  add(
    counts.negativeRun,
    'negative-run-times',
    `${number(counts.negativeRun)} rows have a negative run time: left out wherever it enters`,
    'durations',
  )
  add(
    counts.negativeWait,
    'negative-waits',
    `${number(counts.negativeWait)} rows start before they are submitted: left out of waits`,
    'waiting',
  )
  if (found.utilisation?.basis === 'submission')
    list.push(
      caveat(
        'busy-from-submission',
        'the trace has no start times: rows are taken to run from their submission, so busy slots come too early and peaks too high',
        { path: 'utilisation' },
      ),
    )
  const busy = found.utilisation
  if (busy && busy.capacitySlots !== null && busy.busySlots.peak > busy.capacitySlots)
    list.push(
      caveat(
        'busy-over-capacity',
        `busy slots reach ${number(busy.busySlots.peak)}, over the ${number(busy.capacitySlots)} that the cluster is said to have (95 % of the time at most ${number(busy.busySlots.p95)}): the trace counts slots that rows did not hold, or the capacity is not the whole`,
        { path: 'utilisation', numbers: { peak: busy.busySlots.peak, p95: busy.busySlots.p95, capacity: busy.capacitySlots } },
      ),
    )
  const attempts = trace.unit === 'job' ? found.outcomes?.attempts : undefined
  add(
    attempts ? Math.round(attempts.moreThanOneShare * attempts.distribution.count) : 0,
    'attempts-in-run-time',
    'rows with several attempts have one run time, pauses between attempts included where the trace gives only the first start and the last end',
    'durations',
  )
  if (found.definitions.resource === 'row-seconds')
    list.push(
      caveat('no-sizes', 'the trace does not say how many slots a row holds: resource-time is run time, every row weighs alike', {
        path: 'work',
      }),
    )
  // what the reader noted comes after; two of its notes are said above with what they mean for the figures
  const said = new Set([counts.beforeTrace > 0 ? 'left-truncated' : '', counts.censoredStarted > 0 ? 'censored' : ''])
  for (const { code, message, numbers } of trace.notes) {
    if (!said.has(code)) list.push(numbers ? { code, message, numbers } : { code, message })
  }
  return list
}
