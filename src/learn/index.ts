export * from './classes.js'
export {
  type ClassForestSettings,
  extraTrees,
  extraTreesClassifier,
  type ForestClassModel,
  type ForestModel,
  type ForestSettings,
  forest,
  forestClassifier,
  forestFrom,
  type OutOfBag,
  type QuantileForestModel,
  type QuantileForestSettings,
  quantileForest,
} from './forest.js'
export * from './learner.js'
export type { LinearModel } from './linear-model.js'
export { linearFrom } from './linear-model.js'
export * from './net.js'
export * from './nnls.js'
export * from './prepare.js'
export * from './ridge.js'
export * from './saved.js'
export * from './splits.js'
export * from './table.js'
