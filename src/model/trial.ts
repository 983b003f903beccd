/**
 * A trial: the same arriving jobs run for real under one policy after another, beside what a model that was calibrated on the spot foresaw of each.
 */
import { z } from 'zod'
import { Estimate } from './estimate.js'
import { Policy } from './policy.js'
import { CaveatSchema } from './prediction.js'
import { Scenario } from './scenario.js'
import { AccuracyCurve } from './workload.js'

const seconds = z.number().min(0)

/** What was measured of one stage of a class before the trial, its tasks on otherwise free slots and on full ones. Seconds. */
export const StageProfile = z
  .strictObject({
    name: z.string(),
    tasks: z.int(),
    taskSeconds: Estimate.meta({ description: 'Time of a task on its slot at normal speed.' }),
    cv: z.number().min(0),
    setupSeconds: Estimate.meta({ description: 'From when the stage may begin to the start of its first task, on free slots.' }),
    speedUp: Estimate.optional().meta({ description: 'Task time at normal speed over that at sprint speed, measured.' }),
    processorBound: z.number().min(0).max(1).optional(),
  })
  .meta({ id: 'StageProfile' })
export type StageProfile = z.infer<typeof StageProfile>

export const ClassProfile = z
  .strictObject({
    name: z.string(),
    jobs: z.int(),
    stages: z.array(StageProfile).min(1),
    accuracy: AccuracyCurve.optional(),
  })
  .meta({ id: 'ClassProfile' })
export type ClassProfile = z.infer<typeof ClassProfile>

export const TrialProfile = z
  .strictObject({
    classes: z.array(ClassProfile).min(1),
    turnaroundSeconds: Estimate.meta({
      description: 'From the end of a task to the start of the next one on its slot, when one waits.',
    }),
    tookSeconds: seconds,
    scenario: Scenario.meta({ description: 'The scenario with what was measured in the place of its laws.' }),
  })
  .meta({ id: 'TrialProfile' })
export type TrialProfile = z.infer<typeof TrialProfile>

const Figures = z.strictObject({
  mean: Estimate,
  p95: Estimate,
})

export const TrialClass = z
  .strictObject({
    name: z.string(),
    jobs: z.int().meta({ description: 'That ended; the figures are about these.' }),
    unfinished: z.int(),
    measured: Figures.meta({ description: 'Response in seconds; intervals of batch means and of order statistics.' }),
    predicted: Figures.meta({
      description:
        'Of the same arrivals, simulated: the interval is where nineteen in twenty such runs of the model come to lie.',
    }).optional(),
    steady: Figures.optional().meta({ description: 'In the long run, by simulation: what a plan is made by.' }),
    accuracyLoss: z.strictObject({ measured: Estimate.optional(), predicted: Estimate.optional() }),
  })
  .meta({ id: 'TrialClass' })
export type TrialClass = z.infer<typeof TrialClass>

/** One attempt of one task on a slot. `lane` numbers the slots of a node as they were found free, from 0. */
export const TrialTask = z
  .strictObject({
    className: z.string(),
    job: z.int().meta({ description: 'Number of the job in order of arrival.' }),
    stage: z.string(),
    task: z.int(),
    node: z.string(),
    lane: z.int(),
    startSeconds: z.number().meta({ description: 'Since the first moment of the run.' }),
    endSeconds: z.number(),
    lost: z.boolean().meta({ description: 'Evicted, requeued or withdrawn: its slot time is waste.' }),
  })
  .meta({ id: 'TrialTask' })
export type TrialTask = z.infer<typeof TrialTask>

export const TrialCluster = z
  .strictObject({
    utilisation: z.number(),
    waste: z.number().meta({ description: 'Share of busy slot time that was thrown away.' }),
    powerWatts: z.number().optional(),
    energyJoules: z.number().optional(),
    sprintSeconds: z.number().optional(),
  })
  .meta({ id: 'TrialCluster' })
export type TrialCluster = z.infer<typeof TrialCluster>

export const TrialPolicy = z
  .strictObject({
    policy: Policy,
    startedAtSeconds: z.number().meta({ description: 'Unix seconds.' }),
    tookSeconds: seconds,
    classes: z.array(TrialClass),
    measured: TrialCluster,
    predicted: TrialCluster.optional(),
    energySource: z.string().meta({ description: 'Where the energy comes from: a meter, or a model of watts by busy slots.' }),
    actions: z.record(z.string(), z.int()).meta({ description: 'Actions that were enacted, by kind.' }),
    timeline: z.strictObject({
      tasks: z.array(TrialTask),
      sprints: z.array(z.strictObject({ job: z.int(), startSeconds: z.number(), endSeconds: z.number(), speed: z.number() })),
      atSeconds: z.array(z.number()),
      present: z.record(z.string(), z.array(z.int())).meta({ description: 'Jobs in the system at those instants, by class.' }),
      budget: z.array(z.number()).optional().meta({ description: 'What was left of the sprint budget, in its unit.' }),
    }),
    caveats: z.array(CaveatSchema),
  })
  .meta({ id: 'TrialPolicy' })
export type TrialPolicy = z.infer<typeof TrialPolicy>

export const TrialReport = z
  .strictObject({
    schema: z.literal('halftone/trial-report/1'),
    scenario: z.string(),
    driver: z.strictObject({ name: z.string(), through: z.array(z.string()), slots: z.int() }),
    seed: z.int(),
    load: z
      .number()
      .meta({ description: 'Share of the slots that the arriving work keeps busy, nothing dropped, at normal speed.' }),
    seconds: seconds.meta({ description: 'From the first arrival to the last.' }),
    arrivals: z.record(z.string(), z.int()),
    profile: TrialProfile,
    policies: z.array(TrialPolicy),
    caveats: z.array(CaveatSchema),
  })
  .meta({ id: 'TrialReport' })
export type TrialReport = z.infer<typeof TrialReport>
