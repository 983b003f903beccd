/**
 * How many unseen step times 90 % intervals cover, and how wide they are: the residual fitted to 150 random rows, and to the rows of half of the placements, asked about the others. DRAWS draws of each;
 * one draw's coverage has a standard deviation of about 2.5 points. Intervals by CV+ of 20 folds, the default. Needs ../shared/data; says so where it is absent.
 */
import { conformal, residual, stepTimeModel } from 'halftone/grey'
import { forest, shuffled, takeSamples } from 'halftone/learn'
import { isRefusal } from 'halftone/model'
import { Rng } from 'halftone/num'
import { STEP_TIME_MODELS, stepTimes, withoutMeasured } from '../../test/support/measured-tables.js'
import { save } from '../save.js'

const DRAWS = 5
const white = stepTimeModel()
const trees = () => forest({ columnsPerSplit: 5 })

const absent = withoutMeasured('pollux')
if (absent !== undefined) console.log(`skipped: ${absent}`)
else {
  console.log('\n90 % intervals of the residual: share of unseen rows covered, and width as a factor')
  const intervals: Record<string, unknown>[] = []
  for (const name of STEP_TIME_MODELS) {
    const samples = stepTimes(name)
    const places = samples.features.columns.slice(0, 4)
    const keys = Array.from(samples.target.keys(), (i) => places.map((column) => column[i]).join('|'))
    const distinct = [...new Set(keys)]
    for (const what of ['random rows', 'new placements'] as const) {
      let inside = 0
      let count = 0
      let width = 0
      for (let seed = 0; seed < DRAWS; seed++) {
        const rng = new Rng(seed, 'interval rows')
        const order = shuffled(samples.target.length, rng)
        const half = new Set(Array.from(shuffled(distinct.length, rng).slice(0, distinct.length >> 1), (k) => distinct[k]))
        const train = what === 'random rows' ? order.slice(0, 150) : order.filter((i) => half.has(keys[i]))
        const test = what === 'random rows' ? order.slice(150) : order.filter((i) => !half.has(keys[i]))
        const learner = conformal(residual(white, trees()), {
          ...(what === 'random rows' ? {} : { configuration: ['nodes', 'gpus', 'mostPerNode', 'leastPerNode'] }),
        })
        const model = learner.fit(takeSamples(samples, train), { rng: new Rng(seed, 'interval') })
        if (isRefusal(model)) throw new Error(model.message)
        const asked = takeSamples(samples, test)
        const { low, high } = model.interval(asked.features)
        asked.target.forEach((value, i) => {
          count++
          width += Math.log(high[i] / low[i])
          if (value >= low[i] && value <= high[i]) inside++
        })
      }
      const row = { model: name, what, covered: inside / count, width: Math.exp(width / count) }
      intervals.push(row)
      console.log(`${name.padEnd(12)} ${what.padEnd(15)} ${(100 * row.covered).toFixed(1)} %  ${row.width.toFixed(2)}`)
    }
  }
  save('quality/grey-intervals', intervals, { draws: DRAWS })
}
