/**
 * When the jobs of a live queue will start and end: the snapshot that is asked about, the answer, and what changes if something else is done.
 */
import { z } from 'zod'
import type { JobState } from './driver.js'
import { type Issue, shown } from './issue.js'
import { DISCIPLINES, Discipline } from './policy.js'
import { CaveatSchema } from './prediction.js'

const JOB_STATES = [
  'pending',
  'held',
  'running',
  'suspended',
  'complete',
  'fail',
  'cancel',
  'timeout',
  'lost',
] as const satisfies readonly JobState[]

const ObservedJobFile = z.object({
  id: z.string().min(1),
  key: z.string().optional(),
  name: z.string().optional(),
  user: z.string().optional(),
  queue: z.string().optional(),
  className: z.string().optional(),
  state: z.enum(JOB_STATES),
  priority: z.number().optional().meta({ description: '1 goes first.' }),
  rank: z.number().optional().meta({ description: 'Place in the queue as the scheduler has it, 0 goes next.' }),
  submitSeconds: z.number(),
  startSeconds: z.number().optional(),
  endSeconds: z.number().optional(),
  slots: z.number().positive(),
  limitSeconds: z.number().positive().optional(),
  speed: z.number().positive().default(1),
  nodes: z.array(z.string()).optional(),
  reason: z.string().optional().meta({ description: 'Why it waits, in the scheduler’s word.' }),
  after: z.array(z.string()).optional().meta({ description: 'Ids of jobs that have to end before it.' }),
})

/**
 * An observation of a cluster as a file: what a driver saw, kept. Fields that are not named here are passed over, so that a file may hold all that a
 * driver said.
 */
export const ObservationFile = z
  .object({
    schema: z.literal('halftone/observation/1').optional(),
    atSeconds: z.number().meta({ description: 'When it was taken: seconds since 1970, or on the clock of the history.' }),
    nodes: z
      .array(
        z.object({
          name: z.string(),
          slots: z.number().min(0),
          busySlots: z.number().min(0),
          state: z.enum(['up', 'drained', 'down']),
          reason: z.string().optional(),
        }),
      )
      .min(1),
    jobs: z.array(ObservedJobFile).meta({ description: 'All that live, and some that ended: those count as history.' }),
    discipline: Discipline.optional(),
    missing: z.array(z.string()).optional(),
  })
  .meta({ id: 'Observation', description: 'What was seen of a cluster at one moment.' })
export type ObservationFile = z.infer<typeof ObservationFile>

/** What must hold in an observation beyond its shape: ids once each, running jobs begun before the look, waiting ones submitted before it. */
export function checkObservation(value: unknown): Issue[] {
  const { jobs, atSeconds } = (value ?? {}) as { jobs?: unknown; atSeconds?: unknown }
  if (!Array.isArray(jobs) || typeof atSeconds !== 'number') return []
  const seen = new Set<string>()
  return jobs.flatMap((job: Partial<z.infer<typeof ObservedJobFile>>, i): Issue[] => {
    if (job === null || typeof job !== 'object') return []
    const wrong = (code: string, field: string, message: string, value: unknown): Issue => ({
      code,
      severity: 'error',
      place: `jobs[${i}].${field}`,
      message,
      ...(value === undefined ? {} : { value: shown(value) }),
    })
    const issues: Issue[] = []
    if (typeof job.id === 'string' && seen.has(job.id)) issues.push(wrong('duplicate-id', 'id', 'two jobs have this id', job.id))
    if (typeof job.id === 'string') seen.add(job.id)
    if (job.state === 'running' && typeof job.startSeconds !== 'number')
      issues.push(wrong('missing-field', 'startSeconds', 'a running job has begun at some time', job.startSeconds))
    if (typeof job.startSeconds === 'number' && job.startSeconds > atSeconds)
      issues.push(wrong('out-of-range', 'startSeconds', 'is after the moment of the observation', job.startSeconds))
    if (typeof job.submitSeconds === 'number' && job.submitSeconds > atSeconds)
      issues.push(wrong('out-of-range', 'submitSeconds', 'is after the moment of the observation', job.submitSeconds))
    return issues
  })
}

