import * as Plot from '@observablehq/plot'
import { parsePage } from './dom.js'
import { count, number, percent, roundDuration } from './format.js'
import { html, Markup, withoutControls } from './html.js'

/**
 * Charts as static inline SVG inside a captioned figure. Colours are CSS variables of the page (`--c0` … `--c5`, `--mark`), so the reader’s
 * light or dark scheme and the printer decide; series differ by dash or shape as well as by colour.
 */

/** What an axis measures; `duration` and `frequency` choose their own ticks on a log scale. */
export interface Axis {
  readonly label: string
  readonly kind?: 'number' | 'duration' | 'share' | 'count'
  readonly scale?: 'linear' | 'log'
  /** Bounds; without them the data decide (and 0 on a linear scale). */
  readonly low?: number
  readonly high?: number
}

export interface Curve {
  readonly name: string
  readonly points: readonly (readonly [x: number, y: number])[]
  /** `step`: the value holds until the next point. Default straight lines. */
  readonly shape?: 'line' | 'step' | 'dots'
  /** Which colour of the palette; by default the place in the list. `muted` is for what is only there to compare with. */
  readonly colour?: number | 'muted'
}

export interface Guide {
  readonly at: number
  readonly axis: 'x' | 'y'
  readonly label: string
}

export interface Frame {
  readonly title: string
  /** What the reader should see in it, one or two sentences below the title. */
  readonly note?: string
  /** What a reader who cannot see the picture should know. */
  readonly alt: string
  /** `half`: two beside one another where there is room. Default `full`. */
  readonly size?: 'full' | 'half'
  readonly height?: number
}

const DASHES = ['', '7 3', '2 3', '9 3 2 3', '1 3', '12 4']
const GUIDE_DASH = '4 3'
const WIDTHS = { full: 880, half: 425 }

const colourOf = (colour: number | 'muted' | undefined, place: number): string =>
  colour === 'muted' ? 'var(--mark)' : `var(--c${(colour ?? place) % 6})`

/** One or several lines over a common pair of axes. Points that a log scale cannot show (0 or less) are moved to its edge. */
export function curveChart(
  spec: Frame & { readonly curves: readonly Curve[]; readonly x: Axis; readonly y: Axis; readonly guides?: readonly Guide[] },
): Markup {
  const curves = spec.curves.map((curve) => ({
    ...curve,
    points: curve.points.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y)),
  }))
  const all = curves.flatMap((curve) => curve.points)
  if (all.length === 0) return empty(spec)
  const guides = spec.guides ?? []
  const along = (axis: 'x' | 'y'): number[] => guides.filter((guide) => guide.axis === axis).map((guide) => guide.at)
  const x = extent(spec.x, [...all.map((p) => p[0]), ...along('x')])
  const y = extent(spec.y, [...all.map((p) => p[1]), ...along('y')])
  const marks: Plot.Markish[] = [...frameMarks(spec.x, x, spec.y, y), ...guideMarks(guides, x, y)]
  curves.forEach((curve, i) => {
    const data = curve.points.map(([px, py]) => [clamp(px, x), clamp(py, y)] as [number, number])
    const stroke = colourOf(curve.colour, i)
    if (curve.shape === 'dots') marks.push(Plot.dot(data, { x: '0', y: '1', fill: stroke, r: 3.5, symbol: symbolOf(i) }))
    else
      marks.push(
        Plot.line(data, {
          x: '0',
          y: '1',
          stroke,
          strokeWidth: 1.8,
          strokeDasharray: curves.length > 1 ? DASHES[i % DASHES.length]! : '',
          curve: curve.shape === 'step' ? 'step-after' : 'linear',
        }),
      )
  })
  const svg = draw(spec, {
    marginLeft: marginFor(spec.y, y),
    x: { type: spec.x.scale ?? 'linear', domain: x, label: null, axis: null },
    y: { type: spec.y.scale ?? 'linear', domain: y, label: null, axis: null },
    marks,
  })
  const items: LegendItem[] = curves.map((curve, i) => ({
    name: curve.name,
    colour: colourOf(curve.colour, i),
    ...(curve.shape === 'dots' ? { symbol: symbolOf(i) } : { dash: DASHES[i % DASHES.length]! }),
  }))
  items.push(...guideItems(guides))
  return figure(spec, svg, items.length < 2 ? undefined : legendOf(items))
}

