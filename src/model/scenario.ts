import { z } from 'zod'
import { Cluster } from './cluster.js'
import { Goal } from './goal.js'
import { Policy, Sprint } from './policy.js'
import { Workload } from './workload.js'

/** Which of the policy’s knobs a plan may turn, and how far. */
export const Levers = z
  .strictObject({
    disciplines: z.array(Policy.shape.discipline).min(1).optional(),
    dropRatioAtMost: z.record(z.string(), z.number().min(0).max(0.99)).optional(),
    sprint: z
      .strictObject({
        speed: z.number().min(1).max(100),
        otherSpeeds: z
          .array(z.number().min(1).max(100))
          .min(1)
          .optional()
          .meta({ description: 'Further speeds to choose from.' }),
        classes: z.array(z.string()).min(1),
        budget: Policy.shape.sprint.unwrap().shape.budget,
        otherBudgets: z
          .array(Policy.shape.sprint.unwrap().shape.budget.unwrap())
          .min(1)
          .optional()
          .meta({ description: 'Further budgets to choose from.' }),
        origin: z.enum(['dispatch', 'arrival']).default('dispatch'),
        toggleDelaySeconds: z.number().min(0).default(0),
        toggleOffDelaySeconds: Sprint.shape.toggleOffDelaySeconds,
        afterExhaustion: Sprint.shape.afterExhaustion,
        steps: Sprint.shape.steps,
      })
      .optional(),
  })
  .meta({ id: 'Levers' })
export type Levers = z.infer<typeof Levers>

/** One question: this workload on this cluster under this policy, with these goals. The policy is the one in force. */
export const Scenario = z
  .strictObject({
    schema: z.literal('halftone/scenario/1'),
    name: z.string().min(1),
    workload: Workload,
    cluster: Cluster,
    policy: Policy,
    goal: Goal.optional(),
    levers: Levers.optional(),
  })
  .meta({ id: 'Scenario' })
export type Scenario = z.infer<typeof Scenario>