/** A time that is not known yet, in seconds from the moment of the observation: the middle half of the futures, and nine tenths of them. */
export const EtaRange = z
  .strictObject({ p5: z.number(), p25: z.number(), p50: z.number(), p75: z.number(), p95: z.number() })
  .meta({ id: 'EtaRange', description: 'Seconds from the moment of the observation: median, middle 50 % and middle 90 %.' })
export type EtaRange = z.infer<typeof EtaRange>

/** Why a job gets no time: it waits for a person, or for nodes, or for ever. */
export const EtaNever = z
  .strictObject({
    code: z.enum(['held', 'suspended', 'too-large', 'nodes-away', 'after-unknown', 'after-never']),
    message: z.string(),
  })
  .meta({ id: 'EtaNever' })
export type EtaNever = z.infer<typeof EtaNever>

export const EtaJob = z
  .strictObject({
    id: z.string(),
    name: z.string().optional(),
    user: z.string().optional(),
    queue: z.string().optional(),
    slots: z.number(),
    state: z.enum(['running', 'pending', 'held', 'suspended']),
    waitedSeconds: z.number().optional().meta({ description: 'Of a job that waits: since it was submitted.' }),
    ranSeconds: z.number().optional().meta({ description: 'Of a job that runs: since it began.' }),
    limitSeconds: z.number().optional(),
    after: z.array(z.string()).optional(),
    start: EtaRange.optional().meta({ description: 'Absent of a job that runs, and of one that gets no time.' }),
    end: EtaRange.optional(),
    never: EtaNever.optional(),
  })
  .meta({ id: 'EtaJob' })
export type EtaJob = z.infer<typeof EtaJob>

/** How well one way to forecast run times did on the later part of the history. */
export const RunTimeScore = z
  .strictObject({
    name: z.string(),
    crps: z
      .number()
      .meta({ description: 'Mean continuous ranked probability score of the logarithm of the run time; less is better.' }),
    medianFactor: z.number().meta({ description: 'Median over jobs of max(median / actual, actual / median).' }),
    covered50: z.number(),
    covered90: z.number(),
  })
  .meta({ id: 'RunTimeScore' })
export type RunTimeScore = z.infer<typeof RunTimeScore>

/** How nearly a discipline, given what jobs really took, plays the recorded starts again. */
export const DisciplineScore = z
  .strictObject({
    discipline: z.enum(DISCIPLINES),
    medianFactor: z
      .number()
      .meta({ description: 'Median over waiting jobs of the factor between played and recorded time to start.' }),
    within2: z.number().meta({ description: 'Share of them within a factor of two.' }),
  })
  .meta({ id: 'DisciplineScore' })
export type DisciplineScore = z.infer<typeof DisciplineScore>

const Basis = z.strictObject({
  discipline: z.strictObject({
    name: z.enum(DISCIPLINES),
    from: z.enum(['given', 'observed', 'inferred', 'assumed']),
    tried: z.array(DisciplineScore).optional(),
    jobs: z.int().optional().meta({ description: 'Waits of the history that the disciplines were tried on.' }),
  }),
  runTimes: z.strictObject({
    name: z.string(),
    jobs: z.int().meta({ description: 'Jobs of the history that were learned from.' }),
    tested: z.int().optional(),
    scores: z.array(RunTimeScore).optional(),
    together: z
      .number()
      .optional()
      .meta({ description: 'How alike jobs of one user turn out, 0 to 1: their luck is drawn together.' }),
  }),
  arrivals: z.strictObject({
    from: z.enum(['history', 'none', 'no-matter']),
    perHour: z.number().optional(),
  }),
  correction: z.strictObject({
    name: z.enum(['none', 'shift', 'forest']),
    moments: z.int().optional().meta({ description: 'Moments of the past that were asked about as now.' }),
    waits: z.int().optional(),
    widened: z
      .strictObject({ half: z.number(), most: z.number() })
      .optional()
      .meta({ description: 'By how much the ranges of 50 and 90 % were stretched to hold what came at the later moments.' }),
    scores: z
      .array(
        z.strictObject({
          name: z.enum(['none', 'shift', 'forest']),
          crps: z.number(),
          covered50: z.number(),
          covered90: z.number(),
        }),
      )
      .optional(),
  }),
})

