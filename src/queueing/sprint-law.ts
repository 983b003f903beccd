/**
 * Sprinting inside the model: a job that has not ended T seconds after its dispatch runs φ times as fast until it ends (E8), and the
 * timeout at which a refilled budget just suffices (E9).
 *
 *   S_T = min(S, T) + (S − T)^+/φ
 *
 * S_T depends on the total S alone, not on the order of its stages, so a constant part is taken out first and the exponential rest is solved
 * exactly: with p(T) the phases occupied at T and R_j the time to the end from phase j,
 *
 *   S_T*(s) = S*(s) + e^{−sT} Σ_j p_j(T) [R_j*(s/φ) − R_j*(s)],        E[((S − T)^+)^n] = Σ_j p_j(T) E[R_j^n]
 *
 * Holds for an unlimited budget and a timer that starts at dispatch. Source: specs, E8 and E9.
 */
import type { Caveat, Refusal } from '../model/index.js'
import { caveat, refuse } from '../model/index.js'
import type { Transform } from '../num/index.js'
import type { PhasePart, ServiceLaw } from './law.js'
import type { PhaseChain } from './phase-chain.js'
import { chainTransform, phasesAt, remainingMoments, weightedTransform } from './phase-chain.js'
import { lawOfParts, lawQuantile, mixtureLaw, overshootByTail, scaleLaw, scvOf, twoMomentChain } from './service-law.js'

/** When and how fast a class sprints. */
export interface SprintTimer {
  readonly timeoutSeconds: number
  /** Work per second while sprinting, against 1 otherwise. */
  readonly speed: number
}

/** The service law under a sprint timer from dispatch, budget unlimited: exact for constants plus phases; else fitted, with a caveat. */
export function sprintLaw(law: ServiceLaw, { timeoutSeconds, speed }: SprintTimer): ServiceLaw {
  if (speed === 1) return law
  if (timeoutSeconds <= 0) return scaleLaw(law, 1 / speed)
  const { parts, caveats } = law.parts === undefined ? fittedParts(law) : { parts: law.parts, caveats: law.caveats }
  const name = `${law.name}, sprinting after ${timeoutSeconds} s`
  const only = parts.length === 1 ? parts[0] : undefined
  if (only) return { ...sprintPart(only, timeoutSeconds, speed), name, caveats }
  const sprinted = parts.map((part) => ({ weight: part.probability, law: sprintPart(part, timeoutSeconds, speed) }))
  const mixed = mixtureLaw(sprinted)
  return { ...mixed, name, caveats }
}

function fittedParts(law: ServiceLaw): { parts: readonly PhasePart[]; caveats: readonly Caveat[] } {
  const scv = scvOf(law)
  return {
    parts: [{ probability: 1, shift: 0, chain: twoMomentChain(law.mean, scv) }],
    caveats: [
      ...law.caveats,
      caveat(
        'sprint-fitted',
        `the ${law.name} law was replaced by phases with its mean and variance before the sprint timer was applied`,
        {
          numbers: { meanSeconds: law.mean, scv },
        },
      ),
    ],
  }
}

function sprintPart({ shift, chain }: PhasePart, timeout: number, speed: number): ServiceLaw {
  // The timer ends within the constant part: all that is left, and every phase, runs at sprint speed.
  if (timeout <= shift) {
    const bare = lawOfParts('constant', [{ probability: 1, shift: timeout + (shift - timeout) / speed }])
    if (chain === undefined) return bare
    return scaledPhases(chain, bare.mean, speed)
  }
  if (chain === undefined) return lawOfParts('constant', [{ probability: 1, shift }])
  return sprintChain(chain, shift, timeout - shift, speed)
}

function scaledPhases(chain: PhaseChain, shift: number, speed: number): ServiceLaw {
  return lawOfParts('phases', [{ probability: 1, shift, chain: { ...chain, rate: chain.rate.map((rate) => rate * speed) } }])
}