export interface Bar {
  readonly label: string
  readonly value: number
  /** Which of the series it belongs to, where there are several bars a label. */
  readonly series?: string
}

/** Upright bars in the order given (hours, weekdays, days). Values that are missing leave a gap. */
export function columnChart(
  spec: Frame & {
    readonly bars: readonly Bar[]
    readonly x: Axis
    readonly y: Axis
    readonly everyLabel?: number
    readonly guides?: readonly Guide[]
  },
): Markup {
  const bars = spec.bars.filter((bar) => Number.isFinite(bar.value))
  if (bars.length === 0) return empty(spec)
  const labels = spec.bars.map((bar) => bar.label)
  const guides = (spec.guides ?? []).filter((guide) => guide.axis === 'y')
  const y = extent(spec.y, [...bars.map((bar) => bar.value), ...guides.map((guide) => guide.at)])
  const every = spec.everyLabel ?? 1
  const svg = draw(spec, {
    marginLeft: marginFor(spec.y, y),
    x: { type: 'band', domain: labels, label: null, axis: null, padding: 0.15 },
    y: { domain: y, label: null, axis: null },
    marks: [
      gridMark('y', ticksOf(spec.y, y)),
      Plot.barY(bars, { x: 'label', y: 'value', fill: 'var(--c0)' }),
      ...guideMarks(guides, y, y),
      Plot.ruleY([y[0]], { stroke: 'currentColor' }),
      Plot.axisX(
        labels.filter((_, i) => i % every === 0),
        { tickSize: 0, label: spec.x.label, labelArrow: 'none', labelAnchor: 'right', labelOffset: 40 },
      ),
      ...valueAxis('y', spec.y, y),
    ],
  })
  return figure(spec, svg, guides.length === 0 ? undefined : legendOf(guideItems(guides)))
}

/** Lying bars, one or several a label, with their value written behind them. */
export function barChart(spec: Frame & { readonly bars: readonly Bar[]; readonly x: Axis }): Markup {
  const names = shortNames(spec.bars.map((bar) => bar.label))
  const bars = spec.bars
    .filter((bar) => Number.isFinite(bar.value))
    .map((bar) => ({ ...bar, label: names.get(bar.label)!, series: bar.series ?? '' }))
  if (bars.length === 0) return empty(spec)
  const labels = [...new Set(bars.map((bar) => bar.label))]
  const series = [...new Set(bars.map((bar) => bar.series))]
  const [low, high] = extent(
    spec.x,
    bars.map((bar) => bar.value),
  )
  const x: [number, number] = [low, high]
  const colour = (bar: { series: string }): string => `var(--c${series.indexOf(bar.series) % 6})`
  const thickness = series.length > 1 ? 13 : 20
  const svg = draw(
    { ...spec, height: spec.height ?? 16 + labels.length * (thickness * series.length + 12) + (spec.x.label === '' ? 0 : 30) },
    {
      marginLeft: 14 + 6.6 * Math.max(...labels.map((label) => label.length)),
      marginRight: 62,
      marginTop: 8,
      marginBottom: spec.x.label === '' ? 8 : 38,
      x: { type: spec.x.scale ?? 'linear', domain: x, label: null, axis: null },
      fy: { domain: labels, label: null, axis: null, padding: 0.2 },
      y: { type: 'band', domain: series, label: null, axis: null, padding: 0.05 },
      marks: [
        Plot.axisFy({ anchor: 'left', label: null, tickSize: 0, text: (label: unknown) => String(label) }),
        Plot.barX(bars, { x1: x[0], x2: 'value', fy: 'label', y: 'series', fill: colour }),
        Plot.text(bars, {
          x: 'value',
          fy: 'label',
          y: 'series',
          text: (bar: Bar) => tickText(spec.x)(bar.value),
          textAnchor: 'start',
          dx: 5,
          fill: 'currentColor',
        }),
        Plot.ruleX([x[0]], { stroke: 'currentColor' }),
        ...(spec.x.label === ''
          ? []
          : [Plot.axisX([], { label: spec.x.label, labelArrow: 'none', labelAnchor: 'right', labelOffset: 24 })]),
      ],
    },
  )
  return figure(
    spec,
    svg,
    series.length < 2 ? undefined : legendOf(series.map((name, i) => ({ name, colour: `var(--c${i % 6})`, block: true }))),
    ' bars',
  )
}

