export {
  type BoostingClassModel,
  type BoostingModel,
  type BoostingSettings,
  boosting,
  boostingClassifier,
  boostingFrom,
  type ClassBoostingSettings,
  type QuantileBoostingModel,
  type QuantileBoostingSettings,
  quantileBoosting,
} from './boosting.js'
export * from './classes.js'
export * from './discriminant.js'
export * from './encode.js'
export * from './forecast/index.js'
export {
  type ClassForestSettings,
  extraTrees,
  extraTreesClassifier,
  type ForestClassModel,
  type ForestModel,
  type ForestPiece,
  type ForestPlan,
  type ForestRequest,
  type ForestSettings,
  forest,
  forestClassifier,
  forestFrom,
  forestGrower,
  forestOf,
  forestPieces,
  type OutOfBag,
  planForest,
  type QuantileForestModel,
  type QuantileForestSettings,
  quantileForest,
} from './forest.js'
export type { Ground } from './grow.js'
export * from './importance.js'
export * from './learner.js'
export { type LinearClassModel, linearClassesFrom } from './linear-classes.js'
export { type LinearModel, linearFrom } from './linear-model.js'
export * from './logistic.js'
export * from './metrics.js'
export * from './neighbours.js'
export * from './neighbours-index.js'
export * from './net.js'
export * from './nnls.js'
export * from './pack.js'
export * from './prepare.js'
export * from './ridge.js'
export * from './save.js'
export * from './saved.js'
export * from './splits.js'
export * from './standardise.js'
export * from './table.js'
export * from './validate.js'
