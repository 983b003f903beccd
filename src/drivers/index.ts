export * from './ledger/index.js'
export * from './replay/index.js'
export * from './scheduler/index.js'
export * from './threads.js'
