import { type HeldOut, type HeldOutRow, isRefusal, type Prediction, type Refusal, refuse, type Trace } from '../model/index.js'
import { quantile } from '../num/index.js'
import { predictors } from './predictors.js'
import { type AskedOfTrace, scenarioOfTrace } from './scenario-of-trace.js'

/**
 * Holds the last `share` of a trace’s time out and foresees it from the rest: response times recorded there, beside
 *
 *   as before       what was recorded in the earlier part (the baseline to beat)
 *   analytic        formulas on Poisson arrivals and run times fitted to the earlier part
 *   simulated laws  the simulator on time-of-day arrivals and run times fitted to the earlier part
 *   replay          the simulator on the jobs of the later part themselves: it knows who comes, and is wrong only about the cluster and its policy
 *
 * Split by time, never by job. Refuses where the trace has no recorded starts, or one of the parts no usable job.
 */
export function holdOut(trace: Trace, asked: AskedOfTrace, share: number, seed: number): HeldOut | Refusal {
  const { startSeconds, submitSeconds } = trace.jobs
  if (!startSeconds)
    return refuse('no-data', 'the trace does not say when jobs began: there are no recorded responses to compare with')
  const whole = scenarioOfTrace(trace, asked)
  if (isRefusal(whole)) return whole
  const rows = whole.fitted.rows
  const first = submitSeconds[rows[0]!]!
  const last = submitSeconds[rows.at(-1)!]!
  const split = first + (1 - share) * (last - first)
  const names = whole.scenario.workload.classes.map(({ name }) => name)
  const cluster = { slots: whole.scenario.cluster.nodes[0]!.slots * whole.scenario.cluster.nodes[0]!.count }
  const recorded = (from: number, to: number): (Recorded | undefined)[] =>
    names.map((_, k) => {
      const responses: number[] = []
      rows.forEach((row, job) => {
        const submit = submitSeconds[row]!
        const response = startSeconds[row]! - submit + trace.jobs.runSeconds[row]!
        if (whole.replay.classIndex[job] === k && submit >= from && submit < to && response >= 0) responses.push(response)
      })
      if (responses.length === 0) return undefined
      const sorted = Float64Array.from(responses).sort()
      return { jobs: sorted.length, mean: sorted.reduce((a, b) => a + b, 0) / sorted.length, p95: quantile(sorted, 0.95) }
    })
  const after = recorded(split, Number.POSITIVE_INFINITY)
  const before = recorded(Number.NEGATIVE_INFINITY, split)
  if (after.every((part) => part === undefined)) return refuse('no-data', 'no job of the held-out part has a recorded response')

  const early = { ...asked, ...cluster, window: { ...asked.window, toSeconds: split } }
  const late = { ...asked, ...cluster, window: { ...asked.window, fromSeconds: split } }
  const ask = (
    kind: 'analytic' | 'simulated',
    how: AskedOfTrace,
  ): { prediction?: Prediction; refusal?: string; wallSeconds: number } => {
    const began = performance.now()
    const made = scenarioOfTrace(trace, how)
    const answer = isRefusal(made)
      ? made
      : predictors.find((one) => one.kind === kind)!.predict(made.scenario, { seed, replay: made.replay })
    const wallSeconds = (performance.now() - began) / 1000
    return isRefusal(answer) ? { refusal: answer.message, wallSeconds } : { prediction: answer, wallSeconds }
  }
  const asking = [
    {
      name: 'analytic',
      what: 'formulas on Poisson arrivals and fitted run times',
      ...ask('analytic', { ...early, arrivals: 'poisson', runTimes: 'fit' }),
    },
    {
      name: 'simulated laws',
      what: 'simulation on time-of-day arrivals and fitted run times',
      ...ask('simulated', { ...early, arrivals: 'time-of-day', runTimes: 'fit' }),
    },
    {
      name: 'replay',
      what: 'simulation of the held-out jobs themselves, from an empty cluster',
      ...ask('simulated', { ...late, arrivals: 'replay' }),
    },
  ]
  const foreseen = (name: string, figure: 'mean' | 'p95', prediction: Prediction | undefined): number | undefined =>
    prediction?.classes.find((jobClass) => jobClass.name === name)?.response[figure]?.value
  const rowsOf = (figure: 'mean' | 'p95'): HeldOutRow[] =>
    names.flatMap((className, k): HeldOutRow[] => {
      const seen = after[k]
      if (!seen) return []
      const predicted = [before[k]?.[figure], ...asking.map(({ prediction }) => foreseen(className, figure, prediction))]
      return [
        {
          className,
          figure: figure === 'mean' ? 'mean response' : 'p95 response',
          recorded: seen[figure],
          jobs: seen.jobs,
          predicted,
        },
      ]
    })
  return {
    splitSeconds: split - first,
    methods: [
      { name: 'as before', what: 'what the earlier part recorded', wallSeconds: 0 },
      ...asking.map(({ name, what, wallSeconds, refusal }) => ({ name, what, wallSeconds, ...(refusal ? { refusal } : {}) })),
    ],
    rows: [...rowsOf('mean'), ...rowsOf('p95')],
  }
}

interface Recorded {
  readonly jobs: number
  readonly mean: number
  readonly p95: number
}
