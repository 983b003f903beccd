/**
 * M/G/1 under disciplines that look at sizes: mean responses. X is the service time with tail F̄, density f; ρ(x) = λ E[X; X ≤ x].
 *
 *   PS      E X/(1 − ρ)
 *   SJF     (non-preemptive)   E X + ∫ w/(1 − ρ(x))² f dx,  w = λ E X²/2
 *   PSJF    ∫ [ x/(1 − ρ(x)) + λ m₂(x)/(2(1 − ρ(x))²) ] f dx,  m₂(x) = E[X²; X ≤ x]
 *   SRPT    ∫ [ ∫_0^x dt/(1 − ρ(t)) + λ (m₂(x) + x² F̄(x))/(2(1 − ρ(x))²) ] f dx
 *   LAS     ∫ [ x/(1 − ρ_x) + λ E[min(X, x)²]/(2(1 − ρ_x)²) ] f dx,  ρ_x = λ E min(X, x)
 *
 * Holds for Poisson arrivals and service times with a density; sizes are known (SJF, PSJF, SRPT) or only the work done (LAS, foreground–background).
 * Sources: L. E. Schrage, L. W. Miller (1966); L. Kleinrock, Queueing Systems 2 (1976); A. Wierman (2007).
 */
import type { Refusal } from '../model/index.js'
import { refuse } from '../model/index.js'
import { gaussLegendre } from '../num/index.js'
import type { ServiceLaw } from './law.js'
import { unstable } from './priority.js'
import { lawQuantile } from './service-law.js'

export interface SizeBasedAnswer {
  readonly utilisation: number
  readonly fcfs: number
  readonly ps: number
  readonly sjf: number
  readonly psjf: number
  readonly srpt: number
  readonly las: number
  /** |∫ f dx − 1| and |∫ x f dx − E X|/E X over the grid used, the larger. */
  readonly residual: number
}

/**
 * Mean response under each discipline. Needs the law's tail; refuses `unstable`, and laws with atoms (constant, empirical), whose ties the formulas leave open —
 * but for a constant, where every size-aware discipline is first-come first-served or, for LAS, the whole busy period.
 */
export function sizeBasedStation(arrivalRate: number, service: ServiceLaw): SizeBasedAnswer | Refusal {
  const utilisation = arrivalRate * service.mean
  if (utilisation >= 1) return unstable(utilisation)
  const delay = (arrivalRate * service.secondMoment) / 2
  const fcfs = service.mean + delay / (1 - utilisation)
  const ps = service.mean / (1 - utilisation)
  if (service.survival === undefined || service.parts?.some((part) => part.chain === undefined))
    return service.mean === service.shift
      ? { utilisation, fcfs, ps, sjf: fcfs, psjf: fcfs, srpt: fcfs, las: ps + delay / (1 - utilisation) ** 2, residual: 0 }
      : refuse('unsupported', `size-based disciplines need a service law with a density; ${service.name} has atoms`)
  const sums = sweep(arrivalRate, service, service.survival, delay)
  return { utilisation, fcfs, ps, ...sums }
}

/**
 * One sweep over panels of the size axis. Outer averages ∫ g f dx are taken by parts over each panel, from F̄ alone: g(x) at the nodes against the
 * mass of F between them, with f from differences of F̄ at Gauss nodes (derivative of the interpolating polynomial).
 */
