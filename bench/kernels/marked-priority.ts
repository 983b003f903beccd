/**
 * MMAP[3]/PH/1 priority, non-preemptive and preemptive-resume: moments, and p50/p95/p99 of all classes, service order 3 to 20 and 2 to 8 classes; MAP/PH/1 with 4 arrival and 20 service
 * phases. Beside naive implementations in the same run: (a) the same transform from the textbook's equations (busy generator by plain iteration, Kronecker systems, bisection), one
 * percentile of one class; (b) MAP/PH/1 as a quasi-birth-death process of 80 × 80 blocks. Aims: moments below 2 ms, percentiles below 10 ms at order 3, absolute error below 1e-4.
 */
import {
  addMatrices,
  type ComplexMatrix,
  carefulInverter,
  complexSolveInPlace,
  complexZero,
  identityMatrix,
  kronecker,
  kroneckerSum,
  type MarkedArrivals,
  type Matrix,
  markedArrivalRates,
  matrixFromRows,
  multiplyMatrices,
  type PhaseType,
  phaseTypeCdf,
  phaseTypeMean,
  Rng,
  rowTimes,
  solveMatrix,
  stationaryVector,
  stretched,
  tailAndDensity,
  zeroMatrix,
} from 'halftone/num'
import { mapPh1, mapPhC, mmapPh1Priority, type QueueFigures } from 'halftone/queueing'
import { save } from '../save.js'

const D0 = [
  [-5.49, 0, 1.15, 0],
  [0, -2.29, 0, 0],
  [0, 0.08, -1.32, 0],
  [0.72, 1.17, 0.7, -7.07],
]
const D = [
  [
    [0, 0.98, 0, 0.31],
    [0, 0, 1, 0],
    [0, 0, 0, 0],
    [1.1, 0.84, 0.33, 1.03],
  ],
  [
    [0.3, 1, 0, 0.48],
    [0, 0.2, 0, 0],
    [0, 0, 0, 0],
    [0.61, 0, 0, 0.2],
  ],
  [
    [0.25, 0.38, 0.64, 0],
    [0, 0, 0, 1.09],
    [0, 1.24, 0, 0],
    [0.37, 0, 0, 0],
  ],
]
const three: MarkedArrivals = { D0, D }
const levels = [0.5, 0.95, 0.99]

/** A law of a given order whose phases may return (the expensive kind), stretched later to the load. */
function law(order: number, rng: Rng): PhaseType {
  const generator = Array.from({ length: order }, (_, i) => {
    const row = Array.from({ length: order }, (__, j) => (i === j ? 0 : rng.uniform() / order))
    row[i] = -row.reduce((s, x) => s + x, 0) - 0.2 - rng.uniform()
    return row
  })
  return { alpha: new Array<number>(order).fill(1 / order), generator }
}

function loaded(arrivals: MarkedArrivals, laws: readonly PhaseType[], load: number): PhaseType[] {
  const rho = markedArrivalRates(arrivals).reduce((s, r, k) => s + r * phaseTypeMean(laws[k]!), 0)
  return laws.map((l) => stretched(l, load / rho))
}

/** Median milliseconds of a run, and of the processor's own time, which neighbours on the machine disturb less. */
function median(run: () => unknown, times: number): { wall: number; cpu: number } {
  for (let i = 0; i < Math.min(times, 60); i++) run()
  const wall: number[] = []
  const cpu: number[] = []
  for (let i = 0; i < times; i++) {
    const c = process.cpuUsage()
    const t = performance.now()
    run()
    wall.push(performance.now() - t)
    const d = process.cpuUsage(c)
    cpu.push((d.user + d.system) / 1000)
  }
  const middle = (x: number[]) => x.sort((a, b) => a - b)[x.length >> 1]!
  return { wall: middle(wall), cpu: middle(cpu) }
}

function answered(value: ReturnType<typeof mmapPh1Priority>): QueueFigures {
  if ('kind' in value) throw new Error(value.message)
  return value
}

// --- naive: preemptive-resume, lowest class, straight from the equations ---------------------------------------------------------------

