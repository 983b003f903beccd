import type { IssueReport, Refusal, Trace } from '../model/index.js'

/** How to read a trace. All optional: the format is recognised from the content. */
export interface ReadOptions {
  /** The format’s name, to override recognition. */
  readonly format?: string
  /** Path of a YAML file that says which column is what, for tables of no known format. See docs/formats.md. */
  readonly mapping?: string
  /** IANA name of the zone whose wall clock the trace’s times show, to override the format’s own. */
  readonly timeZone?: string
  /** How many issues of one code keep their place and value; all are counted. Default 20. */
  readonly keepIssues?: number
  /** Any row dropped or repaired makes the reading fail. Default false: such rows are warnings. */
  readonly strict?: boolean
  onProgress?(progress: ReadProgress): void
}

export interface ReadProgress {
  readonly bytesRead: number
  readonly bytesTotal: number
  readonly rows: number
}

/** A trace; or no trace, with everything that is wrong with the input, and a refusal where the input is sound but holds no usable row. */
export type TraceReading =
  | { readonly ok: true; readonly trace: Trace }
  | { readonly ok: false; readonly issues: IssueReport; readonly refusal?: Refusal }
