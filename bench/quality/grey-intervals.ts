/**
 * How many rows that were not learned from 90 % intervals cover, with the default method: errors of 20 folds (10 for the blend) around the model of all rows, below 1,000 rows; a quarter held out from there on.
 *
 * - step times (Pollux): residual and blend fitted to 150 random rows, asked about the others; the residual also fitted to half of the placements, asked about the other half.
 * - 537_houses (PMLB): forest and boosting on 500 and on 5,000 random rows, asked about the others.
 *
 * Power caps and clocks: `grey-intervals-power`. Needs ../shared/data; says so where it is absent.
 */
import { blend, type ConformalOptions, residual, stepTimeModel } from 'halftone/grey'
import { boosting, forest, type Regressor, type Samples, shuffled } from 'halftone/learn'
import type { Rng } from 'halftone/num'
import { houses, STEP_TIME_MODELS, stepTimes, withoutMeasured } from '../../test/support/measured-tables.js'
import { coverage, line } from '../coverage.js'
import { save } from '../save.js'

const DRAWS = 6
/** The blend fits many times over: fewer draws and folds. */
const BLEND_DRAWS = 4
const white = stepTimeModel()
const trees = () => forest({ columnsPerSplit: 5 })
const some = (samples: Samples, count: number) => (rng: Rng) => {
  const order = shuffled(samples.target.length, rng)
  return { train: order.slice(0, count), test: order.slice(count) }
}

const absent = withoutMeasured('pollux') ?? withoutMeasured('pmlb')
if (absent !== undefined) console.log(`skipped: ${absent}`)
else {
  console.log('\n90 % intervals: share of rows covered that were not learned from, and width as a factor')
  const rows: Record<string, unknown>[] = []
  const row = (
    table: string,
    what: string,
    method: string,
    learner: Regressor,
    samples: Samples,
    split: Parameters<typeof coverage>[3],
    options: ConformalOptions = {},
    draws = DRAWS,
  ): void => {
    const found = coverage(samples, learner, draws, split, options)
    rows.push({ table, what, method, ...found })
    console.log(line(`${table}, ${what}, ${method}`, found))
  }
  for (const name of STEP_TIME_MODELS) {
    const samples = stepTimes(name)
    const places = samples.features.columns.slice(0, 4)
    const keys = Array.from(samples.target.keys(), (i) => places.map((column) => column[i]).join('|'))
    const distinct = [...new Set(keys)]
    row(name, '150 rows', 'residual', residual(white, trees()), samples, some(samples, 150))
    const placements = (rng: Rng) => {
      const half = new Set(Array.from(shuffled(distinct.length, rng).slice(0, distinct.length >> 1), (k) => distinct[k]))
      const all = Array.from(keys.keys())
      return { train: all.filter((i) => half.has(keys[i])), test: all.filter((i) => !half.has(keys[i])) }
    }
    row(name, 'new placements', 'residual', residual(white, trees()), samples, placements, {
      configuration: ['nodes', 'gpus', 'mostPerNode', 'leastPerNode'],
    })
  }
  const samples = houses()
  for (const count of [500, 5000]) {
    row('537_houses', `${count} rows`, 'forest', forest({ trees: 50 }), samples, some(samples, count))
    row('537_houses', `${count} rows`, 'boosting', boosting(), samples, some(samples, count))
  }
  for (const name of STEP_TIME_MODELS) {
    const samples = stepTimes(name)
    row(name, '150 rows', 'blend', blend(white, [trees()]), samples, some(samples, 150), { folds: 10 }, BLEND_DRAWS)
  }
  save('quality/grey-intervals', rows, { draws: DRAWS, blendDraws: BLEND_DRAWS })
}
