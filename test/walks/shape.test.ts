import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { shapePicture, shapeRows } from '../../scripts/shape.js'

it('the picture of where dropping pays is what the script draws from the rows kept by the bench', () => {
  expect(shapePicture(shapeRows())).toBe(readFileSync('docs/deflate-shape.svg', 'utf8'))
})

it('the page says what the rows say', () => {
  const rows = shapeRows().filter(({ policy }) => policy.startsWith('DiAS'))
  const steady = rows.filter((row) => row['P busy %'] !== undefined && row['P busy %'] < 95)
  const best = (key: 'low vs P %' | 'high vs P %'): string =>
    String(Math.min(...steady.map((row) => row[key]!))).replace('-', '−')
  const page = readFileSync('docs/deflate.md', 'utf8')
  expect(page).toContain(`low class by up to ${best('low vs P %')} %`)
  expect(page).toContain(`high class by up to ${best('high vs P %')} %`)
  expect(page).toContain(
    `in ${rows.filter((row) => row['low vs P %'] === undefined).length} of ${rows.length} regimes P has no steady state`,
  )
})
