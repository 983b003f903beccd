/** A measured table of clocks or power caps as the sprint lever of a scenario: how fast, and at what power. */
import {
  type Caveat,
  caveat,
  type Issue,
  type IssueReport,
  type Levers,
  reportOf,
  type Scenario,
  slotCount,
} from '../model/index.js'
import { type MeasuredSetting, type MeasuredWork, type SpeedLevel, typicalSpeedTable } from '../sprint/index.js'
import { type CellTable, readCells } from '../trace/index.js'

/** What a table says of a slot: its power at the base setting, and the faster settings. */
export interface MeasuredLever {
  readonly path: string
  readonly base: SpeedLevel
  /** Ascending in speed, all above 1. */
  readonly faster: readonly SpeedLevel[]
  readonly caveats: readonly Caveat[]
}

export type MeasuredLeverReading =
  | { readonly ok: true; readonly lever: MeasuredLever }
  | { readonly ok: false; readonly issues: IssueReport }

/** Names of the columns, ours first, then as they are met in the wild (Zeus, NVIDIA DVFS profiles). */
const COLUMNS = {
  setting: ['setting', 'power_limit', 'power_cap', 'core_frequency', 'clock_mhz', 'capWatts', 'clockMegahertz'],
  seconds: ['seconds', 'time_per_epoch', 'time'],
  watts: ['watts', 'average_power', 'power'],
} as const

/** Of more speeds than these a scenario gets the fastest and others spread evenly: each is tried with every timeout. */
const SPEEDS_AT_MOST = 4
/** A gain below this is no lever. */
const LEAST_SPEED = 1.005
/** Idle power of a slot where nobody measured it, against the power at the base setting. */
const IDLE_SHARE = 0.3

/**
 * Reads a table (CSV, TSV or Parquet, gzipped or not) with a setting (`setting`, `power_limit`, `core_frequency`, …), the time of the same work (`seconds`,
 * `time_per_epoch`, `time`, in any unit) and the mean power (`watts`, `average_power`). Rows that agree in every other column of texts or of whole numbers are one
 * work at several settings; of several works the median is taken. `base` is the setting in normal use, the lowest unless given.
 */
export async function readSpeedLever(path: string, base?: number): Promise<MeasuredLeverReading> {
  const reading = await readCells(path)
  if (!reading.ok) return reading
  const { table } = reading
  const at = (names: readonly string[]): number => table.header.findIndex((name) => names.includes(name))
  const columns = { setting: at(COLUMNS.setting), seconds: at(COLUMNS.seconds), watts: at(COLUMNS.watts) }
  const lacking = Object.entries(columns).flatMap(([name, c]) => (c < 0 ? [name as keyof typeof COLUMNS] : []))
  const issues = lacking.map((name): Issue => {
    const known = COLUMNS[name].join(', ')
    return { code: 'missing-column', severity: 'error', place: path, message: `has no column of ${name}: one of ${known}` }
  })
  if (issues.length === 0) issues.push(...badNumbers(table, Object.values(columns)))
  if (issues.length > 0) return { ok: false, issues: reportOf(issues) }
  const works = worksOf(table, columns)
  const found = typicalSpeedTable(
    works.map(({ name, settings }) => ({ name, settings })),
    base,
  )
  if (!found.ok) return { ok: false, issues: reportOf(found.issues.map((issue) => placed(issue, works, table))) }
  const normal = found.levels.find(({ speed }) => speed === 1)
  const faster = found.levels.filter(({ speed }) => speed >= LEAST_SPEED)
  if (!normal || faster.length === 0) {
    const message = 'no setting is faster than the base: a sprint would bring nothing; name a lower base'
    return { ok: false, issues: reportOf([{ code: 'no-speed-up', severity: 'error', place: path, message }]) }
  }
  return { ok: true, lever: { path, base: normal, faster: thinned(faster), caveats: found.caveats } }
}

function thinned(levels: readonly SpeedLevel[]): readonly SpeedLevel[] {
  if (levels.length <= SPEEDS_AT_MOST) return levels
  return Array.from({ length: SPEEDS_AT_MOST }, (_, i) => levels[Math.round(((i + 1) * levels.length) / SPEEDS_AT_MOST) - 1]!)
}

function badNumbers(table: CellTable, columns: readonly number[]): Issue[] {
  return columns.flatMap((c) =>
    table.columns[c]!.flatMap((text, row): Issue[] =>
      text !== '' && Number.isFinite(Number(text))
        ? []
        : [
            {
              code: 'not-a-number',
              severity: 'error',
              place: table.place(row),
              message: `${table.header[c]} is not a number`,
              value: text,
            },
          ],
    ),
  )
}

