export * from './candidates.js'
export * from './judge.js'
export * from './search.js'
