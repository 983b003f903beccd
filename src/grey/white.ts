import type { Samples, Table } from '../learn/index.js'

/** A parameter of a white model that observations may set: bounded, so that no fit can run away, and with a prior for where data are silent. */
export interface Parameter {
  readonly name: string
  readonly low: number
  readonly high: number
  /** Where the parameter stays when nothing is known about it. */
  readonly prior: number
  /**
   * How far from the prior the parameter may go at the cost of one standard deviation of error; absent: the prior only starts the search. On the scale
   * that is searched: for a positive parameter 0.7 means a factor of two.
   */
  readonly spread?: number
  /** True where the parameter acts by factors (rates, times): it is then searched on a logarithmic scale. */
  readonly positive?: boolean
}

/** Something else that a white model says about a row and that may have been measured: the compute part of a step, a utilisation. */
export interface SideAnswer {
  /** The column of `Samples.measured` that observed it; rows where it is not positive are left out. */
  readonly column: string
  /** Positive numbers, one a row. */
  predict(table: Table, parameters: Float64Array): Float64Array
  /** How much one such observation counts beside one of the target; absent: 1. */
  readonly weight?: number
}

/**
 * A white model: a formula or a simulation of known shape with a few parameters. It says what one observes (a time, a power) under the condition in each row.
 *
 * Calibrated to samples (`calibrate.ts`) it is a learner like any other, so that white, black and grey models are compared on the same footing.
 */
export interface WhiteModel {
  readonly name: string
  /** The columns that it reads, by name; a table may have others, which it ignores. */
  readonly columns: readonly string[]
  readonly parameters: readonly Parameter[]
  /** The parameters with bounds and priors on the scale of these samples (times in the order of those seen); absent: as they stand. */
  scaled?(samples: Samples): readonly Parameter[]
  /** One finite positive number a row; 0 where `holds` says that there is no answer. */
  predict(table: Table, parameters: Float64Array): Float64Array
  /** 1 for each row that has an answer (a stable queue), 0 for each that has none. Absent: every row has one. */
  holds?(table: Table, parameters: Float64Array): Uint8Array
  /** What else it foresees of a row, so that further measurements can help to calibrate it. */
  readonly side?: readonly SideAnswer[]
  /** Which way the answer may only go along a column, where physics says so: +1 never down, −1 never up. */
  readonly monotone?: Readonly<Record<string, 1 | -1>>
  /** Columns of size along which one asks beyond what was measured: machines, load. Held-out tests are then made of the largest. */
  readonly grows?: readonly string[]
  /** The column along which one may ask below what was measured though the answer grows steep there (caps, clocks): a fit then tests that step on the lowest value it has. */
  readonly shrinks?: string
}

/** The column `name` of a table. Throws a fault where there is none: tables are checked when a model is fitted. */
export function columnOf(table: Table, name: string): Float64Array {
  const at = table.names.indexOf(name)
  if (at < 0) throw new Error(`there is no column ${name} among ${table.names.join(', ')}`)
  return table.columns[at]
}
