import { describe, expect, it } from 'vitest'
import { type ClusterAction, type Observation, type ObservedJob, undoOf } from '../model/index.js'
import { GUARD_DEFAULTS, Guard, type GuardSettings } from './guard.js'
import { Scores } from './scores.js'

let now = 0
let shift = 0
const clock = { now: () => now + shift, monotonic: () => now, sleep: async () => {} }
const job = (id: string): ObservedJob => ({ id, state: 'pending', priority: 2, submitSeconds: 0, slots: 1, speed: 1 })
const look = (jobs: number): Observation => ({
  atSeconds: now,
  nodes: [],
  jobs: Array.from({ length: jobs }, (_, i) => job(`j${i}`)),
})
const prioritise = (i: number): ClusterAction => ({ kind: 'prioritise', job: `j${i}`, priority: 1 })

function guardOf(given: Partial<GuardSettings> = {}, predicted = {}) {
  now = 0
  shift = 0
  const scores = new Scores()
  const guard = new Guard({ ...GUARD_DEFAULTS, ...given }, clock, scores, predicted)
  guard.look()
  const asks = (action: ClusterAction, seen: Observation, restores?: true) =>
    guard.holds({ action, reason: 'test', ...(restores ? { restores } : {}) }, seen, undoOf(action, seen))
  return { guard, scores, asks }
}

describe('guards', () => {
  it('allow so many actions a minute and no more, and more once a minute has passed', () => {
    const { guard, asks } = guardOf({ actionsPerMinute: 3 })
    for (let i = 0; i < 3; i++) {
      expect(asks(prioritise(i), look(100))).toBeUndefined()
      guard.enacted(prioritise(i))
    }
    expect(asks(prioritise(3), look(100))).toMatchObject({ guard: 'rate', all: true })
    now = 61
    expect(asks(prioritise(3), look(100))).toBeUndefined()
  })

  it('let a share of the live jobs be touched within the window, a job that was touched already again', () => {
    const { guard, asks } = guardOf({ blast: { share: 0.1, windowSeconds: 60, always: 1 } })
    for (let i = 0; i < 4; i++) guard.enacted(prioritise(i))
    expect(asks(prioritise(4), look(50))).toBeUndefined()
    guard.enacted(prioritise(4))
    expect(asks(prioritise(5), look(50))).toMatchObject({ guard: 'blast-radius', all: true })
    expect(asks(prioritise(2), look(50))).toBeUndefined()
    expect(asks(prioritise(5), look(100))).toBeUndefined()
    now = 60
    expect(asks(prioritise(5), look(50))).toBeUndefined()
  })

  it('hold back what stands on an old look', () => {
    const { asks } = guardOf({ staleAfterSeconds: 10 })
    const seen = look(5)
    now = 10
    expect(asks(prioritise(0), seen)).toBeUndefined()
    now = 10.5
    expect(asks(prioritise(0), seen)).toMatchObject({
      guard: 'stale',
      reason: 'the look is 10.5 s old, at most 10 s are allowed',
    })
  })

  it('hold back while the clock has just been set, either way, and let go once what was seen before is too old', () => {
    for (const seconds of [3600, -3600]) {
      const { guard, asks } = guardOf()
      shift = seconds
      guard.look()
      expect(asks(prioritise(0), { ...look(5), atSeconds: now + shift })).toMatchObject({ guard: 'clock-jump' })
      now = 11
      guard.look()
      expect(asks(prioritise(0), { ...look(5), atSeconds: now + shift })).toBeUndefined()
    }
  })

  it('keep hands off once enough jobs ended far from what was predicted, and not before', () => {
    const { scores, asks } = guardOf({}, { high: 100 })
    const ended = (id: number, seconds: number): ObservedJob => ({ ...job(`e${id}`), state: 'complete', endSeconds: seconds })
    for (let i = 0; i < 29; i++) scores.add('high', ended(i, 200))
    expect(asks(prioritise(0), look(5))).toBeUndefined()
    scores.add('high', ended(29, 200))
    expect(asks(prioritise(0), look(5))).toMatchObject({ guard: 'model-error', all: true })
    // only the last two hundred count
    for (let i = 0; i < 200; i++) scores.add('high', ended(100 + i, 120))
    expect(asks(prioritise(0), look(5))).toBeUndefined()
  })

  it('want leave for what nothing takes back', () => {
    const cancel: ClusterAction = { kind: 'cancel', job: 'j0' }
    expect(guardOf().asks(cancel, look(5))).toMatchObject({ guard: 'irreversible' })
    expect(guardOf({ irreversible: ['cancel'] }).asks(cancel, look(5))).toBeUndefined()
  })

  it('never hold back what only takes back', () => {
    const { guard, asks } = guardOf({ actionsPerMinute: 1 })
    guard.enacted(prioritise(0))
    shift = 3600
    guard.look()
    expect(asks({ kind: 'sprint', job: 'j1', speed: 1 }, look(5), true)).toBeUndefined()
  })
})
