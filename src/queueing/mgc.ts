/**
 * M/G/c and GI/G/c: approximations from M/M/c, first come first served, one or more classes.
 *
 * No exact result is known. All have the form W ≈ f · W(M/M/c); the wait of those who wait is taken as exponential, which it nearly is at high load, so quantiles
 * are approximate too. A caveat says so, with the spread between the formulas.
 *
 * Measured against simulation in `bench/quality/multi-server`. Heavier tails err more: two moments do not determine the wait.
 */
import type { Caveat, Refusal } from '../model/index.js'
import { caveat } from '../model/index.js'
import type { Transform } from '../num/index.js'
import { kinkedInverter, sharpInverter } from '../num/index.js'
import { erlangC } from './mmc.js'
import type { ClassAtStation, PriorityDiscipline, StationAnswer, StationClass } from './priority.js'
import { nearSaturation, priorityStation, stationTime, unstable } from './priority.js'
import { mixtureLaw, scvOf, sharpnessOf } from './service-law.js'

export interface GigcQuestion {
  readonly servers: number
  readonly utilisation: number
  readonly serviceMean: number
  readonly arrivalScv: number
  readonly serviceScv: number
}

/** E W of M/M/c: C/(c μ (1 − ρ)). */
function markovWait({ servers, utilisation, serviceMean }: GigcQuestion): number {
  return (erlangC(servers, servers * utilisation) * serviceMean) / (servers * (1 - utilisation))
}

/**
 * Lee and Longton for M/G/c, Allen and Cunneen for GI/G/c: W ≈ (c_a² + c_s²)/2 · W(M/M/c). Exact for M/M/c and M/G/1.
 * Source: A. M. Lee, P. A. Longton, Oper. Res. Quart. 10 (1959); A. O. Allen (1978).
 */
export function waitLeeLongton(question: GigcQuestion): number {
  return ((question.arrivalScv + question.serviceScv) / 2) * markovWait(question)
}

/**
 * Kimura's interpolation between M/M/c, M/D/c and D/M/c:
 *   W ≈ (c_a² + c_s²) g / [ (1 − c_a²)/W_DM + (1 − c_s²)/W_MD + 2(c_a² + c_s² − 1)/W_MM ],
 * with Cosmetatos' W_MD and W_DM and the Krämer–Langenbach-Belz factor g of c_a² < 1. For M/G/c: W = (1 + c_s²)/(2c_s²/W_MM + (1 − c_s²)/W_MD).
 * Source: T. Kimura, Management Science 32 (1986).
 */
export function waitKimura(question: GigcQuestion): number {
  const { servers, utilisation, arrivalScv, serviceScv } = question
  const markov = markovWait(question)
  const cosmetatos = cosmetatosTerm(servers, utilisation)
  const deterministic = (markov * (1 + cosmetatos)) / 2
  const regular = markov * (0.5 - 2 * cosmetatos)
  const total = arrivalScv + serviceScv
  if (total === 0) return 0
  const inverse = (1 - arrivalScv) / regular + (1 - serviceScv) / deterministic + (2 * (total - 1)) / markov
  const g = arrivalScv < 1 ? Math.exp((-2 * (1 - utilisation) * (1 - arrivalScv) ** 2) / (3 * utilisation * total)) : 1
  // With bursty arrivals (c_a² > 1) the first term is negative and may outweigh the others: there the interpolation does not hold.
  return inverse > 0.1 / markov ? (total * g) / inverse : waitWhitt(question)
}

/** (1 − ρ)(c − 1)(√(4 + 5c) − 2)/(16 ρ c), Cosmetatos' correction, at most a quarter of (1 − 1e-6). Source: G. P. Cosmetatos (1975). */
function cosmetatosTerm(servers: number, utilisation: number): number {
  return Math.min(0.24, ((1 - utilisation) * (servers - 1) * (Math.sqrt(4 + 5 * servers) - 2)) / (16 * utilisation * servers))
}

/**
 * Whitt's GI/G/c: φ(ρ, c_a², c_s², c) · (c_a² + c_s²)/2 · W(M/M/c).
 * Source: W. Whitt, "Approximations for the GI/G/m queue", Production and Operations Management 2 (1993), equations 2.12–2.25.
 */
