/** How many rows that were not learned from an interval covers, over draws: what the benches of intervals share. Measures nothing when imported. */
import { type ConformalOptions, conformal } from 'halftone/grey'
import { type Regressor, type Samples, takeSamples } from 'halftone/learn'
import { isRefusal } from 'halftone/model'
import { Rng } from 'halftone/num'

export interface Covered {
  /** Share of the rows covered, and half of a 95 % interval of it: from the scatter between draws, which know nothing of one another but share their rows. */
  readonly covered: number
  readonly give: number
  /** Mean width: high over low. */
  readonly width: number
  readonly rows: number
  readonly draws: number
}

/** Fits with intervals to `train` of each draw and asks about `test`. */
export function coverage(
  samples: Samples,
  learner: Regressor,
  draws: number,
  split: (rng: Rng) => { readonly train: ArrayLike<number>; readonly test: ArrayLike<number> },
  options: ConformalOptions = {},
): Covered {
  const shares: number[] = []
  let width = 0
  let rows = 0
  for (let seed = 0; seed < draws; seed++) {
    const { train, test } = split(new Rng(seed, 'interval rows'))
    const model = conformal(learner, options).fit(takeSamples(samples, Array.from(train)), { rng: new Rng(seed, 'interval') })
    if (isRefusal(model)) throw new Error(`${learner.name}: ${model.message}`)
    const asked = takeSamples(samples, Array.from(test))
    const { low, high } = model.interval(asked.features)
    let inside = 0
    asked.target.forEach((value, i) => {
      width += Math.log(high[i] / low[i])
      if (value >= low[i] && value <= high[i]) inside++
    })
    rows += asked.target.length
    shares.push(inside / asked.target.length)
  }
  const mean = shares.reduce((a, b) => a + b, 0) / draws
  const variance = shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / Math.max(draws - 1, 1)
  return { covered: mean, give: 1.96 * Math.sqrt(variance / draws), width: Math.exp(width / rows), rows, draws }
}

/** One line of the table. */
export function line(name: string, { covered, give, width, rows }: Covered): string {
  return `${name.padEnd(44)} ${(100 * covered).toFixed(1).padStart(5)} ± ${(100 * give).toFixed(1)} %  width ${width.toFixed(2)}  ${rows} rows`
}
