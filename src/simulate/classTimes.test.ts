import { describe, expect, it } from 'vitest'
import { quantile, Rng } from '../num/index.js'
import { timesByClass } from './classTimes.js'
import { Workspace } from './workspace.js'

const PROBABILITIES = [0, 0.5, 0.95, 0.99, 1]
const DONE = 3

interface Drawn {
  readonly jobs: number
  readonly classes: number
  readonly draw: (rng: Rng) => { readonly wait: number; readonly service: number }
  readonly ended?: number
}

function columns({ jobs, classes, draw, ended = 1 }: Drawn) {
  const rng = new Rng(jobs, 'class times')
  const classIndex = Uint16Array.from({ length: jobs }, () => rng.below(classes))
  const drawn = Array.from({ length: jobs }, () => draw(rng))
  return {
    first: Math.floor(jobs / 10),
    last: jobs,
    classIndex,
    arrival: Float64Array.from({ length: jobs }, (_, i) => 1e6 + i),
    response: Float64Array.from(drawn, ({ wait, service }) => wait + service),
    held: Float64Array.from(drawn, ({ service }) => service),
    state: Uint8Array.from({ length: jobs }, () => (rng.uniform() < ended ? DONE : 2)),
    done: DONE,
  }
}

/** By the definition: the times of each class, put in order. */
function bySorting(of: ReturnType<typeof columns>, classes: number) {
  const summary = (times: number[]) => ({
    sum: times.reduce((a, b) => a + b, 0),
    quantiles: times.length > 0 ? PROBABILITIES.map((p) => quantile(Float64Array.from(times).sort(), p)) : undefined,
  })
  return Array.from({ length: classes }, (_, k) => {
    const mine: number[] = []
    for (let i = of.first; i < of.last; i++) if (of.classIndex[i] === k && of.state[i] === DONE) mine.push(i)
    const response = mine.map((i) => of.response[i])
    const service = mine.map((i) => of.held[i])
    const wait = mine.map((i, j) => {
      const difference = response[j] - service[j]
      return difference > 1e-12 * response[j] + 1e-15 * of.arrival[i] ? difference : 0
    })
    return { jobs: mine.length, response: summary(response), wait: summary(wait), service: summary(service) }
  })
}

const cases: Record<string, Drawn> = {
  'two classes, one in four without a wait': {
    jobs: 40_000,
    classes: 2,
    draw: (rng) => ({ wait: rng.below(4) === 0 ? 0 : rng.exponential(), service: rng.exponential() }),
  },
  'times over nine orders of size': {
    jobs: 30_000,
    classes: 3,
    draw: (rng) => ({ wait: Math.exp(10 * rng.normal()), service: Math.exp(10 * rng.normal()) }),
  },
  'equal services, hardly ever a wait': {
    jobs: 20_000,
    classes: 1,
    draw: (rng) => ({ wait: rng.below(1000) === 0 ? 3 : 0, service: 60 }),
  },
  'jobs that did not end': {
    jobs: 20_000,
    classes: 2,
    draw: (rng) => ({ wait: rng.exponential(), service: rng.exponential() }),
    ended: 0.7,
  },
  'services of 0 and of a hundred billion seconds': {
    jobs: 20_000,
    classes: 2,
    draw: (rng) => ({ wait: rng.exponential(), service: rng.below(10) === 0 ? 0 : rng.below(10) === 0 ? 1e11 : 1 }),
  },
  'few jobs': { jobs: 300, classes: 2, draw: (rng) => ({ wait: rng.exponential(), service: rng.exponential() }) },
  'more classes than jobs': { jobs: 40, classes: 60, draw: (rng) => ({ wait: rng.exponential(), service: 1 }) },
  'nobody ended': { jobs: 5000, classes: 2, draw: () => ({ wait: 1, service: 1 }), ended: 0 },
}

describe('times by class', () => {
  it.each(Object.entries(cases))('%s: sums and quantiles are those of the sorted times', (_, drawn) => {
    const of = columns(drawn)
    const space = new Workspace()
    expect(timesByClass(of, drawn.classes, PROBABILITIES, space)).toEqual(bySorting(of, drawn.classes))
    // what an earlier run left in the workspace does not matter
    expect(timesByClass(of, drawn.classes, PROBABILITIES, space)).toEqual(bySorting(of, drawn.classes))
  })

  it('without probabilities gives the sums alone', () => {
    const of = columns(cases['few jobs'])
    const sums = timesByClass(of, 2, [], new Workspace())
    expect(sums.map(({ wait }) => wait)).toEqual(bySorting(of, 2).map(({ wait }) => ({ sum: wait.sum, quantiles: undefined })))
  })

  it('what rounding leaves of (arrival + service) − arrival is no wait', () => {
    const of = columns({ jobs: 5000, classes: 1, draw: (rng) => ({ wait: 0, service: rng.exponential() }) })
    of.response.forEach((_, i) => {
      of.response[i] = of.arrival[i] + of.held[i] - of.arrival[i]
    })
    expect(of.response.some((time, i) => time > of.held[i])).toBe(true)
    expect(timesByClass(of, 1, PROBABILITIES, new Workspace())[0].wait).toEqual({ sum: 0, quantiles: [0, 0, 0, 0, 0] })
  })

  it('leaves the columns of the run as they were', () => {
    const of = columns(cases['two classes, one in four without a wait'])
    const before = of.response.slice()
    timesByClass(of, 2, PROBABILITIES, new Workspace())
    expect(of.response).toEqual(before)
  })
})
