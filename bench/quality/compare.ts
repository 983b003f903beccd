/**
 * `halftone compare` on measured tables: iterations of data-parallel training (Pollux; bert, cifar10, deepspeech2, imagenet), 30 random rows to learn from, three quarters of them, and at most four GPUs
 * to learn from and more to judge on. Needs ../shared/data; says so where it is absent. Three draws a split.
 */
import { existsSync } from 'node:fs'
import { comparisonText } from 'halftone/report'
import { compare, readMeasurements } from 'halftone/study'
import { save } from '../save.js'

const rows: unknown[] = []
for (const name of ['bert', 'cifar10', 'deepspeech2', 'imagenet']) {
  const path = `../shared/data/pollux/${name}_placements.csv.gz`
  if (!existsSync(path)) {
    console.log(`${name}: ${path} is not here, skipped`)
    continue
  }
  const reading = await readMeasurements(path, { observed: 'step_time', configuration: { column: 'gpus', above: 4 } })
  if (!reading.ok) throw new Error(`${path} could not be read`)
  const began = performance.now()
  const comparison = await compare({ ...reading.question, points: [30, 0.75], repeats: 3, seed: 1, threads: 2 })
  console.log(`\n${name}, ${((performance.now() - began) / 1000).toFixed(0)} s`)
  console.log(comparisonText(comparison, { width: 120 }))
  rows.push({ name, rows: comparison.data.rows, splits: comparison.splits.filter(({ refusal }) => refusal === undefined) })
}
save('quality/compare', rows)
