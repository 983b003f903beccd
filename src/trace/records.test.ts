import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RecordScanner, type ScanOptions } from './records.js'

interface Scanned {
  records: { fields: string[]; line: number }[]
  troubles: { trouble: string; line: number; value: string }[]
  comments: string[]
  scanner: RecordScanner
}

function scan(content: string | Buffer, options: Partial<ScanOptions> = {}, cuts: readonly number[] = []): Scanned {
  const records: Scanned['records'] = []
  const troubles: Scanned['troubles'] = []
  const comments: string[] = []
  const scanner = new RecordScanner({
    delimiter: ',',
    quotes: true,
    onRecord: (record) =>
      records.push({ fields: Array.from({ length: record.count }, (_, i) => record.text(i)), line: record.line }),
    onComment: (text) => comments.push(text),
    onTrouble: (trouble, line, value) => troubles.push({ trouble, line, value }),
    ...options,
  })
  const bytes = Buffer.from(content)
  const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  for (let i = 1; i < edges.length; i++) scanner.push(bytes.subarray(edges[i - 1], edges[i]))
  scanner.finish()
  return { records, troubles, comments, scanner }
}

describe('RecordScanner', () => {
  it('gives back the fields and the physical line of each record, however the bytes are cut and the lines end', () => {
    const field = fc.oneof(fc.stringMatching(/^[ab1. é-]{0,6}$/), fc.stringMatching(/^[a,"\n]{0,5}$/))
    const end = fc.constantFrom('\n', '\r\n', '\r')
    const row = fc.tuple(fc.array(field, { minLength: 2, maxLength: 4 }), end)
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 12 }),
        fc.array(fc.nat(400), { maxLength: 6 }),
        fc.boolean(),
        (rows, cuts, lastEnd) => {
          let text = ''
          let line = 1
          const expected = rows.map(([fields, ending], i) => {
            const at = { fields, line }
            const written = fields.map((value) => (/[,"\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value)).join(',')
            text += written
            if (i < rows.length - 1 || lastEnd) text += ending
            line += 1 + (written.match(/\n/g)?.length ?? 0)
            return at
          })
          const found = scan(text, {}, cuts)
          expect(found.records).toEqual(expected)
          expect(found.troubles).toEqual([])
        },
      ),
      { numRuns: 500 },
    )
  })

  it('counts blank and comment lines as lines, and is not confused by a byte-order mark', () => {
    const found = scan('\ufeff# made by hand\na,b\n\n\r\n1,2\n#x\n3,4', { comment: '#' })
    expect(found.records).toEqual([
      { fields: ['a', 'b'], line: 2 },
      { fields: ['1', '2'], line: 5 },
      { fields: ['3', '4'], line: 7 },
    ])
    expect(found.comments).toEqual(['# made by hand', '#x'])
    expect(found.scanner.byteOrderMark).toBe(true)
    expect(found.scanner.blankLines).toBe(2)
    expect(found.scanner.lineEnds).toMatchObject({ lf: 5, crlf: 1, cr: 0, firstLf: 1, firstCrlf: 4 })
  })

  it('splits at runs of blanks in any number', () => {
    const found = scan('; note\n  1   -1\t3  \r\n\n 4 5\n', { delimiter: 'blanks', quotes: false, comment: ';' }, [9, 14])
    expect(found.records).toEqual([
      { fields: ['1', '-1', '3'], line: 2 },
      { fields: ['4', '5'], line: 4 },
    ])
  })

  it('drops the line on which a quote opens that never closes, and reads on', () => {
    const found = scan('1,"open\n2,b\n3,c\n', {}, [3, 8])
    expect(found.troubles).toEqual([{ trouble: 'unterminated-quote', line: 1, value: '1,"open\n2,b\n3,c\n' }])
    expect(found.records.map(({ line }) => line)).toEqual([2, 3])
  })

  it('drops a line with text after a closing quote, and reads on', () => {
    const found = scan('1,"a"b,c\n2,b\n')
    expect(found.troubles.map(({ trouble, line }) => ({ trouble, line }))).toEqual([{ trouble: 'text-after-quote', line: 1 }])
    expect(found.records).toEqual([{ fields: ['2', 'b'], line: 2 }])
  })

  it('drops a line of a million characters without keeping it, and reads on at the right line', () => {
    for (const cuts of [[], Array.from({ length: 30 }, (_, i) => i * 40_000)]) {
      const found = scan(`a,b\n${'x'.repeat(1_000_000)},1\n2,b\n`, {}, cuts)
      expect(found.troubles.map(({ trouble, line }) => ({ trouble, line }))).toEqual([{ trouble: 'line-too-long', line: 2 }])
      expect(found.troubles[0]!.value.length).toBe(200)
      expect(found.records).toEqual([
        { fields: ['a', 'b'], line: 1 },
        { fields: ['2', 'b'], line: 3 },
      ])
    }
  })
})
