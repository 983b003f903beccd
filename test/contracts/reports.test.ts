import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { characterisationText } from '../../src/report/characterisation.js'
import { characterisationPage } from '../../src/report/characterisation-page.js'
import { type PageDocument, parsePage } from '../../src/report/dom.js'
import { planPage, planText } from '../../src/report/plan.js'
import { predictionPage, predictionText } from '../../src/report/prediction.js'
import { columnsOf } from '../../src/report/terminal.js'
import { trialText } from '../../src/report/trial.js'
import { trialPage } from '../../src/report/trial-page.js'
import { CONTROLS_BUT_LINES, characterisations, plans, predictions, trials } from '../support/report-values.js'

const LEAKS = /\bNaN\b|Infinity|undefined|\[object/

/** What a screen reader and a careful reader need of every page. */
function check(markup: string): PageDocument {
  const page = parsePage(markup)
  expect(page.documentElement.textContent).not.toMatch(LEAKS)
  expect(markup.slice(markup.indexOf('<body>'))).not.toMatch(/="[^"]*(NaN|Infinity|undefined)/)

  expect(page.documentElement.getAttribute('lang')).toBe('en')
  expect(page.querySelector('title')!.textContent!.length).toBeGreaterThan(8)
  // Stands alone: no script, nothing fetched, and its own policy says so.
  expect([...page.querySelectorAll('script, link, img, iframe, object, [src], [onerror], [onload]')]).toHaveLength(0)
  for (const a of page.querySelectorAll('[href]')) expect(a.getAttribute('href')).toMatch(/^#/)
  expect(page.querySelector('style')!.textContent).not.toMatch(/url\(|@import/)
  expect(page.querySelector('meta[http-equiv]')!.getAttribute('content')).toContain("default-src 'none'")

  const levels = [...page.querySelectorAll('h1, h2, h3, h4')].map((h) => Number(h.tagName[1]))
  expect(levels[0]).toBe(1)
  expect(levels.filter((level) => level === 1)).toHaveLength(1)
  levels.slice(1).forEach((level, i) => {
    expect(level).toBeLessThanOrEqual(levels[i]! + 1)
  })
  for (const svg of page.querySelectorAll('svg')) {
    const named = svg.getAttribute('role') === 'img' && (svg.getAttribute('aria-label') ?? '').length > 10
    expect(named || svg.getAttribute('aria-hidden') === 'true').toBe(true)
  }
  for (const figure of page.querySelectorAll('figure')) expect(figure.querySelector('figcaption')).not.toBeNull()
  for (const table of page.querySelectorAll('table')) {
    expect(table.querySelector('caption')!.textContent!.length).toBeGreaterThan(3)
    for (const th of table.querySelectorAll('th')) expect(['col', 'row']).toContain(th.getAttribute('scope'))
    for (const th of table.querySelectorAll('thead th')) expect(th.textContent!.trim()).not.toBe('')
    const width = [...table.querySelectorAll('thead th')].length
    for (const row of table.querySelectorAll('tbody tr')) expect([...row.querySelectorAll('th, td')]).toHaveLength(width)
  }
  const ids = [...page.querySelectorAll('[id]')].map((element) => element.getAttribute('id'))
  expect(new Set(ids).size).toBe(ids.length)
  for (const section of page.querySelectorAll('[aria-labelledby]')) expect(ids).toContain(section.getAttribute('aria-labelledby'))
  return page
}

function checkText(text: string, width: number): void {
  expect(text).not.toMatch(LEAKS)
  expect(text).not.toMatch(CONTROLS_BUT_LINES)
  expect(text.endsWith('\n')).toBe(true)
  for (const line of text.split('\n')) expect(columnsOf(line)).toBeLessThanOrEqual(width)
}

describe('whatever the schema allows', () => {
  const texts = { numRuns: 40 }
  const pages = { numRuns: 12 }

  it('a prediction becomes text of the width asked for and a sound page', () => {
    fc.assert(
      fc.property(predictions, fc.constantFrom(80, 100, 140), (prediction, width) => {
        checkText(predictionText(prediction, { width, scenario: 'a <b>\u001b[31m' }), width)
      }),
      texts,
    )
    fc.assert(
      fc.property(predictions, (prediction) => {
        check(predictionPage(prediction, { scenario: 'a <b>' }))
      }),
      pages,
    )
  })

  it('a plan does', () => {
    fc.assert(
      fc.property(plans, fc.constantFrom(80, 100, 140), (plan, width) => {
        checkText(planText(plan, { width }), width)
      }),
      texts,
    )
    fc.assert(
      fc.property(plans, (plan) => {
        check(planPage(plan))
      }),
      pages,
    )
  })

  it('a characterisation does', () => {
    fc.assert(
      fc.property(characterisations, fc.constantFrom(80, 100, 140), (study, width) => {
        checkText(characterisationText(study, { width }), width)
      }),
      texts,
    )
    fc.assert(
      fc.property(characterisations, (study) => {
        check(characterisationPage(study))
      }),
      { numRuns: 6 },
    )
  })

  it('a trial does', () => {
    fc.assert(
      fc.property(trials, fc.constantFrom(80, 100, 140), (trial, width) => {
        checkText(trialText(trial, { width }), width)
      }),
      texts,
    )
    fc.assert(
      fc.property(trials, (trial) => {
        check(trialPage(trial))
      }),
      pages,
    )
  })

  it('the same value gives the same bytes', () => {
    const [plan] = fc.sample(plans, { numRuns: 1, seed: 5 })
    expect(planPage(plan!)).toBe(planPage(structuredClone(plan!)))
    expect(planText(plan!)).toBe(planText(structuredClone(plan!)))
  })
})
