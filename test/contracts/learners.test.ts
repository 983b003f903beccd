/** Every learner is held to the same laws. To add one: a line in the list, with how closely each law of invariance holds or why it is not claimed. */
import {
  boosting,
  boostingClassifier,
  elasticNet,
  extraTrees,
  extraTreesClassifier,
  forest,
  forestClassifier,
  linearDiscriminant,
  logistic,
  nearest,
  nearestClassifier,
  net,
  netClassifier,
  nonNegative,
  quadraticDiscriminant,
  quantileBoosting,
  quantileForest,
  ridge,
} from '../../src/learn/index.js'
import { type LearnerCase, learnerContract } from './learners.js'

/** Rounding only: the same equations solved from sums taken in another order. */
const exact = { rowOrder: 1e-9, weightIsCount: 1e-9, columnUnits: 1e-9, targetUnits: 1e-9 }
const byLuck = 'folds are drawn by place in the table'
const folds = { rowOrder: byLuck, weightIsCount: byLuck, columnUnits: 1e-6, targetUnits: 1e-6 }
const batches = 'rows enter batches by their place in the table'
const training = { rowOrder: batches, weightIsCount: batches, columnUnits: 1e-6, targetUnits: 1e-6 }
const draws = 'rows are drawn by their place in the table'
const bins = {
  rowOrder: draws,
  weightIsCount: draws,
  columnUnits: 1e-9,
  targetUnits: 'cuts that gain as much as each other are told apart by rounding',
}
const neighbours = { rowOrder: 1e-9, weightIsCount: 'neighbours are counted by rows', columnUnits: 1e-9, targetUnits: 1e-9 }

const small = { hidden: [24], epochs: 60, batch: 8, learningRate: 0.01 }

const cases: LearnerCase[] = [
  {
    name: 'ridge, penalty given',
    task: 'regression',
    make: () => ridge({ penalty: 0.01 }),
    wrongSettings: [() => ridge({ penalty: -1 }), () => ridge({ penalty: Number.NaN }), () => ridge({ folds: 1 })],
    ...exact,
  },
  { name: 'ridge, penalty chosen', task: 'regression', make: () => ridge(), wrongSettings: [], ...folds },
  {
    name: 'elastic net, penalty given',
    task: 'regression',
    make: () => elasticNet({ penalty: 0.01 }),
    wrongSettings: [() => elasticNet({ absoluteShare: 2 })],
    ...exact,
  },
  { name: 'elastic net, penalty chosen', task: 'regression', make: () => elasticNet(), wrongSettings: [], ...folds },
  { name: 'non-negative least squares', task: 'regression', make: () => nonNegative(), wrongSettings: [], ...exact },
  {
    name: 'nearest neighbours',
    task: 'regression',
    make: () => nearest(),
    wrongSettings: [() => nearest({ neighbours: 0 })],
    ...neighbours,
  },
  {
    name: 'nearest neighbours by distance, classes',
    task: 'classification',
    make: () => nearestClassifier({ weighting: 'distance' }),
    wrongSettings: [() => nearestClassifier({ neighbours: 1.5 })],
    ...neighbours,
  },
  {
    name: 'net',
    task: 'regression',
    make: () => net(small),
    wrongSettings: [
      () => net({ hidden: [0] }),
      () => net({ epochs: 0 }),
      () => net({ learningRate: Number.NaN }),
      () => net({ heldOut: 1 }),
      () => net({ weightDecay: -1 }),
    ],
    ...training,
  },
  {
    name: 'nets of three, classes',
    task: 'classification',
    make: () => netClassifier({ ...small, activation: 'tanh', members: 3 }),
    wrongSettings: [() => netClassifier({ classWeights: [[3, -1]] })],
    ...training,
  },
  {
    name: 'logistic regression',
    task: 'classification',
    make: () => logistic({ penalty: 0.01 }),
    wrongSettings: [() => logistic({ penalty: Number.POSITIVE_INFINITY }), () => logistic({ classWeights: [[3, 0]] })],
    ...exact,
    // an iteration that stops at a gradient of 1e-8
    rowOrder: 1e-6,
    weightIsCount: 1e-6,
    columnUnits: 1e-6,
  },
  {
    name: 'linear discriminant',
    task: 'classification',
    make: () => linearDiscriminant(),
    wrongSettings: [() => linearDiscriminant({ shrinkage: 1.5 })],
    ...exact,
  },
  {
    name: 'quadratic discriminant',
    task: 'classification',
    make: () => quadraticDiscriminant(),
    wrongSettings: [() => quadraticDiscriminant({ shrinkage: -0.1 })],
    ...exact,
    weightIsCount: 'covariances are unbiased, and weights are taken for trust, not for counts',
  },
  {
    name: 'forest',
    task: 'regression',
    make: () => forest({ trees: 30 }),
    wrongSettings: [() => forest({ trees: 0 })],
    ...bins,
  },
  { name: 'extra trees', task: 'regression', make: () => extraTrees({ trees: 30 }), wrongSettings: [], ...bins },
  {
    name: 'quantile forest',
    task: 'quantile',
    make: () => quantileForest({ trees: 40 }),
    wrongSettings: [() => quantileForest({ levels: [1.5] })],
    ...bins,
  },
  {
    name: 'forest, classes',
    task: 'classification',
    make: () => forestClassifier({ trees: 40, classWeights: 'balanced' }),
    wrongSettings: [() => forestClassifier({ classWeights: [[3, -1]] })],
    ...bins,
  },
  {
    name: 'extra trees, classes',
    task: 'classification',
    make: () => extraTreesClassifier({ trees: 40 }),
    wrongSettings: [],
    ...bins,
  },
  {
    name: 'boosted trees',
    task: 'regression',
    make: () => boosting({ rounds: 40 }),
    wrongSettings: [() => boosting({ rounds: 0 })],
    ...bins,
  },
  {
    name: 'boosted trees, classes',
    task: 'classification',
    make: () => boostingClassifier({ rounds: 30 }),
    wrongSettings: [],
    ...bins,
  },
  {
    name: 'boosted trees, quantiles',
    task: 'quantile',
    make: () => quantileBoosting({ rounds: 60 }),
    wrongSettings: [],
    ...bins,
  },
]

for (const one of cases) learnerContract(one)
