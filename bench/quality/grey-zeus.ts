/**
 * Time and energy of training jobs under GPU power caps (Zeus's published measurements, V100 and A40) and of CUDA kernels at core clocks (V100): median error in percent at a
 * cap or clock that was not measured.
 *
 * - unseen: all rows at one cap are left out, for every job; each cap in turn, lowest and highest apart.
 * - unseen for the job: each job lacks one cap, drawn at random between lowest and highest; others have it.
 *
 * How many unseen rows intervals cover: `grey-intervals-power`. Five shapes of the power model, two of the clock model and two ways of sharing parameters between jobs were looked at on these splits: the numbers are
 * development numbers. Needs ../shared/data; says so where it is absent.
 */
import { clockModel, onLogScale, type PowerQuestion, perGroup, powerCapModel, residual } from 'halftone/grey'
import { boosting, forest, nearest, net, type Regressor, ridge, type Samples, tableOf, takeSamples } from 'halftone/learn'
import { isRefusal } from 'halftone/model'
import { quantile, Rng } from 'halftone/num'
import { clocks, powerCaps, withoutMeasured } from '../../test/support/measured-tables.js'
import { save } from '../save.js'

interface Row {
  readonly knob: number
  readonly job: string
  readonly batch: number
  readonly seconds: number
  readonly watts: number
}
interface Set {
  readonly name: string
  readonly knob: 'capWatts' | 'clockMegahertz'
  readonly rows: readonly Row[]
}

const quick = { starts: 5, searches: 2 }

/** Fits once for each set of samples: the residual stands on the same theory. */
function once(learner: Regressor): Regressor {
  const known = new WeakMap<Samples, ReturnType<Regressor['fit']>>()
  return {
    name: learner.name,
    fit(samples, options) {
      const model = known.get(samples) ?? learner.fit(samples, options)
      known.set(samples, model)
      return model
    },
  }
}

const sets = (): Set[] => [
  ...(['v100', 'a40'] as const).map((gpu) => ({
    name: `${gpu} caps`,
    knob: 'capWatts' as const,
    rows: powerCaps(gpu).map(({ job, batch, cap, seconds, watts }) => ({ job, batch, knob: cap, seconds, watts })),
  })),
  {
    name: 'v100 clocks',
    knob: 'clockMegahertz' as const,
    rows: clocks().map(({ kernel, megahertz, milliseconds, watts }) => ({
      job: kernel,
      batch: 1,
      knob: megahertz,
      seconds: milliseconds / 1000,
      watts,
    })),
  },
]

function samplesOf({ knob, rows }: Set, question: PowerQuestion): Samples {
  const jobs = [...new Set(rows.map(({ job }) => job))]
  const words = rows.map(({ job }) => jobs.indexOf(job))
  return {
    features: tableOf(
      {
        [knob]: rows.map((row) => row.knob),
        job: words,
        batch: rows.map(({ batch }) => batch),
        logBatch: rows.map(({ batch }) => Math.log(batch)),
      },
      { job: jobs },
    ),
    target: Float64Array.from(rows, ({ seconds, watts }) => (question === 'seconds' ? seconds : seconds * watts)),
    measured: tableOf({ seconds: rows.map(({ seconds }) => seconds), watts: rows.map(({ watts }) => watts) }),
  }
}

function errors(learner: Regressor, train: Samples, test: Samples): number[] {
  const model = learner.fit(train, { rng: new Rng(1, 'bench') })
  if (isRefusal(model)) throw new Error(`${learner.name}: ${model.message}`)
  return Array.from(model.predict(test.features), (value, i) => 100 * Math.abs(value / test.target[i] - 1))
}

const median = (values: number[]): number =>
  values.length === 0
    ? 0
    : quantile(
        values.sort((a, b) => a - b),
        0.5,
      )

const absent = withoutMeasured('zeus') ?? withoutMeasured('gpu-dvfs')
if (absent !== undefined) console.log(`skipped: ${absent}`)
else {
  const out: Record<string, unknown>[] = []
  for (const set of sets()) {
    const levels = [...new Set(set.rows.map(({ knob }) => knob))].sort((a, b) => a - b)
    const keys = set.rows.map(({ job, batch }) => `${job} ${batch}`)
    const rng = new Rng(1, 'left out')
    const leftOut = new Map([...new Set(keys)].map((key) => [key, levels[1 + rng.below(levels.length - 2)]]))
    for (const question of ['seconds', 'joules'] as const) {
      const samples = samplesOf(set, question)
      const white = once(perGroup((set.knob === 'capWatts' ? powerCapModel : clockModel)(question), ['job', 'batch'], quick))
      const trees = () => forest({ columnsPerSplit: 4 })
      const methods: [string, 'white' | 'black' | 'grey', Regressor][] = [
        ['white', 'white', white],
        ['ridge', 'black', onLogScale(ridge())],
        ['nearest', 'black', onLogScale(nearest())],
        ['forest', 'black', onLogScale(trees())],
        ['boosting', 'black', onLogScale(boosting())],
        ['net', 'black', onLogScale(net())],
        ['residual', 'grey', residual(white, trees())],
      ]
      console.log(
        `\n${set.name}, ${question}: ${set.rows.length} rows of ${leftOut.size} jobs\nmethod      lowest  between  highest  unseen for the job`,
      )
      const all = set.rows.map((_, i) => i)
      const split = (isTest: (i: number) => boolean) =>
        [all.filter((i) => !isTest(i)), all.filter(isTest)].map((some) => takeSamples(samples, some))
      const unseen = levels.map((level) => split((i) => set.rows[i].knob === level))
      const unseenOwn = split((i) => set.rows[i].knob === leftOut.get(keys[i]))
      for (const [method, kind, learner] of methods) {
        const at = unseen.map(([train, test]) => errors(learner, train, test))
        const own = errors(learner, unseenOwn[0], unseenOwn[1])
        const row = {
          set: set.name,
          question,
          method,
          kind,
          lowest: median(at[0]),
          between: median(at.slice(1, -1).flat()),
          highest: median(at[at.length - 1]),
          unseenForTheJob: median(own),
          byLevel: Object.fromEntries(levels.map((level, k) => [level, median(at[k])])),
        }
        out.push(row)
        console.log(
          `${method.padEnd(10)} ${row.lowest.toFixed(1).padStart(7)} ${row.between.toFixed(1).padStart(8)} ${row.highest.toFixed(1).padStart(8)} ${row.unseenForTheJob.toFixed(1).padStart(12)}`,
        )
      }
    }
  }
  save('quality/grey-zeus', out)
}