export interface IntervalRow {
  readonly group: string
  readonly series: string
  readonly value: number
  readonly low: number
  readonly high: number
  /** A target to stay below, drawn as a tick. */
  readonly target?: number
}

/** Values with their intervals, one line a group and a mark of its own for each series: what differs and by how much more than chance. */
export function intervalChart(
  spec: Frame & { readonly rows: readonly IntervalRow[]; readonly x: Axis; readonly muted?: string },
): Markup {
  const names = shortNames(
    spec.rows.map((row) => row.group),
    34,
  )
  const rows = spec.rows
    .filter((row) => [row.value, row.low, row.high].every(Number.isFinite))
    .map((row) => ({ ...row, group: names.get(row.group)! }))
  if (rows.length === 0) return empty(spec)
  const groups = [...new Set(rows.map((row) => row.group))]
  const series = [...new Set(rows.map((row) => row.series))]
  const x = extent(
    spec.x,
    rows.flatMap((row) => [row.value, row.low, row.high, ...(row.target === undefined ? [] : [row.target])]),
    0.03,
  )
  const at = (v: number): number => clamp(v, x)
  const data = rows.map((row) => ({ ...row, value: at(row.value), low: at(row.low), high: at(row.high) }))
  const colour = (row: { series: string }): string =>
    colourOf(row.series === spec.muted ? 'muted' : undefined, series.indexOf(row.series))
  const targets = rows.filter((row) => row.target !== undefined).map((row) => ({ group: row.group, target: at(row.target!) }))
  const svg = draw(
    { ...spec, height: spec.height ?? 52 + groups.length * (19 * series.length + 16) },
    {
      marginLeft: 14 + 6.6 * Math.max(...groups.map((group) => group.length)),
      marginRight: 30,
      x: { type: spec.x.scale ?? 'linear', domain: x, label: null, axis: null },
      fy: { domain: groups, label: null, axis: null, padding: 0 },
      y: { type: 'point', domain: series, label: null, axis: null, padding: 0.9 },
      marks: [
        gridMark('x', ticksOf(spec.x, x)),
        Plot.axisFy({ anchor: 'left', label: null, tickSize: 0, text: (label: unknown) => String(label) }),
        Plot.tickX(targets, { x: 'target', fy: 'group', stroke: 'currentColor', strokeWidth: 1.5, strokeDasharray: '3 2' }),
        Plot.ruleY(data, { x1: 'low', x2: 'high', y: 'series', fy: 'group', stroke: colour, strokeWidth: 2.5 }),
        ...series.map((name, i) =>
          Plot.dot(
            data.filter((row) => row.series === name),
            {
              x: 'value',
              y: 'series',
              fy: 'group',
              fill: colour({ series: name }),
              stroke: 'var(--paper)',
              r: 5,
              symbol: symbolOf(i),
            },
          ),
        ),
        ...valueAxis('x', spec.x, x),
      ],
    },
  )
  const items: LegendItem[] = series.map((name, i) => ({ name, colour: colour({ series: name }), symbol: symbolOf(i) }))
  if (targets.length > 0) items.push({ name: 'target', colour: 'currentColor', upright: true })
  return figure(spec, svg, items.length < 2 ? undefined : legendOf(items))
}

export interface ScatterPoint {
  readonly x: number
  readonly y: number
  readonly xLow?: number
  readonly xHigh?: number
  readonly label?: string
  readonly series: string
}

