/** The white models that a table of measurements can be held against, and what they need of its columns. */
import {
  clockModel,
  effectiveRate,
  type PowerQuestion,
  powerCapModel,
  SPRINT_COLUMNS,
  type SprintCurves,
  STATION_COLUMNS,
  sprintCurves,
  sprintQueueModel,
  stationModel,
  stepTimeModel,
  type WhiteModel,
} from '../../grey/index.js'
import { type Issue, shown } from '../../model/index.js'
import type { CellTable } from '../../trace/index.js'
import { scenarioModel } from './scenario-model.js'
import { WHITE_NAMES, type White, type WhiteSpec } from './white-spec.js'

/** The column of windows of a trace that holds what a replay says. */
export const REPLAYED = 'simulatedSeconds'

/** What a replay of the trace says, times a factor that observations may set. */
function replayModel(): WhiteModel {
  return {
    name: 'replay',
    columns: [REPLAYED],
    parameters: [{ name: 'factor', low: 0.01, high: 100, prior: 1, spread: 1, positive: true }],
    predict: (table, [factor]) => table.columns[table.names.indexOf(REPLAYED)]!.map((seconds) => seconds * factor!),
  }
}

const QUERIES = 30_000

/** The white model of a spec. */
export function whiteOf(spec: WhiteSpec): White {
  switch (spec.kind) {
    case 'throughput':
      return { name: 'step time', simulated: false, dear: false, standsAlone: false, make: () => stepTimeModel(), own: [] }
    case 'station':
      return { name: 'station', simulated: false, dear: false, standsAlone: true, make: stationModel, own: [] }
    case 'power-cap':
    case 'clock': {
      const question = spec.question ?? 'seconds'
      const model = spec.kind === 'clock' ? clockModel(question) : powerCapModel(question)
      return { name: model.name, simulated: false, dear: false, standsAlone: false, make: () => model, perJob: true, own: [] }
    }
    case 'replay':
      return { name: 'replay', simulated: false, dear: false, standsAlone: true, make: replayModel, own: [] }
    case 'scenario':
      return scenarioModel(spec)
    case 'sprint-queue': {
      const kept = sprintCurves({ queries: QUERIES })
      const curves = (shared: boolean): SprintCurves => (shared ? kept : sprintCurves({ queries: QUERIES }))
      return {
        name: 'sprint queue',
        simulated: true,
        dear: true,
        standsAlone: true,
        make: (shared) => sprintQueueModel({ curves: curves(shared) }),
        own: [
          {
            name: 'effective rate',
            what: 'a forest foresees the effective sprint rate, the simulator turns it into a response',
            make: (inner, shared) => effectiveRate({ inner, queries: QUERIES, curves: curves(shared) }),
          },
        ],
      }
    }
  }
}

/** Other names under which columns are met in the wild. */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  nodes: ['num_nodes'],
  gpus: ['num_replicas', 'num_gpus'],
  capWatts: ['power_limit', 'power_cap'],
  clockMegahertz: ['core_frequency', 'clock_mhz'],
  localBatch: ['local_bsz', 'local_batch', 'local_batch_size'],
}

const NEEDS = {
  throughput: ['nodes', 'gpus', 'localBatch'],
  'sprint-queue': [SPRINT_COLUMNS.arrivalRate, SPRINT_COLUMNS.serviceRate, SPRINT_COLUMNS.marginalRate, SPRINT_COLUMNS.timeout],
  station: STATION_COLUMNS.slice(0, 2),
  'power-cap': ['capWatts'],
  clock: ['clockMegahertz'],
} as const

/** A table with its columns under the names that white models know, and what was derived from them. */
export interface Named {
  readonly cells: CellTable
  readonly measured: readonly string[]
  readonly leave: readonly string[]
  /** Which white model fits the columns. */
  readonly recognised?: (typeof WHITE_NAMES)[number]
}

/**
 * Columns under the names that white models know: as `columns` says (column → name), and by names that are met in the wild. A `placement` of digits (GPUs on each node, `211`) gives `nodes` and `gpus`;
 * step_time and sync_time give computeTime, the part outside synchronisation, as a further measurement.
 */
export function named(cells: CellTable, observed: string, columns: Readonly<Record<string, string>> = {}): Named {
  const header = [...cells.header]
  const data = [...cells.columns]
  const known = new Set(Object.values(NEEDS).flat().concat(Object.values(SPRINT_COLUMNS), STATION_COLUMNS))
  header.forEach((name, c) => {
    const wanted = columns[name]
    if (wanted !== undefined && known.has(wanted)) header[c] = wanted
    const alias = Object.keys(ALIASES).find((one) => ALIASES[one]!.includes(name))
    if (wanted === undefined && alias !== undefined && !header.includes(alias)) header[c] = alias
  })
  const leave: string[] = []
  const measured: string[] = []
  const placement = header.indexOf('placement')
  if (placement >= 0 && !header.includes('gpus') && data[placement]!.every((text) => /^[0-9]+$/.test(text))) {
    const texts = data[placement]!
    const gpus = texts.map((text) => String([...text].reduce((sum, digit) => sum + Number(digit), 0)))
    header.splice(placement, 1, 'nodes', 'gpus')
    data.splice(
      placement,
      1,
      texts.map((text) => String(text.length)),
      gpus,
    )
  }
  const [step, sync] = [header.indexOf('step_time'), header.indexOf('sync_time')]
  if (step >= 0 && sync >= 0 && observed === 'step_time' && !header.includes('computeTime')) {
    header.push('computeTime')
    data.push(data[step]!.map((text, row) => String(Number(text) - Number(data[sync]![row]))))
    leave.push('sync_time')
    measured.push('computeTime')
  }
  if (header.includes('capWatts') || header.includes('clockMegahertz'))
    for (const [name, names] of Object.entries({
      seconds: ['seconds', 'time_per_epoch', 'time'],
      watts: ['watts', 'average_power'],
    })) {
      const at = header.findIndex((one) => names.includes(one))
      if (at < 0 || header[at] === observed) continue
      // what was measured together with the observed one is no condition; it may help to calibrate
      header[at] = name
      measured.push(name)
    }
  const recognised = WHITE_NAMES.find((kind) => NEEDS[kind].every((name) => header.includes(name) && name !== observed))
  return { cells: { ...cells, header, columns: data }, measured, leave, ...(recognised ? { recognised } : {}) }
}

/** The issues of a white model that was asked for by name and does not fit the columns. */
export function whiteNameIssues(kind: (typeof WHITE_NAMES)[number], cells: CellTable): Issue[] {
  return NEEDS[kind]
    .filter((name) => !cells.header.includes(name))
    .map((name) => ({
      code: 'missing-column',
      severity: 'error',
      place: cells.path,
      message: `${kind} needs a column ${name}: name it in the file (columns: {yours: ${name}}); there are ${shown(cells.header.join(', '))}`,
      value: name,
    }))
}

/** Which quantity of a GPU under a power cap or clock the observed column is, by its name. */
export function powerQuestionOf(observed: string): PowerQuestion {
  return /watt|power/i.test(observed) ? 'watts' : /joule|energy/i.test(observed) ? 'joules' : 'seconds'
}