interface RowedWork extends MeasuredWork {
  /** Where each setting was read. */
  readonly rows: readonly number[]
}

function worksOf(
  table: CellTable,
  columns: { readonly setting: number; readonly seconds: number; readonly watts: number },
): RowedWork[] {
  const measured = new Set(Object.values(columns))
  const whole = (texts: readonly string[]): boolean => texts.every((text) => Number.isInteger(Number(text)))
  const labels = (texts: readonly string[]): boolean => texts.some((text) => text === '' || !Number.isFinite(Number(text)))
  const telling = table.columns.filter((texts, c) => !measured.has(c) && (labels(texts) || whole(texts)))
  const works = new Map<string, { settings: MeasuredSetting[]; rows: number[] }>()
  const cell = (c: number, row: number): number => Number(table.columns[c]![row])
  for (let row = 0; row < table.rows; row++) {
    const name = telling.map((texts) => texts[row]).join(' ')
    const work = works.get(name) ?? { settings: [], rows: [] }
    works.set(name, work)
    work.settings.push({
      setting: cell(columns.setting, row),
      seconds: cell(columns.seconds, row),
      watts: cell(columns.watts, row),
    })
    work.rows.push(row)
  }
  return [...works].map(([name, work]) => ({ name, ...work }))
}

/** `settings[3]` of a work as the line of the file that it came from. */
function placed(issue: Issue, works: readonly RowedWork[], table: CellTable): Issue {
  const match = /^(?:(.*): )?settings\[(\d+)\]/.exec(issue.place)
  const work = works.length === 1 ? works[0] : works.find(({ name }) => name === match?.[1])
  const row = match ? work?.rows[Number(match[2])] : undefined
  return { ...issue, place: row === undefined ? `${table.path}: ${issue.place}` : table.place(row) }
}

/**
 * The scenario with the table’s speeds in the place of its own, and the power of every slot as measured: speeds go to `levers.sprint` (the fastest first named, the
 * others to choose from), power to `cluster.power`. Who may sprint, and from what budget, stays as the scenario says; where it says nothing every class may, without
 * limit. The sprint of the policy in force runs at the fastest speed. `idleWatts` is what an idle slot draws: what the cluster says, else 0.3 of the base power.
 */
export function withSpeedLever(scenario: Scenario, lever: MeasuredLever, idleWatts?: number): Scenario {
  const slots = slotCount(scenario.cluster)
  const rounded = (speed: number): number => Number(speed.toPrecision(4))
  const speeds = lever.faster.map(({ speed }) => rounded(speed))
  const [fastest, ...others] = [...speeds].reverse()
  const idle =
    idleWatts === undefined ? (scenario.cluster.power?.idleWatts ?? IDLE_SHARE * lever.base.watts * slots) : idleWatts * slots
  const watts = lever.faster.map((level) => level.watts * slots)
  const before: NonNullable<Levers['sprint']> = scenario.levers?.sprint ?? {
    classes: scenario.workload.classes.map(({ name }) => name),
    origin: 'dispatch',
    toggleDelaySeconds: 0,
    speed: fastest!,
  }
  const { otherSpeeds: _others, ...rest } = before
  const assumed = idleWatts === undefined && scenario.cluster.power === undefined
  const caveats = [
    ...lever.caveats,
    ...(assumed
      ? [
          caveat(
            'idle-assumed',
            `what an idle slot draws was not said: ${100 * IDLE_SHARE} % of its power at the base setting is assumed`,
          ),
        ]
      : []),
  ].map(({ code, message }) => ({ code, message }))
  return {
    ...scenario,
    workload: { ...scenario.workload, caveats: [...(scenario.workload.caveats ?? []), ...caveats] },
    cluster: {
      ...scenario.cluster,
      power: {
        idleWatts: Math.min(idle, lever.base.watts * slots),
        busyWatts: lever.base.watts * slots,
        sprintWatts: watts.at(-1)!,
        levels: speeds.map((speed, i) => ({ speed, watts: watts[i]! })),
      },
    },
    policy: scenario.policy.sprint
      ? { ...scenario.policy, sprint: { ...scenario.policy.sprint, speed: fastest! } }
      : scenario.policy,
    levers: { ...scenario.levers, sprint: { ...rest, speed: fastest!, ...(others.length > 0 ? { otherSpeeds: others } : {}) } },
  }
}
