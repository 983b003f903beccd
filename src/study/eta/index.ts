export { type EtaAsked, eta } from './eta.js'
export { asKnownAt, type History, historyOfJobs, historyOfTrace, type PastJob, recordedAt } from './history.js'
export { type LearnOptions, learnQueue, type QueueModel } from './learn.js'
export { type Change, whatIf } from './what-if.js'
