import { describe, expect, it } from 'vitest'
import type { ClusterAction, Driver, LedgerEntry, Observation, ObservedJob } from '../model/index.js'
import { Journal, type LedgerBody, memoryLedger } from './journal.js'
import { recover } from './recover.js'
import { openSteps } from './steps.js'

const job = (given: Partial<ObservedJob>): ObservedJob => ({
  id: 'a',
  state: 'running',
  submitSeconds: 0,
  slots: 1,
  speed: 1,
  ...given,
})

/** Recovers a ledger on a cluster that looks like this; what was done there, and what the ledger says then. */
async function recovered(lines: readonly LedgerBody[], jobs: readonly ObservedJob[], refuses = false) {
  const did: ClusterAction[] = []
  const clock = { now: () => 0, monotonic: () => 0, sleep: async () => {} }
  const driver = {
    name: 'test',
    clock,
    observe: async (): Promise<Observation> => ({ atSeconds: 0, nodes: [], jobs }),
    enact: async (action: ClusterAction) => {
      if (refuses) return { kind: 'refusal', code: 'unsupported', message: 'not now' } as const
      did.push(action)
      return { kind: 'enacted' } as const
    },
  } as unknown as Driver
  const base = { schema: 'halftone/ledger/1', atSeconds: 0, controller: 'dead' } as const
  const entries = lines.map((line, sequence) => ({ ...base, sequence, ...line }) as LedgerEntry)
  const store = { ...memoryLedger(), entries }
  const outcomes = await recover({ journal: new Journal(store, clock, 'next'), driver })
  return { did, outcomes, open: openSteps([...entries, ...store.written]), written: store.written }
}

const opened: LedgerBody = { kind: 'opened', driver: 'test', commit: true, keeps: ['deflate'] }
const intent = (action: ClusterAction, undo: ClusterAction[] | { irreversible: string } = []): LedgerBody => ({
  kind: 'intent',
  step: 's',
  action,
  undo,
  reason: 'test',
})
const done: LedgerBody = { kind: 'done', step: 's' }
const sprint: ClusterAction = { kind: 'sprint', job: 'a', speed: 2 }
const slow: ClusterAction = { kind: 'sprint', job: 'a', speed: 1 }
const spec = { key: 'k', className: 'c', priority: 1, stages: [] } as unknown as Extract<
  ClusterAction,
  { kind: 'submit' }
>['spec']

describe('what a dead controller left', () => {
  it('is taken back: a sprint that is seen to go on, and one that may yet come', async () => {
    expect((await recovered([opened, intent(sprint, [slow]), done], [job({ speed: 2 })])).did).toEqual([slow])
    expect((await recovered([opened, intent(sprint, [slow])], [job({ speed: 1 })])).did).toEqual([slow])
  })

  it('is left alone where it is as it was before, or its job is gone', async () => {
    const before = await recovered([opened, intent(sprint, [slow]), done], [job({ speed: 1 })])
    expect([before.did, before.open]).toEqual([[], []])
    const gone = await recovered([opened, intent(sprint, [slow])], [])
    expect([gone.did, gone.open]).toEqual([[], []])
  })

  it('is completed where it was to be kept: dropped tasks that are gone, a job that is there', async () => {
    const deflate: ClusterAction = { kind: 'deflate', job: 'a', stage: 'map', tasks: [1, 2] }
    const stage = { name: 'map', tasks: 4, ended: 0, running: 1 }
    const dropped = await recovered([opened, intent(deflate)], [job({ stages: [{ ...stage, withdrawn: 2 }] })])
    expect([dropped.did, dropped.written.map(({ kind }) => kind)]).toEqual([[], ['done', 'kept']])
    const not = await recovered([opened, intent(deflate)], [job({ stages: [{ ...stage, withdrawn: 0 }] })])
    expect([not.did, not.written.map(({ kind }) => kind)]).toEqual([[], ['refused']])
    const there = await recovered([opened, intent({ kind: 'submit', spec })], [job({ id: '7', key: 'k' })])
    expect(there.written[0]).toMatchObject({ kind: 'done', jobId: '7' })
    const lost = await recovered([opened, intent({ kind: 'submit', spec })], [])
    expect(lost.outcomes).toMatchObject([{ outcome: 'never-happened' }])
  })

  it('stays open where it cannot be taken back, for the next who looks', async () => {
    const failed = await recovered([opened, intent(sprint, [slow]), done], [job({ speed: 2 })], true)
    expect(failed.outcomes).toMatchObject([{ outcome: 'undo-failed', note: 'not now' }])
    expect(failed.open.map(({ id }) => id)).toEqual(['s'])
  })

  it('is nothing where the controller closed its steps', async () => {
    const closed = await recovered([opened, intent(sprint, [slow]), done, { kind: 'undone', step: 's' }], [job({ speed: 2 })])
    expect([closed.did, closed.outcomes]).toEqual([[], []])
  })
})
