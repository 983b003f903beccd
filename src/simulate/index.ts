export { type ClosedNetwork, type StationMeasured, simulateClosedNetwork } from './closedNetwork.js'
export { type Compared, type CompareOptions, comparePolicies } from './compare.js'
export * from './compile.js'
export * from './discipline.js'
export * from './disciplines/index.js'
export { Engine, type EngineSettings, type EngineState, type InTheMidst, type RunJobs, type Totals } from './engine.js'
export { drawJobs, drawJobsArriving, replayedJobs, StageStreams, taskStream } from './jobs.js'
export { type FillTimes, fillerOf } from './laws.js'
export { type Load, loadOf } from './load.js'
export { type PoolGroup, type PoolMode, SlotPool } from './pool.js'
export {
  doWork,
  JOBS_AT_MOST,
  replicate,
  type SimulateOptions,
  simulatedPredictor,
  simulateElsewhere,
  simulateScenario,
  type Work as ReplicationWork,
} from './predictor.js'
export { LaneQueue, RankQueue } from './queues.js'
export { openRace, type SimulatedRaceOptions } from './race.js'
export { forkJoin } from './recursions.js'
export { type ClassSummary, type Run, runJobs, type Summary, summarise } from './run.js'
export { QuantileSketch, type SketchState } from './sketch.js'
export type { SprintSettings } from './sprint.js'
export {
  type SprintQueries,
  type SprintQueueFigures,
  type SprintQueueOptions,
  simulateSprintQueue,
} from './sprintQueue.js'
export type { ClusterState, PresentJob } from './start.js'
export { TaskEngine, type TaskEngineState, type TaskJobs, withOrdinals } from './taskEngine.js'
export { Workspace } from './workspace.js'
