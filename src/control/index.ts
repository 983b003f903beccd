export type { Decision } from './decision.js'
export type { TaskChoice } from './dropping.js'
export * from './steering.js'
