import { z } from 'zod'

const Column = z.string().min(1)

/** A column, or a column with the value above which rows are held out: `gpus>4`. */
const Edge = z
  .union([
    Column,
    z.strictObject({ column: Column, above: z.number() }).meta({ description: 'Rows with a value above this are held out.' }),
  ])
  .meta({ id: 'Edge' })
export type Edge = z.infer<typeof Edge>

/** A knob of a scenario that observations may set, within bounds. */
export const CalibratedKnob = z
  .strictObject({
    path: Column.meta({ description: 'Where in the scenario: `cluster.nodes[0].speed`.' }),
    low: z.number(),
    high: z.number(),
    prior: z.number().meta({ description: 'Where the knob stays when nothing is known about it.' }),
  })
  .meta({ id: 'CalibratedKnob' })
export type CalibratedKnob = z.infer<typeof CalibratedKnob>

/**
 * A table of measurements and what is known about it: what `halftone compare` is asked. Each row is a condition and what was observed under it.
 */
export const Measurements = z
  .strictObject({
    schema: z.literal('halftone/measurements/1'),
    data: z.string().min(1).meta({ description: 'CSV, TSV or Parquet; a relative path starts at the folder of this file.' }),
    observed: Column.meta({ description: 'The column that was observed and is to be foreseen; every value above 0.' }),
    leave: z
      .array(Column)
      .optional()
      .meta({ description: 'Columns that are not known beforehand or say nothing: not learned from.' }),
    measured: z
      .array(Column)
      .optional()
      .meta({ description: 'Columns measured together with the observed one, which a white model may use to be calibrated.' }),
    load: Edge.optional().meta({ description: 'The largest values of this column are held out as unseen load.' }),
    configuration: Edge.optional().meta({
      description: 'The largest values of this column are held out as unseen configuration.',
    }),
    group: Column.optional().meta({ description: 'Each value of this column is held out in turn: unseen workload.' }),
    white: z.string().min(1).optional().meta({
      description: 'A white model by name, or the path of a scenario file; recognised from the columns where absent; `none`.',
    }),
    columns: z.record(Column, Column).optional().meta({
      description: 'What a column is: for a scenario the knob that it turns, for a white model by name the column it stands for.',
    }),
    figure: z
      .strictObject({ class: Column, of: z.enum(['mean', 'p95', 'p99']).default('mean') })
      .optional()
      .meta({ description: 'For a scenario: whose response was observed. The first class and its mean where absent.' }),
    calibrate: z.array(CalibratedKnob).optional().meta({ description: 'For a scenario: the knobs that observations set.' }),
  })
  .meta({ id: 'Measurements' })
export type Measurements = z.infer<typeof Measurements>
