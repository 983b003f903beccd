import { type Caveat, caveat, type Issue } from '../model/index.js'
import { isotonic, quantile } from '../num/index.js'

/** What was measured at one setting of a speed lever: a clock, a power cap, a quota. */
export interface MeasuredSetting {
  /** The setting itself, in its own unit (MHz, W, %): ascending settings are meant to be faster. */
  readonly setting: number
  /** Time of the same piece of work. */
  readonly seconds: number
  /** Mean power while it ran. */
  readonly watts: number
}

/** A setting that may be chosen: how fast against the base setting, at what power, at what energy a piece of work. */
export interface SpeedLevel {
  readonly setting: number
  readonly speed: number
  readonly watts: number
  /** Energy of the same work against the base setting’s. */
  readonly energy: number
}

export type SpeedTable =
  | { readonly ok: true; readonly levels: readonly SpeedLevel[]; readonly caveats: readonly Caveat[] }
  | { readonly ok: false; readonly issues: readonly Issue[] }

/** A setting that draws more power may be so much slower (of its time) and still count as noise of the measurement. */
const NOISE = 0.03

/**
 * The levels of a speed lever from a measured table, ascending in speed, against the setting `base` (the lowest unless given).
 *
 * A setting that is slower than one that draws less power is worth nothing to anyone: by more than 3 % it is an issue (the table is wrong, or
 * the lever does not do what its name says); within that it is noise, and times are pooled so that they never rise with power, with a caveat.
 * Levels that another beats in both speed and power after pooling are left out.
 */
export function speedTable(measured: readonly MeasuredSetting[], base?: number): SpeedTable {
  const issues: Issue[] = []
  const error = (code: string, place: string, message: string, value?: number): void => {
    issues.push({ code, severity: 'error', place, message, ...(value === undefined ? {} : { value: String(value) }) })
  }
  if (measured.length < 2) error('no-rows', 'settings', 'a speed table wants at least two settings')
  const seen = new Set<number>()
  measured.forEach(({ setting, seconds, watts }, i) => {
    if (!Number.isFinite(setting)) error('not-finite', `settings[${i}].setting`, 'is not a number', setting)
    if (seen.has(setting)) error('duplicate', `settings[${i}].setting`, 'was given before', setting)
    seen.add(setting)
    if (!(seconds > 0 && Number.isFinite(seconds)))
      error('out-of-range', `settings[${i}].seconds`, 'is not a time above 0', seconds)
    if (!(watts > 0 && Number.isFinite(watts))) error('out-of-range', `settings[${i}].watts`, 'is not a power above 0', watts)
  })
  if (base !== undefined && !seen.has(base)) error('unknown-base', 'base', 'is none of the settings', base)
  if (issues.length > 0) return { ok: false, issues }
  const byPower = [...measured].sort((a, b) => a.watts - b.watts || a.setting - b.setting)
  let fastest = byPower[0]!
  for (const one of byPower) {
    if (one.seconds > fastest.seconds * (1 + NOISE)) {
      error(
        'slower-at-higher-power',
        `settings[${measured.indexOf(one)}]`,
        `takes ${one.seconds} s at ${one.watts} W, where setting ${fastest.setting} took ${fastest.seconds} s at ${fastest.watts} W: measure it again or leave it out`,
        one.setting,
      )
    }
    if (one.seconds < fastest.seconds) fastest = one
  }
  if (issues.length > 0) return { ok: false, issues }
  // times never rise with power: −log(time) never falls
  const logs = isotonic(byPower.map(({ seconds }) => -Math.log(seconds)))
  const pooled = byPower.filter((one, i) => Math.abs(-Math.log(one.seconds) - logs[i]!) > 1e-12)
  const reference = byPower.findIndex(({ setting }) => setting === (base ?? Math.min(...seen)))
  const seconds = Array.from(logs, (log) => Math.exp(-log))
  const levels = byPower.map((one, i): SpeedLevel => {
    const speed = seconds[reference]! / seconds[i]!
    return {
      setting: one.setting,
      speed,
      watts: one.watts,
      energy: (one.watts * seconds[i]!) / (byPower[reference]!.watts * seconds[reference]!),
    }
  })
  const useful = levels.filter(
    ({ speed }, i) => i === reference || levels.slice(0, i).every((other) => other.speed < speed * (1 - 1e-12)),
  )
  return {
    ok: true,
    levels: useful,
    caveats:
      pooled.length === 0
        ? []
        : [
            caveat(
              'pooled',
              `settings ${pooled.map(({ setting }) => setting).join(', ')} were a little slower than ones of less power: taken as noise and pooled`,
            ),
          ],
  }
}

