import { describe, expect, it } from 'vitest'
import { parseMapping } from './mapping.js'

const issuesOf = (text: string) => {
  const read = parseMapping(text, 'map.yaml')
  return 'issues' in read ? read.issues : []
}

describe('parseMapping', () => {
  it('takes column names alone or with unit and scale', () => {
    const read = parseMapping(
      'schema: halftone/mapping/1\nslotUnit: GPU\ncolumns:\n  submit: t\n  run: { column: minutes, unit: minutes }\n  slots: { column: milli, scale: 0.001 }\n',
      'map.yaml',
    )
    expect('mapping' in read && read.mapping.columns).toEqual({
      submit: 't',
      run: { column: 'minutes', unit: 'minutes' },
      slots: { column: 'milli', scale: 0.001 },
    })
  })

  it('names every error with its line', () => {
    const issues = issuesOf(
      [
        'schema: halftone/mapping/1',
        'slotUnit: lorry',
        'colour: red',
        'timeZone: Mars/Olympus',
        'columns:',
        '  sumbit: t',
        '  slots: 5',
      ].join('\n'),
    )
    expect(issues.map(({ code, place }) => ({ code, place }))).toEqual(
      expect.arrayContaining([
        { code: 'bad-value', place: 'map.yaml:2 slotUnit' },
        { code: 'unknown-key', place: 'map.yaml:3 colour' },
        { code: 'bad-value', place: 'map.yaml:4 timeZone' },
        { code: 'missing-member', place: 'map.yaml:6 columns.submit' },
        { code: 'unknown-key', place: 'map.yaml:6 columns.sumbit' },
        { code: 'bad-value', place: 'map.yaml:7 columns.slots' },
      ]),
    )
    expect(issues).toHaveLength(6)
    expect(issues.find(({ value }) => value === 'sumbit')!.message).toContain('submit')
  })

  it('names every line that a tab indents', () => {
    const issues = issuesOf('schema: halftone/mapping/1\ncolumns:\n\tsubmit: t\n')
    expect(issues.length).toBeGreaterThan(0)
    expect(issues[0]).toMatchObject({ code: 'yaml-tab', place: 'map.yaml:3', severity: 'error' })
  })

  it('says what a file that is not YAML, or no mapping at all, lacks', () => {
    expect(issuesOf('columns: {a: [1')[0]).toMatchObject({ code: 'yaml', place: 'map.yaml:1' })
    expect(issuesOf('- 1\n- 2\n')[0]).toMatchObject({ severity: 'error' })
    expect(issuesOf('a: 1\na: 2\n')[0]).toMatchObject({ code: 'yaml', place: 'map.yaml:2' })
  })
})
