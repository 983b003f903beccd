import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import {
  type Issue,
  type IssueReport,
  isRefusal,
  type Noun,
  parseNoun,
  type Refusal,
  type ReplayJobs,
  reportOf,
  type Scenario,
  type Valid,
} from '../model/index.js'
import { readTrace } from '../trace/index.js'
import { classifyJobs, replayJobs } from '../workload/index.js'

const MOST_BYTES = 64 * 1024 * 1024

/** Reads a noun from a YAML or JSON file; what is wrong with the file itself is an issue as well. */
export function readNoun<N extends Noun>(path: string, noun?: N): Valid<N> & { readonly noun?: N } {
  const wrong = (code: string, message: string): { ok: false; issues: Issue[] } => ({
    ok: false,
    issues: [{ code, severity: 'error', place: path, message }],
  })
  try {
    const stat = statSync(path)
    if (stat.isDirectory()) return wrong('is-a-directory', 'a directory, not a file')
    if (stat.size > MOST_BYTES) return wrong('too-large', `${stat.size} bytes; a value file holds at most ${MOST_BYTES}`)
    const bytes = readFileSync(path)
    if (bytes.includes(0)) return wrong('not-text', 'holds zero bytes: neither YAML nor JSON')
    return parseNoun(bytes.toString('utf8'), path, noun)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT' || code === 'ENOTDIR') return wrong('no-such-file', 'there is no such file')
    if (code === 'EACCES') return wrong('not-readable', 'may not be read')
    throw error
  }
}

/** A question ready to be answered: the scenario, and the jobs behind its `replay` laws. */
export interface Question {
  readonly scenario: Scenario
  readonly replay?: ReplayJobs
  readonly warnings: IssueReport
}

export type QuestionReading =
  | { readonly ok: true; readonly question: Question }
  | { readonly ok: false; readonly issues: IssueReport; readonly refusal?: Refusal }

/** Reads a scenario file and, where it replays a trace, that trace; a relative path of the trace starts at the scenario’s folder. */
export async function readScenario(path: string): Promise<QuestionReading> {
  const valid = readNoun(path, 'scenario')
  if (!valid.ok) return { ok: false, issues: reportOf(valid.issues) }
  const { value: scenario, warnings } = valid
  const replays = scenario.workload.classes.some(({ arrival, work }) => arrival.kind === 'replay' || work.kind === 'replay')
  if (!replays || !scenario.workload.trace) return { ok: true, question: { scenario, warnings: reportOf(warnings) } }
  const { trace: reference, classes } = scenario.workload
  const reading = await readTrace(resolve(dirname(path), reference.path), {
    ...(reference.format ? { format: reference.format } : {}),
    ...(reference.mapping ? { mapping: resolve(dirname(path), reference.mapping) } : {}),
  })
  if (!reading.ok) return { ok: false, issues: reading.issues, ...(reading.refusal ? { refusal: reading.refusal } : {}) }
  const classification = classifyJobs(reading.trace, reference.classes)
  if (isRefusal(classification)) return { ok: false, issues: reportOf([]), refusal: classification }
  const all = classes.some(({ work }) => work.kind === 'replay' && work.resources === 'all')
  const replay = replayJobs(reading.trace, classification, {}, all ? 'all' : 'slots')
  if (isRefusal(replay)) return { ok: false, issues: reportOf([]), refusal: replay }
  // the scenario may name its classes in any order, and leave some of the trace’s out
  const position = new Map(classes.map(({ name }, i) => [name, i]))
  const unknown = classes.filter(({ arrival, name }) => arrival.kind === 'replay' && !classification.names.includes(name))
  if (unknown.length > 0) {
    const issues = unknown.map(
      ({ name }): Issue => ({
        code: 'unknown-class',
        severity: 'error',
        place: `${path} workload.classes`,
        message: `the trace has no class of this name; by its rule it has ${classification.names.join(', ')}`,
        value: name,
      }),
    )
    return { ok: false, issues: reportOf(issues) }
  }
  return {
    ok: true,
    question: { scenario, replay: only(replay.jobs, classification.names, position), warnings: reading.trace.issues },
  }
}

/** The jobs of the classes that the scenario names, classes numbered as there. */
function only(jobs: ReplayJobs, names: readonly string[], position: ReadonlyMap<string, number>): ReplayJobs {
  const kept = Int32Array.from(jobs.classIndex.keys()).filter((job) => position.has(names[jobs.classIndex[job]!]!))
  const first = jobs.submitSeconds[kept[0]!]!
  return {
    count: kept.length,
    submitSeconds: Float64Array.from(kept, (job) => jobs.submitSeconds[job]! - first),
    runSeconds: Float64Array.from(kept, (job) => jobs.runSeconds[job]!),
    slots: Int32Array.from(kept, (job) => jobs.slots[job]!),
    classIndex: Uint16Array.from(kept, (job) => position.get(names[jobs.classIndex[job]!]!)!),
    ...(jobs.estimateSeconds ? { estimateSeconds: Float64Array.from(kept, (job) => jobs.estimateSeconds![job]!) } : {}),
    ...(jobs.userIndex ? { userIndex: Int32Array.from(kept, (job) => jobs.userIndex![job]!) } : {}),
    ...(jobs.cpus ? { cpus: Float64Array.from(kept, (job) => jobs.cpus![job]!) } : {}),
    ...(jobs.memoryMib ? { memoryMib: Float64Array.from(kept, (job) => jobs.memoryMib![job]!) } : {}),
    ...(jobs.slotShare ? { slotShare: Float64Array.from(kept, (job) => jobs.slotShare![job]!) } : {}),
  }
}
