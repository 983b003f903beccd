import { dot, matrixFromRows, solveColumn } from '../num/index.js'
import type { Law } from './law.js'

/** Mean and second moment of a law, in seconds and seconds². */
export function lawMoments(law: Law): { readonly mean: number; readonly second: number } {
  switch (law.kind) {
    case 'constant':
      return { mean: law.seconds, second: law.seconds ** 2 }
    case 'exponential':
      return { mean: law.meanSeconds, second: 2 * law.meanSeconds ** 2 }
    case 'erlang':
      return { mean: law.meanSeconds, second: law.meanSeconds ** 2 * (1 + 1 / law.shape) }
    case 'hyper-erlang':
      return {
        mean: sum(law.branches.map((b) => (b.probability * b.shape) / b.ratePerSecond)),
        second: sum(law.branches.map((b) => (b.probability * b.shape * (b.shape + 1)) / b.ratePerSecond ** 2)),
      }
    case 'phase-type': {
      // x = (−A)⁻¹ 1, y = (−A)⁻¹ x: E = α x, E² = 2 α y
      const negative = matrixFromRows(law.generator.map((row) => row.map((rate) => -rate)))
      const first = solveColumn(
        negative,
        law.initial.map(() => 1),
      )
      const second = solveColumn(negative, first)
      return { mean: dot(law.initial, first), second: 2 * dot(law.initial, second) }
    }
    case 'lognormal':
      return { mean: law.meanSeconds, second: law.meanSeconds ** 2 * (1 + law.scv) }
    case 'uniform': {
      const { lowSeconds: a, highSeconds: b } = law
      return { mean: (a + b) / 2, second: (a * a + a * b + b * b) / 3 }
    }
    case 'bounded-pareto':
      return { mean: paretoMoment(law, 1), second: paretoMoment(law, 2) }
    case 'empirical':
      return {
        mean: sum(law.seconds) / law.seconds.length,
        second: sum(law.seconds.map((x) => x * x)) / law.seconds.length,
      }
  }
}

function paretoMoment(
  { shape, lowSeconds: l, highSeconds: h }: { shape: number; lowSeconds: number; highSeconds: number },
  r: number,
) {
  const scale = shape / -Math.expm1(shape * Math.log(l / h))
  const power = r - shape
  return Math.abs(power) < 1e-12 ? scale * l ** shape * Math.log(h / l) : (scale * l ** shape * (h ** power - l ** power)) / power
}

function sum(values: readonly number[]): number {
  return values.reduce((total, x) => total + x, 0)
}
