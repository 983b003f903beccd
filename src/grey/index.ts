export * from './choose.js'
export * from './white.js'
