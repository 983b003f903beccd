import { describe, expect, it } from 'vitest'
import {
  type ClassificationModel,
  type FittedModel,
  type Learner,
  load,
  type QuantileModel,
  type RegressionModel,
  type Samples,
  type Table,
  tableOf,
  takeRows,
  takeSamples,
  toBytes,
  toJson,
  type Unfit,
} from '../../src/learn/index.js'
import { isRefusal } from '../../src/model/index.js'
import { Rng } from '../../src/num/index.js'

type Model = RegressionModel | ClassificationModel | QuantileModel

/** A learner to be held to the laws. Make it quick: it is fitted some thirty times on a hundred rows or so. */
export interface LearnerCase {
  readonly name: string
  readonly task: Model['task']
  readonly make: () => Learner<FittedModel>
  /** Learners whose settings make no sense; each must refuse to fit. */
  readonly wrongSettings: readonly (() => Learner<FittedModel>)[]
  /**
   * How closely (relative to the spread of the target, or in probability) each law of invariance holds: rounding for those that solve equations. A text
   * says in words why a law is not claimed.
   */
  readonly rowOrder: number | string
  /** A row of weight 2 is the row twice. */
  readonly weightIsCount: number | string
  /** Seconds or hours in a column change nothing. */
  readonly columnUnits: number | string
  /** Seconds or hours in the target change only the unit of the answer. */
  readonly targetUnits: number | string
}

/** Numbers with a pattern that every learner finds: mostly a sum, one category, some noise. */
export function numbers(rows: number, seed = 1): Samples {
  const rng = new Rng(seed, 'samples')
  const column = (): Float64Array => Float64Array.from({ length: rows }, () => 10 * rng.uniform())
  const [load, nodes, idle] = [column(), column(), column()]
  const user = Float64Array.from({ length: rows }, () => rng.below(3))
  const target = load.map((x, i) => 20 + 6 * x + 2 * nodes[i] + 8 * user[i] + rng.normal())
  return { features: tableOf({ load, nodes, idle, user }, { user: ['ann', 'bob', 'cy'] }), target }
}

/** The same with three classes, by height. */
export function classes(rows: number, seed = 1): Samples {
  const { features, target } = numbers(rows, seed)
  return { features, target: target.map((y) => (y < 55 ? 3 : y < 75 ? 7 : 11)) }
}

/** All that a model says about a table: numbers, probabilities or quantiles, row-major. */
function said(model: Model, table: Table): Float64Array {
  if (model.task === 'regression') return model.predict(table)
  return model.task === 'classification' ? model.probabilities(table) : model.quantiles(table)
}

function fitted(learner: Learner<FittedModel>, samples: Samples, seed = 7): Model {
  const model = learner.fit(samples, { rng: new Rng(seed, 'fit') })
  if (isRefusal(model)) throw new Error(model.message)
  return model as Model
}

function refused(learner: Learner<FittedModel>, samples: Samples): Unfit {
  const model = learner.fit(samples, { rng: new Rng(7, 'fit') })
  if (!isRefusal(model)) throw new Error(`${learner.name} fitted what cannot be learned from`)
  return model as Unfit
}

const codesOf = (model: FittedModel): string[] => model.caveats.map(({ code }) => code)

/** Byte by byte, without a report of the difference: `toEqual` takes seconds over large arrays. */
function sameBytes(a: Uint8Array, b: Uint8Array): void {
  expect(a.length).toBe(b.length)
  expect(a.findIndex((byte, i) => byte !== b[i])).toBe(-1)
}

function allFinite(values: Float64Array): void {
  expect(values.findIndex((value) => !Number.isFinite(value))).toBe(-1)
}

/** A column of the table replaced, or added. */
function withColumn(samples: Samples, name: string, column: Float64Array): Samples {
  const { features } = samples
  const at = features.names.indexOf(name)
  const levels = features.levels ?? features.names.map(() => undefined)
  const changed =
    at >= 0
      ? { ...features, columns: features.columns.map((old, c) => (c === at ? column : old)) }
      : {
          rows: features.rows,
          names: [...features.names, name],
          columns: [...features.columns, column],
          levels: [...levels, undefined],
        }
  return { ...samples, features: changed }
}

