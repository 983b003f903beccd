import { describe, expect, it } from 'vitest'
import { isRefusal } from '../model/index.js'
import { Rng } from '../num/index.js'
import { boosting, boostingClassifier, boostingFrom, quantileBoosting } from './boosting.js'
import {
  extraTrees,
  extraTreesClassifier,
  forest,
  forestClassifier,
  forestFrom,
  forestGrower,
  forestOf,
  forestPieces,
  planForest,
  quantileForest,
} from './forest.js'
import { permutationImportance } from './importance.js'
import type { FittedModel, Learner, QuantileModel } from './learner.js'
import { type Samples, tableOf, takeSamples } from './table.js'

/** Friedman’s first function of five columns, noise of standard deviation 1, and three columns that tell nothing. */
function friedman(rows: number, seed: number): Samples {
  const rng = new Rng(seed, 'friedman')
  const columns: Record<string, Float64Array> = {}
  for (let c = 0; c < 8; c++) columns[`x${c}`] = Float64Array.from({ length: rows }, () => rng.uniform())
  const [a, b, c, d, e] = Object.values(columns)
  const target = Float64Array.from(
    { length: rows },
    (_, i) => 10 * Math.sin(Math.PI * a[i] * b[i]) + 20 * (c[i] - 0.5) ** 2 + 10 * d[i] + 5 * e[i] + rng.normal(),
  )
  return { features: tableOf(columns), target }
}

/** Three classes by two columns, a tenth of the labels drawn anew. */
function corners(rows: number, seed: number): Samples {
  const rng = new Rng(seed, 'corners')
  const x = Float64Array.from({ length: rows }, () => rng.uniform())
  const y = Float64Array.from({ length: rows }, () => rng.uniform())
  const idle = Float64Array.from({ length: rows }, () => rng.uniform())
  const target = x.map((_, i) => (rng.uniform() < 0.1 ? rng.below(3) : x[i] < 0.5 ? 0 : y[i] < 0.5 ? 1 : 2) * 5)
  return { features: tableOf({ x, y, idle }), target }
}

function fitted<Model extends FittedModel>(learner: Learner<Model>, samples: Samples, seed = 7): Model {
  const model = learner.fit(samples, { rng: new Rng(seed, 'a') })
  if (isRefusal(model)) throw new Error(model.message)
  return model
}

const meanSquare = (a: Float64Array, b: Float64Array): number =>
  a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0) / a.length
const wrongShare = (a: Float64Array, b: Float64Array): number => a.filter((value, i) => value !== b[i]).length / a.length