/** Solves A·X = B for complex dense A (destroyed) and a few columns. */
function complexSolve(a: ComplexMatrix, columns: number, bRe: Float64Array, bIm: Float64Array): void {
  for (let c = 0; c < columns; c++) {
    const re = Float64Array.from({ length: a.n }, (_, i) => bRe[i * columns + c]!)
    const im = Float64Array.from({ length: a.n }, (_, i) => bIm[i * columns + c]!)
    complexSolveInPlace(a.n, a.re.slice(), a.im.slice(), re, im)
    for (let i = 0; i < a.n; i++) {
      bRe[i * columns + c] = re[i]!
      bIm[i * columns + c] = im[i]!
    }
  }
}

/** φ[U] by the Kronecker system (−(A ⊕ U))⁻¹ (a ⊗ I). */
function naivePhi(l: PhaseType, u: ComplexMatrix): ComplexMatrix {
  const n = u.n
  const m = l.alpha.length
  const size = n * m
  const big = complexZero(size)
  const bRe = new Float64Array(size * n)
  const bIm = new Float64Array(size * n)
  for (let i = 0; i < m; i++) {
    const exit = -l.generator[i]!.reduce((s, x) => s + x, 0)
    for (let r = 0; r < n; r++) {
      bRe[(i * n + r) * n + r] = exit
      for (let j = 0; j < m; j++) big.re[(i * n + r) * size + j * n + r]! -= l.generator[i]![j]!
      for (let c = 0; c < n; c++) {
        big.re[(i * n + r) * size + i * n + c]! -= u.re[r * n + c]!
        big.im[(i * n + r) * size + i * n + c]! -= u.im[r * n + c]!
      }
    }
  }
  complexSolve(big, n, bRe, bIm)
  const out = complexZero(n)
  for (let i = 0; i < m; i++) {
    for (let p = 0; p < n * n; p++) {
      out.re[p]! += l.alpha[i]! * bRe[i * n * n + p]!
      out.im[p]! += l.alpha[i]! * bIm[i * n * n + p]!
    }
  }
  return out
}

function naiveBusy(silent: Matrix, marked: readonly Matrix[], laws: readonly PhaseType[], re: number, im: number): ComplexMatrix {
  const n = silent.rows
  let u = complexZero(n)
  for (let step = 0; step < 20_000; step++) {
    const next = complexZero(n)
    next.re.set(silent.data)
    for (let i = 0; i < n; i++) {
      next.re[i * n + i]! -= re
      next.im[i * n + i]! -= im
    }
    laws.forEach((l, k) => {
      const phi = naivePhi(l, u)
      for (let i = 0; i < n; i++)
        for (let j = 0; j < n; j++)
          for (let q = 0; q < n; q++) {
            next.re[i * n + j]! += marked[k]!.data[i * n + q]! * phi.re[q * n + j]!
            next.im[i * n + j]! += marked[k]!.data[i * n + q]! * phi.im[q * n + j]!
          }
    })
    let gap = 0
    for (let p = 0; p < n * n; p++) gap = Math.max(gap, Math.abs(next.re[p]! - u.re[p]!) + Math.abs(next.im[p]! - u.im[p]!))
    u = next
    if (gap < 1e-10) break
  }
  return u
}

