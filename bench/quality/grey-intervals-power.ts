/**
 * How many rows that were not learned from 90 % intervals cover: time and energy under GPU power caps (Zeus, V100 and A40) and at core clocks (V100), a fifth of the rows asked about, drawn at random; residual, and on clocks the blend,
 * on theory calibrated to each job and batch size (one search from two starts, so that it ends soon). Errors of 10 folds around the model of all rows. Needs ../shared/data; says so where it is absent.
 */
import { blend, clockModel, perGroup, powerCapModel, residual } from 'halftone/grey'
import { forest, type Samples, shuffled, tableOf } from 'halftone/learn'
import type { Rng } from 'halftone/num'
import { clocks, powerCaps, withoutMeasured } from '../../test/support/measured-tables.js'
import { coverage, line } from '../coverage.js'
import { save } from '../save.js'

const few = { starts: 2, searches: 1 }
const draws = { residual: 5, blend: 4 }

interface Row {
  readonly knob: number
  readonly job: string
  readonly batch: number
  readonly seconds: number
  readonly watts: number
}

const absent = withoutMeasured('zeus') ?? withoutMeasured('gpu-dvfs')
if (absent !== undefined) console.log(`skipped: ${absent}`)
else {
  const caps = (gpu: 'v100' | 'a40'): Row[] => powerCaps(gpu).map(({ cap, ...row }) => ({ ...row, knob: cap }))
  const kernels = clocks().map(({ kernel, megahertz, milliseconds, watts }) => ({
    job: kernel,
    batch: 1,
    knob: megahertz,
    seconds: milliseconds / 1000,
    watts,
  }))
  const sets = [
    { name: 'v100 clocks', knob: 'clockMegahertz', theory: clockModel, rows: kernels },
    { name: 'v100 caps', knob: 'capWatts', theory: powerCapModel, rows: caps('v100') },
    { name: 'a40 caps', knob: 'capWatts', theory: powerCapModel, rows: caps('a40') },
  ]
  const out: Record<string, unknown>[] = []
  for (const method of ['residual', 'blend'] as const)
    for (const { name, knob, theory, rows } of sets)
      for (const question of ['seconds', 'joules'] as const) {
        // a blend calibrates every job 44 times a draw: on the caps that takes ten minutes
        if (method === 'blend' && knob === 'capWatts') continue
        const jobs = [...new Set(rows.map(({ job }) => job))]
        const samples: Samples = {
          features: tableOf(
            {
              [knob]: rows.map((row) => row.knob),
              job: rows.map(({ job }) => jobs.indexOf(job)),
              batch: rows.map(({ batch }) => batch),
              logBatch: rows.map(({ batch }) => Math.log(batch)),
            },
            { job: jobs },
          ),
          target: Float64Array.from(rows, ({ seconds, watts }) => (question === 'seconds' ? seconds : seconds * watts)),
          measured: tableOf({ seconds: rows.map(({ seconds }) => seconds), watts: rows.map(({ watts }) => watts) }),
        }
        const white = perGroup(theory(question), ['job', 'batch'], few)
        const trees = forest({ columnsPerSplit: 4 })
        const learner = method === 'residual' ? residual(white, trees) : blend(white, [trees], { folds: 3 })
        const fifth = Math.floor(rows.length / 5)
        const split = (rng: Rng) => {
          const order = shuffled(rows.length, rng)
          return { train: order.slice(fifth), test: order.slice(0, fifth) }
        }
        const found = coverage(samples, learner, draws[method], split, { folds: 10 })
        out.push({ set: name, question, method, ...found })
        console.log(line(`${name}, ${question}, ${method}`, found))
        save('quality/grey-intervals-power', out, { draws })
      }
}
