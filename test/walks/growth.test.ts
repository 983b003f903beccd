import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { growthPicture, growthRows } from '../../scripts/growth.js'

it('the picture of growth is what the script draws from the rows kept by the bench', () => {
  expect(growthPicture(growthRows())).toBe(readFileSync('docs/stations/growth.svg', 'utf8'))
})

it('shows every measured point once: both figures of each row of a series', () => {
  const measured = growthRows().filter((row) => row.by !== undefined)
  const picture = readFileSync('docs/stations/growth.svg', 'utf8')
  const dots = [...picture.matchAll(/<g aria-label="dot"[^>]*>([\s\S]*?)<\/g>/g)].flatMap((group) => [
    ...group[1]!.matchAll(/<(?:path|circle) /g),
  ])
  expect(dots).toHaveLength(2 * measured.length)
})

it('refuses to draw a series with rows missing', () => {
  expect(() => growthPicture(growthRows().filter((row) => row.discipline === 'NP'))).toThrow('run the bench')
})
