export * from './choose.js'
export * from './effective-rate.js'
export * from './sprint-paths.js'
export * from './white.js'
