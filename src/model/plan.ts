import { z } from 'zod'
import { Policy } from './policy.js'
import { CaveatSchema, Prediction } from './prediction.js'

/** One target of the goal beside what a prediction says of it. */
export const TargetCheck = z
  .strictObject({
    path: z.string().meta({ description: 'Where in the goal: `classes.high.p95ResponseSeconds`.' }),
    target: z.number(),
    predicted: z.number(),
    met: z.boolean(),
    sure: z.boolean().meta({ description: 'The whole interval is on the same side of the target.' }),
  })
  .meta({ id: 'TargetCheck' })
export type TargetCheck = z.infer<typeof TargetCheck>

export const Candidate = z
  .strictObject({
    policy: Policy,
    prediction: Prediction,
    checks: z.array(TargetCheck),
    price: z
      .strictObject({
        accuracyLoss: z.number().meta({ description: 'Weighted mean over classes, by jobs.' }),
        powerWatts: z.number().optional(),
        sprintShare: z.number().optional(),
      })
      .meta({ description: 'What the policy costs.' }),
    violation: z
      .number()
      .min(0)
      .meta({ description: 'Sum over targets that are not met of predicted / target − 1; 0 where all are met.' }),
    score: z.number().meta({ description: 'What the search minimised once all targets hold: smaller is better.' }),
  })
  .meta({ id: 'Candidate' })
export type Candidate = z.infer<typeof Candidate>

const RefusalSchema = z.strictObject({
  kind: z.literal('refusal'),
  code: z.enum(['unstable', 'not-converged', 'unsupported', 'no-data', 'infeasible']),
  message: z.string(),
  numbers: z.record(z.string(), z.number()).optional(),
})

/** The policy that meets the goals at the least price, beside the policy in force, with the reason and the runners-up. */
export const Plan = z
  .strictObject({
    schema: z.literal('halftone/plan/1'),
    scenario: z.string(),
    inForce: Candidate.optional(),
    inForceRefusal: RefusalSchema.optional().meta({
      description: 'Why there is no prediction for the policy in force: unstable, most often.',
    }),
    chosen: Candidate,
    meetsGoals: z.boolean(),
    reason: z.string(),
    runnersUp: z.array(Candidate),
    search: z.strictObject({
      screened: z.int(),
      simulated: z.int(),
      refused: z.int(),
      wallSeconds: z.number(),
      seed: z.int(),
    }),
    undo: Policy.meta({ description: 'The policy to go back to.' }),
    caveats: z.array(CaveatSchema),
  })
  .meta({ id: 'Plan' })
export type Plan = z.infer<typeof Plan>