/** The transform of the lowest class's response, preemptive-resume. */
function naiveTransform(arrivals: MarkedArrivals, laws: readonly PhaseType[]) {
  const n = arrivals.D0.length
  const K = laws.length
  const marked = arrivals.D.map((m) => matrixFromRows(m))
  const silent = matrixFromRows(arrivals.D0)
  const u0 = naiveBusy(silent, marked, laws, 0, 0)
  const idle = stationaryVector({ rows: n, columns: n, data: u0.re })!
  const rates = markedArrivalRates(arrivals)
  const rho = rates.reduce((s, r, k) => s + r * phaseTypeMean(laws[k]!), 0)
  const w0 = idle.map((p) => p * (1 - rho))
  // The work is matrix-exponential: rows w0·C, generator K = Â + BC, columns B.
  const orders = laws.map((l) => l.alpha.length)
  const total = orders.reduce((s, m) => s + m, 0) * n
  const C = zeroMatrix(n, total)
  const A = zeroMatrix(total, total)
  const B = zeroMatrix(total, n)
  let at = 0
  const real = { rows: n, columns: n, data: u0.re }
  laws.forEach((l, k) => {
    const m = l.alpha.length
    const gen = matrixFromRows(l.generator)
    const exits = matrixFromRows(l.generator.map((row) => [-row.reduce((s, x) => s + x, 0)]))
    const x = solveMatrix(kroneckerSum(gen, real), kronecker(exits, identityMatrix(n)))
    for (let i = 0; i < m; i++) {
      const block = { rows: n, columns: n, data: x.data.slice(i * n * n, (i + 1) * n * n).map((v) => -v) }
      const p = multiplyMatrices(marked[k]!, block)
      for (let r = 0; r < n; r++) {
        C.data[r * total + at + i * n + r] = l.alpha[i]!
        for (let j = 0; j < m; j++) A.data[(at + i * n + r) * total + at + j * n + r] = l.generator[i]![j]!
        for (let c = 0; c < n; c++) B.data[(at + i * n + r) * n + c] = p.data[r * n + c]!
      }
    }
    at += m * n
  })
  const generator = addMatrices(A, multiplyMatrices(B, C))
  const start = rowTimes(w0, C)
  const into = multiplyMatrices(B, marked[K - 1]!)
  const atOnce = rowTimes(w0, marked[K - 1]!)
  const higher = marked.slice(0, K - 1)
  const quiet = addMatrices(silent, marked[K - 1]!)
  return (re: number, im: number) => {
    const u = naiveBusy(quiet, higher, laws.slice(0, K - 1), re, im)
    const phi = naivePhi(laws[K - 1]!, u)
    const hRe = new Float64Array(n)
    const hIm = new Float64Array(n)
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) {
        hRe[i]! += phi.re[i * n + j]!
        hIm[i]! += phi.im[i * n + j]!
      }
    // K Y + Y U = −B D: one Kronecker system of order total·n.
    const size = total * n
    const big = complexZero(size)
    const bRe = new Float64Array(size)
    const bIm = new Float64Array(size)
    for (let i = 0; i < total; i++)
      for (let r = 0; r < n; r++) {
        bRe[i * n + r] = -into.data[i * n + r]!
        for (let j = 0; j < total; j++) big.re[(i * n + r) * size + j * n + r]! += generator.data[i * total + j]!
        for (let c = 0; c < n; c++) {
          big.re[(i * n + c) * size + i * n + r]! += u.re[r * n + c]!
          big.im[(i * n + c) * size + i * n + r]! += u.im[r * n + c]!
        }
      }
    complexSolveInPlace(size, big.re, big.im, bRe, bIm)
    let sumRe = 0
    let sumIm = 0
    for (let r = 0; r < n; r++) {
      let yRe = atOnce[r]!
      let yIm = 0
      for (let i = 0; i < total; i++) {
        yRe += start[i]! * bRe[i * n + r]!
        yIm += start[i]! * bIm[i * n + r]!
      }
      sumRe += yRe * hRe[r]! - yIm * hIm[r]!
      sumIm += yRe * hIm[r]! + yIm * hRe[r]!
    }
    return { re: sumRe / rates[K - 1]!, im: sumIm / rates[K - 1]! }
  }
}

// --- the tables ---------------------------------------------------------------------------------------------------------------------------

const rows: Record<string, unknown>[] = []
const line = (cells: readonly string[]) =>
  process.stdout.write(`${cells.map((c, i) => (i === 0 ? c.padEnd(44) : ` ${c.padStart(13)}`)).join('')}\n`)