/** Points with optional intervals along x and labels: candidates by what they cost and what they give. */
export function scatterChart(
  spec: Frame & {
    readonly points: readonly ScatterPoint[]
    readonly x: Axis
    readonly y: Axis
    readonly guides?: readonly Guide[]
    readonly muted?: string
    /** The series in the order of legend and colours; default the order met. What comes last among the points lies on top. */
    readonly series?: readonly string[]
  },
): Markup {
  const points = spec.points.filter((point) => Number.isFinite(point.x) && Number.isFinite(point.y))
  if (points.length === 0) return empty(spec)
  const guides = spec.guides ?? []
  const met = [...new Set(points.map((point) => point.series))]
  const series = [
    ...(spec.series ?? []).filter((name) => met.includes(name)),
    ...met.filter((name) => !spec.series?.includes(name)),
  ]
  const along = (axis: 'x' | 'y'): number[] => guides.filter((guide) => guide.axis === axis).map((guide) => guide.at)
  const x = extent(
    spec.x,
    [...points.flatMap((point) => [point.x, point.xLow ?? point.x, point.xHigh ?? point.x]), ...along('x')],
    0.06,
  )
  const y = extent(spec.y, [...points.map((point) => point.y), ...along('y')], 0.08)
  const data = points.map((point) => ({
    ...point,
    x: clamp(point.x, x),
    xLow: clamp(point.xLow ?? point.x, x),
    xHigh: clamp(point.xHigh ?? point.x, x),
    y: clamp(point.y, y),
    label: short(point.label ?? '', 34),
  }))
  const colour = (name: string): string => colourOf(name === spec.muted ? 'muted' : undefined, series.indexOf(name))
  const left = marginFor(spec.y, y)
  const box = { left, width: WIDTHS[spec.size ?? 'full'] - left - 24, height: (spec.height ?? 300) - 76 }
  const labels = data
    .filter((point) => point.label !== '')
    .map((point) => ({
      label: point.label,
      x: point.x,
      y: point.y,
      px: share(point.x, x, spec.x) * box.width,
      py: (1 - share(point.y, y, spec.y)) * box.height,
      room: box.width,
    }))
  const svg = draw(spec, {
    marginLeft: left,
    marginRight: 24,
    x: { type: spec.x.scale ?? 'linear', domain: x, label: null, axis: null },
    y: { type: spec.y.scale ?? 'linear', domain: y, label: null, axis: null },
    marks: [
      ...frameMarks(spec.x, x, spec.y, y),
      ...guideMarks(guides, x, y),
      ...met.flatMap((name) => {
        const i = series.indexOf(name)
        const own = data.filter((point) => point.series === name)
        return [
          Plot.ruleY(own, { x1: 'xLow', x2: 'xHigh', y: 'y', stroke: colour(name), strokeWidth: 1.5, strokeOpacity: 0.7 }),
          Plot.dot(own, { x: 'x', y: 'y', fill: colour(name), stroke: 'var(--paper)', r: 5.5, symbol: symbolOf(i) }),
        ]
      }),
      ...placed([...labels].reverse(), guideBoxes(guides, y, spec.y, box)).map((at) =>
        Plot.text([at.label], {
          x: [at.x],
          y: [at.y],
          text: [at.label],
          textAnchor: at.right ? 'start' : 'end',
          dx: at.right ? 9 : -9,
          dy: at.above ? -9 : 9,
          fill: 'currentColor',
          stroke: 'var(--paper)',
          strokeWidth: 3,
        }),
      ),
    ],
  })
  const items: LegendItem[] = series.map((name, i) => ({ name, colour: colour(name), symbol: symbolOf(i) }))
  items.push(...guideItems(guides))
  return figure(spec, svg, items.length < 2 ? undefined : legendOf(items))
}

interface Spot {
  readonly label: string
  readonly x: number
  readonly y: number
  /** Pixels inside the frame. */
  readonly px: number
  readonly py: number
  readonly room: number
}

