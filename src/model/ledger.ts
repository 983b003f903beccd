/**
 * The ledger: an append-only record of what was observed, decided, enacted and undone, one JSON value a line. An `intent` is on disk before
 * the action is done, so that whoever finds the ledger of a dead controller knows what may have happened.
 */
import { z } from 'zod'
import { ClusterAction } from './driver.js'

const base = {
  schema: z.literal('halftone/ledger/1'),
  sequence: z.int().min(0).meta({ description: 'From 0, without a gap.' }),
  atSeconds: z.number().meta({ description: 'In the driver’s clock.' }),
  controller: z.string().meta({ description: 'Which run of a controller wrote the line.' }),
}

const undoField = z.union([z.array(ClusterAction), z.strictObject({ irreversible: z.string() })])

export const LedgerEntry = z
  .discriminatedUnion('kind', [
    z.strictObject({
      ...base,
      kind: z.literal('opened'),
      driver: z.string(),
      commit: z.boolean().meta({ description: 'False: a dry run, nothing is done.' }),
      policy: z.string().optional(),
      process: z.int().optional(),
      keeps: z.array(z.string()).optional().meta({ description: 'Kinds of action that stay when the controller ends or dies.' }),
    }),
    z.strictObject({
      ...base,
      kind: z.literal('observed'),
      nodes: z.int(),
      slots: z.number(),
      busySlots: z.number(),
      pending: z.int(),
      running: z.int(),
      budgetSeconds: z.number().optional(),
      budgetJoules: z.number().optional(),
      steering: z.record(z.string(), z.unknown()).optional().meta({
        description: 'What the steering remembers, for a controller that takes over.',
      }),
    }),
    z
      .strictObject({
        ...base,
        kind: z.literal('job'),
        job: z.string(),
        key: z.string().optional(),
        className: z.string().optional(),
        user: z.string().optional(),
        queue: z.string().optional(),
        state: z.enum(['complete', 'fail', 'cancel', 'timeout', 'lost']),
        submitSeconds: z.number(),
        startSeconds: z.number().optional(),
        endSeconds: z.number().optional(),
        slots: z.number(),
        tasks: z.int().optional(),
        withdrawn: z.int().optional(),
        restarts: z.int().optional(),
        wastedSeconds: z.number().optional(),
      })
      .meta({ description: 'A job that ended: these lines are what reads as a trace.' }),
    z.strictObject({
      ...base,
      kind: z.literal('held-back'),
      action: ClusterAction.optional(),
      guard: z.string().meta({
        description:
          'Which guard said no: rate, blast-radius, stale, clock-jump, model-error, irreversible, not-permitted, contested, no-effect, worse.',
      }),
      reason: z.string(),
    }),
    z.strictObject({
      ...base,
      kind: z.literal('intent'),
      step: z.string().meta({ description: 'Ties intent, outcome and undo of one step together.' }),
      action: ClusterAction,
      undo: undoField,
      reason: z.string(),
    }),
    z.strictObject({
      ...base,
      kind: z.literal('done'),
      step: z.string(),
      jobId: z.string().optional(),
      note: z.string().optional(),
    }),
    z.strictObject({ ...base, kind: z.literal('refused'), step: z.string(), reason: z.string() }),
    z.strictObject({
      ...base,
      kind: z.literal('kept'),
      step: z.string(),
      reason: z.string(),
      stays: z.boolean().optional().meta({ description: 'It is not taken back when the controller ends or dies.' }),
    }),
    z.strictObject({
      ...base,
      kind: z.literal('undoing'),
      step: z.string(),
      actions: z.array(ClusterAction),
      reason: z.string(),
    }),
    z.strictObject({ ...base, kind: z.literal('undone'), step: z.string(), note: z.string().optional() }),
    z.strictObject({ ...base, kind: z.literal('undo-failed'), step: z.string(), reason: z.string() }),
    z.strictObject({ ...base, kind: z.literal('note'), message: z.string() }),
    z.strictObject({ ...base, kind: z.literal('closed'), reason: z.string() }),
  ])
  .meta({ id: 'LedgerEntry' })
export type LedgerEntry = z.infer<typeof LedgerEntry>
