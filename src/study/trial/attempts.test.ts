import { describe, expect, it } from 'vitest'
import type { ObservedJob, ObservedTask } from '../../model/index.js'
import { AttemptLog } from './attempts.js'

const ORIGIN = 100

function jobWith(...each: ObservedTask[]): ObservedJob {
  const ended = each.filter(({ state }) => state === 'complete').length
  const stage = { name: 'map', tasks: each.length, withdrawn: 0, ended, running: each.length - ended, each }
  return { id: '1', state: 'running', submitSeconds: ORIGIN, slots: each.length, speed: 1, stages: [stage] }
}

/** The tasks of one job after these looks, by what matters here. */
function seen(...looks: readonly (readonly [at: number, ...ObservedTask[]])[]): unknown[] {
  const log = new AttemptLog()
  for (const [at, ...each] of looks) log.note(0, jobWith(...each), at)
  return log
    .tasks(ORIGIN, () => 'low')
    .map(({ task, lane, startSeconds, endSeconds, lost }) => [task, lane, startSeconds, endSeconds, lost])
}

describe('attempts of tasks, from looks at a cluster', () => {
  it('are one where a start is told more exactly later', () => {
    expect(
      seen(
        [102, { index: 0, state: 'running', startSeconds: 101, node: 'a' }],
        [105, { index: 0, state: 'complete', startSeconds: 101.25, endSeconds: 104.5, node: 'a' }],
      ),
    ).toEqual([[0, 0, 1.25, 4.5, false]])
  })

  it('are two where a task was evicted, the first of them lost when it was last seen without a slot', () => {
    expect(
      seen(
        [102, { index: 0, state: 'running', startSeconds: 101, node: 'a' }],
        [103, { index: 0, state: 'pending', restarts: 1 }],
        [110, { index: 0, state: 'complete', startSeconds: 106, endSeconds: 109, restarts: 1, node: 'a' }],
      ),
    ).toEqual([
      [0, 0, 1, 3, true],
      [0, 0, 6, 9, false],
    ])
  })

  it('are two where it was evicted and taken up again between two looks', () => {
    expect(
      seen(
        [102, { index: 0, state: 'running', startSeconds: 101, node: 'a' }],
        [107, { index: 0, state: 'running', startSeconds: 106, restarts: 1, node: 'a' }],
        [110, { index: 0, state: 'complete', startSeconds: 106, endSeconds: 109, restarts: 1, node: 'a' }],
      ),
    ).toEqual([
      [0, 0, 1, 6, true],
      [0, 0, 6, 9, false],
    ])
  })

  it('lie on lanes of their node, never two at a time on one', () => {
    const at = (index: number, start: number, end: number, node: string): ObservedTask => ({
      index,
      state: 'complete',
      startSeconds: ORIGIN + start,
      endSeconds: ORIGIN + end,
      node,
    })
    expect(seen([120, at(0, 0, 5, 'a'), at(1, 1, 3, 'a'), at(2, 3, 6, 'a'), at(3, 1, 2, 'b')])).toEqual([
      [0, 0, 0, 5, false],
      [1, 1, 1, 3, false],
      [3, 0, 1, 2, false],
      [2, 1, 3, 6, false],
    ])
  })
})
