/**
 * What a policy costs to screen by formula: the candidates of `examples/dias.yaml` that a formula answers for, with every quantile of responses, waits and services, and with
 * only those that the goal is about, as the plan search asks. Beside it the way before, in the same run: the transform of a sprint with a timeout by two sweeps
 * over all phases, every quantile. Aim: 10,000 policies a minute (6 ms each). The largest relative gap between the two ways’ quantiles stands beside them.
 */
import { goalQuantiles, type Policy, type Prediction, type Scenario } from 'halftone/model'
import type { Transform } from 'halftone/num'
import { candidatePolicies } from 'halftone/plan'
import { analyticPredictor, phasesAt, priorityStation, type ServiceLaw, sprintLaw, stagesServiceLaw } from 'halftone/queueing'
import { readScenario } from 'halftone/study'
import { save } from '../save.js'
import { medianMs } from '../timing.js'

const reading = await readScenario('examples/dias.yaml')
if (!reading.ok) throw new Error('examples/dias.yaml')
const { scenario } = reading.question
const service = new Map([
  ['high', 148],
  ['low', 342],
])
const asked = candidatePolicies(scenario, service, Number.POSITIVE_INFINITY)
  .map((policy): Scenario => ({ ...scenario, policy }))
  .filter((one) => !analyticPredictor.refuses(one))

/** The law of a job that sprints from a timeout on, its transform by a sweep from the last phase to the first at each of two arguments. */
function bySweeps(law: ServiceLaw, timeoutSeconds: number, speed: number): ServiceLaw {
  const sprinted = sprintLaw(law, { timeoutSeconds, speed })
  const chain = law.parts![0]!.chain!
  const at = phasesAt(chain, timeoutSeconds)
  const { rate, exit, first, to, probability } = chain
  const sweep = (re: number, im: number, out: Float64Array): void => {
    let [last, d, scale] = [0, 0, 0]
    for (let i = rate.length - 1; i >= 0; i--) {
      let sumRe = exit[i]!
      let sumIm = 0
      for (let e = first[i]!; e < first[i + 1]!; e++) {
        const j = 2 * to[e]!
        sumRe += probability[e]! * out[j]!
        sumIm += probability[e]! * out[j + 1]!
      }
      const r = rate[i]!
      if (r !== last) {
        last = r
        d = re + r
        scale = r / (d * d + im * im)
      }
      out[2 * i] = scale * (sumRe * d + sumIm * im)
      out[2 * i + 1] = scale * (sumIm * d - sumRe * im)
    }
  }
  const slow = new Float64Array(2 * rate.length)
  const fast = new Float64Array(2 * rate.length)
  const rest: Transform = (re, im) => {
    sweep(re, im, slow)
    sweep(re / speed, im / speed, fast)
    let gapRe = 0
    let gapIm = 0
    for (let j = 0; j < at.length; j++) {
      gapRe += at[j]! * (fast[2 * j]! - slow[2 * j]!)
      gapIm += at[j]! * (fast[2 * j + 1]! - slow[2 * j + 1]!)
    }
    const decay = Math.exp(-re * timeoutSeconds)
    const [c, s] = [decay * Math.cos(im * timeoutSeconds), -decay * Math.sin(im * timeoutSeconds)]
    const value = law.rest(re, im)
    return { re: value.re + c * gapRe - s * gapIm, im: value.im + c * gapIm + s * gapRe }
  }
  return { ...sprinted, lst: rest, rest }
}

const LEVELS = [0.5, 0.95, 0.99]

/** Response quantiles of both classes the way before; waits are inverted too, for the time that it takes. */
function before({ policy, workload }: Scenario): number[] {
  const sprint = policy.sprint!
  const classes = workload.classes.map(({ arrival, work, name }) => {
    const plain = stagesServiceLaw(work, 20, policy.drop[name] ?? 0)
    if ('kind' in plain || arrival.kind !== 'poisson') throw new Error(name)
    const timeout = sprint.timeoutSeconds[name]
    return {
      arrivalRate: arrival.ratePerSecond,
      service: timeout === undefined ? plain : bySweeps(plain, timeout, sprint.speed),
    }
  })
  const answer = priorityStation(classes, 'non-preemptive')
  if ('kind' in answer) throw new Error(answer.message)
  return answer.classes.flatMap(({ response, wait }) => {
    for (const p of LEVELS) wait.quantile(p)
    return LEVELS.map((p) => Number(response.quantile(p)))
  })
}

function predicted(one: Scenario, some: boolean): Prediction {
  const answer = analyticPredictor.predict(one, { seed: 1, ...(some ? { quantiles: goalQuantiles(scenario.goal) } : {}) })
  if ('code' in answer) throw new Error(answer.message)
  return answer
}

const timeoutOf = ({ sprint }: Policy): number | undefined => sprint && Math.max(...Object.values(sprint.timeoutSeconds))
const kinds: [string, Scenario[]][] = [
  ['no sprint', asked.filter(({ policy }) => policy.sprint === undefined)],
  ['sprint at once', asked.filter(({ policy }) => timeoutOf(policy) === 0)],
  ['sprint after a timeout', asked.filter(({ policy }) => (timeoutOf(policy) ?? 0) > 0)],
]
const rows = kinds.map(([kind, some]) => {
  const each = (run: (one: Scenario) => unknown, times: number): number =>
    medianMs(() => some.forEach((one) => void run(one)), times) / some.length
  const goal = each((one) => predicted(one, true), 15)
  const all = each((one) => predicted(one, false), 9)
  const late = kind === 'sprint after a timeout'
  const gaps = some.flatMap((one) => {
    if (!late) return []
    const was = before(one)
    return predicted(one, false)
      .classes.flatMap(({ response }) => [response.p50!.value, response.p95!.value, response.p99!.value])
      .map((value, i) => Math.abs(value / was[i]! - 1))
  })
  const old = late ? each(before, 3) : undefined
  return {
    kind,
    policies: some.length,
    'ms, quantiles of the goal': goal,
    'a minute': Math.round(60_000 / goal),
    'ms, all quantiles': all,
    ...(old === undefined
      ? {}
      : {
          'ms, the way before': old,
          'times as fast': old / goal,
          'with all quantiles': old / all,
          'largest gap': Math.max(...gaps),
        }),
  }
})
console.table(rows)
save('kernels/screening', rows)
