import type { Comparison, Contest, SplitResult } from '../model/index.js'
import { count, counted, duration, NONE, percent } from './format.js'
import { listed } from './measures.js'
import { bullets, heading, type Ink, ink, parts, plain, type TextOptions, table, wrap } from './terminal.js'

/** A comparison for a terminal: each split as a table with its verdict, the error by number of training rows, and what was refused. */
export function comparisonText(comparison: Comparison, options: TextOptions = {}): string {
  const pen = ink(options)
  const { data, splits } = comparison
  return parts(
    `${heading(plain(comparisonTitle(comparison)), pen)}\n${wrap(plain(comparisonInWords(comparison), 2000), pen)}`,
    pointsText(splits, pen),
    ...shownSplits(splits).map((split) => splitText(split, pen)),
    leftOutText(splits, pen),
    [
      heading('How far to trust it', pen),
      bullets(
        trustOfComparison(comparison).map((line) => plain(line, 1000)),
        pen,
      ),
      ...comparison.caveats.map(({ message }) => wrap(`${pen.warn('!')} ${plain(message, 1000)}`, pen, 2, 4)),
    ].join('\n'),
    data.white === undefined
      ? undefined
      : pen.dim(wrap(plain(`White model: ${data.white}. ● on the front: nothing errs less and costs less.`), pen)),
  )
}

export function comparisonTitle({ data }: Comparison): string {
  return `Which model foresees ${data.observed}: white, black or grey?`
}

/** The verdicts in a sentence or two: where grey wins, where it loses. */
export function comparisonInWords({ data, splits }: Comparison): string {
  const judged = splits.filter(({ verdict }) => verdict !== undefined && verdict.outcome !== 'none')
  const named = (outcomes: readonly string[]): string[] => {
    const own = judged.filter(({ verdict }) => outcomes.includes(verdict!.outcome))
    const random = own.filter(({ kind }) => kind === 'random').map(({ trainRows }) => count(trainRows))
    const sizes = random.length === 0 ? [] : [`random rows (${listed(random)} to learn from)`]
    return [...sizes, ...own.filter(({ kind }) => kind !== 'random').map(({ name }) => name)]
  }
  const [won, lost, level] = [named(['grey']), named(['black', 'white']), named(['level'])]
  const grey = judged.some(({ verdict }) => verdict!.grey !== undefined)
  const said = [
    ...(won.length > 0 ? [`grey wins on ${won.join('; ')}`] : []),
    ...(lost.length > 0 ? [`${grey ? 'grey loses' : 'no grey model takes part'} on ${lost.join('; ')}`] : []),
    ...(level.length > 0 ? [`no clear winner on ${level.join('; ')}`] : []),
  ]
  const rows = `${counted(data.rows, 'row')} of ${data.path}`
  if (said.length === 0) return `No verdict from ${rows}: no split could be judged.`
  return `From ${rows}: ${said.join('. ')}.`.replace(/\. ([a-z])/g, (_, letter: string) => `. ${letter.toUpperCase()}`)
}

/** Splits with a table of their own: all but the random ones, of which the largest. */
export function shownSplits(splits: readonly SplitResult[]): SplitResult[] {
  const random = splits.filter(({ kind, refusal }) => kind === 'random' && refusal === undefined)
  return splits.filter((split) => split.refusal === undefined && (split.kind !== 'random' || split === random.at(-1)))
}

function splitText(split: SplitResult, pen: Ink): string {
  const right = 'right' as const
  const columns = [
    { head: 'Predictor' },
    ...['median', 'p90', 'worst', 'in 90 %', 'training', 'prediction'].map((head) => ({ head, align: right })),
    { head: '' },
  ]
  const rows = split.results
    .filter(({ refusal }) => refusal === undefined)
    .map((one) => [
      plain(one.predictor, 24) + (one.answered! < 1 ? ` (${percent(one.answered, 2)})` : ''),
      percent(one.medianError, 2),
      percent(one.p90Error, 2),
      percent(one.worstError, 2),
      one.coverage === undefined ? NONE : percent(one.coverage, 2),
      duration(one.trainSeconds),
      one.microsecondsPerPrediction === undefined ? NONE : duration(one.microsecondsPerPrediction * 1e-6),
      one.pareto ? '●' : '',
    ])
  const refused = split.results.filter(({ refusal }) => refusal !== undefined)
  return [
    heading(plain(`${capital(split.name)} (${splitSize(split)})`), pen),
    table(columns, rows, pen),
    ...(split.results.some(({ answered }) => answered !== undefined && answered < 1)
      ? [pen.dim(wrap('In brackets: the share of rows that it answered; the others it refused.', pen))]
      : []),
    ...refused.map(({ predictor, refusal }) =>
      wrap(`${pen.warn('refused')} ${plain(`${predictor}: ${refusal}`, 300)}`, pen, 0, 2),
    ),
    wrap(`${pen.bold('Verdict')}: ${plain(split.verdict?.sentence ?? '', 1000)}`, pen, 0, 2),
  ].join('\n')
}

export const splitSize = ({ trainRows, testRows, repeats }: SplitResult): string =>
  `${count(trainRows)} rows to learn from, ${count(testRows)} to judge on, ${counted(repeats, 'draw')}`

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** Median error by number of training rows, a column each. */
function pointsText(splits: readonly SplitResult[], pen: Ink): string | undefined {
  const random = randomSplits(splits)
  if (random.length < 2) return undefined
  const names = [...new Set(random.flatMap(({ results }) => results.map(({ predictor }) => predictor)))]
  const columns = [
    { head: 'Median error' },
    ...random.map(({ trainRows }) => ({ head: `${count(trainRows)} rows`, align: 'right' as const })),
  ]
  const rows = names.map((name) => [plain(name, 24), ...random.map((split) => percent(foundIn(split, name)?.medianError, 2))])
  return `${heading('By number of rows to learn from, drawn at random', pen)}\n${table(columns, rows, pen)}`
}

export function randomSplits(splits: readonly SplitResult[]): SplitResult[] {
  return splits.filter(({ kind, refusal }) => kind === 'random' && refusal === undefined)
}

export const foundIn = ({ results }: SplitResult, name: string): Contest | undefined =>
  results.find(({ predictor }) => predictor === name)

/** Splits that could not be made, with the reason. */
function leftOutText(splits: readonly SplitResult[], pen: Ink): string | undefined {
  const left = splits.filter(({ refusal }) => refusal !== undefined)
  if (left.length === 0) return undefined
  return bullets(
    left.map(({ name, refusal }) => plain(`No ${name}: ${refusal}.`, 400)),
    pen,
    '–',
  )
}

/** What the figures rest on. */
export function trustOfComparison({ splits, seed }: Comparison): string[] {
  const held = splits.flatMap(({ results }) => results.flatMap(({ coverage }) => (coverage === undefined ? [] : [coverage])))
  const within = held.filter((share) => share >= 0.87 && share <= 0.93).length
  return [
    'Errors are |foreseen − observed| / observed on rows that no predictor was shown; a split by column or group also keeps its kind of row from training.',
    'Grey, chosen: the grey model with the least error on training rows held out in the way of the split. Its rivals are chosen in hindsight, which favours them.',
    ...(held.length > 0
      ? [
          `90 % intervals cover between 87 and 93 % of the test rows in ${count(within)} of ${count(held.length)} cases. They promise it for random rows only.`,
        ]
      : []),
    `Costs are training once, in seconds, and one prediction; seed ${seed}.`,
  ]
}
