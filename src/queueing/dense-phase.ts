/** Phase-type laws whose phases may return: dense matrices, small orders. */
import type { Transform } from '../num/index.js'
import type { ServiceLaw } from './law.js'
import type { PhaseTypeMatrices } from './phase-chain.js'

/** The service law of (α, A) with any sub-generator. Moments E X^n = n! α (−A)^{−n} 1; transform by one complex solve, O(order³). */
export function densePhaseLaw(matrices: PhaseTypeMatrices): ServiceLaw {
  const { initial, generator } = matrices
  const n = initial.length
  const negative = generator.map((row) => row.map((rate) => -rate))
  const moments = [1]
  let vector = new Array<number>(n).fill(1)
  for (let k = 1; k <= 4; k++) {
    vector = solveReal(negative, vector).map((value) => k * value)
    moments.push(initial.reduce((sum, p, i) => sum + p * vector[i]!, 0))
  }
  const exit = generator.map((row) => -row.reduce((sum, rate) => sum + rate, 0))
  const lst = denseTransform(initial, generator, exit)
  return {
    name: 'phase-type',
    mean: moments[1]!,
    secondMoment: moments[2]!,
    thirdMoment: moments[3]!,
    fourthMoment: moments[4]!,
    lst,
    shift: 0,
    rest: lst,
    smooth: true,
    decayRate: slowestDecay(negative),
    phaseType: () => matrices,
    survival: (t) => denseTail(initial, generator, t),
    caveats: [],
  }
}

function solveReal(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const n = right.length
  const a = matrix.map((row, i) => [...row, right[i]!])
  for (let c = 0; c < n; c++) {
    let pivot = c
    for (let r = c + 1; r < n; r++) if (Math.abs(a[r]![c]!) > Math.abs(a[pivot]![c]!)) pivot = r
    const swap = a[c]!
    a[c] = a[pivot]!
    a[pivot] = swap
    for (let r = c + 1; r < n; r++) {
      const factor = a[r]![c]! / a[c]![c]!
      if (factor !== 0) for (let k = c; k <= n; k++) a[r]![k]! -= factor * a[c]![k]!
    }
  }
  const x = new Array<number>(n).fill(0)
  for (let r = n - 1; r >= 0; r--) {
    let sum = a[r]![n]!
    for (let k = r + 1; k < n; k++) sum -= a[r]![k]! * x[k]!
    x[r] = sum / a[r]![r]!
  }
  return x
}

function denseTransform(
  initial: readonly number[],
  generator: readonly (readonly number[])[],
  exit: readonly number[],
): Transform {
  const n = initial.length
  const re = new Float64Array(n * (n + 1))
  const im = new Float64Array(n * (n + 1))
  const width = n + 1
  return (sRe, sIm) => {
    for (let r = 0; r < n; r++) {
      for (let c = 0; c < n; c++) {
        re[r * width + c] = -generator[r]![c]! + (r === c ? sRe : 0)
        im[r * width + c] = r === c ? sIm : 0
      }
      re[r * width + n] = exit[r]!
      im[r * width + n] = 0
    }
    // sI − A is diagonally dominant for Re s ≥ 0: no pivoting needed.
    for (let c = 0; c < n; c++) {
      const pRe = re[c * width + c]!
      const pIm = im[c * width + c]!
      const size = pRe * pRe + pIm * pIm
      for (let r = c + 1; r < n; r++) {
        const aRe = re[r * width + c]!
        const aIm = im[r * width + c]!
        if (aRe === 0 && aIm === 0) continue
        const fRe = (aRe * pRe + aIm * pIm) / size
        const fIm = (aIm * pRe - aRe * pIm) / size
        for (let k = c + 1; k <= n; k++) {
          const bRe = re[c * width + k]!
          const bIm = im[c * width + k]!
          re[r * width + k]! -= fRe * bRe - fIm * bIm
          im[r * width + k]! -= fRe * bIm + fIm * bRe
        }
      }
    }
    let sumRe = 0
    let sumIm = 0
    for (let r = n - 1; r >= 0; r--) {
      let xRe = re[r * width + n]!
      let xIm = im[r * width + n]!
      for (let k = r + 1; k < n; k++) {
        const bRe = re[r * width + k]!
        const bIm = im[r * width + k]!
        const vRe = re[k * width + n]!
        const vIm = im[k * width + n]!
        xRe -= bRe * vRe - bIm * vIm
        xIm -= bRe * vIm + bIm * vRe
      }
      const pRe = re[r * width + r]!
      const pIm = im[r * width + r]!
      const size = pRe * pRe + pIm * pIm
      re[r * width + n] = (xRe * pRe + xIm * pIm) / size
      im[r * width + n] = (xIm * pRe - xRe * pIm) / size
      sumRe += initial[r]! * re[r * width + n]!
      sumIm += initial[r]! * im[r * width + n]!
    }
    return { re: sumRe, im: sumIm }
  }
}

/** Smallest decay rate: 1 / spectral radius of (−A)^{−1}, by power iteration (the inverse is non-negative). */
function slowestDecay(negative: readonly (readonly number[])[]): number {
  let vector = new Array<number>(negative.length).fill(1)
  let size = 1
  for (let step = 0; step < 500; step++) {
    const next = solveReal(negative, vector)
    const grown = Math.max(...next)
    vector = next.map((value) => value / grown)
    if (Math.abs(grown - size) < 1e-13 * grown) return 1 / grown
    size = grown
  }
  return 1 / size
}

/** α e^{At} 1 by uniformisation. */
function denseTail(initial: readonly number[], generator: readonly (readonly number[])[], t: number): number {
  if (t <= 0) return 1
  const n = initial.length
  const fastest = generator.reduce((most, row, i) => Math.max(most, -row[i]!), 0)
  const mean = fastest * t
  const steps = Math.ceil(mean + 8 * Math.sqrt(mean) + 30)
  let now = [...initial]
  let tail = 0
  let logFactorial = 0
  for (let k = 0; k <= steps; k++) {
    if (k > 0) logFactorial += Math.log(k)
    const weight = Math.exp(k * Math.log(mean) - mean - logFactorial)
    tail += weight * now.reduce((sum, p) => sum + p, 0)
    now = now.map((p, j) => {
      let sum = p
      for (let i = 0; i < n; i++) sum += (now[i]! * generator[i]![j]!) / fastest
      return sum
    })
  }
  return Math.min(1, tail)
}
