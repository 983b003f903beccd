import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Axis, barChart, columnChart, curveChart, intervalChart, scatterChart, ticksOf } from './chart.js'
import { parsePage } from './dom.js'
import { styleSheet } from './style.js'

const amount = fc.oneof(
  fc.double({ min: 0, max: 1e9, noNaN: true }),
  fc.constantFrom(0, 1e-300, 1e300, Number.NaN, Number.POSITIVE_INFINITY),
)
const axis: fc.Arbitrary<Axis> = fc
  .record({
    kind: fc.constantFrom('number' as const, 'duration' as const, 'share' as const, 'count' as const),
    scale: fc.constantFrom('linear' as const, 'log' as const),
  })
  .map((a) => ({ label: 'axis', ...a }))
const frame = { title: 'Title.', alt: 'what it shows' }

describe('ticks', () => {
  it('lie inside the domain, ascend, and are few', () => {
    fc.assert(
      fc.property(
        axis,
        fc.double({ min: 1e-6, max: 1e8, noNaN: true }),
        fc.double({ min: 1.5, max: 1e6, noNaN: true }),
        (a, low, ratio) => {
          const high = low * ratio
          const ticks = ticksOf(a, [low, high])
          expect(ticks.length).toBeLessThanOrEqual(20)
          for (const tick of ticks) expect(tick >= low * (1 - 1e-6) && tick <= high * (1 + 1e-6)).toBe(true)
          expect(ticks).toEqual([...ticks].sort((x, y) => x - y))
        },
      ),
    )
  })

  it('of a log axis of times are units people use', () => {
    expect(ticksOf({ label: '', kind: 'duration', scale: 'log' }, [1, 86400])).toEqual([1, 10, 60, 600, 3600, 21600, 86400])
  })
})

describe('every chart', () => {
  const charts = fc.tuple(axis, axis, fc.array(fc.tuple(amount, amount), { maxLength: 8 })).map(([x, y, points]) => [
    curveChart({
      ...frame,
      curves: [
        { name: '<a>', points },
        { name: 'b', points, shape: 'step' },
        { name: 'c', points, shape: 'dots' },
      ],
      x,
      y,
      guides: [{ at: 1, axis: 'y', label: 'one' }],
    }),
    columnChart({ ...frame, bars: points.map(([, v], i) => ({ label: String(i), value: v })), x, y: { label: 'y' } }),
    barChart({
      ...frame,
      bars: points.map(([, v], i) => ({ label: `<${i}>`, value: v, series: i % 2 ? 'p' : 'q' })),
      x: { label: 'x', kind: 'share' },
    }),
    intervalChart({
      ...frame,
      rows: points.map(([v, w], i) => ({ group: `g${i % 3}`, series: 's', value: v, low: Math.min(v, w), high: Math.max(v, w) })),
      x,
    }),
    scatterChart({ ...frame, points: points.map(([px, py], i) => ({ x: px, y: py, series: 's', label: `p${i}` })), x, y }),
  ])

  it('is a figure with a caption, its drawing has a role and a text, and no coordinate is missing', () => {
    fc.assert(
      fc.property(charts, (all) => {
        for (const { text } of all) {
          expect(text).not.toMatch(/NaN|Infinity|undefined|\[object/)
          const page = parsePage(`<body>${text}</body>`)
          const figure = page.querySelector('figure')!
          expect(figure.querySelector('figcaption')!.textContent).toContain('Title.')
          const drawing = figure.querySelector('svg.plot')
          if (drawing === null) {
            expect(figure.textContent).toContain('No values to draw.')
            continue
          }
          expect(drawing.getAttribute('role')).toBe('img')
          expect(drawing.getAttribute('aria-label')).toContain('what it shows')
        }
      }),
      { numRuns: 15 },
    )
  })
})

it('draws a cumulative curve from its first to its last point across the frame', () => {
  const { text } = curveChart({
    ...frame,
    curves: [
      {
        name: 'c',
        points: [
          [1, 0],
          [10, 0.5],
          [100, 1],
        ],
      },
    ],
    x: { label: 'x', scale: 'log' },
    y: { label: 'y', low: 0, high: 1 },
  })
  const path = parsePage(text).querySelector('[aria-label="line"] path')!.getAttribute('d')!
  const points = path
    .slice(1)
    .split('L')
    .map((pair) => pair.split(',').map(Number))
  // Three points, evenly spaced on a log axis, falling on the page as the share rises.
  expect(points).toHaveLength(3)
  expect(points[1]![0]! - points[0]![0]!).toBeCloseTo(points[2]![0]! - points[1]![0]!, 6)
  expect(points[0]![1]! - points[1]![1]!).toBeCloseTo(points[1]![1]! - points[2]![1]!, 6)
  expect(points[0]![1]).toBeGreaterThan(points[2]![1]!)
})

it('keeps long names apart that differ only in the middle', () => {
  const names = ['x'.repeat(40) + '1' + 'y'.repeat(40), 'x'.repeat(40) + '2' + 'y'.repeat(40)]
  const { text } = barChart({ ...frame, bars: names.map((label) => ({ label, value: 1 })), x: { label: '' } })
  const drawn = [...parsePage(text).querySelectorAll('[aria-label="fy-axis tick label"] text')].map((t) => t.textContent)
  expect(new Set(drawn).size).toBe(2)
})

describe('style', () => {
  /** Relative luminance and contrast as WCAG 2.2 defines them. */
  const luminance = (hex: string): number => {
    const full = hex.length === 4 ? [...hex.slice(1)].map((c) => c + c).join('') : hex.slice(1)
    const [r, g, b] = [0, 2, 4].map((i) => {
      const c = Number.parseInt(full.slice(i, i + 2), 16) / 255
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
    }) as [number, number, number]
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const contrast = (a: string, b: string): number => {
    const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p) as [number, number]
    return (x + 0.05) / (y + 0.05)
  }
  const schemes = [...styleSheet.matchAll(/:root\{([^}]*)\}/g)].map((match) =>
    Object.fromEntries(
      [...match[1]!.matchAll(/--([a-z0-9-]+):\s*(#[0-9a-f]{3,6})/g)].map(([, name, colour]) => [name!, colour!]),
    ),
  )

  it('has a light, a dark and a print scheme', () => {
    expect(schemes).toHaveLength(3)
  })

  it.each(schemes.map((scheme, i) => [['light', 'dark', 'print'][i]!, scheme] as const))(
    '%s: text stands out from its ground by 4.5 : 1 and more, marks by 3 : 1',
    (_, scheme) => {
      for (const text of ['ink', 'soft', 'good', 'bad'])
        expect(contrast(scheme[text]!, scheme['paper']!)).toBeGreaterThanOrEqual(4.5)
      expect(contrast(scheme['ink']!, scheme['paper']!)).toBeGreaterThanOrEqual(7)
      for (const text of ['ink', 'trust']) expect(contrast(scheme[text]!, scheme['trust-wash']!)).toBeGreaterThanOrEqual(4.5)
      expect(contrast(scheme['ink']!, scheme['wash']!)).toBeGreaterThanOrEqual(7)
      for (const mark of ['c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'mark'])
        expect(contrast(scheme[mark]!, scheme['paper']!)).toBeGreaterThanOrEqual(3)
    },
  )
})