export function waitWhitt(question: GigcQuestion): number {
  const { servers, utilisation, arrivalScv, serviceScv } = question
  const gamma = cosmetatosTerm(servers, utilisation)
  const one = 1 + gamma
  const two = 1 - 4 * gamma
  const three = two * Math.exp((-2 * (1 - utilisation)) / (3 * utilisation))
  const four = Math.min(1, (one + three) / 2)
  const psi = (c2: number) => (c2 >= 1 ? 1 : four ** (2 * (1 - c2)))
  const middle = (arrivalScv + serviceScv) / 2
  const phi =
    arrivalScv >= serviceScv
      ? ((4 * (arrivalScv - serviceScv)) / (4 * arrivalScv - 3 * serviceScv)) * one +
        (serviceScv / (4 * arrivalScv - 3 * serviceScv)) * psi(middle)
      : ((serviceScv - arrivalScv) / (2 * (arrivalScv + serviceScv))) * three +
        ((serviceScv + 3 * arrivalScv) / (2 * (arrivalScv + serviceScv))) * psi(middle)
  return Number.isFinite(phi) ? phi * waitLeeLongton(question) : waitLeeLongton(question)
}

/**
 * An FCFS station of `servers` servers, Poisson (or `arrivalScv`) arrivals, any service laws: mean wait by Kimura's formula
 * (Whitt's where arrivals are not Poisson), tail of the wait
 *
 *   P(W > t) = C e^{−C t/W},   C Erlang's,
 *
 * response = wait + the class's own service. Refuses `unstable` with ρ. One server and Poisson arrivals: use `fcfsStation`, which is exact.
 */
export function multiServerStation(classes: readonly StationClass[], servers: number, arrivalScv = 1): StationAnswer | Refusal {
  const rate = classes.reduce((sum, { arrivalRate }) => sum + arrivalRate, 0)
  const together = mixtureLaw(classes.map(({ arrivalRate, service }) => ({ weight: arrivalRate, law: service })))
  const utilisation = (rate * together.mean) / servers
  if (utilisation >= 1) return unstable(utilisation, servers)
  const question = { servers, utilisation, serviceMean: together.mean, arrivalScv, serviceScv: scvOf(together) }
  const mean = arrivalScv === 1 ? waitKimura(question) : waitWhitt(question)
  const others = [waitLeeLongton(question), waitWhitt(question)]
  const spread = (Math.max(mean, ...others) - Math.min(mean, ...others)) / Math.max(mean, 1e-300)
  const delayed = waitProbability(question)
  return {
    utilisation,
    classes: classes.map((one) => waitingClass(one, mean, delayed)),
    residual: 0,
    method:
      arrivalScv === 1
        ? 'M/G/c: Kimura’s two-moment formula, exponential tail'
        : 'GI/G/c: Whitt’s two-moment formula, exponential tail',
    caveats: [
      ...(delayed < 1e-12 ? [] : [approximate(spread, servers, utilisation)]),
      ...nearSaturation(utilisation),
      ...classes.flatMap(({ service }) => service.caveats),
    ],
  }
}

function approximate(spread: number, servers: number, utilisation: number): Caveat {
  return caveat(
    'approximate-wait',
    `no exact result is known for ${servers} servers and general service times; the known formulas differ by ${(100 * spread).toFixed(1)} % of the mean wait`,
    { numbers: { relativeSpread: spread, servers, utilisation } },
  )
}

/** P(W > 0): Erlang C, bent for arrivals that are not Poisson as W itself is. */
function waitProbability({ servers, utilisation, arrivalScv }: GigcQuestion): number {
  const markov = erlangC(servers, servers * utilisation)
  return arrivalScv >= 1 ? markov : Math.min(1, markov * Math.max(arrivalScv, 0.1) ** (1 - utilisation))
}

