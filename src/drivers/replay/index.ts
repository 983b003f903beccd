export { ReplayCluster, type ReplaySettings } from './cluster.js'
export { driverOf, type ReplayDriverOptions, replayDriver } from './driver.js'
export { jobsOfReplay, type ReplayJob, type ReplayStage } from './jobs.js'
