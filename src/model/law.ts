import { z } from 'zod'

/**
 * A law: the distribution of a time in seconds (service, inter-arrival, task time). One discriminated union, told apart by `kind`.
 *
 * Times in seconds, rates per second; `scv` is the squared coefficient of variation (variance / mean²).
 */
const positive = z.number().positive()
const probability = z.number().min(0).max(1)

export const ConstantLaw = z.strictObject({ kind: z.literal('constant'), seconds: positive })
export const ExponentialLaw = z.strictObject({ kind: z.literal('exponential'), meanSeconds: positive })
export const ErlangLaw = z.strictObject({ kind: z.literal('erlang'), shape: z.int().min(1).max(10_000), meanSeconds: positive })
export const HyperErlangLaw = z.strictObject({
  kind: z.literal('hyper-erlang'),
  branches: z
    .array(z.strictObject({ probability, shape: z.int().min(1).max(10_000), ratePerSecond: positive }))
    .min(1)
    .meta({
      description:
        'With `probability`, the sum of `shape` exponential phases of `ratePerSecond`. Shape 1 throughout: hyperexponential.',
    }),
})
export const PhaseTypeLaw = z.strictObject({
  kind: z.literal('phase-type'),
  initial: z.array(probability).min(1).meta({ description: 'Initial phase probabilities (alpha).' }),
  generator: z
    .array(z.array(z.number()))
    .min(1)
    .meta({ description: 'Sub-generator (A) per second, row by row; absorption is what rows lack to zero.' }),
})
export const LognormalLaw = z.strictObject({ kind: z.literal('lognormal'), meanSeconds: positive, scv: positive })
export const UniformLaw = z.strictObject({ kind: z.literal('uniform'), lowSeconds: z.number().min(0), highSeconds: positive })
export const ParetoLaw = z.strictObject({
  kind: z.literal('bounded-pareto'),
  shape: positive,
  lowSeconds: positive,
  highSeconds: positive,
})
export const EmpiricalLaw = z.strictObject({
  kind: z.literal('empirical'),
  seconds: z.array(z.number().min(0)).min(1).meta({
    description: 'Observed values (or equally likely quantiles of them), ascending; each is drawn with equal probability.',
  }),
})

export const Law = z
  .discriminatedUnion('kind', [
    ConstantLaw,
    ExponentialLaw,
    ErlangLaw,
    HyperErlangLaw,
    PhaseTypeLaw,
    LognormalLaw,
    UniformLaw,
    ParetoLaw,
    EmpiricalLaw,
  ])
  .meta({ id: 'Law', description: 'The distribution of a time in seconds.' })
export type Law = z.infer<typeof Law>

/** How many: tasks of a stage, slots of a job. Either always the same, or drawn from a table of counts. */
export const CountLaw = z
  .union([
    z.int().min(1).max(10_000_000),
    z.strictObject({ counts: z.array(z.int().min(1)).min(1), probabilities: z.array(probability).min(1) }),
  ])
  .meta({ id: 'CountLaw', description: 'A fixed count, or counts with their probabilities.' })
export type CountLaw = z.infer<typeof CountLaw>
