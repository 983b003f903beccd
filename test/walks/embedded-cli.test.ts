/** `halftone cluster`, as it is typed: start, submit, look, stop. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FORBIDDEN } from './cli.js'

let place = ''
let dir = ''
beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), 'halftone-cli-'))
  dir = join(place, 'cluster')
})
afterAll(() => {
  cluster('stop', '--dir', dir, '--cancel')
  rmSync(place, { recursive: true, force: true })
})

function cluster(...args: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['dist/cli/main.js', 'cluster', ...args], { encoding: 'utf8' })
  expect(stdout + stderr).not.toMatch(FORBIDDEN)
  return { code: status, out: stdout, err: stderr }
}

function until(holds: () => boolean): void {
  const deadline = performance.now() + 30_000
  while (!holds()) if (performance.now() > deadline) throw new Error('not seen in time')
}

const file = (name: string, text: string): string => {
  writeFileSync(join(place, name), text)
  return join(place, name)
}

describe('halftone cluster', () => {
  it('starts a cluster that outlives the command, and says what speeds it measured', () => {
    const { code, out } = cluster('start', '--slots', '2', '--dir', dir, '--normal-share', '0.5')
    expect(code).toBe(0)
    expect(out).toMatch(/speed .*(cgroup v[12] quota|duty cycle by signals); measured: .* of a processor at speed 1/)
    expect(cluster('status', '--dir', dir).out).toContain('2 on 1 node, shared, priority-nonpreemptive')
    expect(cluster('jobs', '--dir', dir).out).toBe('No jobs.\n')
  })

  it('runs a job that is submitted, once', () => {
    const marks = join(place, 'marks')
    const program = `require('node:fs').appendFileSync(${JSON.stringify(marks)}, process.env.HALFTONE_TASK + '\\n')`
    const job = file(
      'job.yaml',
      `key: one\nclassName: c\npriority: 1\nstages:\n  - { name: map, tasks: 3, command: [${process.execPath}, -e, ${JSON.stringify(program)}] }\n`,
    )
    expect(cluster('submit', job, '--dir', dir)).toMatchObject({ code: 0, out: 'j1\n' })
    until(() => /j1 +one +c +complete .* 3\/3 /.test(cluster('jobs', '--dir', dir, '--all').out))
    expect(cluster('submit', job, '--dir', dir).out).toContain('was submitted with this key before')
    expect(readFileSync(marks, 'utf8').trim().split('\n').sort()).toEqual(['0', '1', '2'])
  })

  it('answers bad input with all that is wrong, at its place', () => {
    const wrong = cluster('submit', file('wrong.yaml', 'key: a b\nclassName: c\npriority: 0\n'), '--dir', dir)
    expect(wrong.code).toBe(2)
    for (const part of ['wrong.yaml:1 key', 'wrong.yaml:3 priority', 'stages']) expect(wrong.err).toContain(part)
    expect(cluster('start', '--slots', '3', '--nodes', '2', '--dir', join(place, 'other'))).toMatchObject({ code: 1 })
    expect(cluster('status', '--dir', join(place, 'absent')).err).toContain('there is no cluster')
    expect(cluster('start', '--slots', '2', '--dir', dir).err).toContain('serves')
  })

  it('is not stopped while jobs live unless they are to be cancelled, and then leaves only its files', () => {
    const job = file(
      'long.yaml',
      `key: long\nclassName: c\npriority: 1\nstages:\n  - { name: map, tasks: 1, command: [sleep, "600"] }\n`,
    )
    cluster('submit', job, '--dir', dir)
    const refused = cluster('stop', '--dir', dir)
    expect([refused.code, refused.err.includes('jobs live')]).toEqual([1, true])
    expect(cluster('stop', '--dir', dir, '--cancel').code).toBe(0)
    until(() => !existsSync(join(dir, 'cluster.sock')))
    expect(readdirSync(join(dir, 'jobs'))).toEqual([])
    expect(readFileSync(join(dir, 'journal.jsonl'), 'utf8')).toContain('"closed"')
  })
})
