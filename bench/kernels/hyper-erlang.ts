/**
 * Hyper-Erlang EM on 100,000 samples (branch shapes 1, 2, 3, at most 200 steps) beside the same steps written out sample by sample with powers and factorials; and the whole search
 * of shapes by BIC.
 */
import { fitHyperErlang, fitHyperErlangByBic, Rng } from 'halftone/num'
import { save } from '../save.js'

const rng = new Rng(1, 'samples')
const values = Float64Array.from({ length: 100_000 }, () => Math.exp(rng.normal()))
const shapes = [1, 2, 3]

/** EM as the textbook writes it; returns the mean log-likelihood and the steps. */
function naive(steps: number): number {
  const mean = values.reduce((s, x) => s + x, 0) / values.length
  let spread = 0
  for (let i = 0; i < 3; i++) spread += 1 / (i + 1) / 3
  let b = [1 / 3, 1 / 3, 1 / 3]
  let rate = shapes.map((r, i) => (r * (i + 1) * spread) / mean)
  const factorial = [1, 1, 2]
  let likelihood = 0
  for (let step = 0; step <= steps; step++) {
    const mass = [0, 0, 0]
    const time = [0, 0, 0]
    likelihood = 0
    for (const x of values) {
      const f = shapes.map((r, i) => (b[i]! * rate[i]! ** r * x ** (r - 1) * Math.exp(-rate[i]! * x)) / factorial[r - 1]!)
      const all = f[0]! + f[1]! + f[2]!
      likelihood += Math.log(all)
      f.forEach((v, i) => {
        mass[i]! += v / all
        time[i]! += (v / all) * x
      })
    }
    if (step === steps) break
    b = mass.map((m) => m / values.length)
    rate = shapes.map((r, i) => (r * mass[i]!) / time[i]!)
  }
  return likelihood / values.length
}

const timed = <T>(run: () => T, times: number): { value: T; ms: number } => {
  let value = run()
  const taken: number[] = []
  for (let i = 0; i < times; i++) {
    const t = performance.now()
    value = run()
    taken.push(performance.now() - t)
  }
  return { value, ms: taken.sort((p, q) => p - q)[times >> 1]! }
}

const fast = timed(() => fitHyperErlang({ values }, shapes), 9)
const whole = timed(() => fitHyperErlang({ values }, shapes, { compressAbove: Number.POSITIVE_INFINITY }), 3)
const slow = timed(() => naive(fast.value.steps), 1)
const search = timed(() => fitHyperErlangByBic({ values }), 3)
const line = (name: string, ms: number, text: string) =>
  process.stdout.write(`${name.padEnd(44)} ${ms.toFixed(1).padStart(9)} ms   ${text}\n`)
line(`EM, logarithmic bins, ${fast.value.steps} steps`, fast.ms, `mean log-likelihood ${fast.value.meanLogLikelihood.toFixed(7)}`)
line(`EM, every sample, ${whole.value.steps} steps`, whole.ms, `mean log-likelihood ${whole.value.meanLogLikelihood.toFixed(7)}`)
line(
  'naive, every sample, the same steps',
  slow.ms,
  `mean log-likelihood ${slow.value.toFixed(7)}, ${(slow.ms / fast.ms).toFixed(0)}× the first line`,
)
line(
  'shapes by BIC, up to 20 phases',
  search.ms,
  `shapes ${search.value.branches.map((b) => b.shape).join(', ')}; mean log-likelihood ${search.value.meanLogLikelihood.toFixed(7)}`,
)
save('kernels/hyper-erlang', [
  { name: 'binned', ms: fast.ms, likelihood: fast.value.meanLogLikelihood },
  { name: 'every sample', ms: whole.ms, likelihood: whole.value.meanLogLikelihood },
  { name: 'naive', ms: slow.ms, likelihood: slow.value },
  { name: 'BIC search', ms: search.ms, likelihood: search.value.meanLogLikelihood },
])
