export * from './gains.js'
export * from './policies.js'
export * from './profile.js'
