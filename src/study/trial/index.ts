export { foresee } from './foresee.js'
export { ownCluster } from './own-cluster.js'
export { policiesNamed } from './policies.js'
export { runTrial, type TrialAnswer, type TrialAsked, type TrialedCluster } from './run.js'
