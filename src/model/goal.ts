import { z } from 'zod'
import type { QuantileName } from './prediction.js'

const positive = z.number().positive()

export const ClassGoal = z
  .strictObject({
    meanResponseSeconds: positive.optional(),
    p95ResponseSeconds: positive.optional(),
    p99ResponseSeconds: positive.optional(),
    accuracyLossAtMost: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .meta({ description: 'Default 0: a class that is not named may lose nothing.' }),
    weight: positive.default(1).meta({ description: 'Weight of this class where classes are traded against one another.' }),
  })
  .meta({ id: 'ClassGoal', description: 'Targets are upper bounds.' })
export type ClassGoal = z.infer<typeof ClassGoal>

/** What must hold (targets, floors, caps) and what is to be least once they do. */
export const Goal = z
  .strictObject({
    schema: z.literal('halftone/goal/1'),
    classes: z.record(z.string(), ClassGoal),
    powerWattsAtMost: positive.optional(),
    wasteAtMost: z.number().min(0).max(1).optional().meta({ description: 'Wasted share of busy time.' }),
    minimise: z.enum(['accuracy-loss', 'response', 'energy', 'cost']).default('accuracy-loss'),
  })
  .meta({ id: 'Goal' })
export type Goal = z.infer<typeof Goal>

/** The quantiles of responses that the targets of a goal are about, by class name: all that a prediction needs to be judged by it. */
export function goalQuantiles(goal: Goal | undefined): Record<string, QuantileName[]> {
  return Object.fromEntries(
    Object.entries(goal?.classes ?? {}).map(([name, { p95ResponseSeconds, p99ResponseSeconds }]) => [
      name,
      [
        ...(p95ResponseSeconds === undefined ? [] : ['p95' as const]),
        ...(p99ResponseSeconds === undefined ? [] : ['p99' as const]),
      ],
    ]),
  )
}
