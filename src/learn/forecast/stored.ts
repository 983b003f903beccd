import { BadModel } from '../saved.js'
import type { SavedForecaster } from './forecaster.js'
import type { Shape } from './outlook.js'

/** What reads the numbers of a saved forecaster; each throws `BadModel` where they are not what is due. */
export interface Stored {
  number(name: string, low?: number, high?: number): number
  /** A list of whole numbers from `low` on. */
  numbers(name: string, low: number): number[]
  /** An array of finite numbers, of a length where one is due. */
  array(name: string, length?: number): Float64Array
  /** An ascending array, or undefined where there is none. */
  shape(name: string): Shape | undefined
}

/** Reads the numbers of a saved forecaster. */
export function stored({ settings, arrays }: SavedForecaster): Stored {
  const array = (name: string, length?: number): Float64Array => {
    const place = `arrays.${name}`
    const found = arrays[name]
    if (!(found instanceof Float64Array)) throw new BadModel(place, found === undefined ? 'is missing' : 'is no Float64Array')
    if (length !== undefined && found.length !== length)
      throw new BadModel(place, `has ${found.length} entries where ${length} are due`)
    for (let i = 0; i < found.length; i++) if (!Number.isFinite(found[i])) throw new BadModel(`${place}[${i}]`, 'is not finite')
    return found
  }
  return {
    array,
    number(name, low = Number.NEGATIVE_INFINITY, high = Number.POSITIVE_INFINITY) {
      const value = settings[name]
      if (typeof value !== 'number' || !Number.isFinite(value)) throw new BadModel(`settings.${name}`, 'is no finite number')
      if (value < low || value > high) throw new BadModel(`settings.${name}`, `is ${value}, not between ${low} and ${high}`)
      return value
    },
    numbers(name, low) {
      const value = settings[name]
      if (!Array.isArray(value) || value.some((one) => !(Number.isInteger(one) && one >= low)))
        throw new BadModel(`settings.${name}`, `is no list of whole numbers from ${low} on`)
      return value as number[]
    },
    shape(name) {
      if (arrays[name] === undefined) return undefined
      const found = array(name)
      if (found.length < 2) throw new BadModel(`arrays.${name}`, 'has fewer than 2 entries')
      for (let i = 1; i < found.length; i++) if (found[i] < found[i - 1]) throw new BadModel(`arrays.${name}[${i}]`, 'descends')
      return found
    },
  }
}

/** The function that gives a saved forecaster back. */
export function saver(saved: SavedForecaster): () => SavedForecaster {
  return () => saved
}
