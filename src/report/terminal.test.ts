import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bar, bullets, columnsOf, ink, plain, sparkline, table, wrap } from './terminal.js'

/** Characters that a terminal would obey: control characters and those that turn the direction of writing. */
const CONTROLS = /\p{Cc}|[\u202a-\u202e\u2066-\u2069]/u

const UGLY = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "a'b&amp;c",
  'high\u001b[31mred',
  'line\nbreak\ttab',
  '漢字のクラス',
  'x'.repeat(120),
  '\ud800lone',
]

const word = fc
  .oneof(fc.constantFrom('a', 'response', '1,234.5 ms', ...UGLY), fc.string({ maxLength: 50 }))
  .map((text) => plain(text))

describe('table', () => {
  it('is never wider than the ink, whatever is in the cells', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(word, word, word), { maxLength: 6 }), fc.integer({ min: 40, max: 120 }), (rows, width) => {
        const text = table([{ head: 'Name' }, { head: 'What' }, { head: 'Value', align: 'right' }], rows, ink({ width }))
        for (const line of text.split('\n')) expect(columnsOf(line)).toBeLessThanOrEqual(width)
      }),
    )
  })

  it('keeps every character of a cell that has to wrap', () => {
    const long = 'abcdefghij'.repeat(12)
    const text = table([{ head: 'A' }, { head: 'B' }], [[long, long]], ink({ width: 50 }))
    for (const letter of 'abcdefghij') expect(text.split(letter).length - 1).toBe(24)
  })

  it('aligns columns of numbers at their right end', () => {
    const lines = table(
      [{ head: 'k' }, { head: 'v', align: 'right' }],
      [
        ['a', '1'],
        ['b', '1,000'],
      ],
      ink(),
    ).split('\n')
    expect(lines.slice(2)).toEqual(['a      1', 'b  1,000'])
  })

  it('writes escape sequences only when colour was asked for', () => {
    const cells = (pen: ReturnType<typeof ink>): string => table([{ head: 'k' }], [[pen.good('x')]], pen)
    expect(cells(ink())).not.toContain('\u001b')
    expect(cells(ink({ colour: true }))).toContain('\u001b[32mx')
  })
})

it('wrapped text keeps its words in order and its width', () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[a-z]{1,15}$/), { minLength: 1, maxLength: 40 }), (words) => {
      const text = wrap(words.join(' '), ink({ width: 40 }), 2, 4)
      expect(text.split(/\s+/).filter((w) => w !== '')).toEqual(words)
      for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(40)
    }),
  )
})

it('text from outside cannot move the cursor or change colours', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(plain(text)).not.toMatch(CONTROLS)
    }),
  )
  expect(columnsOf(plain('漢'.repeat(300), 40))).toBeLessThanOrEqual(40)
  expect(bullets(['a'], ink())).toBe('  • a')
})

it('a bar is as long as its share, to an eighth of a column', () => {
  expect([0, 0.5, 1, 2, -1, Number.NaN].map((share) => columnsOf(bar(share, 10)))).toEqual([0, 5, 10, 10, 0, 0])
  expect(bar(1 / 80, 10)).toBe('▏')
})

it('a sparkline has one column a value, its highest where the value is', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1e9 }), { minLength: 1, maxLength: 50 }), (values) => {
      const line = [...sparkline(values)]
      expect(line).toHaveLength(values.length)
      const top = Math.max(...values.filter((v) => !Number.isNaN(v)), 0)
      values.forEach((v, i) => {
        if (Number.isNaN(v)) expect(line[i]).toBe(' ')
        else if (v === top && top > 0) expect(line[i]).toBe('█')
      })
    }),
  )
})
