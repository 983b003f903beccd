export * from './drops.js'
export * from './gains.js'
export * from './policies.js'
export * from './profile.js'
