export * from './replay/index.js'
export * from './scheduler/index.js'
export * from './threads.js'