interface Rectangle {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

/** Where each label goes so that none lies on another or on a point: above or below, right or left; one that fits nowhere is left out. */
function placed(spots: readonly Spot[], taken: readonly Rectangle[]): (Spot & { right: boolean; above: boolean })[] {
  const boxes: Rectangle[] = [...taken]
  const points = spots.map(({ px, py }) => ({ left: px - 5, right: px + 5, top: py - 5, bottom: py + 5 }))
  const free = (box: Rectangle): boolean =>
    [...boxes, ...points].every((b) => box.right < b.left || box.left > b.right || box.bottom < b.top || box.top > b.bottom)
  return spots.flatMap((spot) => {
    const width = 6.6 * [...spot.label].length
    for (const right of [true, false])
      for (const above of [true, false]) {
        const left = right ? spot.px + 9 : spot.px - 9 - width
        const top = above ? spot.py - 16 : spot.py + 3
        const box = { left, right: left + width, top, bottom: top + 13 }
        if (left < -20 || box.right > spot.room + 24 || !free(box)) continue
        boxes.push(box)
        return [{ ...spot, right, above }]
      }
    return []
  })
}

/** The room that horizontal guides take: a line of text must not lie on them. */
function guideBoxes(
  guides: readonly Guide[],
  y: readonly [number, number],
  axis: Axis,
  box: { readonly width: number; readonly height: number },
): Rectangle[] {
  return guides
    .filter((guide) => guide.axis === 'y')
    .map((guide) => (1 - share(clamp(guide.at, y), y, axis)) * box.height)
    .map((py) => ({ left: 0, right: box.width, top: py - 1, bottom: py + 1 }))
}

// --- scales ---------------------------------------------------------------------------------------------------------------------------

/** Bounds of what is drawn: beyond them ratios of two bounds overflow. */
const SMALLEST = 1e-140
const LARGEST = 1e140

function extent(axis: Axis, values: readonly number[], margin = 0): [number, number] {
  const log = axis.scale === 'log'
  const usable = values
    .filter((v) => Number.isFinite(v) && (!log || v > 0))
    .map((v) => clamp(v, log ? [SMALLEST, LARGEST] : [-LARGEST, LARGEST]))
  let low = axis.low ?? Number.POSITIVE_INFINITY
  let high = axis.high ?? Number.NEGATIVE_INFINITY
  for (const v of usable) {
    if (axis.low === undefined && v < low) low = v
    if (axis.high === undefined && v > high) high = v
  }
  if (!Number.isFinite(low)) low = log ? 1 : 0
  if (!Number.isFinite(high)) high = log ? 10 * low : 1
  if (!log && axis.low === undefined && margin === 0 && low > 0) low = 0
  if (log) {
    if (high / low < 1.5) return [low / 2, high * 2]
    const room = (high / low) ** margin
    return [low / room, high * room]
  }
  if (high <= low) return low === 0 ? [0, 1] : [low - Math.abs(low) / 2, low + Math.abs(low) / 2]
  const room = (high - low) * margin
  return [axis.low ?? (low >= 0 ? Math.max(0, low - room) : low - room), axis.high ?? high + room]
}

const clamp = (v: number, [low, high]: readonly [number, number]): number => Math.min(Math.max(v, low), high)

function share(v: number, [low, high]: readonly [number, number], axis: Axis): number {
  return axis.scale === 'log' ? Math.log(v / low) / Math.log(high / low) : (v - low) / (high - low)
}

const TIME_TICKS = [1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 1, 10, 60, 600, 3600, 6 * 3600, 86400, 7 * 86400, 30 * 86400, 365 * 86400]
const TIME_STEPS = [
  0.001,
  0.01,
  0.1,
  0.5,
  1,
  2,
  5,
  10,
  15,
  30,
  60,
  120,
  300,
  600,
  900,
  1800,
  3600,
  7200,
  4 * 3600,
  6 * 3600,
  12 * 3600,
  86400,
  2 * 86400,
  5 * 86400,
  7 * 86400,
  14 * 86400,
  30 * 86400,
  60 * 86400,
  180 * 86400,
  365 * 86400,
]

/** Round values inside the domain: times at the units people use, powers of ten on other log scales, 1-2-5 steps otherwise. */
export function ticksOf(axis: Axis, [low, high]: readonly [number, number]): number[] {
  const inside = (v: number): boolean => v >= low * (1 - 1e-9) && v <= high * (1 + 1e-9)
  if (axis.scale === 'log') {
    if (axis.kind === 'duration') {
      const at = TIME_TICKS.filter(inside)
      if (at.length >= 4 && high <= 400 * 86400) return thin(at, 9)
      const finer = TIME_STEPS.filter(inside)
      if (finer.length >= 2 && high <= 400 * 86400) return thin(finer, 9)
    }
    const decades: number[] = []
    for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e++) decades.push(Number(`1e${e}`))
    const whole = decades.filter(inside)
    if (whole.length >= 3) return thin(whole, 8)
    const finer = decades.flatMap((d) => [d, 2 * d, 5 * d]).filter(inside)
    // well below a decade 1-2-5 leaves an axis with one number on it
    const finest = decades.flatMap((d) => [1, 1.5, 2, 3, 4, 5, 6, 8].map((m) => Number((m * d).toPrecision(3)))).filter(inside)
    if (finer.length < 3 && axis.kind !== 'count' && finest.length > finer.length) return thin(finest, 8)
    return finer.length > 0 ? finer : [low, high]
  }
  const span = high - low
  const rough = span / 5
  const power = 10 ** Math.floor(Math.log10(rough))
  const plain = [1, 2, 5, 10].map((m) => m * power).find((step) => span / step <= 6)!
  const step =
    axis.kind === 'duration' ? (TIME_STEPS.find((s) => span / s <= 6) ?? Math.ceil(span / 6 / 86400 / 365) * 86400 * 365) : plain
  const size = axis.kind === 'count' ? Math.max(1, step) : step
  const ticks: number[] = []
  for (let i = Math.ceil(low / size - 1e-9); i * size <= high + 1e-9 * Math.abs(high) && ticks.length < 20; i++)
    ticks.push(Number((i * size).toPrecision(12)))
  return ticks
}