describe('a forest', () => {
  const train = friedman(2000, 1)
  const test = friedman(2000, 2)

  it('is the same for the same seed, stays within the targets, and its out-of-bag error is that of rows it never saw', () => {
    const model = fitted(forest({ trees: 60 }), train)
    const predictions = model.predict(test.features)
    expect(fitted(forest({ trees: 60 }), train).predict(test.features)).toEqual(predictions)
    expect(fitted(forest({ trees: 60 }), train, 8).predict(test.features)).not.toEqual(predictions)
    expect(Math.min(...predictions)).toBeGreaterThanOrEqual(Math.min(...train.target))
    expect(Math.max(...predictions)).toBeLessThanOrEqual(Math.max(...train.target))
    // two estimates of one error from 2,000 rows each: 3 % of standard error each, and 37 % of the trees in place of all
    const ratio = model.outOfBag!.error / meanSquare(predictions, test.target)
    expect(ratio).toBeGreaterThan(0.85)
    expect(ratio).toBeLessThan(1.2)
  })

  it('grown in any pieces by any growers is the same to the last bit', () => {
    for (const request of [
      { kind: 'forest', task: 'regression', trees: 20 },
      { kind: 'quantile-forest', task: 'quantile', trees: 20 },
    ] as const) {
      const plan = planForest(request, train, new Rng(7, 'a'))
      if ('kind' in plan) throw new Error(plan.message)
      const work = forestPieces(plan)
      expect(work.map(({ from, to }) => to - from)).toEqual([4, 4, 4, 4, 4])
      const one = forestGrower(plan.ground, plan.seed, plan.stream)
      const other = forestGrower(plan.ground, plan.seed, plan.stream)
      const last = other(16, 20)
      const pieces = [one(0, 4), other(4, 8), one(8, 12), one(12, 16), last]
      const again = forestGrower(plan.ground, plan.seed, plan.stream)
      const whole = work.map(({ from, to }) => again(from, to))
      const bytes = (some: typeof pieces): string => JSON.stringify(forestOf(plan, some).save())
      expect(bytes(pieces) === bytes(whole)).toBe(true)
    }
  })

  it('of trees without a bootstrap that try every column learns rows by heart: a full tree answers its own rows exactly', () => {
    const model = fitted(forest({ trees: 2, bootstrap: false, columnsPerSplit: 8 }), takeSamples(train, [...Array(200).keys()]))
    expect(model.predict(train.features).slice(0, 200)).toEqual(train.target.slice(0, 200))
    expect(model.outOfBag).toBeUndefined()
  })

  it('cuts few values exactly between them: one tree on a staircase is the staircase', () => {
    const x = Float64Array.from({ length: 30 }, (_, i) => Math.floor(i / 3) ** 2)
    const target = x.map((value) => Math.sin(value))
    const model = fitted(forest({ trees: 1, bootstrap: false }), { features: tableOf({ x }), target })
    expect(model.predict(tableOf({ x: [0, 0.4, 4, 6.4, 6.6, 81, 1000] }))).toEqual(
      Float64Array.of(Math.sin(0), Math.sin(0), Math.sin(4), Math.sin(4), Math.sin(9), Math.sin(81), Math.sin(81)),
    )
  })

  it('predicts rows one by one as it predicts them by the thousand', () => {
    const model = fitted(forest({ trees: 30 }), train)
    const all = model.predict(test.features)
    for (const row of [0, 3, 1999]) {
      const one = tableOf(Object.fromEntries(test.features.names.map((name, c) => [name, [test.features.columns[c][row]]])))
      expect(model.predict(one)[0]).toBe(all[row])
    }
  })

  it('keeps leaves to their size and depth', () => {
    const plan = planForest({ kind: 'forest', task: 'regression', trees: 8, rowsPerLeaf: 25, depthAtMost: 4 }, train, new Rng(1))
    if ('kind' in plan) throw new Error(plan.message)
    const { trees } = forestGrower(
      { ...plan.ground, rules: { ...plan.ground.rules, keepRows: true } },
      plan.seed,
      plan.stream,
    )(0, 8)
    for (const { nodes, counts, depth } of trees) {
      expect(depth).toBe(4)
      counts!.forEach((count, node) => {
        if (nodes[2 * node + 1] === node) expect(count).toBeGreaterThanOrEqual(25)
      })
    }
  })

  it('takes a wrong setting for an issue at its place', () => {
    const refused = forest({ trees: 0, sampleShare: 2, monotone: { nobody: 1 } }).fit(train, { rng: new Rng(1) })
    expect(isRefusal(refused) && refused.issues.map(({ place }) => place)).toEqual([
      'forest.trees',
      'forest.sampleShare',
      'forest.monotone.nobody',
    ])
    const three = forestClassifier({ monotone: { x: 1 } }).fit(corners(50, 1), { rng: new Rng(1) })
    expect(isRefusal(three) && three.issues[0].place).toBe('forest.monotone')
  })

  it('says the out-of-bag rows of the samples as they were given, those of no weight left out', () => {
    const weights = new Float64Array(2000).fill(1)
    weights.fill(0, 0, 1900)
    const { rows, predictions } = fitted(forest({ trees: 40 }), { ...train, weights }).outOfBag!
    expect(rows.length).toBe(predictions.length)
    expect(rows.every((row) => row >= 1900)).toBe(true)
    expect(rows.length).toBeGreaterThan(95)
  })
})

