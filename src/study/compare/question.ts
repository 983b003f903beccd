/** From a file to a comparison: a table, or a file that says what a table is. */
import { readFileSync } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import {
  type Caveat,
  caveat,
  type Edge,
  type Issue,
  type IssueReport,
  type Measurements,
  reportOf,
  shown,
} from '../../model/index.js'
import { readCells } from '../../trace/index.js'
import { readNoun, readScenario } from '../scenario-file.js'
import { columnOfEdge } from './compare.js'
import { drawnFrom, featureIssue, type Observed, observedOf } from './observed.js'
import { scenarioSpecIssues } from './scenario-model.js'
import { WHITE_NAMES, type WhiteSpec } from './white-spec.js'
import { named, powerQuestionOf, whiteNameIssues, whiteOf } from './whites.js'

/** What the command line says of a table; what it leaves out the file says, or the table itself. */
export type SaidOfTable = Partial<Omit<Measurements, 'schema' | 'data'>>

export interface CompareQuestion {
  readonly observed: Observed
  readonly white?: WhiteSpec
  readonly load?: Edge
  readonly configuration?: Edge
  readonly caveats: readonly Caveat[]
  readonly columns?: Readonly<Record<string, string>>
  readonly figure?: NonNullable<Measurements['figure']>
}

export type CompareReading =
  | { readonly ok: true; readonly question: CompareQuestion }
  | { readonly ok: false; readonly issues: IssueReport }

const wrong = (issues: readonly Issue[]): CompareReading => ({ ok: false, issues: reportOf(issues) })

/** Reads a table (CSV, TSV, Parquet), or measurements (YAML, JSON) and the table that they name. */
export async function readMeasurements(path: string, said: SaidOfTable = {}): Promise<CompareReading> {
  let measurements: Partial<Measurements> = said
  let [data, folder] = [path, '.']
  if (/\.(ya?ml|json)$/i.test(path)) {
    const read = readNoun(path, 'measurements')
    if (!read.ok) return wrong(read.issues)
    measurements = { ...read.value, ...said }
    folder = dirname(path)
    data = inFolder(folder, read.value.data)
  }
  const cells = await readCells(data)
  if (!cells.ok) return { ok: false, issues: cells.issues }
  const caveats: Caveat[] = []
  const observedName = measurements.observed ?? cells.table.header.at(-1)!
  if (measurements.observed === undefined)
    caveats.push(
      caveat('observed-assumed', `the last column, ${observedName}, is taken for the observed one (--observed says otherwise)`),
    )
  const table = named(cells.table, observedName, measurements.columns ?? {})
  const asked = measurements.white
  const byName = WHITE_NAMES.find((name) => name === asked)
  if (byName !== undefined) {
    const issues = whiteNameIssues(byName, table.cells)
    if (issues.length > 0) return wrong(issues)
  }
  const reading = observedOf(table.cells, {
    observed: observedName,
    leave: [...(measurements.leave ?? []), ...table.leave],
    measured: [...(measurements.measured ?? []), ...table.measured],
    ...(measurements.group === undefined ? {} : { group: measurements.group }),
  })
  if (!reading.ok) return { ok: false, issues: reading.issues }
  const observed = drawnFrom(reading.observed)
  let white: WhiteSpec | undefined
  if (byName !== undefined) white = specOf(byName, observedName)
  else if (asked === undefined) {
    if (table.recognised) {
      white = specOf(table.recognised, observedName)
      caveats.push(
        caveat(
          'white-recognised',
          `the columns are those of ${whiteOf(white).name}, which is taken as the white model (--white none leaves it out)`,
        ),
      )
    } else
      caveats.push(caveat('no-white', 'no white model fits the columns: only learners take part (--white names a scenario file)'))
  } else if (asked !== 'none') {
    const found = await scenarioSpec(asked, folder, measurements, observed, placesIn(path))
    if (!found.ok) return found
    white = found.white
  }
  const edges = {
    load: measurements.load ?? loadOf(observed, white),
    configuration: measurements.configuration ?? sizeOf(observed, white),
  }
  const issues = (['load', 'configuration'] as const).flatMap((what) => {
    const column = columnOfEdge(edges[what])
    const issue = column === undefined ? undefined : featureIssue(observed, what, column)
    return issue ? [issue] : []
  })
  if (issues.length > 0) return wrong(issues)
  return {
    ok: true,
    question: {
      observed,
      ...(white === undefined ? {} : { white }),
      ...(edges.load === undefined ? {} : { load: edges.load }),
      ...(edges.configuration === undefined ? {} : { configuration: edges.configuration }),
      ...(measurements.columns === undefined ? {} : { columns: measurements.columns }),
      ...(measurements.figure === undefined ? {} : { figure: measurements.figure }),
      caveats,
    },
  }
}

