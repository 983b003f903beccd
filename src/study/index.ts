export * from './held-out.js'
export * from './predictors.js'
export * from './scenario-file.js'
export * from './scenario-of-trace.js'
