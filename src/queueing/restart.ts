/**
 * Preemptive restart, repeat-identical, two classes (E7): a low job that meets a high arrival is thrown away and started again with the same work.
 *
 *   engine time spent on a low job of work w    (e^{λ_H w} − 1)/λ_H,     evictions e^{λ_H w} − 1
 *   ρ = λ_H E S_H + λ_L (E e^{λ_H S_L} − 1)/λ_H,     waste share of busy time = [λ_L (E e^{λ_H S_L} − 1)/λ_H − λ_L E S_L]/ρ
 *
 * The high class sees M/G/1. The low class sees a server with interruptions; with B the busy period of the high class, x = e^{λ_H w}, k = E B + 1/λ_H,
 *
 *   E[C | w] = k(x − 1),    E[C² | w] = k²(x − 1)(2x − 1) + (x − 1)(Var B + 1/λ_H²) − 2 k w x        (C: first start to end)
 *
 * and its mean wait is Welch's M/G/1 with an exceptional first service D + C, D what is left of a high busy period met on arrival. The mean response of the
 * low class is finite only where E e^{2λ_H S_L} is. Holds for Poisson arrivals.
 * Source: D. P. Gaver (1962); P. D. Welch (1964); specs, E7.
 */
import type { Caveat, Refusal } from '../model/index.js'
import { caveat, refuse } from '../model/index.js'
import type { ClassAtStation, StationClass } from './priority.js'
import { fcfsStation, nearSaturation } from './priority.js'
import { exponentialMoment } from './service-law.js'

export interface RestartAnswer {
  /** Busy share of the engine, waste included. */
  readonly utilisation: number
  /** Busy share without the thrown-away work. */
  readonly usefulUtilisation: number
  /** Share of busy time spent on attempts that were thrown away. */
  readonly waste: number
  readonly evictionsPerLowJob: number
  readonly high: ClassAtStation
  /** Absent where the mean response of the low class is infinite though the station is stable. */
  readonly low?: { readonly meanWait: number; readonly meanResponse: number }
  readonly caveats: readonly Caveat[]
}

/** Solves the station of the head of this file. Refuses `unstable` with ρ (or, where the work of a low job has no finite mean, without it). */
export function restartStation(high: StationClass, low: StationClass): RestartAnswer | Refusal {
  const rate = high.arrivalRate
  const moment = exponentialMoment(low.service, rate)
  const useful = rate * high.service.mean + low.arrivalRate * low.service.mean
  if (!Number.isFinite(moment))
    return refuse('unstable', 'a low job is restarted so often that its engine time has no finite mean', {
      usefulUtilisation: useful,
      highArrivalRate: rate,
    })
  const spent = (moment - 1) / rate
  const utilisation = rate * high.service.mean + low.arrivalRate * spent
  if (utilisation >= 1)
    return refuse(
      'unstable',
      `restarts raise the load from ${useful.toFixed(4)} to ${utilisation.toFixed(4)} of what can be served`,
      { utilisation, usefulUtilisation: useful },
    )
  const top = fcfsStation([high])
  if ('kind' in top) return top
  const answer = {
    utilisation,
    usefulUtilisation: useful,
    waste: (low.arrivalRate * (spent - low.service.mean)) / utilisation,
    evictionsPerLowJob: moment - 1,
    high: top.classes[0]!,
  }
  const square = exponentialMoment(low.service, 2 * rate)
  if (!Number.isFinite(square))
    return {
      ...answer,
      caveats: [
        caveat('infinite-mean', 'the low class has no finite mean response under restart: long jobs are restarted too often', {
          path: 'classes[1].response',
        }),
        ...nearSaturation(utilisation),
      ],
    }
  return { ...answer, low: lowTimes(high, low, moment, square), caveats: nearSaturation(utilisation) }
}

function lowTimes(high: StationClass, low: StationClass, moment: number, square: number) {
  const rate = high.arrivalRate
  const rho = rate * high.service.mean
  const busyMean = high.service.mean / (1 - rho)
  const busySecond = high.service.secondMoment / (1 - rho) ** 3
  const k = busyMean + 1 / rate
  // E[S e^{λS}] by a complex step: Im S*(−λ − ih)/h, exact to rounding.
  const step = 1e-20 / Math.max(low.service.mean, 1e-300)
  const tilted = -low.service.lst(-rate, step).im / step
  const mean = k * (moment - 1)
  // E C² = 2 E[x(x − 1 − λw)]/λ² + (2b/λ) E[(x − 1)(2x − 1) − λwx] + b² E[(x − 1)(2x − 1)] + Var B · E[x − 1], b = E B; where λw is so small that the
  // differences lose their digits, by the first terms in λ.
  const evicted = 2 * square - 3 * moment + 1
  const { mean: m1, secondMoment: m2, thirdMoment: m3 } = low.service
  const variance = busySecond - busyMean ** 2
  const second =
    rate * m1 < 1e-4
      ? m2 + rate * ((4 / 3) * m3 + 3 * busyMean * m2 + busySecond * m1)
      : (2 * (square - moment - rate * tilted)) / rate ** 2 +
        ((2 * busyMean) / rate) * (evicted - rate * tilted) +
        busyMean ** 2 * evicted +
        variance * (moment - 1)
  // What is left of a high busy period at the first low arrival after the low class went idle: up and down times alternate from an up time.
  const q = rate / (rate + low.arrivalRate)
  const root = highBusyTransform(high, low.arrivalRate)
  const left1 = busyMean - (1 - root) / low.arrivalRate
  const left2 = busySecond - (2 / low.arrivalRate) * left1
  const delayMean = (q * left1) / (1 - q * root)
  const delaySecond = (q * left2) / (1 - q * root)
  const firstMean = delayMean + mean
  const firstSecond = delaySecond + 2 * delayMean * mean + second
  const lambda = low.arrivalRate
  const idle = (1 - lambda * mean) / (1 - lambda * mean + lambda * firstMean)
  const behind =
    (lambda * second) / (2 * (1 - lambda * mean)) +
    (lambda * (firstSecond - second)) / (2 * (1 - lambda * mean + lambda * firstMean))
  const meanResponse = behind + idle * firstMean + (1 - idle) * mean
  return { meanWait: meanResponse - mean, meanResponse }
}

/** β(s) of the high class's busy period at real s > 0. */
function highBusyTransform({ arrivalRate, service }: StationClass, s: number): number {
  let root = 0
  for (let step = 0; step < 100_000; step++) {
    const next = service.lst(s + arrivalRate * (1 - root), 0).re
    if (Math.abs(next - root) < 1e-15) return next
    root = next
  }
  return root
}
