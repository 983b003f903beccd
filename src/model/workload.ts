import { z } from 'zod'
import { CountLaw, Law } from './law.js'

const positive = z.number().positive()

/** When the jobs of a class arrive. Times in seconds, rates per second. */
export const Arrival = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('poisson'), ratePerSecond: positive }),
    z.strictObject({ kind: z.literal('renewal'), interarrival: Law }),
    z.strictObject({
      kind: z.literal('map'),
      d0: z.array(z.array(z.number())).min(1),
      d1: z.array(z.array(z.number())).min(1),
    }),
    z.strictObject({
      kind: z.literal('time-of-day'),
      ratePerSecond: z
        .array(z.number().min(0))
        .min(1)
        .meta({ description: 'Rate in each of equally long windows that together make up one period (24 for a day by hour).' }),
      periodSeconds: positive,
    }),
    z.strictObject({ kind: z.literal('marked') }),
    z.strictObject({ kind: z.literal('replay') }),
  ])
  .meta({
    id: 'Arrival',
    description: '`replay` takes the times of the workload’s own trace, `marked` those of its marked process (`arrivals`).',
  })
export type Arrival = z.infer<typeof Arrival>

/**
 * What a gang, a task or a job of an array needs of its nodes besides slots. Counts only where the nodes say how much they have (`cpus`,
 * `memoryMib`); a node that does not say has enough.
 */
export const Needs = z
  .strictObject({
    cpus: z.number().min(0).max(1_000_000).default(0),
    memoryMib: z.number().min(0).max(1_000_000_000).default(0),
    per: z.enum(['slot', 'job']).default('slot').meta({
      description:
        'slot: for each slot that is held; job: for the gang (or the task of a stage or an array) as a whole, spread evenly over its slots.',
    }),
  })
  .meta({ id: 'Needs', description: 'CPUs and memory that must be free on the same nodes as the slots. Simulation only.' })
export type Needs = z.infer<typeof Needs>
const processorBound = z.number().min(0).max(1)

/**
 * Parts of a job’s work in order. A sprint at speed s makes a part whose share f is bound to the processor go 1/((1 − f) + f/s) times as
 * fast: s at f = 1, no faster at f = 0.
 */
export const WorkPhase = z
  .strictObject({
    share: z.number().positive().max(1).meta({ description: 'Share of the job’s work; all shares sum to 1.' }),
    processorBound,
  })
  .meta({ id: 'WorkPhase' })
export type WorkPhase = z.infer<typeof WorkPhase>

/** Speed of work of which a share is bound to the processor, under a sprint at `speed`: 1/((1 − f) + f/s). Source: specs, equation E10. */
export function speedUnderSprint(share: number, speed: number): number {
  return share === 1 ? speed : 1 / (1 - share + share / speed)
}

/** A stage of a map/reduce-style job: `tasks` tasks on the cluster’s slots, list-scheduled, after a `setup` during which no task runs. */
export const Stage = z
  .strictObject({
    name: z.string().min(1),
    setup: Law.optional().meta({ description: 'Time before the first task of the stage (job setup, shuffle).' }),
    tasks: CountLaw,
    taskTime: Law,
    droppable: z.boolean().default(true).meta({ description: 'May tasks of this stage be dropped?' }),
    needs: Needs.optional(),
    processorBound: processorBound.optional().meta({
      description:
        'How much of the stage’s work a faster processor speeds up (see WorkPhase); all of it when absent. Simulation only.',
    }),
  })
  .meta({ id: 'Stage' })
export type Stage = z.infer<typeof Stage>

/** What one job of a class asks of the cluster. */
export const Work = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('stages'), stages: z.array(Stage).min(1) }),
    z.strictObject({
      kind: z.literal('gang'),
      slots: z.union([z.literal(0), CountLaw]).meta({
        description:
          'Slots (GPUs, processors) that the job holds from start to end, all or none; 0 for a job that `needs` only CPUs or memory.',
      }),
      runTime: Law,
      runTimeBySlots: z
        .array(z.strictObject({ slotsAtMost: z.int().min(1), runTime: Law }))
        .min(1)
        .optional()
        .meta({
          description:
            'Run times by size, bounds ascending: a job takes the first law whose bound holds its slots, `runTime` beyond the last.',
        }),
      divisible: z.boolean().default(false).meta({
        description: 'May the job run on a share of its data? Then a drop ratio θ shortens the run time to (1 − θ) of itself.',
      }),
      needs: Needs.optional(),
    }),
    z
      .strictObject({
        kind: z.literal('array'),
        tasks: CountLaw.meta({ description: 'Tasks of the array, independent of one another; it ends with the last of them.' }),
        taskTime: Law,
        slotsPerTask: z.int().min(1).max(1_000_000).default(1),
        runningAtMost: z
          .int()
          .min(1)
          .optional()
          .meta({ description: 'Tasks that may run at once (the `%N` of a Slurm array). Absent: as many as there is room for.' }),
        droppable: z.boolean().default(true).meta({ description: 'May tasks be dropped?' }),
        needs: Needs.optional(),
      })
      .meta({ description: 'Tasks that start one by one as there is room, not all or none. Simulation only.' }),
    z.strictObject({
      kind: z.literal('replay'),
      divisible: z.boolean().default(false),
      resources: z.enum(['slots', 'all']).optional().meta({
        description:
          'slots (default): jobs hold whole slots and nothing else; all: CPUs, memory and shares of a slot as well, as the trace has them.',
      }),
    }),
  ])
  .meta({ id: 'Work', description: '`replay` takes slots and run time of each job from the workload’s own trace, job by job.' })
