import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { LABEL_FIELDS, NUMBER_FIELDS } from './builder.js'
import { FORMATS, recogniseTable, TABLE_FORMATS } from './formats.js'
import { parseMapping } from './mapping.js'
import { nearest } from './spelling.js'

describe('formats', () => {
  it('are recognised, each, from the columns that it needs and no others', () => {
    for (const format of TABLE_FORMATS) {
      const header = [
        ...format.needs,
        ...[...format.numbers, ...format.labels].filter(({ optional }) => !optional).map(({ column }) => column),
        ...(format.outcome && !format.outcome.optional ? [format.outcome.column] : []),
      ]
      expect(recogniseTable(header)?.name).toBe(format.name)
      expect(recogniseTable(['extra', ...header.toReversed()])?.name).toBe(format.name)
    }
    expect(recogniseTable(['a', 'b'])).toBeUndefined()
  })

  it('are all in docs/formats.md, with every column and a mapping that holds', () => {
    const page = readFileSync('docs/formats.md', 'utf8')
    for (const { name } of FORMATS) expect(page).toContain(`\`${name}\``)
    for (const format of TABLE_FORMATS.slice(0, -1))
      for (const column of format.needs) expect(page, format.name).toContain(column)
    for (const field of [...NUMBER_FIELDS, ...LABEL_FIELDS]) expect(page).toMatch(new RegExp(`\\b${field}\\b`))
    const blocks = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1]!)
    expect(blocks.length).toBe(1)
    for (const block of blocks) expect(parseMapping(block, 'docs/formats.md')).toHaveProperty('mapping')
  })
})

describe('nearest', () => {
  it('finds the candidate that a slip would have come from, and none when all are far', () => {
    expect(nearest('sumbit', ['start', 'submit', 'end'])).toBe('submit')
    expect(nearest('Submit_Time', ['submittime', 'runtime'])).toBe('submittime')
    expect(nearest('num_gpus', ['num_gpu', 'cpu'])).toBe('num_gpu')
    expect(nearest('owner', ['timestamp', 'duration'])).toBeUndefined()
  })
})
