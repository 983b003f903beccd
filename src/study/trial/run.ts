/** A trial as a command asks for it: checks everything that can be checked first, makes the work, runs it. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Driver, type Issue, isRefusal, type Refusal, refuse, type Scenario, type TrialReport } from '../../model/index.js'
import { policiesNamed } from './policies.js'
import { TrialStore } from './store.js'
import { trial } from './trial.js'
import { triableIssues, workOf } from './work.js'

/** A cluster for the time of a trial. */
export interface TrialedCluster {
  readonly driver: Driver
  /** Ends what was started for the trial, and nothing else. */
  leave(): Promise<void>
}

export interface TrialAsked {
  readonly scenario: Scenario
  /** Opens the cluster, once all that can be checked without it was checked. */
  readonly cluster: () => Promise<TrialedCluster | Refusal>
  /** Names as `policiesNamed` knows them. */
  readonly policies: readonly string[]
  /** Time for everything, the profiling included, the making of the data left out. */
  readonly forSeconds: number
  readonly load?: number
  readonly seed: number
  readonly profileJobs: number
  /** Seconds between two looks at the cluster. */
  readonly everySeconds: number
  /** Absolute; data, jobs and what was measured so far. On a cluster, a folder that every node sees. */
  readonly directory: string
  readonly resume: boolean
  readonly progress?: (share: number, said: string) => void
  readonly signal?: AbortSignal
}

export type TrialAnswer =
  | { readonly ok: true; readonly report: TrialReport }
  | { readonly ok: false; readonly issues: readonly Issue[] }
  | Refusal

/** Runs it. Issues are about the question, all of them at once; a refusal is the cluster’s or the model’s. */
export async function runTrial(asked: TrialAsked): Promise<TrialAnswer> {
  const { scenario, seed, directory, forSeconds, load } = asked
  const policies = policiesNamed(asked.policies, scenario, seed)
  const issues = [...triableIssues(scenario), ...(policies.ok ? [] : policies.issues)]
  if (issues.length > 0 || !policies.ok) return { ok: false, issues }
  await mkdir(join(directory, 'jobs'), { recursive: true })
  const question = { scenario, policies: asked.policies, seed, forSeconds, ...(load === undefined ? {} : { load }) }
  const store = await TrialStore.open(join(directory, 'trial.json'), question, asked.resume)
  if (!(store instanceof TrialStore)) return { ok: false, issues: [store] }
  const made = await workOf(scenario, {
    directory,
    seed,
    ...(asked.progress ? { progress: (said: string) => asked.progress!(0, said) } : {}),
  })
  if (!made.ok) return made
  const cluster = await asked.cluster()
  if (isRefusal(cluster)) return cluster
  try {
    const { driver } = cluster
    const capabilities = await driver.capabilities()
    const { submit } = capabilities.actions
    if (!submit.permitted)
      return refuse('unsupported', `a trial submits jobs, which this cluster does not permit: ${submit.reason}`)
    const report = await trial({
      ...asked,
      driver,
      capabilities,
      work: made.work,
      policies: policies.of,
      policyCount: asked.policies.length,
      run: `t${Math.floor(driver.clock.now()).toString(36)}`,
      store,
    })
    return isRefusal(report) ? report : { ok: true, report }
  } finally {
    await cluster.leave()
  }
}
