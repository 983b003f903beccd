export * from './exposition.js'
export type { PrometheusServer } from './query.js'
export * from './read.js'
