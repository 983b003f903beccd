import { describe, expect, it } from 'vitest'
import { progress } from './progress.js'

/** Characters that a terminal would obey: control characters and those that turn the direction of writing. */
const CONTROLS = /\p{Cc}|[\u202a-\u202e\u2066-\u2069]/u

function watched(isTTY: boolean, columns = 80) {
  const written: string[] = []
  let at = 0
  return {
    written,
    advance: (milliseconds: number) => void (at += milliseconds),
    options: { stream: { isTTY, columns, write: (text: string) => written.push(text) }, now: () => at },
  }
}

describe('progress', () => {
  it('says nothing of work that takes under two seconds', () => {
    for (const tty of [true, false]) {
      const { written, advance, options } = watched(tty)
      const p = progress({ label: 'reading', ...options })
      for (let i = 0; i < 19; i++) {
        advance(100)
        p.update(i / 19)
      }
      p.stop()
      expect(written).toEqual([])
    }
  })

  it('says nothing at all when quiet', () => {
    const { written, advance, options } = watched(true)
    const p = progress({ label: 'reading', quiet: true, ...options })
    advance(60_000)
    p.update(0.5)
    p.stop()
    expect(written).toEqual([])
  })

  it('says what is being done where it is told', () => {
    const { written, advance, options } = watched(false)
    const p = progress({ label: 'trying', ...options })
    advance(10_000)
    p.update(0.5, 'NP: 3 of 6 jobs\u001b[2J')
    p.stop()
    expect(written).toHaveLength(1)
    expect(written[0]).toContain('trying: 50 %, NP: 3 of 6 jobs')
    expect(written[0]!.replace('\n', '')).not.toMatch(CONTROLS)
  })

  it('off a terminal is a plain line every five seconds with what is left at the pace so far', () => {
    const { written, advance, options } = watched(false)
    const p = progress({ label: 'simulating', ...options })
    for (let i = 1; i <= 20; i++) {
      advance(1_000)
      p.update(i / 40)
    }
    p.stop()
    // 2 s → 2/40 done, 38 s left; then every 5 s; nothing of it moves the cursor.
    expect(written).toEqual([
      'simulating: 5 %, about 38 s left\n',
      'simulating: 17 %, about 33 s left\n',
      'simulating: 30 %, about 28 s left\n',
      'simulating: 42 %, about 23 s left\n',
    ])
  })

  it('on a terminal is one line that is redrawn, shorter than the terminal, and taken away at the end', () => {
    const { written, advance, options } = watched(true, 50)
    const p = progress({ label: 'simulating a long label \u001b[31m', ...options })
    for (let i = 1; i <= 100; i++) {
      advance(50)
      p.update(i / 100)
    }
    p.stop()
    p.stop()
    const lines = written.map((text) => text.replace(/^\r/, '').replace('\u001b[K', ''))
    for (const line of lines) {
      expect(line.length).toBeLessThan(50)
      expect(line).not.toMatch(CONTROLS)
    }
    expect(lines.at(-1)).toBe('')
    expect(lines.at(-2)).toContain('100 %')
    // Ten times a second at most: 3 s at two updates every 100 ms.
    expect(written.length).toBeLessThanOrEqual(33)
  })

  it('never runs backwards and shrugs off shares that are not numbers', () => {
    const { written, advance, options } = watched(false)
    const p = progress({ label: 'x', ...options })
    for (const share of [0.5, 0.2, Number.NaN, 7]) {
      advance(10_000)
      p.update(share)
    }
    expect(written.map((line) => line.match(/\d+ %/)![0])).toEqual(['50 %', '50 %', '100 %'])
  })
})