function sprintChain(chain: PhaseChain, shift: number, timeout: number, speed: number): ServiceLaw {
  const at = phasesAt(chain, timeout)
  const remaining = remainingMoments(chain, 4)
  const overshoot = remaining.map((moment) => dot(at, moment))
  const plain = remaining.map((moment) => dot(chain.initial, moment))
  // E[S_T^n] = E[S^n] + Σ_j C(n, j) T^{n−j} (φ^{−j} − 1) E[((S − T)^+)^j].
  const moments = [1]
  for (let n = 1; n <= 4; n++) {
    let sum = plain[n]!
    let choose = n
    for (let j = 1; j <= n; j++) {
      sum += choose * timeout ** (n - j) * (speed ** -j - 1) * overshoot[j]!
      choose = (choose * (n - j)) / (j + 1)
    }
    moments.push(sum)
  }
  const whole = chainTransform(chain)
  const left = weightedTransform(chain, at)
  const rest = lastKept((re, im) => {
    const fast = left(re / speed, im / speed)
    const slow = left(re, im)
    const gapRe = fast.re - slow.re
    const gapIm = fast.im - slow.im
    const decay = Math.exp(-re * timeout)
    const c = decay * Math.cos(im * timeout)
    const s = -decay * Math.sin(im * timeout)
    const value = whole(re, im)
    return { re: value.re + c * gapRe - s * gapIm, im: value.im + c * gapIm + s * gapRe }
  })
  const lst: Transform =
    shift === 0
      ? rest
      : (re, im) => {
          const value = rest(re, im)
          const decay = Math.exp(-re * shift)
          const c = decay * Math.cos(im * shift)
          const s = -decay * Math.sin(im * shift)
          return { re: c * value.re - s * value.im, im: c * value.im + s * value.re }
        }
  const shifted = [1]
  for (let n = 1; n <= 4; n++) {
    let sum = 0
    let choose = 1
    for (let j = 0; j <= n; j++) {
      sum += choose * shift ** (n - j) * moments[j]!
      choose = (choose * (n - j)) / (j + 1)
    }
    shifted.push(sum)
  }
  let slowest = Number.POSITIVE_INFINITY
  for (const rate of chain.rate) slowest = Math.min(slowest, rate)
  const unhurried = lawOfParts('phases', [{ probability: 1, shift: 0, chain }])
  const tailOfChain = (t: number) => phasesAt(chain, t).reduce((sum, p) => sum + p, 0)
  return {
    name: 'phases, sprinting',
    mean: shifted[1]!,
    secondMoment: shifted[2]!,
    thirdMoment: shifted[3]!,
    fourthMoment: shifted[4]!,
    lst,
    shift,
    rest,
    // The density jumps by a factor φ at the timeout: a kink in the tail.
    smooth: overshoot[0]! < 1e-6,
    decayRate: slowest * speed,
    survival: (t) => {
      const work = t - shift <= timeout ? t - shift : timeout + (t - shift - timeout) * speed
      return work < 0 ? 1 : tailOfChain(work)
    },
    // S_T grows with S, so its quantile is that of S, hastened from the timeout on.
    quantile: (p) => {
      const work = lawQuantile(unhurried, p)
      return shift + (work <= timeout ? work : timeout + (work - timeout) / speed)
    },
    caveats: [],
  }
}

/** The same transform; asked again at the argument before, it does not compute: the wait of a class and its service meet at every node of an inversion. */
function lastKept(transform: Transform): Transform {
  let [atRe, atIm] = [Number.NaN, Number.NaN]
  let value = { re: 1, im: 0 }
  return (re, im) => {
    if (re !== atRe || im !== atIm) {
      value = transform(re, im)
      atRe = re
      atIm = im
    }
    return value
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

/**
 * E[(S − T)^+], seconds of work that a job has left T seconds after dispatch.
 * Exact for constants plus phases; by quadrature of the tail otherwise.
 */
export function meanOvershoot(law: ServiceLaw, timeoutSeconds: number): number {
  if (timeoutSeconds <= 0) return law.mean - timeoutSeconds
  if (law.parts !== undefined) {
    let sum = 0
    for (const { probability, shift, chain } of law.parts) {
      if (timeoutSeconds <= shift)
        sum +=
          probability * (shift - timeoutSeconds + (chain === undefined ? 0 : dot(chain.initial, remainingMoments(chain, 1)[1]!)))
      else if (chain !== undefined)
        sum += probability * dot(phasesAt(chain, timeoutSeconds - shift), remainingMoments(chain, 1)[1]!)
    }
    return sum
  }
  const far = Math.max(timeoutSeconds * 2, lawQuantile(law, 1 - 1e-9))
  return overshootByTail(law.survival!, timeoutSeconds, far, 1)
}

/** Sprint seconds that a job spends: E[(S − T)^+]/φ (E9). */
export function sprintSeconds(law: ServiceLaw, timer: SprintTimer): number {
  return meanOvershoot(law, timer.timeoutSeconds) / timer.speed
}

/**
 * The fluid-balance timeout (E9): the smallest T with Σ λ_k c_k(T)·cost ≤ refill, c_k the sprint seconds of a job of class k. 0 when the refill carries
 * sprinting from the start. Seconds. A finite bucket moves the best timeout slightly below it.
 *
 * Refuses when the refill is zero: then no finite timeout balances.
 */
export function fluidBalanceTimeout(question: {
  readonly classes: readonly { readonly arrivalRate: number; readonly law: ServiceLaw }[]
  readonly speed: number
  readonly refillPerSecond: number
  readonly costPerSecond?: number
}): number | Refusal {
  const { classes, speed, refillPerSecond } = question
  const cost = question.costPerSecond ?? 1
  if (!(refillPerSecond > 0))
    return refuse('infeasible', 'a budget that is not refilled has no lasting balance', { refillPerSecond })
  const spent = (timeout: number) =>
    classes.reduce(
      (sum, { arrivalRate, law }) => sum + arrivalRate * cost * sprintSeconds(law, { timeoutSeconds: timeout, speed }),
      0,
    )
  if (spent(0) <= refillPerSecond) return 0
  let low = 0
  let high = Math.max(...classes.map(({ law }) => law.mean))
  for (let step = 0; spent(high) > refillPerSecond; step++) {
    if (step > 60)
      return refuse('not-converged', 'no timeout within 2^60 mean service times balances the budget', { refillPerSecond })
    low = high
    high *= 2
  }
  for (let step = 0; step < 60 && high - low > 1e-10 * high; step++) {
    const middle = (low + high) / 2
    if (spent(middle) > refillPerSecond) low = middle
    else high = middle
  }
  return (low + high) / 2
}
