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

/** The verdicts in a sentence or two: where grey wins, where it loses; then what a reader should know first: theory that is exact or wrong, and that nothing foresees well. */
export function comparisonInWords(comparison: Comparison): string {
  const { data, splits } = comparison
  const judged = splits.filter(({ verdict }) => verdict !== undefined && verdict.outcome !== 'none')
  const rows = `${counted(data.rows, 'row')} of ${data.path}`
  if (judged.length === 0) return `No verdict from ${rows}: no split could be judged.`
  const grey = judged.some(({ verdict }) => verdict!.grey !== undefined)
  const named = (outcomes: readonly string[]): string[] => {
    const own = judged.filter(({ verdict }) => outcomes.includes(verdict!.outcome))
    const random = own.filter(({ kind }) => kind === 'random').map(({ trainRows }) => count(trainRows))
    const sizes = random.length === 0 ? [] : [`random rows (${listed(random)} to learn from)`]
    return [...sizes, ...own.filter(({ kind }) => kind !== 'random').map(({ name }) => name)]
  }
  const [won, lost, level] = [named(['grey']), named(['black', 'white']), named(['level'])]
  const said = grey
    ? [
        ...(won.length > 0 ? [`grey wins on ${won.join('; ')}`] : []),
        ...(lost.length > 0 ? [`grey loses on ${lost.join('; ')}`] : []),
        ...(level.length > 0 ? [`no clear winner on ${level.join('; ')}`] : []),
      ]
    : [`no grey model takes part. Least error: ${shownSplits(splits).flatMap(leastText).join('; ')}`]
  const verdicts = `From ${rows}: ${said.join('. ')}.`.replace(/\. ([a-z])/g, (_, letter: string) => `. ${letter.toUpperCase()}`)
  return [verdicts, ...findings(comparison)].join(' ')
}

/** Who erred least in a split, of those that answered every row. */
function leastOf({ results }: SplitResult): Contest | undefined {
  return results
    .filter(({ answered }) => answered === 1)
    .reduce<Contest | undefined>((best, one) => (best && best.medianError! <= one.medianError! ? best : one), undefined)
}

function leastText(split: SplitResult): string[] {
  const least = leastOf(split)
  return least === undefined ? [] : [`${least.predictor} ${errorText(least.medianError)} (${split.name})`]
}

const EXACT = 0.001
const POOR = 0.25
const MEDIAN_SEEN = 'median seen'

function findings({ splits, predictors }: Comparison): string[] {
  const shown = shownSplits(splits)
  const largest = randomSplits(splits).at(-1)
  if (largest === undefined) return []
  const found: string[] = []
  const base = foundIn(largest, MEDIAN_SEEN)?.medianError
  for (const { name } of predictors.filter(({ kind, what }) => kind === 'white' && what.endsWith('nothing learned'))) {
    const own = shown.map((split) => foundIn(split, name))
    const here = foundIn(largest, name)
    if (own.every((one) => one?.answered === 1 && one.worstError! < EXACT))
      found.push(`Theory (${name}) is exact already: there is nothing for a learner to add.`)
    else if (here?.answered === 1 && base !== undefined && here.medianError! > base)
      found.push(
        `Theory (${name}) is wrong about this system: it errs by ${errorText(here.medianError)} in the median, the median of what was seen by ${errorText(base)}. What it takes for granted is not so: the size of the cluster, its policy, or what else ran.`,
      )
  }
  const least = leastOf(largest)
  if (least !== undefined && least.medianError! > POOR)
    found.push(
      `Nothing foresees this well: ${least.predictor} errs least, by ${errorText(least.medianError)} in the median of random rows. The columns do not hold what decides it.`,
    )
  return found
}

/** An error; beyond a hundredfold its digits say nothing more. */
export const errorText = (share: number | undefined): string =>
  share !== undefined && share > 99.99 ? '> 9,999 %' : percent(share, 2)

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
      errorText(one.medianError),
      errorText(one.p90Error),
      errorText(one.worstError),
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
    wrap(`${pen.bold('Verdict')}: ${plain(capital(split.verdict?.sentence ?? ''), 1000)}`, pen, 0, 2),
  ].join('\n')
}

export const splitSize = ({ trainRows, testRows, repeats }: SplitResult): string =>
  `${count(trainRows)} rows to learn from, ${count(testRows)} to judge on, ${counted(repeats, 'draw')}`

export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** Median error by number of training rows, a column each. */
function pointsText(splits: readonly SplitResult[], pen: Ink): string | undefined {
  const random = randomSplits(splits)
  if (random.length < 2) return undefined
  const names = [...new Set(random.flatMap(({ results }) => results.map(({ predictor }) => predictor)))]
  const columns = [
    { head: 'Median error' },
    ...random.map(({ trainRows }) => ({ head: `${count(trainRows)} rows`, align: 'right' as const })),
  ]
  const rows = names.map((name) => [plain(name, 24), ...random.map((split) => errorText(foundIn(split, name)?.medianError))])
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
  const random = randomSplits(splits)
  const others = splits.filter(({ kind, refusal }) => kind !== 'random' && refusal === undefined)
  const [inside, outside] = [coverageOf(random), coverageOf(others)]
  const few = random.some(({ testRows, repeats }) => testRows * repeats < FEW_JUDGED)
  return [
    'Errors are |foreseen − observed| / observed on rows that no predictor was shown; a split by column or group also keeps its kind of row from training.',
    'Grey, chosen: the grey model with the least error on training rows held out in the way of the split; beyond the data the blend, unless another errs clearly less on the largest training rows. Its rivals are chosen in hindsight, which favours them.',
    ...(inside === undefined && outside === undefined
      ? []
      : [
          `90 % intervals covered ${[inside && `${inside} of random rows`, outside && `${outside} of rows held out in another way`].filter(Boolean).join(', and ')}. They promise 90 % for random rows only${few ? '; with so few rows to judge on some points either way are luck' : ''}.`,
        ]),
    `Costs are training once, in seconds, and one prediction; seed ${seed}.`,
  ]
}

const FEW_JUDGED = 100

/** What intervals covered over all contenders of some splits, and from where to where: `91 % (83 to 97 %)`. */
function coverageOf(splits: readonly SplitResult[]): string | undefined {
  const held = splits.flatMap(({ results, testRows, repeats }) =>
    results.flatMap(({ coverage }) => (coverage === undefined ? [] : [{ coverage, weight: testRows * repeats }])),
  )
  if (held.length === 0) return undefined
  const weight = held.reduce((sum, one) => sum + one.weight, 0)
  const mean = held.reduce((sum, one) => sum + one.coverage * one.weight, 0) / weight
  const shares = held.map(({ coverage }) => coverage).sort((a, b) => a - b)
  return `${percent(mean, 2)} (by predictor and split ${percent(shares[0], 2)} to ${percent(shares.at(-1), 2)})`
}