function thin(values: readonly number[], most: number): number[] {
  const every = Math.ceil(values.length / most)
  return values.filter((_, i) => i % every === 0)
}

const LARGE: readonly (readonly [number, string])[] = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e4, 'k'],
]

function tickText(axis: Axis): (v: number) => string {
  switch (axis.kind) {
    case 'duration':
      return (v) => (v === 0 ? '0' : roundDuration(v))
    case 'share':
      return (v) => percent(v)
    case 'count':
      return (v) => (Math.abs(v) >= 1e4 ? large(v) : count(v))
    default:
      return (v) => (Math.abs(v) >= 1e4 ? large(v) : number(v))
  }
}

function large(v: number): string {
  const [limit, prefix] = LARGE.find(([size]) => Math.abs(v) >= size) ?? [1, '']
  if (Math.abs(v) >= 1e15) return number(v)
  return `${number(v / (limit === 1e4 ? 1e3 : limit))}${prefix}`
}

// --- marks ----------------------------------------------------------------------------------------------------------------------------

const SYMBOLS = ['circle', 'square2', 'triangle', 'diamond2', 'times', 'star'] as const
const symbolOf = (i: number): Plot.SymbolType => (SYMBOLS[i % SYMBOLS.length] ?? 'circle') as Plot.SymbolType

function gridMark(axis: 'x' | 'y', ticks: readonly number[]): Plot.Markish {
  const style = { stroke: 'currentColor', strokeOpacity: 0.13 }
  return axis === 'x' ? Plot.ruleX([...ticks], style) : Plot.ruleY([...ticks], style)
}

function valueAxis(axis: 'x' | 'y', spec: Axis, domain: readonly [number, number]): Plot.Markish[] {
  const ticks = ticksOf(spec, domain)
  // As a text channel, because a log scale leaves out the text of ticks that it finds too many when it is given a format.
  const text = tickText(spec)
  const options = { text: (tick: unknown) => text(Number(tick)), tickSize: 4, label: spec.label, labelArrow: 'none' as const }
  return [
    axis === 'x'
      ? Plot.axisX(ticks, { ...options, labelAnchor: 'right', labelOffset: 40 })
      : Plot.axisY(ticks, { ...options, labelAnchor: 'top' }),
  ]
}

function frameMarks(x: Axis, xDomain: readonly [number, number], y: Axis, yDomain: readonly [number, number]): Plot.Markish[] {
  return [
    gridMark('x', ticksOf(x, xDomain)),
    gridMark('y', ticksOf(y, yDomain)),
    ...valueAxis('x', x, xDomain),
    ...valueAxis('y', y, yDomain),
  ]
}

function guideMarks(guides: readonly Guide[], x: readonly [number, number], y: readonly [number, number]): Plot.Markish[] {
  const style = { stroke: 'currentColor', strokeOpacity: 0.8, strokeDasharray: GUIDE_DASH }
  return guides.map((guide) =>
    guide.axis === 'x' ? Plot.ruleX([clamp(guide.at, x)], style) : Plot.ruleY([clamp(guide.at, y)], style),
  )
}

/** Guides are named in the legend: a name beside the line would lie on the data. */
const guideItems = (guides: readonly Guide[]): LegendItem[] =>
  guides.filter((guide) => guide.label !== '').map((guide) => ({ name: guide.label, colour: 'currentColor', dash: GUIDE_DASH }))

