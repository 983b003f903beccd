/**
 * What a saved engine carries so that it goes on only where it came from: a schema with its version, and a fingerprint of the jobs and settings it ran under.
 */
import { type Refusal, refuse } from '../model/index.js'

/** Part of every saved engine. */
export interface SavedUnder {
  readonly schema: string
  /** Fingerprint of the jobs and the settings: sixteen hexadecimal digits. */
  readonly of: string
}

/** Sixteen hexadecimal digits of texts and columns: two multiplicative hashes over their bytes (Fowler, Noll, Vo), mixed at the end. Not for secrets. */
export function fingerprint(parts: readonly (string | ArrayBufferView | undefined)[]): string {
  let a = 0x811c9dc5 | 0
  let b = 0x9747b28c | 0
  for (const part of parts) {
    const bytes = typeof part === 'string' ? codes(part) : part && new Uint8Array(part.buffer, part.byteOffset, part.byteLength)
    const n = bytes?.length ?? 0
    for (let i = 0; i < n; i++) {
      a = Math.imul(a ^ bytes![i], 0x01000193)
      b = Math.imul(b ^ bytes![i], 0x5bd1e995)
      b ^= b >>> 15
    }
    // where a part ends counts
    a = Math.imul(a ^ n ^ 0x9e3779b9, 0x01000193)
    b = Math.imul(b ^ n ^ 0x85ebca6b, 0x5bd1e995)
  }
  a = Math.imul(a ^ (a >>> 16), 0x7feb352d) ^ b
  return [a, b].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('')
}

function codes(text: string): Uint16Array {
  return Uint16Array.from(text, (_, i) => text.charCodeAt(i))
}

/** What is wrong with going on from a state here; undefined where nothing is. */
export function refusesState(state: SavedUnder, schema: string, of: string): Refusal | undefined {
  if (state.schema !== schema) return refuse('unsupported', `a state of schema ${state.schema} is not one of ${schema}`)
  if (state.of !== of)
    return refuse(
      'unsupported',
      'the state was saved under other jobs or other settings: an engine goes on only from a state of its own',
    )
  return undefined
}