/** One piece of work, measured at several settings. */
export interface MeasuredWork {
  readonly name: string
  readonly settings: readonly MeasuredSetting[]
}

/**
 * One table for a mix of works: at each setting that at least half of them were measured at, the median over them of speed and of power, each work against itself
 * at `base` (the lowest such setting unless given); then as `speedTable`. Where a setting brings a work nothing, its fastest useful level below stands for it.
 *
 * A work without the base, or whose own table is wrong, is left out, with a caveat; where that is most of them, their issues are the answer. The median of a mix is
 * no promise for one work.
 */
export function typicalSpeedTable(works: readonly MeasuredWork[], base?: number): SpeedTable {
  const [only] = works
  if (works.length === 1 && only) return speedTable(only.settings, base)
  const counts = new Map<number, number>()
  for (const { settings } of works)
    for (const setting of new Set(settings.map((one) => one.setting))) counts.set(setting, (counts.get(setting) ?? 0) + 1)
  const common = [...counts].flatMap(([setting, count]) => (2 * count >= works.length ? [setting] : [])).sort((a, b) => a - b)
  const reference = base ?? common[0]
  const wrong: Issue[] = []
  const used = works.flatMap(({ name, settings }) => {
    if (reference !== undefined && !settings.some(({ setting }) => setting === reference)) return []
    const table = speedTable(settings, reference)
    if (!table.ok) wrong.push(...table.issues.map((issue) => ({ ...issue, place: `${name}: ${issue.place}` })))
    return table.ok ? [{ settings, levels: table.levels }] : []
  })
  if (2 * used.length < works.length)
    return wrong.length > 0
      ? { ok: false, issues: wrong }
      : {
          ok: false,
          issues: [
            {
              code: 'unknown-base',
              severity: 'error',
              place: 'base',
              message: `most works were not measured at it; most were at ${common.join(', ') || 'no setting in common'}`,
              ...(reference === undefined ? {} : { value: String(reference) }),
            },
          ],
        }
  const typical = common.map((setting): MeasuredSetting => {
    const levels = used.flatMap(({ settings, levels }) => {
      const useful = levels.filter((level) => level.setting <= setting).at(-1)
      return useful && settings.some((one) => one.setting === setting) ? [useful] : []
    })
    return { setting, seconds: 1 / median(levels.map(({ speed }) => speed)), watts: median(levels.map(({ watts }) => watts)) }
  })
  const table = speedTable(typical, reference)
  if (!table.ok) return table
  const left = works.length - used.length
  return {
    ok: true,
    levels: table.levels,
    caveats: [
      caveat('typical-work', `speed and power are the medians of ${used.length} works: one work may gain more or less`, {
        numbers: { works: used.length, leftOut: left },
      }),
      ...(left === 0
        ? []
        : [
            caveat(
              'works-left-out',
              `${left} of ${works.length} works were left out: not measured at the base setting, or slower at higher power`,
            ),
          ]),
      ...table.caveats,
    ],
  }
}

function median(values: readonly number[]): number {
  return quantile(
    [...values].sort((a, b) => a - b),
    0.5,
  )
}