function marginFor(axis: Axis, domain: readonly [number, number]): number {
  const longest = Math.max(...ticksOf(axis, domain).map((tick) => tickText(axis)(tick).length), 1)
  return Math.max(44, 16 + 6.6 * longest)
}

/** A label of at most so many characters; the end is kept, because that is where names of a family differ. */
function short(label: string, most = 26): string {
  const characters = [...withoutControls(label)]
  if (characters.length <= most) return characters.join('')
  const tail = Math.floor(most / 3)
  return `${characters.slice(0, most - 1 - tail).join('')}…${characters.slice(-tail).join('')}`
}

/** Short labels that stay different where the long ones are. */
function shortNames(labels: readonly string[], most = 26): Map<string, string> {
  const names = new Map<string, string>()
  const used = new Set<string>()
  for (const label of new Set(labels)) {
    const base = short(label, most)
    let name = base
    for (let i = 2; used.has(name); i++) name = `${base} (${i})`
    used.add(name)
    names.set(label, name)
  }
  return names
}

// --- markup ---------------------------------------------------------------------------------------------------------------------------

function draw(spec: Frame, options: Plot.PlotOptions): Markup {
  const document = parsePage('<!doctype html>')
  const drawn = Plot.plot({
    width: WIDTHS[spec.size ?? 'full'],
    height: spec.height ?? (spec.size === 'half' ? 260 : 300),
    marginTop: 30,
    marginBottom: 46,
    marginRight: 18,
    className: 'plot',
    style: { fontSize: '12px' },
    ariaLabel: withoutControls(`${spec.title}. ${spec.alt}`),
    ...options,
    document: document as never,
  } as Plot.PlotOptions) as unknown as { setAttribute(name: string, value: string): void; readonly outerHTML: string }
  drawn.setAttribute('role', 'img')
  // The style that Plot puts into every drawing is in the page’s own sheet once.
  return new Markup(drawn.outerHTML.replace(/<style>[\s\S]*?<\/style>/g, ''))
}

interface LegendItem {
  readonly name: string
  readonly colour: string
  readonly dash?: string
  readonly symbol?: Plot.SymbolType
  readonly block?: boolean
  readonly upright?: boolean
}

const SHAPES: Readonly<Record<string, string>> = {
  circle: '<circle cx="12" cy="6" r="4.5"/>',
  square2: '<rect x="8" y="2" width="8" height="8"/>',
  triangle: '<path d="M12 1.5 17 10H7z"/>',
  diamond2: '<path d="M12 1 17 6 12 11 7 6z"/>',
  times: '<path d="M8 2l8 8M16 2l-8 8" stroke-width="2"/>',
  star: '<path d="M12 1l1.5 3.5 3.5.3-2.7 2.3.9 3.7-3.2-2-3.2 2 .9-3.7L7 4.800l3.500-.3z"/>',
}

function legendOf(items: readonly LegendItem[]): Markup {
  const key = (item: LegendItem): Markup => {
    const inner = item.block
      ? '<rect x="5" y="1" width="14" height="10"/>'
      : item.upright
        ? '<path d="M12 0v12" stroke-width="1.5" stroke-dasharray="3 2"/>'
        : item.symbol === undefined
          ? `<path d="M0 6h24" stroke-width="2" stroke-dasharray="${item.dash ?? ''}"/>`
          : (SHAPES[String(item.symbol)] ?? SHAPES['circle']!)
    return new Markup(
      `<svg width="24" height="12" aria-hidden="true" focusable="false" style="fill:${item.colour};stroke:${item.colour}">${inner}</svg>`,
    )
  }
  return html`<ul class="legend">${items.map((item) => html`<li>${key(item)} ${short(item.name, 60)}</li>`)}</ul>`
}

function figure(spec: Frame, svg: Markup, legend?: Markup, kind = ''): Markup {
  return html`<figure class="${spec.size ?? 'full'}${kind}"><figcaption><strong>${spec.title}</strong>${spec.note === undefined ? '' : html` <span>${spec.note}</span>`}</figcaption>${legend}${svg}</figure>
`
}

function empty(spec: Frame): Markup {
  return html`<figure class="${spec.size ?? 'full'}"><figcaption><strong>${spec.title}</strong></figcaption><p class="none">No values to draw.</p></figure>
`
}