function waitingClass({ service, arrivalRate }: StationClass, meanWait: number, delayed: number): ClassAtStation {
  const scale = delayed > 0 ? meanWait / delayed : 0
  const wait: Transform = (re, im) => {
    const a = 1 + re * scale
    const b = im * scale
    const size = a * a + b * b
    return { re: 1 - delayed + (delayed * a) / size, im: (-delayed * b) / size }
  }
  const response: Transform = (re, im) => {
    const w = wait(re, im)
    const s = service.rest(re, im)
    return { re: w.re * s.re - w.im * s.im, im: w.re * s.im + w.im * s.re }
  }
  const w = [1, delayed * scale, 2 * delayed * scale ** 2, 6 * delayed * scale ** 3]
  const s = [1, service.mean, service.secondMoment, service.thirdMoment]
  const r = [1, w[1]! + s[1]!, w[2]! + 2 * w[1]! * s[1]! + s[2]!, w[3]! + 3 * w[2]! * s[1]! + 3 * w[1]! * s[2]! + s[3]!]
  const rule = service.smooth ? sharpInverter(sharpnessOf(service)) : kinkedInverter()
  const answer = stationTime(r, response, service.shift, service.mean === service.shift ? 1 - delayed : 0, rule, rule)
  return {
    utilisation: arrivalRate * service.mean,
    wait: stationTime(w, wait, 0, 1 - delayed, rule, rule),
    response: answer,
    meanNumber: arrivalRate * answer.mean,
    numberSecondMoment: arrivalRate ** 2 * answer.secondMoment + arrivalRate * answer.mean,
  }
}

/**
 * Priority classes on c servers. With ρ_{≤k} the load of class k and those above, W̄_k the mean over them of the time lost to others, by load:
 *
 *   W_k = (ρ_{≤k} W̄_k − ρ_{<k} W̄_{k−1}) / ρ_k
 *
 *   preemptive-resume   W̄_k = W of these classes alone, first come first served (Bondi and Buzen): exact for equal exponential services
 *   non-preemptive      W̄_k = C E[S]/c · (1 + (f − 1) c^{ρ_{≤k}/ρ − 1}) / (1 − ρ_{≤k}), f = W/W(M/M/c) first come first served: ours; gives the first-come wait for
 *                       all classes together and Cobham’s for one server. The top class waits for the first of c servers to end, which the SCV hardly moves
 *
 * Time lost to interruptions counts as wait. Exact for one server (Cobham). Refuses `unstable`. Measured against simulation in `bench/quality/multi-server.ts`.
 * Source: A. B. Bondi, J. P. Buzen, "The response times of priority classes under preemptive resume in M/G/m queues", SIGMETRICS (1984).
 */
export function multiServerPriority(
  classes: readonly StationClass[],
  servers: number,
  discipline: PriorityDiscipline,
): StationAnswer | Refusal {
  if (servers === 1) return priorityStation(classes, discipline)
  const many = multiServerStation(classes, servers)
  if ('kind' in many) return many
  const together = mixtureLaw(classes.map(({ arrivalRate, service }) => ({ weight: arrivalRate, law: service })))
  const freed = (erlangC(servers, servers * many.utilisation) * together.mean) / servers
  const excess = freed > 0 ? (many.classes[0]!.wait.mean * (1 - many.utilisation)) / freed - 1 : 0
  const rankOf = (one: StationClass, i: number): number => one.priority ?? i + 1
  const ranks = [...new Set(classes.map(rankOf))].sort((a, b) => a - b)
  const lost = new Map<number, { readonly wait: number; readonly delayed: number }>()
  let before = 0
  for (const rank of ranks) {
    const group = classes.filter((one, i) => rankOf(one, i) <= rank)
    const alone = multiServerStation(group, servers)
    if ('kind' in alone) return alone
    const load = alone.utilisation
    const own = classes.reduce(
      (sum, one, i) => (rankOf(one, i) === rank ? sum + (one.arrivalRate * one.service.mean) / servers : sum),
      0,
    )
    const mean =
      discipline === 'preemptive-resume' || rank === ranks.at(-1)
        ? alone.classes[0]!.wait.mean
        : (freed * (1 + excess * servers ** (load / many.utilisation - 1))) / (1 - load)
    lost.set(rank, {
      wait: own > 0 ? Math.max(0, (load * mean - before) / own) : mean,
      delayed: erlangC(servers, servers * (discipline === 'preemptive-resume' ? load : many.utilisation)),
    })
    before = load * mean
  }
  return {
    utilisation: many.utilisation,
    classes: classes.map((one, i) => {
      const { wait, delayed } = lost.get(rankOf(one, i))!
      return waitingClass(one, wait, delayed)
    }),
    residual: 0,
    method: 'M/G/c priority: first-come waits of the classes above, apportioned by load',
    caveats: [
      ...many.caveats,
      caveat(
        'priority-apportioned',
        'the waits of priority classes on several servers are apportioned from first-come waits; their tails are taken as exponential',
      ),
    ],
  }
}