/** Where a word stands in a file of measurements: `file:line`; the path alone where it is not there, or the file is a table. */
function placesIn(path: string): (word: string) => string {
  if (!/\.(ya?ml|json)$/i.test(path)) return () => path
  const lines = readFileSync(path, 'utf8').split('\n')
  return (word) => {
    const at = lines.findIndex((line) => line.includes(word))
    return at < 0 ? path : `${path}:${at + 1}`
  }
}

const inFolder = (folder: string, path: string): string => (isAbsolute(path) ? path : join(folder, path))

async function scenarioSpec(
  asked: string,
  folder: string,
  measurements: Partial<Measurements>,
  observed: Observed,
  place: (word: string) => string,
): Promise<{ readonly ok: true; readonly white: WhiteSpec } | { readonly ok: false; readonly issues: IssueReport }> {
  if (!/\.(ya?ml|json)$/i.test(asked)) {
    const issue: Issue = {
      code: 'unknown-white',
      severity: 'error',
      place: 'white',
      message: `is neither a white model (${WHITE_NAMES.join(', ')}), nor a scenario file (.yaml, .json), nor none`,
      value: shown(asked),
    }
    return { ok: false, issues: reportOf([issue]) }
  }
  const reading = await readScenario(inFolder(folder, asked))
  if (!reading.ok) return { ok: false, issues: reading.issues }
  const { scenario } = reading.question
  const columns = measurements.columns ?? {}
  if (Object.keys(columns).length === 0) {
    const issue: Issue = {
      code: 'no-columns',
      severity: 'error',
      place: place('columns'),
      message: 'says for a scenario which column turns which knob, such as {load: "workload.classes[0].arrival.ratePerSecond"}',
    }
    return { ok: false, issues: reportOf([issue]) }
  }
  const spec: WhiteSpec = {
    kind: 'scenario',
    scenario,
    columns,
    figure: measurements.figure ?? { class: scenario.workload.classes[0]!.name, of: 'mean' },
    calibrate: measurements.calibrate ?? [],
  }
  const issues = scenarioSpecIssues(spec, observed.samples.features, place)
  return issues.length > 0 ? { ok: false, issues: reportOf(issues) } : { ok: true, white: spec }
}

function specOf(kind: (typeof WHITE_NAMES)[number], observed: string): WhiteSpec {
  return kind === 'power-cap' || kind === 'clock' ? { kind, question: powerQuestionOf(observed) } : { kind }
}

const LOADS = ['arrivalRatePerSecond', 'load', 'lambda', 'arrivalRate', 'utilisation']
const SIZES = ['gpus', 'nodes', 'servers', 'slots', 'capWatts', 'clockMegahertz']

/** The column that is the load, where its name says so; for a scenario, the one that turns an arrival rate. */
function loadOf({ samples: { features } }: Observed, white: WhiteSpec | undefined): string | undefined {
  const turned =
    white?.kind === 'scenario' ? Object.entries(white.columns).find(([, path]) => path.endsWith('ratePerSecond'))?.[0] : undefined
  return turned ?? LOADS.find((name) => features.names.includes(name))
}

function sizeOf({ samples: { features } }: Observed, white: WhiteSpec | undefined): string | undefined {
  const turned =
    white?.kind === 'scenario'
      ? Object.entries(white.columns).find(([, path]) => /^cluster\.nodes\[\d+\]\.(count|slots)$/.test(path))?.[0]
      : undefined
  return turned ?? SIZES.find((name) => features.names.includes(name))
}