/** Holds a learner to all laws. */
export function learnerContract(one: LearnerCase): void {
  const { make, task } = one
  const samplesOf = task === 'classification' ? classes : numbers
  const samples = samplesOf(120)
  const asked = samplesOf(40, 2).features
  const spread = task === 'classification' ? 1 : 60

  const invariance = (title: string, claim: number | string, run: (tolerance: number) => void): void => {
    if (typeof claim === 'string') it.skip(`${title} (not claimed: ${claim})`, () => {})
    else it(title, () => run(claim * spread))
  }
  const near = (a: Float64Array, b: Float64Array, tolerance: number): void => {
    expect(a.length).toBe(b.length)
    let most = 0
    for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i] - b[i]))
    expect(most).toBeLessThanOrEqual(tolerance)
  }

  describe(one.name, () => {
    it('learns what there is to learn', () => {
      const model = fitted(make(), samplesOf(400))
      const test = samplesOf(200, 3)
      if (model.task === 'classification') {
        const right = model.predict(test.features).filter((code, i) => code === test.target[i]).length
        expect(right / 200).toBeGreaterThan(0.75)
        return
      }
      const answers = said(model, test.features)
      const width = answers.length / 200
      const mean = test.target.reduce((sum, y) => sum + y, 0) / 200
      let [left, whole] = [0, 0]
      test.target.forEach((y, i) => {
        left += (y - answers[i * width + Math.floor(width / 2)]) ** 2
        whole += (y - mean) ** 2
      })
      expect(1 - left / whole).toBeGreaterThan(0.75)
    })

    it('gives the same bytes for the same samples and seed, and leaves the samples as they were', () => {
      const before = samples.features.columns.map((column) => column.slice())
      const target = samples.target.slice()
      const [a, b] = [fitted(make(), samples), fitted(make(), samples)]
      sameBytes(toBytes(a), toBytes(b))
      expect(said(a, asked)).toEqual(said(b, asked))
      expect(samples.features.columns).toEqual(before)
      expect(samples.target).toEqual(target)
    })

    it('predicts the same bytes after being saved and loaded, as JSON and as bytes', () => {
      const model = fitted(make(), samples)
      for (const data of [toJson(model), toBytes(model)]) {
        const loaded = load(data)
        if (!loaded.ok) throw new Error(JSON.stringify(loaded.issues))
        const again = loaded.model
        expect([again.task, again.learner, again.names, again.caveats]).toEqual([task, model.learner, model.names, model.caveats])
        expect(said(again as Model, asked)).toEqual(said(model, asked))
        sameBytes(toBytes(again), toBytes(model))
      }
    })

    it('reports its progress, rising to at most 1', () => {
      const shares: number[] = []
      make().fit(samples, { rng: new Rng(1), progress: (share) => shares.push(share) })
      shares.forEach((share, k) => {
        expect(share).toBeGreaterThanOrEqual(k === 0 ? 0 : shares[k - 1])
        expect(share).toBeLessThanOrEqual(1)
      })
    })

    it('answers each row by itself: alone, among others, in any order', () => {
      const model = fitted(make(), samples)
      const all = said(model, asked)
      const width = all.length / asked.rows
      for (const row of [0, 17, 39])
        expect(said(model, takeRows(asked, [row]))).toEqual(all.slice(row * width, (row + 1) * width))
      const backwards = said(model, takeRows(asked, [39, 0]))
      expect(backwards.slice(width)).toEqual(all.slice(0, width))
      expect(said(model, takeRows(asked, [])).length).toBe(0)
    })

    if (task === 'classification')
      it('gives probabilities that sum to 1, and the likeliest class', () => {
        const model = fitted(make(), samples) as ClassificationModel
        expect(Array.from(model.classes)).toEqual([3, 7, 11])
        const p = model.probabilities(asked)
        model.predict(asked).forEach((code, i) => {
          const row = Array.from(p.slice(3 * i, 3 * i + 3))
          expect(row[0] + row[1] + row[2]).toBeCloseTo(1, 9)
          expect(Math.min(...row)).toBeGreaterThanOrEqual(0)
          expect(row[[3, 7, 11].indexOf(code)]).toBe(Math.max(...row))
        })
      })
    if (task === 'quantile')
      it('gives quantiles that ascend', () => {
        const model = fitted(make(), samples) as QuantileModel
        const q = model.quantiles(asked)
        const width = model.levels.length
        for (let p = 0; p < q.length; p++) if (p % width > 0) expect(q[p]).toBeGreaterThanOrEqual(q[p - 1])
      })

    it('takes a row of weight 0 as absent, to the last bit', () => {
      const some = Array.from({ length: 90 }, (_, i) => i + 15)
      const weights = Float64Array.from({ length: 120 }, (_, i) => (i < 15 || i >= 105 ? 0 : 1 + (i % 3)))
      const wild = withColumn(
        { ...samples, weights },
        'load',
        samples.features.columns[0].map((x, i) => (i < 15 ? 1e9 : x)),
      )
      const present = takeSamples({ ...samples, weights }, some)
      expect(said(fitted(make(), wild), asked)).toEqual(said(fitted(make(), present), asked))
    })

    it('takes only ratios of weights: all doubled change nothing', () => {
      const weights = Float64Array.from({ length: 120 }, (_, i) => 1 + (i % 4))
      const [a, b] = [1, 2].map((factor) => fitted(make(), { ...samples, weights: weights.map((w) => factor * w) }))
      near(said(a, asked), said(b, asked), 1e-9 * spread)
    })

    invariance('answers the same whatever the order of rows', one.rowOrder, (tolerance) => {
      const turned = takeSamples(
        samples,
        Array.from({ length: 120 }, (_, i) => (i * 77 + 5) % 120),
      )
      near(said(fitted(make(), turned), asked), said(fitted(make(), samples), asked), tolerance)
    })

    invariance('takes a row of weight 2 as the row twice', one.weightIsCount, (tolerance) => {
      const twice = takeSamples(samples, [
        ...Array.from({ length: 120 }, (_, i) => i),
        ...Array.from({ length: 30 }, (_, i) => i),
      ])
      const weights = Float64Array.from({ length: 120 }, (_, i) => (i < 30 ? 2 : 1))
      near(said(fitted(make(), { ...samples, weights }), asked), said(fitted(make(), twice), asked), tolerance)
    })

    invariance('answers the same whether a column is in seconds or hours', one.columnUnits, (tolerance) => {
      const hours = (table: Table): Table => ({
        ...table,
        columns: table.columns.map((column, c) => (c < 2 ? column.map((x) => x / 3600) : column)),
      })
      const changed = fitted(make(), { ...samples, features: hours(samples.features) })
      near(said(changed, hours(asked)), said(fitted(make(), samples), asked), tolerance)
    })

    if (task !== 'classification')
      invariance('answers in the unit of the target', one.targetUnits, (tolerance) => {
        const hours = fitted(make(), { ...samples, target: samples.target.map((y) => y / 3600) })
        near(
          said(hours, asked).map((y) => 3600 * y),
          said(fitted(make(), samples), asked),
          tolerance,
        )
      })

    it('takes categories as words, not codes, and a word it never saw calmly', () => {
      const model = fitted(make(), samples)
      const other = ['cy', 'ann', 'zoe', 'bob']
      const recoded: Table = {
        ...asked,
        levels: [undefined, undefined, undefined, other],
        columns: asked.columns.map((column, c) => (c === 3 ? column.map((code) => [1, 3, 0][code]) : column)),
      }
      expect(said(model, recoded)).toEqual(said(model, asked))
      const strange = { ...recoded, columns: recoded.columns.map((column, c) => (c === 3 ? column.map(() => 2) : column)) }
      allFinite(said(model, strange))
    })

    it('foresees a constant target exactly, and says so', () => {
      const constant = { ...samples, target: new Float64Array(120).fill(0.1) }
      const model = fitted(make(), constant)
      if (model.task === 'classification') {
        expect(codesOf(model)).toContain('one-class')
        expect(Array.from(model.classes)).toEqual([0.1])
        expect(said(model, asked).every((p) => p === 1)).toBe(true)
        expect(model.predict(asked).every((code) => code === 0.1)).toBe(true)
      } else {
        expect(codesOf(model)).toContain('constant-target')
        expect(said(model, asked).every((value) => value === 0.1)).toBe(true)
      }
      const loaded = load(toBytes(model))
      expect(loaded.ok && said(loaded.model as Model, asked)).toEqual(said(model, asked))
    })

    it('is not led astray by a constant column, and says so', () => {
      for (const value of [0, 1e12]) {
        const model = fitted(make(), withColumn(samples, 'same', new Float64Array(120).fill(value)))
        expect(model.caveats.find(({ code }) => code === 'constant-feature')?.path).toBe('features.same')
        const answers = said(
          model,
          withColumn({ features: asked, target: new Float64Array(40) }, 'same', new Float64Array(40).fill(value)).features,
        )
        allFinite(answers)
        const plain = said(fitted(make(), samples), asked)
        let apart = 0
        answers.forEach((x, i) => {
          apart += Math.abs(x - plain[i]) / answers.length
        })
        expect(apart).toBeLessThan(0.2 * spread)
      }
    })

    it('answers the overall mean or share where no column varies', () => {
      const features = tableOf({ a: new Float64Array(60).fill(3), b: new Float64Array(60).fill(-1) })
      const target = Float64Array.from({ length: 60 }, (_, i) => (i % 3 === 0 ? 1 : 4))
      const model = fitted(make(), { features, target })
      const answer = said(model, takeRows(features, [0]))
      allFinite(answer)
      if (task === 'regression') expect(Math.abs(answer[0] - 3)).toBeLessThan(0.5)
      // rows of nearest neighbours are five of equally near ones
      for (const value of answer) expect(value).toBeGreaterThanOrEqual(0)
      for (const value of answer) expect(value).toBeLessThanOrEqual(task === 'classification' ? 1 : 4.5)
    })

    it('places every value that is not finite, by its first row and its count, and all other faults beside it', () => {
      const [load, nodes, ...rest] = samples.features.columns.map((column) => column.slice())
      load[4] = load[9] = Number.NaN
      nodes[2] = Number.NEGATIVE_INFINITY
      const target = samples.target.slice()
      target[7] = Number.POSITIVE_INFINITY
      const weights = new Float64Array(120).fill(1)
      weights[3] = -1
      const { issues, code } = refused(make(), {
        features: { ...samples.features, columns: [load, nodes, ...rest] },
        target,
        weights,
      })
      expect(code).toBe('no-data')
      const found = issues.map(({ code, place, message }) => `${code} ${place} ${/^\d+ of \d+/.exec(message)?.[0] ?? ''}`.trim())
      expect(found).toEqual(
        expect.arrayContaining([
          'not-finite features.load[4] 2 of 120',
          'not-finite features.nodes[2] 1 of 120',
          'not-finite target[7] 1 of 120',
          'weight weights[3]',
        ]),
      )
    })

    it('refuses what is no table: no rows, no columns, lengths that differ, names twice, all weights 0', () => {
      const none = takeSamples(samples, [])
      expect(refused(make(), none).issues.map(({ code }) => code)).toContain('no-rows')
      expect(
        refused(make(), { features: { rows: 3, names: [], columns: [] }, target: Float64Array.of(1, 2, 3) }).issues[0].code,
      ).toBe('no-features')
      expect(refused(make(), { ...samples, target: samples.target.slice(1) }).issues[0].place).toBe('target')
      const twice = { ...samples.features, names: ['load', 'load', 'idle', 'user'] }
      expect(refused(make(), { ...samples, features: twice }).issues[0].code).toBe('duplicate-name')
      expect(refused(make(), { ...samples, weights: new Float64Array(120) }).issues[0].place).toBe('weights')
    })

    it('refuses a column of a million categories', () => {
      const levels = new Array<string>(1_000_000).fill('u')
      const features = { rows: 3, names: ['user'], columns: [Float64Array.of(1, 2, 999_999)], levels: [levels] }
      expect(refused(make(), { features, target: Float64Array.of(1, 2, 3) }).issues[0].code).toBe('too-many-categories')
    })

    it.runIf(task === 'classification')('refuses a number as a class', () => {
      const rows = 1_500
      const many = {
        features: tableOf({ x: Float64Array.from({ length: rows }, (_, i) => i) }),
        target: Float64Array.from({ length: rows }, (_, i) => i / 7),
      }
      expect(refused(make(), many).issues[0].code).toBe('too-many-classes')
    })

    it('learns from fewer rows than columns and says so, or refuses with a reason', () => {
      const rng = new Rng(5, 'wide')
      const columns = Object.fromEntries(
        Array.from({ length: 30 }, (_, j) => [`x${j}`, Float64Array.from({ length: 12 }, () => rng.normal())]),
      )
      const target = columns['x0'].map((x) => (x > 0 ? 2 : 1))
      const model = make().fit({ features: tableOf(columns), target }, { rng })
      if (isRefusal(model)) {
        expect(model.message.length).toBeGreaterThan(20)
        return
      }
      expect(codesOf(model)).toContain('few-rows')
      allFinite(said(model as Model, tableOf(columns)))
    })

    it('learns from one row, two rows and rows that are all the same, without a number that is not finite', () => {
      for (const rows of [[0], [0, 1], [3, 3, 3, 3, 3, 3]]) {
        const model = make().fit(takeSamples(samples, rows), { rng: new Rng(1) })
        if (!isRefusal(model)) allFinite(said(model as Model, asked))
      }
    })

    it('stays finite far outside what it saw, and with huge and tiny columns', () => {
      const far = { ...asked, columns: asked.columns.map((column, c) => (c < 3 ? column.map((x) => 1e6 * x) : column)) }
      allFinite(said(fitted(make(), samples), far))
      const extreme = (table: Table): Table => ({
        ...table,
        columns: table.columns.map((column, c) =>
          c === 0 ? column.map((x) => x * 1e150) : c === 1 ? column.map((x) => x * 1e-150) : column,
        ),
      })
      const model = make().fit({ ...samples, features: extreme(samples.features) }, { rng: new Rng(1) })
      if (!isRefusal(model)) allFinite(said(model as Model, extreme(asked)))
    })

    it('takes being asked about other columns for a fault', () => {
      const model = fitted(make(), samples)
      const names = ['nodes', 'load', 'idle', 'user']
      expect(() => said(model, { ...asked, names })).toThrow(/columns/)
      expect(() => said(model, { ...asked, names: names.slice(1), columns: asked.columns.slice(1) })).toThrow(/columns/)
    })

    it('never answers a question that is not finite with a number that is not finite', () => {
      const model = fitted(make(), samples)
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
        const strange = { ...asked, columns: asked.columns.map((column, c) => (c === 0 ? column.map(() => value) : column)) }
        let answers: Float64Array | undefined
        try {
          answers = said(model, strange)
        } catch (fault) {
          expect(fault).toBeInstanceOf(Error)
        }
        if (answers) allFinite(answers)
      }
    })

    it('refuses settings that make no sense', () => {
      for (const wrong of one.wrongSettings) {
        const { issues } = refused(wrong(), samples)
        expect(issues.length).toBeGreaterThan(0)
        for (const { place, message } of issues) expect([place.length > 0, message.length > 0]).toEqual([true, true])
      }
    })
  })
}
