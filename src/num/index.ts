export * from './rng.js'
export * from './ziggurat.js'
