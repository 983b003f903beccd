import type { SavedModel } from './learner.js'

/** A saved model that is not what it says: thrown by the functions that make models of saved ones, made an issue by `load`. */
export class BadModel extends Error {
  constructor(
    /** Where: `arrays.coefficients`, `settings.penalty`. */
    readonly place: string,
    message: string,
  ) {
    super(message)
  }
}

/** An array of a saved model, of the type and length that are due and, unless it is of whole numbers, finite. */
export function savedArray<A extends Float64Array | Float32Array | Int32Array | Uint8Array>(
  saved: SavedModel,
  name: string,
  type: { new (length: number): A },
  length?: number,
): A {
  const place = `arrays.${name}`
  const found = saved.arrays[name]
  if (found === undefined) throw new BadModel(place, 'is missing')
  if (!(found instanceof type)) throw new BadModel(place, `is a ${found.constructor.name} where a ${type.name} is due`)
  if (length !== undefined && found.length !== length)
    throw new BadModel(place, `has ${found.length} entries where ${length} are due`)
  for (let i = 0; i < found.length; i++) if (!Number.isFinite(found[i])) throw new BadModel(`${place}[${i}]`, 'is not finite')
  return found
}

/** A number among the settings, within bounds. */
export function savedNumber(
  saved: SavedModel,
  name: string,
  low = Number.NEGATIVE_INFINITY,
  high = Number.POSITIVE_INFINITY,
): number {
  const value = saved.settings[name]
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new BadModel(`settings.${name}`, 'is no finite number')
  if (value < low || value > high) throw new BadModel(`settings.${name}`, `is ${value}, not between ${low} and ${high}`)
  return value
}

/** A word among the settings, one of those given. */
export function savedWord<W extends string>(saved: SavedModel, name: string, words: readonly W[]): W {
  const value = saved.settings[name]
  if (!words.includes(value as W)) throw new BadModel(`settings.${name}`, `is none of ${words.join(', ')}`)
  return value as W
}

/** The words of columns of categories, as `savedLevels` puts them among the settings. */
export function levelsFrom(saved: SavedModel, name = 'levels'): (readonly string[] | undefined)[] {
  const value = saved.settings[name]
  if (value === undefined || value === null) return saved.names.map(() => undefined)
  if (!Array.isArray(value) || value.length !== saved.names.length)
    throw new BadModel(`settings.${name}`, `are not one entry for each of the ${saved.names.length} columns`)
  return value.map((words: unknown, c) => {
    if (words === null) return undefined
    if (!Array.isArray(words) || words.some((word) => typeof word !== 'string'))
      throw new BadModel(`settings.${name}[${c}]`, 'is neither null nor a list of words')
    return words as string[]
  })
}

/** Words of columns as plain JSON: null for a column of numbers, all null where there are no categories. */
export function savedLevels(levels: readonly (readonly string[] | undefined)[]): (readonly string[] | null)[] | null {
  return levels.every((words) => words === undefined) ? null : levels.map((words) => words ?? null)
}
