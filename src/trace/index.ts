export { FORMATS } from './formats.js'
export { type LocatedMapping, Mapping, parseMapping, readMapping } from './mapping.js'
export { readTrace } from './read.js'
export type { ReadOptions, ReadProgress, TraceReading } from './result.js'