export type Work = z.infer<typeof Work>

/** Accuracy lost against the drop ratio: measured points, straight lines between them, 0 at 0. */
export const AccuracyCurve = z
  .strictObject({
    points: z
      .array(
        z.strictObject({
          dropRatio: z.number().min(0).max(0.99),
          loss: z.number().min(0).max(1),
          halfWidth: z
            .number()
            .min(0)
            .optional()
            .meta({ description: 'Half the 95 % interval of `loss`, where it was measured.' }),
        }),
      )
      .min(1),
    source: z.enum(['measured', 'cluster-sampling', 'assumed']),
  })
  .meta({
    id: 'AccuracyCurve',
    description: 'Relative error of the result (0.02 = 2 %) against the share of tasks or data dropped.',
  })
export type AccuracyCurve = z.infer<typeof AccuracyCurve>

/** What is run for a job of the class when it is tried on a real cluster. */
export const ClassRun = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('bundled'),
      job: z.enum(['text', 'graph', 'training']).meta({ description: 'Work that halftone brings along and makes the data for.' }),
      taskSeconds: positive.meta({ description: 'Processor time of one task of the first stage, on average.' }),
    }),
    z.strictObject({
      kind: z.literal('commands'),
      commands: z.record(z.string(), z.array(z.string()).min(1)).meta({
        description:
          'By stage: program and arguments of every task, run without a shell; which task it is stands in its environment.',
      }),
    }),
  ])
  .meta({ id: 'ClassRun' })
export type ClassRun = z.infer<typeof ClassRun>

export const JobClass = z
  .strictObject({
    name: z.string().min(1),
    priority: z.int().min(1).meta({ description: '1 is the highest. Classes of equal priority share one queue.' }),
    arrival: Arrival,
    work: Work,
    accuracy: AccuracyCurve.optional(),
    phases: z.array(WorkPhase).min(1).optional().meta({
      description:
        'How the work of a job, from its beginning to its end, answers a sprint. Absent: all of it speeds up. Simulation only.',
    }),
    data: z.strictObject({ bytes: positive, bytesPerSecond: positive }).optional().meta({
      description:
        'The data set that all jobs of the class read, and how fast a job reads it at full speed; matters where the cluster has `storage`.',
    }),
    failures: z
      .strictObject({
        ratePerRunningSecond: positive,
        retriesAtMost: z.int().min(0).max(1000).default(3),
      })
      .optional()
      .meta({
        description:
          'A running job fails at this rate and begins again from nothing with the same work; after so many retries it is given up. Simulation only.',
      }),
    run: ClassRun.optional().meta({ description: 'What `halftone trial` runs for a job of this class.' }),
  })
  .meta({ id: 'JobClass' })
export type JobClass = z.infer<typeof JobClass>

/** Which column of a trace tells the classes of jobs apart. */
export const ClassRule = z
  .strictObject({
    by: z.enum(['priority', 'queue', 'group', 'user', 'size', 'all']),
    boundaries: z
      .array(z.number())
      .optional()
      .meta({ description: 'For `size` and `priority`: upper bounds (inclusive) of all classes but the last.' }),
    most: z
      .int()
      .min(1)
      .optional()
      .meta({ description: 'For `queue`, `group` and `user`: the largest so many by work become classes, the rest one class.' }),
  })
  .meta({ id: 'ClassRule' })
export type ClassRule = z.infer<typeof ClassRule>

export const TraceReference = z
  .strictObject({ path: z.string().min(1), format: z.string().optional(), mapping: z.string().optional(), classes: ClassRule })
  .meta({
    id: 'TraceReference',
    description: 'The trace that `replay` laws take their jobs from; a relative path starts at the file that names it.',
  })
export type TraceReference = z.infer<typeof TraceReference>

/**
 * One Markov chain that brings jobs of several classes, so that they come correlated: rates per second of the moves without an arrival (d0,
 * its diagonal minus the sum of all the others) and of those with an arrival of each class (d1, by class name).
 */
export const MarkedProcess = z
  .strictObject({
    kind: z.literal('marked-map'),
    d0: z.array(z.array(z.number())).min(1),
    d1: z.record(z.string(), z.array(z.array(z.number())).min(1)),
  })
  .meta({ id: 'MarkedProcess' })
export type MarkedProcess = z.infer<typeof MarkedProcess>

/** Classes of jobs: when they come, what they need, what dropping some of their data costs. */
export const Workload = z
  .strictObject({
    schema: z.literal('halftone/workload/1'),
    name: z.string().min(1),
    classes: z.array(JobClass).min(1),
    arrivals: MarkedProcess.optional().meta({
      description: 'A marked process that brings the jobs of all classes whose arrival is `marked`.',
    }),
    trace: TraceReference.optional(),
    caveats: z
      .array(
        z.strictObject({
          code: z.string(),
          message: z.string(),
          path: z.string().optional(),
          numbers: z.record(z.string(), z.number()).optional(),
        }),
      )
      .optional()
      .meta({ description: 'How well the laws fit the trace that they were fitted to.' }),
  })
  .meta({ id: 'Workload' })
export type Workload = z.infer<typeof Workload>