describe('every kind of tree', () => {
  const rows = 300
  const rng = new Rng(3, 'bent')
  const x = Float64Array.from({ length: rows }, () => rng.uniform())
  const z = Float64Array.from({ length: rows }, () => rng.uniform())
  // rises in x but for noise, falls in z
  const target = x.map((value, i) => 3 * value - 2 * z[i] + rng.normal())
  const samples = { features: tableOf({ x, z }), target }
  const grid = Array.from({ length: 40 }, (_, i) => i / 39)
  const monotone = { x: 1, z: -1 } as const
  const says: Record<string, (table: ReturnType<typeof tableOf>) => Float64Array> = {
    forest: (table) => fitted(forest({ trees: 20, monotone }), samples).predict(table),
    'extra trees': (table) => fitted(extraTrees({ trees: 20, monotone }), samples).predict(table),
    boosting: (table) => fitted(boosting({ monotone, rowsPerLeaf: 2 }), samples).predict(table),
    'boosted quantiles': (table) =>
      fitted(quantileBoosting({ monotone, rowsPerLeaf: 5, levels: [0.7] }), samples).quantiles(table),
    'two classes, forest': (table) =>
      fitted(forestClassifier({ trees: 20, monotone }), { ...samples, target: target.map((y) => (y > 0.5 ? 1 : 0)) })
        .probabilities(table)
        .filter((_, i) => i % 2 === 1),
    'two classes, boosting': (table) =>
      fitted(boostingClassifier({ monotone, rowsPerLeaf: 2 }), { ...samples, target: target.map((y) => (y > 0.5 ? 1 : 0)) })
        .probabilities(table)
        .filter((_, i) => i % 2 === 1),
  }
  for (const [name, predict] of Object.entries(says))
    it(`is monotone in the columns where it must be, over all pairs of a grid: ${name}`, () => {
      const table = tableOf({ x: grid.flatMap((a) => grid.map(() => a)), z: grid.flatMap(() => grid) })
      const answers = predict(table)
      let [fallsInX, risesInZ] = [0, 0]
      for (let i = 0; i < 40; i++)
        for (let j = 0; j < 40; j++) {
          if (i > 0 && answers[40 * i + j] < answers[40 * (i - 1) + j]) fallsInX++
          if (j > 0 && answers[40 * i + j] > answers[40 * i + j - 1]) risesInZ++
        }
      expect([fallsInX, risesInZ]).toEqual([0, 0])
      expect(new Set(answers).size).toBeGreaterThan(10)
    })

  it('would not be without being told: the constraint is what holds it', () => {
    const answers = fitted(forest({ trees: 20 }), samples).predict(tableOf({ x: grid, z: grid.map(() => 0.5) }))
    expect(answers.some((value, i) => i > 0 && value < answers[i - 1])).toBe(true)
  })

  it('takes a row of weight 2 for the row twice, where no row is drawn', () => {
    const some = takeSamples(samples, [...Array(120).keys()])
    const weights = Float64Array.from({ length: 120 }, (_, i) => (i % 3 === 0 ? 2 : 1))
    const twice = takeSamples(
      samples,
      [...Array(120).keys()].flatMap((i) => (i % 3 === 0 ? [i, i] : [i])),
    )
    for (const learner of [
      forest({ trees: 1, bootstrap: false, columnsPerSplit: 2, depthAtMost: 4 }),
      boosting({ rounds: 30, rowsPerLeaf: 1, leaves: 6 }),
    ]) {
      const a = fitted(learner, { ...some, weights }).predict(samples.features)
      const b = fitted(learner, twice).predict(samples.features)
      a.forEach((value, i) => {
        expect(value).toBeCloseTo(b[i], 6)
      })
    }
  })

  it('says the same after it was saved, and after it was loaded', () => {
    const three = corners(300, 1)
    const asked = corners(50, 2).features
    for (const model of [fitted(forest({ trees: 9 }), samples), fitted(boosting(), samples)]) {
      const load = model.learner === 'forest' ? forestFrom : boostingFrom
      const again = load(model.save())
      expect(again.task === 'regression' && again.predict(samples.features)).toEqual(model.predict(samples.features))
    }
    for (const model of [
      fitted(forestClassifier({ trees: 9, rowsPerLeaf: 4 }), three),
      fitted(extraTreesClassifier({ trees: 9 }), three),
      fitted(boostingClassifier({ rounds: 9 }), three),
    ]) {
      const load = model.learner === 'boosting' ? boostingFrom : forestFrom
      const again = load(model.save())
      expect(again.task === 'classification' && again.probabilities(asked)).toEqual(model.probabilities(asked))
    }
    for (const model of [fitted(quantileForest({ trees: 9 }), samples), fitted(quantileBoosting({ rounds: 9 }), samples)]) {
      const load = model.learner === 'quantile-forest' ? forestFrom : boostingFrom
      const again = load(model.save())
      expect(again.task === 'quantile' && again.quantiles(samples.features)).toEqual(model.quantiles(samples.features))
    }
  })

  it('that was damaged is not loaded: rows must come down every tree', () => {
    const saved = fitted(forest({ trees: 2 }), samples).save()
    const nodes = saved.arrays['nodes'] as Int32Array
    const damaged = (at: number, value: number): typeof saved => {
      const changed = nodes.slice()
      changed[at] = value
      return { ...saved, arrays: { ...saved.arrays, nodes: changed } }
    }
    expect(() => forestFrom(damaged(1, -1))).toThrow('no tree')
    expect(() => forestFrom(damaged(3, 1))).toThrow('no tree') // back to itself by its child
    expect(() => forestFrom(damaged(0, 7 * 256))).toThrow('no tree') // a column that is not there
    expect(() => forestFrom({ ...saved, arrays: { ...saved.arrays, treeStarts: Int32Array.of(0, 3, 4) } })).toThrow('into parts')
    const boosted = fitted(boosting(), samples).save()
    expect(() => boostingFrom({ ...boosted, arrays: { ...boosted.arrays, treesOf: Int32Array.of(3) } })).toThrow('add up')
  })

  it('foresees classes as well as their noise lets: a fifteenth of the labels are wrong by chance', () => {
    const train = corners(1500, 1)
    const test = corners(1500, 2)
    // 0.1 of labels drawn anew, 2/3 of them to another class: 6.7 %, with a standard error of 0.65 %
    for (const learner of [forestClassifier({ rowsPerLeaf: 10 }), boostingClassifier({ leaves: 4, rounds: 40 })])
      expect(wrongShare(fitted(learner, train).predict(test.features), test.target)).toBeLessThan(0.09)
    // columns tried one at a time, cuts at random: a little less
    expect(
      wrongShare(
        fitted(extraTreesClassifier({ rowsPerLeaf: 10, columnsPerSplit: 3 }), train).predict(test.features),
        test.target,
      ),
    ).toBeLessThan(0.1)
    const { error } = fitted(forestClassifier({ rowsPerLeaf: 10 }), train).outOfBag!
    expect(error).toBeGreaterThan(0.05)
    expect(error).toBeLessThan(0.095)
  })

  it('balanced, gives a rare class its say: recall rises', () => {
    const chance = new Rng(5, 'rare')
    const make = (): Samples => {
      const a = Float64Array.from({ length: 1500 }, () => chance.normal())
      const noise = Float64Array.from({ length: 1500 }, () => chance.normal())
      return { features: tableOf({ a, noise }), target: a.map((value) => (value + chance.normal() > 2.2 ? 1 : 0)) }
    }
    const [train, test] = [make(), make()]
    const recall = (learner: ReturnType<typeof forestClassifier>): number => {
      const said = fitted(learner, train).predict(test.features)
      const rare = test.target.reduce((sum, one) => sum + one, 0)
      return said.reduce((sum, one, i) => sum + (one === 1 && test.target[i] === 1 ? 1 : 0), 0) / rare
    }
    const plain = recall(forestClassifier({ rowsPerLeaf: 10 }))
    const balanced = recall(forestClassifier({ rowsPerLeaf: 10, classWeights: 'balanced' }))
    expect(balanced).toBeGreaterThan(plain + 0.2)
  })

  it('orders categories by what they bring: one cut finds a scattered half of them', () => {
    const chance = new Rng(6, 'words')
    const words = Array.from({ length: 40 }, (_, k) => `w${k}`)
    const user = Float64Array.from({ length: 1200 }, () => chance.below(40))
    const y = user.map((code) => ((code * 17) % 40 < 20 ? 10 : 0) + chance.normal())
    const model = fitted(forest({ trees: 5, depthAtMost: 1, bootstrap: false }), {
      features: tableOf({ user }, { user: words }),
      target: y,
    })
    const answers = model.predict(tableOf({ user: [...Array(40).keys()] }, { user: words }))
    // 600 rows of standard deviation 1 on either side
    answers.forEach((value, code) => {
      expect(Math.abs(value - ((code * 17) % 40 < 20 ? 10 : 0))).toBeLessThan(0.2)
    })
  })

  it('finds quantiles of a known law: 90 % of new rows fall between them', () => {
    const make = (seed: number): Samples => {
      const chance = new Rng(seed, 'law')
      const a = Float64Array.from({ length: 3000 }, () => chance.uniform())
      const idle = Float64Array.from({ length: 3000 }, () => chance.uniform())
      // the spread grows with a: an interval of one width would cover the left too often and the right too seldom
      return { features: tableOf({ a, idle }), target: a.map((value) => 5 * value + (0.5 + 2 * value) * chance.normal()) }
    }
    const [train, test] = [make(1), make(2)]
    const [a] = test.features.columns
    for (const learner of [
      quantileForest({ levels: [0.05, 0.5, 0.95], rowsPerLeaf: 20 }),
      quantileBoosting({ levels: [0.05, 0.5, 0.95], rowsPerLeaf: 60, leaves: 6, rounds: 60 }),
    ]) {
      const q = fitted<QuantileModel>(learner, train).quantiles(test.features)
      const covered = (rows: (i: number) => boolean): number => {
        let [inside, all] = [0, 0]
        for (let i = 0; i < 3000; i++) {
          if (!rows(i)) continue
          all++
          if (test.target[i] >= q[3 * i] && test.target[i] <= q[3 * i + 2]) inside++
        }
        return inside / all
      }
      // standard error 0.55 % over all, 1 % over a third, and the estimate’s own
      expect(Math.abs(covered(() => true) - 0.9)).toBeLessThan(0.03)
      expect(Math.abs(covered((i) => a[i] < 1 / 3) - 0.9)).toBeLessThan(0.06)
      expect(Math.abs(covered((i) => a[i] > 2 / 3) - 0.9)).toBeLessThan(0.06)
    }
  })

  it('tells columns that matter from columns that do not', () => {
    const train = friedman(1500, 1)
    const test = friedman(800, 2)
    const model = fitted(forest({ trees: 50 }), train)
    const { error, columns } = permutationImportance(model, test, { rng: new Rng(1) })
    expect(error).toBeCloseTo(meanSquare(model.predict(test.features), test.target), 12)
    expect(new Set(columns.slice(0, 5).map(({ name }) => name))).toEqual(new Set(['x0', 'x1', 'x2', 'x3', 'x4']))
    for (const { increase } of columns.slice(5)) expect(Math.abs(increase)).toBeLessThan(0.2)
    // 10 x3 has by far the greatest variance of the sum: 100/12 against 25/12 of 5 x4 …
    expect(columns[0].name).toBe('x3')
    expect(model.gainShares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12)
    expect(model.gainShares.indexOf(Math.max(...model.gainShares))).toBe(3)
  })
})

