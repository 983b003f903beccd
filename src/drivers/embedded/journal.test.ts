import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isRefusal, LIVE_STATES } from '../../model/index.js'
import { type ClusterShape, JOURNAL_SCHEMA, Journal, type JournalEntry, readJournal } from './journal.js'
import { ClusterState } from './state.js'

let folder = ''
let path = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'halftone-journal-'))
  path = join(folder, 'journal.jsonl')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const shape: ClusterShape = { nodes: [{ name: 'n', slots: 2 }], engine: 'shared', discipline: 'priority-nonpreemptive' }
const task = { job: 'j1', stage: 0, task: 0, attempt: 1 }
const stages = [{ name: 'map', tasks: 2, command: ['true'], droppable: true }]
const entries: JournalEntry[] = [
  { entry: 'made', schema: JOURNAL_SCHEMA, shape },
  { entry: 'submit', at: 1, spec: { key: 'k', className: 'c', priority: 1, stages } },
  { entry: 'started', at: 1, task, process: { process: 42 } },
  { entry: 'lease', at: 2, what: 'taken', by: 'controller' },
  { entry: 'act', at: 2, action: { kind: 'sprint', job: 'j1', speed: 2 }, by: 'controller' },
  { entry: 'ended', at: 3, task, end: { result: 'complete' } },
]

function write(lines: readonly JournalEntry[]): void {
  const journal = new Journal(path)
  for (const line of lines) journal.write(line, true)
  journal.close()
}

describe('the journal of an embedded cluster', () => {
  it('reads back what was written, nothing where there is no file, and goes on behind it', () => {
    expect(readJournal(path)).toEqual([])
    write(entries.slice(0, 3))
    write(entries.slice(3))
    expect(readJournal(path)).toEqual(entries)
  })

  it('cuts off a last line that was cut short, for good', () => {
    write(entries)
    appendFileSync(path, '{"entry":"sub')
    expect(readJournal(path)).toEqual(entries)
    expect(readFileSync(path, 'utf8').endsWith('}\n')).toBe(true)
  })

  it('refuses a file with a line in its midst that cannot be read, and one that is none of ours, with the place', () => {
    write(entries.slice(0, 1))
    appendFileSync(path, 'nonsense\n')
    write(entries.slice(1))
    const broken = readJournal(path)
    expect(isRefusal(broken) && broken.message).toContain('journal.jsonl:2')
    rmSync(path)
    appendFileSync(path, '{"entry":"other"}\n')
    expect(readJournal(path)).toMatchObject({ code: 'unsupported' })
  })

  it('tells a cluster all that it knew: its jobs, what runs, and who steers', () => {
    const state = new ClusterState(shape, 15)
    for (const entry of entries) state.take(entry, 100)
    const [job] = state.scheduler.observe(4).jobs
    expect([job!.key, job!.speed, LIVE_STATES.has(job!.state), job!.stages![0]!.ended]).toEqual(['k', 2, true, 1])
    expect([...state.attempts.keys()]).toEqual(['j1/0/1/1'])
    expect([state.lease.holder, state.lease.lapsed(110), state.lease.lapsed(116)]).toEqual(['controller', false, true])
  })
})
