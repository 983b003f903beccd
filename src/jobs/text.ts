import type { Estimate, Refusal, TopKey } from '../model/index.js'
import type { Rng } from '../num/index.js'
import type { BundledJob } from './bundled-job.js'
import { relativeError } from './relative-error.js'
import { alone, isOneOfSeveral, scaledUp } from './scale-up.js'

/** What a task found in its partition: how many words, and how often each word of the dictionary, in its order. */
export interface TextPart {
  readonly words: number
  readonly counts: readonly number[]
}

export interface TextAnswer {
  /** Words in the whole corpus. */
  readonly words: Estimate
  /** The most frequent words, twice as many as the loss is about, so that two which change places at its border count as what they are. */
  readonly top: readonly TopKey[]
}

const TOP = 20
const VOCABULARY = 5_000
const TOPICS = 6
const MISSPELT = 0.1

const DICTIONARY = 'dictionary.txt'
const partitionName = (partition: number): string => `part-${String(partition).padStart(5, '0')}.txt`

/**
 * Word counts of a corpus with misspelt words: each is first put right by the most frequent word of the dictionary that is one edit away, then counted;
 * the answer is the most frequent words. Frequencies follow Zipf’s law; every partition is of a topic, whose words are commoner there, and
 * partitions differ in length, so that dropping some has a price.
 *
 * The corrector is Norvig’s: all strings one edit away are looked up (norvig.com/spell-correct, 2007).
 */
export const text: BundledJob<TextPart, TextAnswer> = {
  name: 'text',
  sizeMeans: 'words a partition',
  sizeAtFirst: 20_000,

  *generate({ rng, partitions, size }) {
    const words = dictionary(rng.stream('dictionary'))
    yield { name: DICTIONARY, bytes: new TextEncoder().encode(words.join('\n')) }
    const frequencies = Array.from({ length: TOPICS }, (_, topic) => cumulativeFrequencies(topic))
    for (let p = 0; p < partitions; p++) {
      const own = rng.stream(`partition ${p}`)
      // mean 1, coefficient of variation 12 %
      const length = Math.max(1, Math.round(size * Math.exp(0.12 * own.normal() - 0.0072)))
      yield { name: partitionName(p), bytes: new TextEncoder().encode(prose(words, frequencies[p % TOPICS]!, length, own)) }
    }
  },

  inputs: ({ task }) => [DICTIONARY, partitionName(task)],
  reduceInputs: [DICTIONARY],

  map(files, { task }) {
    const rank = new Map(dictionaryOf(files).map((word, i) => [word, i]))
    const counts = new Array<number>(rank.size).fill(0)
    let words = 0
    for (const [token] of decoded(files, partitionName(task)).matchAll(/[A-Za-z]+/g)) {
      words++
      const word = token.toLowerCase()
      const known = rank.get(word) ?? nearest(word, rank)
      if (known !== undefined) counts[known]!++
    }
    return { words, counts }
  },

  isPart: (value): value is TextPart => {
    if (typeof value !== 'object' || value === null) return false
    const { words, counts } = value as Record<string, unknown>
    return isCount(words) && Array.isArray(counts) && counts.length === VOCABULARY && counts.every(isCount)
  },

  reduce(parts, tasks, needs): TextAnswer | Refusal {
    const words = scaledUp(
      parts.map((part) => part.words),
      tasks,
      needs,
    )
    if ('kind' in words) return words
    const dictionary = dictionaryOf(needs.files)
    const sums = dictionary.map((_, i) => parts.reduce((sum, { counts }) => sum + counts[i]!, 0))
    // only the first few are worth an estimate; one more than are asked for shows who just missed it
    const first = [...sums.keys()]
      .filter((i) => sums[i]! > 0)
      .sort((a, b) => sums[b]! - sums[a]! || (dictionary[a]! < dictionary[b]! ? -1 : 1))
      .slice(0, 2 * TOP + 1)
    const tables = parts.map(({ counts }) => new Map(first.map((i) => [dictionary[i]!, counts[i]!])))
    const top = isOneOfSeveral(parts.length, tasks) ? topOfOne(tables[0]!, tasks) : needs.estimateTop(2 * TOP, tasks, tables)
    return 'kind' in top ? top : { words, top }
  },

  lossAgainst(full, answer) {
    const estimates = new Map(answer.top.map(({ key, total }) => [key, total.value]))
    const errors = full.top.slice(0, TOP).map(({ key, total }) => {
      const estimate = estimates.get(key)
      return estimate === undefined ? 1 : relativeError(total.value, estimate)
    })
    return errors.reduce((sum, error) => sum + error, 0) / Math.max(1, errors.length)
  },
}

