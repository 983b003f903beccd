import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { DataFile } from './bundled-job.js'
import { isJobName, type JobName } from './catalogue.js'
import { found, type Outcome, readBytes, readTagged, writeWhole, wrong } from './files.js'

const SCHEMA = 'halftone/job-data/1'
const MANIFEST = 'data.json'

/** What a data set was made with. */
export interface DataOptions {
  readonly job: JobName
  readonly partitions: number
  readonly size: number
  readonly seed: number
}

/** A data set in a directory: what made it, and a checksum of every file. */
export interface DataSet extends DataOptions {
  readonly directory: string
  /** Of all its files: parts and answers carry it, so that those of other data are not taken for its own. */
  readonly fingerprint: number
  readonly files: ReadonlyMap<string, { readonly bytes: number; readonly crc32: number }>
}

/**
 * Writes the files of a data set, the list of them last: a directory without it holds no data set, whatever else stands there. One that was made with
 * the same options stays as it is; one that was made with others is not written over.
 */
export function writeDataSet(directory: string, options: DataOptions, files: Iterable<DataFile>): Outcome<DataSet> {
  if (existsSync(join(directory, MANIFEST))) {
    const old = readDataSet(directory)
    if (!old.ok) return old
    const same = (['job', 'partitions', 'size', 'seed'] as const).every((name) => old.value[name] === options[name])
    return same
      ? old
      : wrong('other-data', directory, 'holds a data set that was made with other options: name another directory')
  }
  mkdirSync(directory, { recursive: true })
  const listed: { name: string; bytes: number; crc32: number }[] = []
  for (const { name, bytes } of files) {
    writeWhole(join(directory, name), bytes)
    listed.push({ name, bytes: bytes.length, crc32: crc32(bytes) })
  }
  writeWhole(join(directory, MANIFEST), `${JSON.stringify({ schema: SCHEMA, ...options, files: listed }, null, 1)}\n`)
  return readDataSet(directory)
}

/** The data set in a directory. */
export function readDataSet(directory: string): Outcome<DataSet> {
  const path = join(directory, MANIFEST)
  const read = readTagged(path, SCHEMA)
  if (!read.ok) return read
  const { job, partitions, size, seed, files } = read.value
  const natural = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
  const listed = Array.isArray(files) ? files.map((file) => file as Partial<Record<string, unknown>> | null) : []
  const known = listed.flatMap((file): [string, { bytes: number; crc32: number }][] => {
    const { name, bytes, crc32 } = file ?? {}
    return typeof name === 'string' && natural(bytes) && natural(crc32) ? [[name, { bytes, crc32 }]] : []
  })
  if (!isJobName(job) || !natural(partitions) || !natural(size) || !natural(seed) || known.length !== listed.length)
    return wrong('bad-data', path, 'does not list a data set: it was changed by hand or by another version')
  const fingerprint = crc32(JSON.stringify([job, partitions, size, seed, known]))
  return found({ directory, job, partitions, size, seed, fingerprint, files: new Map(known) })
}

/** Files of a data set, each checked against the list: what is missing, cut short or changed is an issue, all of them at once. */
export function readFiles(data: DataSet, names: readonly string[]): Outcome<ReadonlyMap<string, Uint8Array>> {
  const read = names.map((name) => [name, readFile(data, name)] as const)
  const issues = read.flatMap(([, outcome]) => (outcome.ok ? [] : outcome.issues))
  if (issues.length > 0) return { ok: false, issues }
  return found(new Map(read.flatMap(([name, outcome]) => (outcome.ok ? [[name, outcome.value]] : []))))
}

function readFile(data: DataSet, name: string): Outcome<Uint8Array> {
  const path = join(data.directory, name)
  const listed = data.files.get(name)
  if (listed === undefined) return wrong('not-listed', path, `is no file of this data set of ${data.partitions} partitions`)
  const read = readBytes(path)
  if (!read.ok) return read
  if (read.value.length !== listed.bytes)
    return wrong(
      'cut-short',
      path,
      `has ${read.value.length} bytes where the data set lists ${listed.bytes}: generate the data anew`,
    )
  return crc32(read.value) === listed.crc32
    ? read
    : wrong('damaged', path, 'does not have the checksum that the data set lists: generate the data anew')
}