const ms = ({ wall, cpu }: { wall: number; cpu: number }) => `${wall.toFixed(2)}/${cpu.toFixed(2)}`
line(['medians, wall/processor ms', 'moments', 'p50 p95 p99', 'solves/s'])
const rng = new Rng(3, 'bench')
const published: PhaseType[] = [
  {
    alpha: [0.83333, 0.11404, 0.05263],
    generator: [
      [-3, 0, 0],
      [0.73077, -0.73077, 0],
      [0, 0.5, -0.5],
    ],
  },
  { alpha: [1], generator: [[-2]] },
  {
    alpha: [0.25, 0.75],
    generator: [
      [-2.5, 2.5],
      [0, -10],
    ],
  },
]
const disciplines = { NP: 'non-preemptive', PR: 'preemptive-resume' } as const
const measure = (
  name: string,
  arrivals: MarkedArrivals,
  services: readonly PhaseType[],
  discipline: keyof typeof disciplines,
  times: number,
  /** The series that `npm run growth` draws this row in. */
  place: { readonly by?: 'order' | 'classes'; readonly order?: number } = {},
) => {
  const station = { arrivals, services, discipline: disciplines[discipline] }
  const moments = median(() => answered(mmapPh1Priority(station, { numberMoments: 0 })), times)
  const all = median(() => answered(mmapPh1Priority(station, { numberMoments: 0, percentiles: levels })), times)
  line([name, ms(moments), ms(all), (1000 / all.wall).toFixed(0)])
  rows.push({ name, ...place, classes: services.length, discipline, momentsMs: moments, percentilesMs: all })
}
for (const discipline of ['NP', 'PR'] as const) {
  measure(`published example, 3 classes, ${discipline}`, three, published, discipline, 200)
}
for (const order of [3, 5, 10, 20]) {
  const services = loaded(three, [law(order, rng), law(order, rng), law(order, rng)], 0.85)
  for (const discipline of ['NP', 'PR'] as const) {
    const times = order > 5 ? 40 : 100
    measure(`order ${order}, 3 classes, ${discipline}`, three, services, discipline, times, { by: 'order', order })
  }
}
for (const count of [1, 2, 3, 5, 8]) {
  const arrivals = {
    D0,
    D: Array.from({ length: count }, () => D0.map((_, i) => D0.map((__, j) => D.reduce((s, m) => s + m[i]![j]!, 0) / count))),
  }
  const services = loaded(
    arrivals,
    Array.from({ length: count }, () => law(3, rng)),
    0.85,
  )
  for (const discipline of ['NP', 'PR'] as const) {
    measure(`order 3, ${count} classes, ${discipline}`, arrivals, services, discipline, 60, { by: 'classes', order: 3 })
  }
}

const one = {
  arrivals: { D0, D1: D0.map((_, i) => D0.map((__, j) => D.reduce((s, m) => s + m[i]![j]!, 0))) },
  service: law(20, rng),
}
const station = { arrivals: one.arrivals, service: loaded({ D0, D: [one.arrivals.D1] }, [one.service], 0.85)[0]! }
const ours = median(() => mapPh1(station, { percentiles: levels, numberMoments: 2 }), 60)
const blocks = median(() => mapPhC({ ...station, servers: 1 }, { percentiles: levels }), 5)
line(['MAP/PH/1, 4 × 20, moments and percentiles', '', ms(ours), (1000 / ours.wall).toFixed(0)])
line(['  the same by 80 × 80 QBD blocks', '', ms(blocks), `${(blocks.wall / ours.wall).toFixed(0)}× slower`])
rows.push({ name: 'MAP/PH/1 4x20', percentilesMs: ours, qbdMs: blocks })

// Naive: one percentile of one class, once.
const answer = answered(
  mmapPh1Priority({ arrivals: three, services: published, discipline: 'preemptive-resume' }, { percentiles: levels }),
)
const began = performance.now()
const transform = naiveTransform(three, published)
let low = 0
let high = 20 * answer.classes[2]!.response.moments[0]!
for (let step = 0; step < 24; step++) {
  const t = (low + high) / 2
  if (tailAndDensity(transform, t, carefulInverter()).tail > 0.05) low = t
  else high = t
}
const naive = performance.now() - began
const gap = Math.abs((low + high) / 2 / answer.classes[2]!.response.percentiles!['0.95']! - 1)
const whole = median(
  () =>
    answered(
      mmapPh1Priority(
        { arrivals: three, services: published, discipline: 'preemptive-resume' },
        { numberMoments: 0, percentiles: levels },
      ),
    ),
  60,
)
line(['naive: p95 of the lowest class alone, PR', '', naive.toFixed(0), `${((9 * naive) / whole.wall).toFixed(0)}× for all nine`])
process.stdout.write(`agreement of that p95: ${gap.toExponential(1)} relative\n`)
rows.push({ name: 'naive p95 of one class', ms: naive, relativeGap: gap })

// Error of the distribution: exact by matrix exponential where the response is phase-type (M/PH/1, and the service itself at no load).
const plain = mapPh1(
  { arrivals: { D0: [[-1e-9]], D1: [[1e-9]] }, service: published[0]! },
  { cdfAt: [0.5, 2, 10], percentiles: levels },
)
if (!('kind' in plain)) {
  const worst = levels.reduce(
    (w, p) => Math.max(w, Math.abs(phaseTypeCdf(published[0]!, plain.response.percentiles![String(p)]!) - p)),
    0,
  )
  process.stdout.write(`largest error in probability of p50, p95, p99 against the exact law: ${worst.toExponential(1)}\n`)
  rows.push({ name: 'probability error of percentiles', worst })
}
save('kernels/marked-priority', rows)
