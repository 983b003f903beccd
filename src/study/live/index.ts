export * from './open-driver.js'
export { jobsOfScenario } from './replay-jobs.js'
export * from './session.js'
export * from './wanted.js'
