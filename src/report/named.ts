import { count, duration, NONE, number, percent } from './format.js'

/** The name of a number in words: `effectiveLoad` → `effective load`. A unit at its end is left to the number. */
export function nameInWords(name: string): string {
  return name
    .replace(/(?<=.)(Seconds|Share)$/, '')
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
}

/** The number with the unit that its name carries. */
export function numberNamed(name: string, x: number): string {
  if (!Number.isFinite(x)) return NONE
  if (/[sS]econds$/.test(name)) return duration(x)
  if (/[sS]hare$/.test(name)) return percent(x)
  return Number.isInteger(x) ? count(x) : number(x, 4)
}
