export * from './learner.js'
export * from './table.js'