function sweep(lambda: number, service: ServiceLaw, survival: (t: number) => number, delay: number) {
  const size = 16
  const rule = gaussLegendre(size)
  const inner = integrationMatrix(rule.nodes)
  const slopes = differentiationMatrix(rule.nodes)
  const start = service.shift
  const far = lawQuantile(service, 1 - 1e-13)
  const edges = panels(start, far, service)
  // Below the shift nothing ends: min(X, x) = x there.
  let minFirst = start
  let minSecond = start * start
  let running = start
  const total = { sjf: 0, psjf: 0, srpt: 0, las: 0, mass: 0, mean: 0 }
  const tail = new Float64Array(size)
  const lead = new Float64Array(size)
  for (let p = 0; p + 1 < edges.length; p++) {
    const left = edges[p]!
    const half = (edges[p + 1]! - left) / 2
    for (let i = 0; i < size; i++) tail[i] = survival(left + half * (1 + rule.nodes[i]!))
    // E min(X, x) and E min(X, x)² at the nodes: ∫ F̄ and ∫ 2xF̄ from the panel's left edge.
    const first = new Float64Array(size)
    const second = new Float64Array(size)
    for (let i = 0; i < size; i++) {
      let a = 0
      let b = 0
      for (let j = 0; j < size; j++) {
        const x = left + half * (1 + rule.nodes[j]!)
        a += inner[i * size + j]! * tail[j]!
        b += inner[i * size + j]! * 2 * x * tail[j]!
      }
      first[i] = minFirst + half * a
      second[i] = minSecond + half * b
      const x = left + half * (1 + rule.nodes[i]!)
      lead[i] = 1 / (1 - lambda * (first[i]! - x * tail[i]!))
    }
    for (let i = 0; i < size; i++) {
      const x = left + half * (1 + rule.nodes[i]!)
      let slope = 0
      let residence = 0
      for (let j = 0; j < size; j++) {
        slope += slopes[i * size + j]! * tail[j]!
        residence += inner[i * size + j]! * lead[j]!
      }
      const weight = -rule.weights[i]! * (service.density === undefined ? slope : -half * service.density(x))
      const free = 1 / lead[i]!
      const truncated = second[i]! - x * x * tail[i]!
      const attained = 1 - lambda * first[i]!
      total.mass += weight
      total.mean += weight * x
      total.sjf += (weight * delay) / free ** 2
      total.psjf += weight * (x / free + (lambda * truncated) / (2 * free ** 2))
      total.srpt += weight * (running + half * residence + (lambda * second[i]!) / (2 * free ** 2))
      total.las += weight * (x / attained + (lambda * second[i]!) / (2 * attained ** 2))
    }
    let a = 0
    let b = 0
    let c = 0
    for (let j = 0; j < size; j++) {
      const x = left + half * (1 + rule.nodes[j]!)
      a += rule.weights[j]! * tail[j]!
      b += rule.weights[j]! * 2 * x * tail[j]!
      c += rule.weights[j]! * lead[j]!
    }
    minFirst += half * a
    minSecond += half * b
    running += half * c
  }
  return {
    sjf: service.mean + total.sjf,
    psjf: total.psjf,
    srpt: total.srpt,
    las: total.las,
    residual: Math.max(Math.abs(total.mass - 1), Math.abs(total.mean - service.mean) / service.mean),
  }
}

/** Edges: fine near the start (laws of several time scales), growing by a quarter, to the far end. */
function panels(start: number, far: number, service: ServiceLaw): number[] {
  const edges = [start]
  let width = Math.min((far - start) / 64, Math.max(lawQuantile(service, 0.02) - start, (far - start) * 1e-7) / 2)
  for (let at = start; at < far; ) {
    at = Math.min(far, at + width)
    edges.push(at)
    width = Math.min(width * 1.25, (far - start) / 32)
  }
  return edges
}

/** Row i: weights that integrate the interpolating polynomial from −1 to node i. */
function integrationMatrix(nodes: Float64Array): Float64Array {
  const n = nodes.length
  const matrix = new Float64Array(n * n)
  const rule = gaussLegendre(n)
  for (let i = 0; i < n; i++) {
    const half = (nodes[i]! + 1) / 2
    for (let q = 0; q < n; q++) {
      const x = -1 + half * (1 + rule.nodes[q]!)
      for (let j = 0; j < n; j++) matrix[i * n + j]! += half * rule.weights[q]! * lagrange(nodes, j, x)
    }
  }
  return matrix
}

function lagrange(nodes: Float64Array, j: number, x: number): number {
  let value = 1
  for (let k = 0; k < nodes.length; k++) if (k !== j) value *= (x - nodes[k]!) / (nodes[j]! - nodes[k]!)
  return value
}

/** Row i: weights of the derivative of the interpolating polynomial at node i. */
function differentiationMatrix(nodes: Float64Array): Float64Array {
  const n = nodes.length
  const weights = new Float64Array(n).fill(1)
  for (let j = 0; j < n; j++) for (let k = 0; k < n; k++) if (k !== j) weights[j]! /= nodes[j]! - nodes[k]!
  const matrix = new Float64Array(n * n)
  for (let i = 0; i < n; i++) {
    let diagonal = 0
    for (let j = 0; j < n; j++) {
      if (j === i) continue
      const value = weights[j]! / weights[i]! / (nodes[i]! - nodes[j]!)
      matrix[i * n + j] = value
      diagonal -= value
    }
    matrix[i * n + i] = diagonal
  }
  return matrix
}
