import { z } from 'zod'
import { RegionAccuracy } from './comparison.js'
import type { Issue } from './issue.js'
import { CalibratedKnob } from './measurements.js'
import { Scenario } from './scenario.js'

const Column = z.string().min(1)

/**
 * A learned or grey model as `halftone compare --model` keeps it: the measurements, who learned from them and what was measured of everybody, by region. The model itself is
 * fitted again when the file is used, the same to the byte, since a fit depends on the rows and the seed alone.
 */
export const MeasuredModel = z
  .strictObject({
    schema: z.literal('halftone/measured-model/1'),
    predictor: z.string(),
    kind: z.enum(['white', 'black', 'grey']),
    observed: z.string(),
    seed: z.number(),
    halfWidth: z.number().min(0).optional().meta({ description: 'Half-width of the 90 % interval, in the logarithm.' }),
    columns: z.record(Column, Column).optional().meta({ description: 'Column → the knob of a scenario that it is.' }),
    figure: z.strictObject({ class: Column, of: z.enum(['mean', 'p95', 'p99']) }).optional(),
    white: z
      .union([
        z.strictObject({
          kind: z.enum(['throughput', 'sprint-queue', 'station', 'power-cap', 'clock', 'replay']),
          question: z.enum(['seconds', 'watts', 'joules']).optional(),
        }),
        z.strictObject({
          kind: z.literal('scenario'),
          scenario: Scenario,
          columns: z.record(Column, Column),
          figure: z.strictObject({ class: Column, of: z.enum(['mean', 'p95', 'p99']) }),
          calibrate: z.array(CalibratedKnob),
        }),
      ])
      .optional(),
    samples: z.strictObject({
      rows: z.int().min(1),
      names: z.array(Column).min(1),
      columns: z.array(z.array(z.number())),
      levels: z.array(z.array(z.string()).nullable()),
      target: z.array(z.number().gt(0)),
    }),
    regions: z.array(RegionAccuracy),
  })
  .meta({ id: 'MeasuredModel' })
export type MeasuredModel = z.infer<typeof MeasuredModel>

/** Columns of the same length, one for each name, codes that have a word. */
export function checkMeasuredModel(value: unknown): Issue[] {
  const parsed = MeasuredModel.safeParse(value)
  if (!parsed.success) return []
  const { rows, names, columns, levels, target } = parsed.data.samples
  const issues: Issue[] = []
  const wrong = (place: string, message: string): void => {
    issues.push({ code: 'wrong-shape', severity: 'error', place, message })
  }
  if (columns.length !== names.length) wrong('samples.columns', `needs ${names.length}, one a name`)
  if (levels.length !== names.length) wrong('samples.levels', `needs ${names.length}, one a name`)
  if (target.length !== rows) wrong('samples.target', `needs ${rows} rows`)
  columns.forEach((column, c) => {
    if (column.length !== rows) wrong(`samples.columns[${c}]`, `needs ${rows} rows`)
    const words = levels[c]
    const bad = words ? column.findIndex((code) => !(Number.isInteger(code) && code >= 0 && code < words.length)) : -1
    if (bad >= 0) wrong(`samples.columns[${c}][${bad}]`, `is no code of the ${words!.length} words`)
  })
  return issues
}
