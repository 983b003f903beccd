/**
 * Quasi-birth-death processes: a level that moves one up or one down, a phase in each level, blocks that repeat.
 *
 *   down + local·G + up·G² = 0,   R = up·(−local − up·G)⁻¹
 *
 * G holds the phases at the first visit to the level below, R the mean visits above; stationary vectors fall as π_{n+1} = π_n R.
 * Method: logarithmic reduction, which doubles the levels seen at each step; all its numbers are probabilities.
 * Source: Latouche, Ramaswami, J. Appl. Prob. 30 (1993).
 */
import { type Refusal, refuse } from '../model/index.js'
import {
  addMatrices,
  dot,
  factorise,
  identityMatrix,
  type Matrix,
  maxAbs,
  multiplyMatrices,
  rowSums,
  scaleMatrix,
  solveFactored,
  solveMatrix,
  stationaryVector,
} from '../num/index.js'
import { unstable } from './priority.js'

export interface QbdBlocks {
  /** One level up. */
  readonly up: Matrix
  /** Inside a level, with the negative diagonal. */
  readonly local: Matrix
  /** One level down. */
  readonly down: Matrix
}

export interface QbdSolution {
  readonly G: Matrix
  readonly R: Matrix
  /** Largest entry of down + local·G + up·G², over the largest of local. */
  readonly residual: number
  readonly steps: number
  /** Mean rate up over mean rate down: below 1 when stable. */
  readonly utilisation: number
}

/**
 * G and R of the repeating part. Refuses `unstable` (drift not downward, with the ratio of rates), `unsupported` (phases that do not reach one
 * another), `not-converged` (with the residual, above 1e-9).
 */
export function solveQbd({ up, local, down }: QbdBlocks): QbdSolution | Refusal {
  const n = local.rows
  const phases = stationaryVector(addMatrices(addMatrices(up, local), down))
  if (!phases) return refuse('unsupported', 'the phases of the repeating levels do not all reach one another')
  const utilisation = dot(phases, rowSums(up)) / dot(phases, rowSums(down))
  if (!(utilisation < 1)) return unstable(utilisation)
  const inverse = factorise(scaleMatrix(local, -1))
  let rise = solveFactored(inverse, up)
  let fall = solveFactored(inverse, down)
  let G = fall
  let above = rise
  let steps = 0
  for (; steps < 60; steps++) {
    const u = addMatrices(multiplyMatrices(rise, fall), multiplyMatrices(fall, rise))
    const f = factorise(addMatrices(identityMatrix(n), u, -1))
    rise = solveFactored(f, multiplyMatrices(rise, rise))
    fall = solveFactored(f, multiplyMatrices(fall, fall))
    const gain = multiplyMatrices(above, fall)
    G = addMatrices(G, gain)
    above = multiplyMatrices(above, rise)
    if (maxAbs(gain) < 1e-16 || maxAbs(above) < 1e-18) break
  }
  const upG = multiplyMatrices(up, G)
  const back = addMatrices(local, upG)
  const rest = addMatrices(down, multiplyMatrices(back, G))
  const residual = maxAbs(rest) / maxAbs(local)
  if (!(residual < 1e-9)) return refuse('not-converged', 'logarithmic reduction stopped short', { residual })
  // R(−local − up·G) = up: solve the transposed system.
  const m = scaleMatrix(back, -1)
  const R = transposed(solveMatrix(transposed(m), transposed(up)))
  return { G, R, residual, steps, utilisation }
}

function transposed(a: Matrix): Matrix {
  const out = { rows: a.columns, columns: a.rows, data: new Float64Array(a.data.length) }
  for (let i = 0; i < a.rows; i++) for (let j = 0; j < a.columns; j++) out.data[j * a.rows + i] = a.data[i * a.columns + j]
  return out
}
