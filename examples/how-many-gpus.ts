/**
 * "I timed training steps on up to four GPUs. The job has 20 million samples and must end in six hours: how many GPUs?"
 *
 * A table of one's own (seconds a step by nodes, GPUs and samples per GPU) calibrates the theory of data-parallel training; a forest learns what the theory misses; tests inside the table say what each is worth
 * beyond it. The answer comes with an interval. Run: `npx tsx examples/how-many-gpus.ts` after `npm run build`.
 */
import { blend, conformal, stepTimeModel } from 'halftone/grey'
import { forest, tableOf } from 'halftone/learn'
import { isRefusal } from 'halftone/model'
import { Rng } from 'halftone/num'

// nodes, GPUs in all, samples per GPU, seconds a step: as a notebook would have them
const timed = [
  [1, 1, 16, 0.118],
  [1, 1, 32, 0.195],
  [1, 1, 64, 0.361],
  [1, 1, 128, 0.689],
  [1, 2, 16, 0.141],
  [1, 2, 32, 0.219],
  [1, 2, 64, 0.379],
  [1, 2, 128, 0.708],
  [2, 2, 16, 0.232],
  [2, 2, 32, 0.288],
  [2, 2, 64, 0.437],
  [2, 2, 128, 0.744],
  [1, 3, 16, 0.149],
  [1, 3, 32, 0.228],
  [1, 3, 64, 0.391],
  [1, 3, 128, 0.712],
  [1, 4, 16, 0.157],
  [1, 4, 32, 0.236],
  [1, 4, 64, 0.397],
  [1, 4, 128, 0.724],
  [2, 4, 16, 0.259],
  [2, 4, 32, 0.317],
  [2, 4, 64, 0.455],
  [2, 4, 128, 0.773],
]
const columns = (rows: number[][]) =>
  tableOf({ nodes: rows.map((row) => row[0]), gpus: rows.map((row) => row[1]), localBatch: rows.map((row) => row[2]) })

const learner = conformal(blend(stepTimeModel(), [forest({ columnsPerSplit: 3 })]), { grows: 'gpus' })
const model = learner.fit(
  { features: columns(timed), target: Float64Array.from(timed, (row) => row[3]) },
  { rng: new Rng(1, 'gpus') },
)
if (isRefusal(model)) throw new Error(model.message)

// 512 samples a step whatever the number of GPUs, four GPUs a node
const [samples, batch, deadlineHours] = [20e6, 512, 6]
const asked = [4, 8, 16, 32].map((gpus) => [Math.ceil(gpus / 4), gpus, batch / gpus])
const seconds = model.predict(columns(asked))
const { low, high } = model.interval(columns(asked))
const hours = (value: number) => ((samples / batch) * value) / 3600

for (const [i, [nodes, gpus]] of asked.entries())
  console.log(
    `${String(gpus).padStart(2)} GPUs on ${nodes} node${nodes > 1 ? 's' : ' '}: ${hours(seconds[i]).toFixed(1).padStart(4)} h (90 %: ${hours(low[i]).toFixed(1)} to ${hours(high[i]).toFixed(1)})`,
  )
const enough = asked.findIndex((_, i) => hours(high[i]) <= deadlineHours)
console.log(
  enough < 0
    ? `none of these is sure to end within ${deadlineHours} hours`
    : `${asked[enough][1]} GPUs: the least that ends within ${deadlineHours} hours even at the upper end of its interval`,
)
for (const { code, message } of model.caveats) console.log(`caveat ${code}: ${message}`)
