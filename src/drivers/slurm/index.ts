export * from './driver.js'
export type { History, HistoryOptions } from './history.js'
export type * from './settings.js'
