import fc from 'fast-check'
import { expect, it } from 'vitest'
import { parsePage } from './dom.js'
import { escapeHtml, html, Markup, withoutControls } from './html.js'

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

const ugly = fc.oneof(fc.constantFrom(...UGLY), fc.string(), fc.string({ unit: 'binary' }))

it('escaped text is read back as it was, in an element and in an attribute, and never becomes an element', () => {
  fc.assert(
    fc.property(ugly, (text) => {
      const page = parsePage(`<body><p title="${escapeHtml(text)}">${escapeHtml(text)}</p></body>`)
      const p = page.querySelector('p')!
      expect(p.textContent).toBe(withoutControls(text))
      expect(p.getAttribute('title')).toBe(withoutControls(text))
      expect([...page.querySelectorAll('p *')]).toHaveLength(0)
    }),
  )
})

it('a template escapes what it is given unless it is markup', () => {
  expect(html`<b>${'<i>'}</b>${new Markup('<u></u>')}${[1, undefined, false, 'x']}`.text).toBe('<b>&#60;i&#62;</b><u></u>1x')
})

it('a number and its unit stay on one line', () => {
  expect(html`${'12.4 s and 3 % of 5 hours'}`.text).toBe('12.4\u00a0s and 3\u00a0% of 5 hours')
})