const cluster = z.strictObject({
  slots: z.number().meta({ description: 'Of nodes that are up.' }),
  busySlots: z.number(),
  slotsAway: z.number().meta({ description: 'Of nodes that are drained or down.' }),
})
const cost = z.strictObject({
  wallSeconds: z.number(),
  futures: z.int(),
  events: z.int(),
  learnSeconds: z.number().meta({ description: 'Of it: learning run times, discipline and correction from the history.' }),
})

export const Eta = z
  .strictObject({
    schema: z.literal('halftone/eta/1'),
    atSeconds: z.number(),
    cluster,
    ...Basis.shape,
    jobs: z
      .array(EtaJob)
      .meta({ description: 'Running jobs, then waiting ones in the order of the queue, then those that get no time.' }),
    seed: z.int(),
    cost,
    caveats: z.array(CaveatSchema),
  })
  .meta({ id: 'Eta', description: 'When the jobs of a queue will start and end.' })
export type Eta = z.infer<typeof Eta>

/** A job before and after the change. Differences are paired: both are played on the same drawn run times and arrivals. */
export const WhatIfJob = z
  .strictObject({
    id: z.string(),
    name: z.string().optional(),
    user: z.string().optional(),
    slots: z.number(),
    before: EtaRange.optional().meta({ description: 'Time to start as things are; absent of a job that would only come.' }),
    after: EtaRange.optional().meta({ description: 'Time to start under the change; absent of a job that would get none.' }),
    later: EtaRange.optional().meta({ description: 'How much later it starts; negative: sooner.' }),
    endsLater: EtaRange.optional(),
    verdict: z.enum(['later', 'sooner', 'same', 'unsure', 'new', 'never']),
  })
  .meta({ id: 'WhatIfJob' })
export type WhatIfJob = z.infer<typeof WhatIfJob>

export const WhatIf = z
  .strictObject({
    schema: z.literal('halftone/whatif/1'),
    atSeconds: z.number(),
    change: z.string().meta({ description: 'In words.' }),
    cluster: z.strictObject({ before: cluster, after: cluster }),
    discipline: z.strictObject({ before: z.enum(DISCIPLINES), after: z.enum(DISCIPLINES) }),
    jobs: z.array(WhatIfJob),
    meanLater: EtaRange.optional().meta({ description: 'Mean over the waiting jobs that start in both.' }),
    lastEnd: z
      .strictObject({ before: EtaRange, after: EtaRange })
      .optional()
      .meta({ description: 'When the last of the jobs seen now ends.' }),
    seed: z.int(),
    cost,
    caveats: z.array(CaveatSchema),
  })
  .meta({ id: 'WhatIf', description: 'Who waits longer or shorter if something is done.' })
export type WhatIf = z.infer<typeof WhatIf>

/** A job that may come, for `whatif --submit`. */
export const JobQuestion = z
  .strictObject({
    schema: z.literal('halftone/job-question/1').optional().meta({ description: 'In a file.' }),
    name: z.string().optional(),
    user: z.string().optional(),
    queue: z.string().optional(),
    className: z.string().optional(),
    priority: z.int().min(1).optional(),
    slots: z.int().min(1).default(1),
    limitSeconds: z.number().positive().optional(),
    runSeconds: z.number().positive().optional().meta({ description: 'Where it is known; else forecast from the history.' }),
    count: z.int().min(1).max(10_000).default(1).meta({ description: 'So many of them at once.' }),
  })
  .meta({ id: 'JobQuestion', description: 'A job that may be submitted.' })
export type JobQuestion = z.infer<typeof JobQuestion>
