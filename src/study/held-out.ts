import {
  type Foreseen,
  type HeldOut,
  type HeldOutRow,
  isRefusal,
  type Prediction,
  type Refusal,
  refuse,
  type Trace,
} from '../model/index.js'
import { quantile } from '../num/index.js'
import { simulateScenario } from '../simulate/index.js'
import { predictors } from './predictors.js'
import { type AskedOfTrace, scenarioOfTrace } from './scenario-of-trace.js'

/**
 * Holds the last `share` of a trace’s time out and foresees it from the rest: response times recorded there, beside
 *
 *   as before       what was recorded in the earlier part (the baseline to beat)
 *   analytic        formulas on Poisson arrivals and run times fitted to the earlier part
 *   simulated laws  the simulator on time-of-day arrivals and run times by size fitted to the earlier part, 20 stretches as long as the trace, each from an
 *                   empty cluster: their median, and the range that holds nine of ten
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
  const analytic = ask('analytic', { ...early, arrivals: 'poisson', runTimes: 'fit' })
  const replay = ask('simulated', { ...late, arrivals: 'replay' })
  const stretches = drawStretches(trace, { ...early, arrivals: 'time-of-day', runTimes: 'fit' }, last - first, seed)
  const value = (name: string, figure: 'mean' | 'p95', { prediction }: { prediction?: Prediction }): Foreseen | undefined => {
    const found = prediction?.classes.find((jobClass) => jobClass.name === name)?.response[figure]?.value
    return found === undefined ? undefined : { value: found }
  }
  const rowsOf = (figure: 'mean' | 'p95'): HeldOutRow[] =>
    names.flatMap((className, k): HeldOutRow[] => {
      const seen = after[k]
      if (!seen) return []
      const past = before[k]?.[figure]
      const predicted = [
        past === undefined ? undefined : { value: past },
        value(className, figure, analytic),
        stretches.foreseen(className, figure),
        value(className, figure, replay),
      ]
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
      { name: 'analytic', what: 'formulas on Poisson arrivals and fitted run times', ...cost(analytic) },
      {
        name: 'simulated laws',
        what: `fitted laws, ${STRETCHES} stretches as long as the trace: median and the range of nine in ten`,
        ...cost(stretches),
      },
      { name: 'replay', what: 'simulation of the held-out jobs themselves, from an empty cluster', ...cost(replay) },
    ],
    rows: [...rowsOf('mean'), ...rowsOf('p95')],
  }
}

interface Recorded {
  readonly jobs: number
  readonly mean: number
  readonly p95: number
}

const STRETCHES = 20

function cost({ wallSeconds, refusal }: { readonly wallSeconds: number; readonly refusal?: string }): {
  wallSeconds: number
  refusal?: string
} {
  return { wallSeconds, ...(refusal ? { refusal } : {}) }
}

interface Stretches {
  readonly wallSeconds: number
  readonly refusal?: string
  foreseen(className: string, figure: 'mean' | 'p95'): Foreseen | undefined
}

/** Stretches of time drawn from fitted laws: what such a stretch brings, by luck, and how far luck goes. */
function drawStretches(trace: Trace, how: AskedOfTrace, horizonSeconds: number, seed: number): Stretches {
  const began = performance.now()
  const runs: Prediction[] = []
  const made = scenarioOfTrace(trace, how)
  let refusal = isRefusal(made) ? made.message : undefined
  for (let run = 0; run < STRETCHES && !isRefusal(made); run++) {
    const answer = simulateScenario(made.scenario, { seed: seed + run, horizonSeconds, replications: 1 })
    if (isRefusal(answer)) {
      refusal = answer.message
      break
    }
    runs.push(answer)
  }
  return {
    wallSeconds: (performance.now() - began) / 1000,
    ...(refusal ? { refusal } : {}),
    foreseen(className, figure) {
      const values = runs.flatMap(({ classes }) => classes.find(({ name }) => name === className)?.response[figure]?.value ?? [])
      if (values.length === 0) return undefined
      const sorted = Float64Array.from(values).sort()
      return { value: quantile(sorted, 0.5), low: quantile(sorted, 0.05), high: quantile(sorted, 0.95) }
    },
  }
}
