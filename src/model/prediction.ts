import { z } from 'zod'
import { Estimate } from './estimate.js'

export const CaveatSchema = z
  .strictObject({
    code: z.string(),
    message: z.string(),
    path: z.string().optional(),
    numbers: z.record(z.string(), z.number()).optional(),
  })
  .meta({ id: 'Caveat' })

/** Mean and quantiles of a time, in seconds. A quantile that the predictor cannot give is absent, never invented. */
export const Times = z
  .strictObject({ mean: Estimate, p50: Estimate.optional(), p95: Estimate.optional(), p99: Estimate.optional() })
  .meta({ id: 'Times', description: 'Seconds.' })
export type Times = z.infer<typeof Times>

/** Quantiles of a time that a prediction can name. */
export type QuantileName = 'p50' | 'p95' | 'p99'

export const ClassPrediction = z
  .strictObject({
    name: z.string(),
    arrivalsPerSecond: z.number(),
    throughputPerSecond: Estimate,
    response: Times,
    wait: Times,
    service: Times,
    accuracyLoss: Estimate,
  })
  .meta({ id: 'ClassPrediction' })
export type ClassPrediction = z.infer<typeof ClassPrediction>

/** How each class and the cluster fare under a policy, who says so, at what cost and how far to trust it. */
export const Prediction = z
  .strictObject({
    schema: z.literal('halftone/prediction/1'),
    predictor: z.strictObject({
      kind: z.enum(['analytic', 'simulated', 'learned', 'grey']),
      name: z.string(),
      method: z.string().meta({ description: 'What was computed: "Cobham’s formula", "8 replications of 50,000 jobs".' }),
    }),
    cost: z.strictObject({ wallSeconds: z.number(), jobs: z.number().optional(), events: z.number().optional() }),
    classes: z.array(ClassPrediction).min(1),
    cluster: z.strictObject({
      utilisation: Estimate.meta({
        description: 'Busy share of the slots (shared) or of the engine (exclusive), waste included.',
      }),
      waste: Estimate.meta({ description: 'Share of busy time spent on work that was thrown away.' }),
      powerWatts: Estimate.optional(),
      energyPerJobJoules: Estimate.optional(),
    }),
    caveats: z.array(CaveatSchema),
  })
  .meta({ id: 'Prediction' })
export type Prediction = z.infer<typeof Prediction>