/** The largest counts of the only kept task, scaled up: in their order, none of them sure. */
function topOfOne(counts: ReadonlyMap<string, number>, tasks: number): TopKey[] {
  return [...counts].slice(0, 2 * TOP).map(([key, count]) => ({ key, total: alone(count * tasks), sure: false }))
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0

function decoded(files: ReadonlyMap<string, Uint8Array>, name: string): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(files.get(name))
}

function dictionaryOf(files: ReadonlyMap<string, Uint8Array>): string[] {
  return decoded(files, DICTIONARY).split('\n')
}

/** Words of two to four syllables, all different, the most frequent first. */
function dictionary(rng: Rng): string[] {
  const words = new Set<string>()
  const letter = (from: string): string => from[rng.below(from.length)]!
  while (words.size < VOCABULARY) {
    let word = ''
    const syllables = 2 + rng.below(3)
    for (let s = 0; s < syllables; s++) word += letter('bcdfghklmnprstvw') + letter('aeiou')
    words.add(rng.uniform() < 0.5 ? word : word + letter('nrst'))
  }
  return [...words]
}

/** Running sums of Zipf’s frequencies 1 / rank; words of the topic are three times as frequent. */
function cumulativeFrequencies(topic: number): Float64Array {
  const sums = new Float64Array(VOCABULARY)
  let sum = 0
  for (let i = 0; i < VOCABULARY; i++) {
    sum += (i % TOPICS === topic ? 3 : 1) / (i + 1)
    sums[i] = sum
  }
  return sums
}

/** Sentences of about a dozen words. */
function prose(words: readonly string[], frequencies: Float64Array, length: number, rng: Rng): string {
  const pieces: string[] = []
  let left = 0
  for (let i = 0; i < length; i++) {
    const word = words[drawn(frequencies, rng)]!
    const spelt = rng.uniform() < MISSPELT ? misspelt(word, rng) : word
    const first = left === 0
    if (first) left = 6 + rng.below(13)
    left--
    pieces.push(first ? spelt[0]!.toUpperCase() + spelt.slice(1) : spelt, left === 0 || i === length - 1 ? '.\n' : ' ')
  }
  return pieces.join('')
}

/** The index whose running sum is the first above a uniform share of all. */
function drawn(sums: Float64Array, rng: Rng): number {
  const at = rng.uniform() * sums[sums.length - 1]!
  let [low, high] = [0, sums.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if (sums[middle]! > at) high = middle
    else low = middle + 1
  }
  return low
}

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz'

/** One slip of the fingers: a letter left out, two in the wrong order, another one, or one too many. */
function misspelt(word: string, rng: Rng): string {
  const at = rng.below(word.length - 1)
  const other = ALPHABET[rng.below(26)]!
  const [head, tail] = [word.slice(0, at), word.slice(at)]
  switch (rng.below(4)) {
    case 0:
      return head + tail.slice(1)
    case 1:
      return head + tail[1] + tail[0] + tail.slice(2)
    case 2:
      return head + other + tail.slice(1)
    default:
      return head + other + tail
  }
}

/** The rank of the most frequent word one edit away, if there is one. */
function nearest(word: string, rank: ReadonlyMap<string, number>): number | undefined {
  let best: number | undefined
  const consider = (candidate: string): void => {
    const found = rank.get(candidate)
    if (found !== undefined && (best === undefined || found < best)) best = found
  }
  for (let at = 0; at <= word.length; at++) {
    const [head, tail] = [word.slice(0, at), word.slice(at)]
    if (tail.length > 0) consider(head + tail.slice(1))
    if (tail.length > 1) consider(head + tail[1] + tail[0] + tail.slice(2))
    for (const letter of ALPHABET) {
      if (tail.length > 0) consider(head + letter + tail.slice(1))
      consider(head + letter + tail)
    }
  }
  return best
}
