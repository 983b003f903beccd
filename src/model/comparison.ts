import { z } from 'zod'
import { CaveatSchema } from './prediction.js'

const Share = z.number().min(0).max(1)

/** How one predictor fared under one split. Errors are |foreseen − observed| / observed. */
export const Contest = z
  .strictObject({
    predictor: z.string(),
    refusal: z.string().optional().meta({ description: 'Why there is no answer at all; then no figure is there.' }),
    answered: Share.optional().meta({ description: 'Share of the test rows with an answer; the others were refused.' }),
    medianError: z.number().min(0).optional(),
    p90Error: z.number().min(0).optional(),
    worstError: z.number().min(0).optional(),
    coverage: Share.optional().meta({ description: 'Share of the test rows within the 90 % interval.' }),
    intervalWidth: z.number().min(0).optional().meta({ description: 'Median of (high − low) / observed.' }),
    trainSeconds: z.number().min(0).optional(),
    microsecondsPerPrediction: z.number().min(0).optional(),
    pareto: z.boolean().optional().meta({ description: 'No other predictor errs less and costs less.' }),
  })
  .meta({ id: 'Contest' })
export type Contest = z.infer<typeof Contest>

/** Who won a split, in figures: what the sentence says. */
export const Verdict = z
  .strictObject({
    outcome: z.enum(['grey', 'black', 'white', 'level', 'none']).meta({
      description:
        'Which kind errs least, beyond luck: in the median, or in the p90 where medians are level; `level`: no clear difference.',
    }),
    grey: z.string().optional().meta({ description: 'The grey model chosen by cross-validation on the training rows.' }),
    black: z
      .string()
      .optional()
      .meta({ description: 'The learned one that erred least on the test rows, known only afterwards.' }),
    white: z.string().optional().meta({ description: 'The white one that erred least on the test rows.' }),
    difference: z
      .strictObject({ value: z.number(), low: z.number(), high: z.number() })
      .optional()
      .meta({ description: 'Median error of grey minus that of its best rival, with a 95 % bootstrap interval over test rows.' }),
    tail: z
      .strictObject({ value: z.number(), low: z.number(), high: z.number() })
      .optional()
      .meta({ description: 'The same of the p90 of the errors, which decides where medians are level.' }),
    sentence: z.string(),
  })
  .meta({ id: 'Verdict' })
export type Verdict = z.infer<typeof Verdict>

export const SPLIT_KINDS = ['random', 'unseen-load', 'unseen-configuration', 'unseen-workload', 'later'] as const

/** One way of holding rows out, and how each predictor fared on them. */
export const SplitResult = z
  .strictObject({
    kind: z.enum(SPLIT_KINDS),
    name: z.string(),
    refusal: z.string().optional().meta({ description: 'Why this split cannot be made of these rows.' }),
    trainRows: z.int().min(0),
    testRows: z.int().min(0).meta({ description: 'In each repeat.' }),
    repeats: z.int().min(0),
    results: z.array(Contest),
    verdict: Verdict.optional(),
  })
  .meta({ id: 'SplitResult' })
export type SplitResult = z.infer<typeof SplitResult>

/** Errors of one predictor in one region of conditions, from rows it had not seen. */
export const RegionAccuracy = z
  .strictObject({
    predictor: z.string(),
    column: z.string().optional().meta({ description: 'What regions are told apart by; absent: all rows are one region.' }),
    low: z.number().optional(),
    high: z.number().optional(),
    split: z.enum(SPLIT_KINDS),
    rows: z.int().min(1),
    medianError: z.number().min(0),
    p90Error: z.number().min(0),
  })
  .meta({ id: 'RegionAccuracy' })
export type RegionAccuracy = z.infer<typeof RegionAccuracy>

/** White, black and grey predictors side by side on one table of measurements, under splits that show what each is good for. */
export const Comparison = z
  .strictObject({
    schema: z.literal('halftone/comparison/1'),
    data: z.strictObject({
      path: z.string(),
      rows: z.int(),
      observed: z.string(),
      unit: z.literal('s').optional().meta({ description: 'Where the observed column is in seconds.' }),
      features: z.array(z.string()),
      white: z.string().optional(),
    }),
    seed: z.number(),
    predictors: z.array(
      z.strictObject({ name: z.string(), kind: z.enum(['baseline', 'white', 'black', 'grey']), what: z.string() }),
    ),
    splits: z.array(SplitResult),
    regions: z.array(RegionAccuracy),
    caveats: z.array(CaveatSchema),
  })
  .meta({ id: 'Comparison' })
export type Comparison = z.infer<typeof Comparison>