describe('boosted trees', () => {
  const train = friedman(2000, 1)
  const test = friedman(1000, 2)

  it('get closer to the noise than a forest does', () => {
    const boosted = meanSquare(fitted(boosting(), train).predict(test.features), test.target)
    const averaged = meanSquare(fitted(forest(), train).predict(test.features), test.target)
    expect(boosted).toBeGreaterThan(0.9) // the noise has variance 1
    expect(boosted).toBeLessThan(0.8 * averaged)
  })

  it('of one round and leaf rate 1 are the tree of least squares: leaves say the means of their rows', () => {
    const x = Float64Array.of(1, 2, 3, 10, 11, 12)
    const y = Float64Array.of(0, 1, 2, 9, 10, 14)
    const model = fitted(boosting({ rounds: 1, learningRate: 1, leaves: 2, rowsPerLeaf: 1 }), {
      features: tableOf({ x }),
      target: y,
    })
    const [left, right] = model.predict(tableOf({ x: [2, 11] }))
    expect(left).toBeCloseTo(1, 12)
    expect(right).toBeCloseTo(11, 12)
    // and drawn by l2 towards the overall mean: 6 − 15/(3 + 2)
    const drawn = fitted(boosting({ rounds: 1, learningRate: 1, leaves: 2, rowsPerLeaf: 1, l2: 2 }), {
      features: tableOf({ x }),
      target: y,
    })
    expect(drawn.predict(tableOf({ x: [2] }))[0]).toBeCloseTo(3, 12)
  })

  it('stop when rows kept aside are foreseen no better, and keep the best round', () => {
    const rough = { features: train.features, target: train.target.map((y, i) => y + 8 * (((i * 7919) % 13) / 6 - 1)) }
    const model = fitted(boosting({ rounds: 400, learningRate: 0.3, heldOut: { share: 0.25, patience: 8 } }), rough)
    expect(model.rounds).toBeLessThan(100)
    expect(model.rounds).toBeGreaterThan(2)
    const clean = (rounds: number): number =>
      meanSquare(fitted(boosting({ rounds, learningRate: 0.3 }), rough).predict(test.features), test.target)
    expect(meanSquare(model.predict(test.features), test.target)).toBeLessThan(clean(400))
    // the last rows: those after a change that the rows before do not know of
    const changed = { ...train, target: train.target.map((y, i) => (i < 1500 ? y : -y)) }
    expect(fitted(boosting({ heldOut: { share: 0.25, rows: 'last' } }), changed).rounds).toBeLessThan(5)
  })

  it('draw rows and grow small trees, and foresee about as well', () => {
    const all = meanSquare(fitted(boosting(), train).predict(test.features), test.target)
    const half = meanSquare(fitted(boosting({ sampleShare: 0.5 }), train).predict(test.features), test.target)
    expect(half / all).toBeLessThan(1.15)
  })

  it('give probabilities that are right on average: of rows said to be 0.8, 0.8 are', () => {
    const chance = new Rng(9, 'coin')
    const make = (): Samples => {
      const a = Float64Array.from({ length: 3000 }, () => 4 * chance.uniform() - 2)
      return { features: tableOf({ a }), target: a.map((value) => (chance.uniform() < 1 / (1 + Math.exp(-2 * value)) ? 1 : 0)) }
    }
    const [train, test] = [make(), make()]
    const p = fitted(boostingClassifier({ leaves: 4, rounds: 60, rowsPerLeaf: 50 }), train).probabilities(test.features)
    let off = 0
    test.features.columns[0].forEach((value, i) => {
      off += Math.abs(p[2 * i + 1] - 1 / (1 + Math.exp(-2 * value))) / 3000
    })
    expect(off).toBeLessThan(0.04)
  })
})
