import { z } from 'zod'
import { Estimate } from './estimate.js'
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
        costPerHour: z.number().optional().meta({ description: 'Slots and energy, in the currency of the cluster’s costs.' }),
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

/** A policy that no other beats in all of response, accuracy and power. */
export const FrontPoint = z
  .strictObject({
    policy: Policy,
    response: z.number().meta({ description: 'Weighted mean response of the classes, each against its response in force.' }),
    accuracyLoss: z.number(),
    powerWatts: z.number().optional(),
    meetsGoals: z.boolean(),
    confirmed: z.boolean().meta({ description: 'Predicted to full precision, not only looked at.' }),
  })
  .meta({ id: 'FrontPoint' })
export type FrontPoint = z.infer<typeof FrontPoint>

/** What becomes of the plan when the load is not as forecast. */
export const Sensitivity = z
  .strictObject({
    loadFactor: z.number().positive(),
    holds: z.boolean().meta({ description: 'Stable there, with every target met.' }),
    classes: z
      .array(z.strictObject({ name: z.string(), meanResponseSeconds: z.number(), p95ResponseSeconds: z.number().optional() }))
      .optional()
      .meta({ description: 'Absent where the plan has no steady state at that load.' }),
    broken: z.array(z.string()).meta({ description: 'Targets that are missed there.' }),
    margin: z
      .strictObject({ loadFactor: z.number().positive(), atLeast: z.boolean() })
      .optional()
      .meta({ description: 'The largest load factor at which the plan still holds; `atLeast` where none larger was tried.' }),
  })
  .meta({ id: 'Sensitivity' })
export type Sensitivity = z.infer<typeof Sensitivity>

/** Response under the plan minus response under another policy, replication by replication on the same luck: far sharper than two intervals. */
export const PlanDifference = z
  .strictObject({
    against: z.enum(['in force', 'runner-up']),
    policy: z.string().meta({ description: 'Name of the other policy.' }),
    classes: z.array(
      z.strictObject({
        name: z.string(),
        response: z
          .strictObject({ mean: Estimate, p95: Estimate.optional() })
          .meta({ description: 'Seconds; below 0 the plan is quicker.' }),
      }),
    ),
  })
  .meta({ id: 'PlanDifference' })
export type PlanDifference = z.infer<typeof PlanDifference>

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
    differences: z.array(PlanDifference).optional().meta({
      description: 'Against the policy in force and against the runner-up, where they were played on the same luck.',
    }),
    front: z.array(FrontPoint).optional().meta({ description: 'Ascending in response.' }),
    sensitivity: Sensitivity.optional(),
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
