import { z } from 'zod'

/** The disciplines that an engine may be asked for. Ties keep the order of arrival. */
export const DISCIPLINES = [
  'fcfs',
  'priority-nonpreemptive',
  'priority-preemptive-resume',
  'priority-preemptive-restart',
  'sjf',
  'srtf',
  'las',
  'fair-share',
  'easy-backfill',
  'conservative-backfill',
] as const
export const Discipline = z.enum(DISCIPLINES).meta({ id: 'Discipline' })
export type Discipline = z.infer<typeof Discipline>

const ratio = z.number().min(0).max(0.99)

/** Drop ratio of a class: one number for all its droppable stages, or one a stage by name. */
export const DropRatio = z
  .union([ratio, z.record(z.string(), ratio)])
  .meta({ id: 'DropRatio', description: 'Share of tasks (or, for a divisible gang job, of data) that is not processed.' })
export type DropRatio = z.infer<typeof DropRatio>

const windowSeconds = z.number().positive().optional().meta({
  description: 'The bucket is filled at the end of each such window (counted from time 0) instead of little by little.',
})

/**
 * What sprints may use up, in seconds or in joules. Either bucket starts full, is never below 0 and never above its size, and is filled at a
 * steady rate or, with `windowSeconds`, all at once at the end of each window.
 */
export const SprintBudget = z
  .union([
    z.strictObject({
      seconds: z.number().positive().meta({
        description:
          'Size of the bucket in seconds of sprint; each sprinting job drains one second a second, however many slots it has.',
      }),
      refillPerSecond: z.number().min(0).default(0),
      windowSeconds,
      onThresholdSeconds: z
        .number()
        .min(0)
        .default(0.5)
        .meta({ description: 'A sprint starts only with so much in the bucket.' }),
    }),
    z.strictObject({
      joules: z.number().positive().meta({
        description:
          'Size of the bucket in joules; a sprint drains what it draws beyond normal speed: (watts at its speed − busyWatts) of cluster.power times the share of all slots that it keeps busy.',
      }),
      refillWatts: z.number().min(0).default(0),
      windowSeconds,
      onThresholdJoules: z.number().min(0).optional().meta({
        description:
          'A sprint starts only with so much in the bucket. Default: what half a second of the whole cluster’s sprint drains.',
      }),
    }),
  ])
  .meta({ id: 'SprintBudget' })
export type SprintBudget = z.infer<typeof SprintBudget>

/** When, how long and from what budget jobs run faster. */
export const Sprint = z
  .strictObject({
    origin: z.enum(['dispatch', 'arrival']).default('dispatch').meta({ description: 'When a job’s timer starts.' }),
    speed: z.number().min(1).max(100).meta({ description: 'Work per second while sprinting, against 1 otherwise.' }),
    timeoutSeconds: z.record(z.string(), z.number().min(0)).meta({
      description:
        'By class name: a job that has not ended so long after its timer started sprints. A class that is not named never sprints.',
    }),
    steps: z
      .array(
        z.strictObject({
          afterSeconds: z.number().positive().meta({ description: 'Seconds since the job’s timer ran out.' }),
          speed: z.number().min(1).max(100),
        }),
      )
      .min(1)
      .optional()
      .meta({ description: 'Further speeds of a job that still has not ended, times and speeds ascending. Simulation only.' }),
    budget: SprintBudget.optional().meta({ description: 'Absent: unlimited.' }),
    afterExhaustion: z.enum(['stop', 'resume']).optional().meta({
      description:
        'stop: a job whose sprint the empty bucket ended does not sprint again; resume: it does once the bucket holds the threshold. Default: stop where the timer starts at arrival, resume where it starts at dispatch.',
    }),
    toggleDelaySeconds: z
      .number()
      .min(0)
      .default(0)
      .meta({ description: 'Time between a sprint (or its next step) being due and the job going faster.' }),
    toggleOffDelaySeconds: z.number().min(0).optional().meta({
      description:
        'Time that it takes to go back to normal speed: a sprint is ended so much earlier that the bucket carries it. Simulation only.',
    }),
  })
  .meta({ id: 'Sprint' })
export type Sprint = z.infer<typeof Sprint>

export const Policy = z
  .strictObject({
    schema: z.literal('halftone/policy/1'),
    name: z.string().min(1),
    discipline: Discipline,
    engine: z.enum(['exclusive', 'shared']).default('shared').meta({
      description: 'exclusive: one job at a time has the whole cluster; shared: jobs run side by side while slots are free.',
    }),
    placement: z.enum(['pool', 'packed', 'spread']).default('pool').meta({
      description: 'pool: slots are one pool; packed and spread: a gang must fit on nodes, on as few or as many as can be.',
    }),
    drop: z
      .record(z.string(), DropRatio)
      .default({})
      .meta({ description: 'By class name; a class that is not named drops nothing.' }),
    sprint: Sprint.optional(),
    dropping: z.enum(['early', 'straggler']).optional().meta({
      description:
        'early (default): dropped tasks are never started; straggler: all are, and the last ones are cut once enough have ended. Simulation only.',
    }),
    preemption: z
      .strictObject({
        restartDelaySeconds: z.number().min(0).default(0).meta({
          description:
            'How long an evicted task is held back before it may start again; Slurm holds a requeued job for cred_expire (two minutes unless set).',
        }),
        evictionSeconds: z.number().min(0).default(0).meta({
          description: 'How long the slots of an evicted task stay taken before the task that it makes room for begins its work.',
        }),
      })
      .optional()
      .meta({
        description:
          'What evicting costs besides lost work. Jobs of tasks on shared slots, simulation only; nothing when absent.',
      }),
    stopAfterSeconds: z.record(z.string(), z.number().positive()).optional().meta({
      description:
        'By class name: work after which an attempt of a gang, a task of an array, or a job of stages in all its tasks, is stopped for good; it is waste. Simulation only.',
    }),
    las: z
      .strictObject({ thresholdsSlotSeconds: z.array(z.number().positive()).min(1) })
      .optional()
      .meta({ description: 'For las: slot-seconds held at which a job falls a level, ascending. Default 3250, 7200, 18000.' }),
    fairShare: z
      .strictObject({ halfLifeSeconds: z.number().positive() })
      .optional()
      .meta({ description: 'For fair-share: the time in which past use fades to half. Default seven days.' }),
    backfill: z
      .strictObject({ promisesAtMost: z.number().int().min(1) })
      .optional()
      .meta({
        description:
          'For conservative-backfill: how many waiting jobs, in order of arrival, are promised a start at each event; nobody behind them starts. Default 256. Slurm calls it bf_max_job_test.',
      }),
  })
  .meta({ id: 'Policy' })
export type Policy = z.infer<typeof Policy>
