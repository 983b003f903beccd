import { describe, expect, it } from 'vitest'
import { type Issue, IssueCollector, refuse } from '../model/index.js'
import { parsePage } from './dom.js'
import { html } from './html.js'
import { issuesInWords, issuesMarkup, issuesText, refusalText } from './issues.js'
import { columnsOf } from './terminal.js'

/** Characters that a terminal would obey, line ends aside. */
const CONTROLS_BUT_LINES = /(?!\n)\p{Cc}|[\u202a-\u202e\u2066-\u2069]/u

const issue = (place: string, message: string, value?: string, severity: Issue['severity'] = 'error'): Issue => ({
  code: message,
  severity,
  place,
  message,
  ...(value === undefined ? {} : { value }),
})

describe('issues', () => {
  it('aligns place, message and value, errors before warnings', () => {
    const text = issuesText([issue('jobs.csv:7', 'is skipped', 'x', 'warning'), issue('jobs.csv:412', 'is negative', '-5')])
    expect(text.split('\n').slice(0, 2)).toEqual(['  jobs.csv:412  is negative  -5', '  jobs.csv:7    is skipped  x'])
    expect(text).toContain('1 error, 1 warning.')
  })

  it('says how many places it does not list, and forgets none in the sum', () => {
    const collector = new IssueCollector(2)
    for (let i = 0; i < 1205; i++)
      collector.add({ code: 'bad-number', severity: 'warning', place: `a.csv:${i + 2}`, message: 'not a number', value: 'abc' })
    collector.count('no-place', 'error', 'rows without an end', 3)
    const text = issuesText(collector.report())
    expect(text.match(/a\.csv:/g)).toHaveLength(2)
    expect(text).toContain('… and 1,203 more: not a number')
    expect(text).toContain('3 × rows without an end')
    expect(issuesInWords(collector.report())).toBe('3 errors, 1,205 warnings')
  })

  it('does not repeat a value that the message already quotes', () => {
    expect(issuesText([issue('s.yaml:3', 'wants a number, has "fast"', 'fast')]).match(/fast/g)).toHaveLength(1)
  })

  it('stays within the width with a place of any length, and prints no control characters', () => {
    const text = issuesText([issue('p'.repeat(300), 'm '.repeat(200), '\u001b[31mred\u0007')], { width: 80 })
    for (const line of text.split('\n')) expect(columnsOf(line)).toBeLessThanOrEqual(80)
    expect(text).not.toMatch(CONTROLS_BUT_LINES)
  })

  it('on a page shows counts and first places, escaped', () => {
    const page = parsePage(html`${issuesMarkup([issue('<b>:1', 'is bad', '<script>')])}`.text)
    expect([...page.querySelectorAll('script, b')]).toHaveLength(0)
    expect(page.querySelector('tbody code')!.textContent).toBe('<b>:1')
  })

  it('no issues at all is said', () => {
    expect(issuesText([])).toBe('no issues.\n')
  })
})

describe('refusal', () => {
  it('says what, the numbers with their units, and what to change', () => {
    const text = refusalText(
      refuse('unstable', 'work arrives faster than it can be served', {
        effectiveLoad: 1.034,
        waitSeconds: 120,
        wastedShare: 0.04,
        jobs: 12000,
      }),
    )
    expect(text).toContain('No answer: unstable.')
    expect(text).toMatch(/effective load +1\.034\n/)
    expect(text).toMatch(/wait +120 s\n/)
    expect(text).toMatch(/wasted +4 %\n/)
    expect(text).toMatch(/jobs +12,000\n/)
    expect(text).toContain('Lower the load')
  })

  it('a number that is not finite is a dash', () => {
    expect(refusalText(refuse('unstable', 'x', { load: Number.POSITIVE_INFINITY }))).toMatch(/load +–/)
  })
})
