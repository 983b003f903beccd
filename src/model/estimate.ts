import { z } from 'zod'

/**
 * A number with an interval. `low` and `high` bound the value at `confidence`; for an exact answer they equal it, and `confidence` is 1.
 * Always finite.
 */
export const Estimate = z
  .strictObject({
    value: z.number(),
    low: z.number(),
    high: z.number(),
    confidence: z.number().min(0).max(1),
  })
  .meta({ id: 'Estimate', description: 'A number with the interval that holds it at the stated confidence.' })
export type Estimate = Readonly<z.infer<typeof Estimate>>

/** An exact value: the interval is the value itself. */
export function exactly(value: number): Estimate {
  return { value, low: value, high: value, confidence: 1 }
}
