export type { Decision } from './decision.js'
export { type TaskChoice, tasksToWithdraw } from './dropping.js'
export * from './steering.js'
