export { type CompareRequest, compare } from './compare.js'
export { type FittedModelFile, keptModel, measuredPredictor } from './measured-model.js'
export { type CompareQuestion, type CompareReading, readMeasurements, type SaidOfTable } from './question.js'
export { costSeconds, PREDICTIONS } from './summary.js'
