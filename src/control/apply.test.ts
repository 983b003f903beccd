import { describe, expect, it } from 'vitest'
import { ACTION_KINDS, type ClusterAction, type Driver, type Observation, type ObservedJob, refuse } from '../model/index.js'
import { appliedSteps, applyOnce } from './apply.js'
import type { Decision } from './decision.js'
import { Journal, memoryLedger } from './journal.js'
import { recover } from './recover.js'
import { openSteps } from './steps.js'

/** A cluster of three waiting jobs whose priorities can be set; `ignores` those of one, `refuses` those of another. */
function cluster({ ignores, refuses }: { readonly ignores?: string; readonly refuses?: string } = {}) {
  let now = 0
  const did: ClusterAction[] = []
  const jobs = new Map<string, ObservedJob>(
    ['a', 'b', 'c'].map((id) => [id, { id, state: 'pending', priority: 5, submitSeconds: 0, slots: 1, speed: 1 }]),
  )
  const driver: Driver = {
    name: 'test',
    clock: {
      now: () => now,
      monotonic: () => now,
      sleep: async (seconds) => {
        now += seconds
      },
    },
    capabilities: async () => ({
      driver: 'test',
      through: [],
      actions: Object.fromEntries(ACTION_KINDS.map((kind) => [kind, { permitted: true }])) as never,
    }),
    observe: async (): Promise<Observation> => ({ atSeconds: now, nodes: [], jobs: [...jobs.values()] }),
    enact: async (action) => {
      if (action.kind !== 'prioritise') return refuse('unsupported', 'only priorities')
      if (action.job === refuses) return refuse('unsupported', 'not this one')
      did.push(action)
      if (action.job !== ignores) jobs.set(action.job, { ...jobs.get(action.job)!, priority: action.priority })
      return { kind: 'enacted' }
    },
    close: async () => {},
  }
  return { driver, did, priorities: () => [...jobs.values()].map(({ priority }) => priority) }
}

const decisions: Decision[] = ['a', 'b', 'c'].map((job) => ({ action: { kind: 'prioritise', job, priority: 1 }, reason: 'test' }))

async function applied(one: ReturnType<typeof cluster>, given: readonly Decision[] = decisions) {
  const store = memoryLedger()
  const steps = await applyOnce({
    driver: one.driver,
    journal: new Journal(store, one.driver.clock, 'c'),
    decisions: given,
    policy: 'p',
  })
  return { store, outcomes: steps.map(({ outcome }) => outcome), notes: steps.map(({ note }) => note) }
}

describe('actions applied once', () => {
  it('are all done and kept, and found again in the ledger as what is to be taken back', async () => {
    const one = cluster()
    const { store, outcomes } = await applied(one)
    expect(outcomes).toEqual(['done', 'done', 'done'])
    expect(one.priorities()).toEqual([1, 1, 1])
    expect(openSteps(store.written)).toEqual([])
    expect(appliedSteps(store.written).map(({ undo }) => undo)).toEqual(
      ['a', 'b', 'c'].map((job) => [{ kind: 'prioritise', job, priority: 5 }]),
    )
    expect(store.written.at(-1)).toMatchObject({ kind: 'closed', reason: 'applied' })
  })

  it('are all taken back once the cluster refuses one', async () => {
    const one = cluster({ refuses: 'c' })
    const { store, outcomes, notes } = await applied(one)
    expect(outcomes).toEqual(['undone', 'undone', 'failed'])
    expect(notes[2]).toBe('not this one')
    expect(one.priorities()).toEqual([5, 5, 5])
    expect(openSteps(store.written)).toEqual([])
    expect(appliedSteps(store.written)).toEqual([])
  })

  it('are all taken back once one shows no effect in time, that one too', async () => {
    const one = cluster({ ignores: 'b' })
    const { outcomes, notes } = await applied(one)
    expect(outcomes).toEqual(['undone', 'undone', 'not-begun'])
    expect(notes[1]).toContain('not seen within')
    expect(one.priorities()).toEqual([5, 5, 5])
  })

  it('are not begun where nothing would take them back', async () => {
    const one = cluster()
    const { outcomes } = await applied(one, [{ action: { kind: 'cancel', job: 'a' }, reason: 'test' }, ...decisions])
    expect(outcomes).toEqual(['failed', 'not-begun', 'not-begun', 'not-begun'])
    expect(one.did).toEqual([])
  })

  it('are taken back by whoever finds the ledger of one that died among them', async () => {
    const one = cluster()
    const { store } = await applied(one)
    for (let cut = 1; cut < store.written.length; cut++) {
      const lines = store.written.slice(0, cut)
      const half = cluster()
      for (const line of lines) if (line.kind === 'intent') await half.driver.enact(line.action)
      const left = { ...memoryLedger(), entries: lines }
      const outcomes = await recover({ journal: new Journal(left, half.driver.clock, 'next'), driver: half.driver })
      const kept = lines.flatMap((line) => (line.kind === 'kept' && line.stays ? [line.step] : []))
      expect(Array.isArray(outcomes) && outcomes.every(({ outcome }) => outcome === 'undone')).toBe(true)
      expect(half.priorities().filter((priority) => priority === 1)).toHaveLength(kept.length)
    }
  })
})
