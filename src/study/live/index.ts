export * from './open-driver.js'
export { jobsOfScenario } from './replay-jobs.js'
