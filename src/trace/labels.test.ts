import fc from 'fast-check'
import { expect, it } from 'vitest'
import { LabelTable } from './labels.js'

it('gives equal labels equal codes, in order of first appearance, and gives each label back', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 6 }), { maxLength: 300 }), (labels) => {
      const table = new LabelTable()
      const expected = new Map<string, number>()
      for (const label of labels) {
        if (!expected.has(label)) expected.set(label, expected.size)
        const bytes = Buffer.from(label)
        expect(table.code(bytes, 0, bytes.length)).toBe(expected.get(label))
      }
      expect(table.texts()).toEqual([...expected.keys()])
    }),
  )
})

it('keeps its codes while it grows', () => {
  const table = new LabelTable()
  const codes = Array.from({ length: 5000 }, (_, i) => {
    const bytes = Buffer.from(`job-${i}`)
    return table.code(bytes, 0, bytes.length)
  })
  expect(codes).toEqual(codes.map((_, i) => i))
  const again = Buffer.from('job-1234')
  expect(table.code(again, 0, again.length)).toBe(1234)
  expect(table.size).toBe(5000)
})
