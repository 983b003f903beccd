import { describe, expect, it } from 'vitest'
import { isRefusal } from '../model/index.js'
import { Rng } from '../num/index.js'
import { fromBase64, packBytes, packJson, toBase64, unpack } from './pack.js'
import { ridge } from './ridge.js'
import { type Loaded, load, toBytes, toJson } from './save.js'
import { tableOf } from './table.js'

const model = (() => {
  const x = Float64Array.from({ length: 12 }, (_, i) => i)
  const made = ridge({ penalty: 0.1 }).fit({ features: tableOf({ größe: x }), target: x.map((v) => v * v) }, { rng: new Rng(1) })
  if (isRefusal(made)) throw new Error(made.message)
  return made
})()

/** The first issue, as code and place. */
function first(loaded: Loaded): [string, string] {
  if (loaded.ok) throw new Error('loaded')
  return [loaded.issues[0].code, loaded.issues[0].place]
}

describe('base64', () => {
  it('is that of the standard, and back', () => {
    const bytes = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0))
    // RFC 4648, section 10
    const known = { '': '', f: 'Zg==', fo: 'Zm8=', foo: 'Zm9v', foob: 'Zm9vYg==', fooba: 'Zm9vYmE=', foobar: 'Zm9vYmFy' }
    for (const [text, code] of Object.entries(known)) {
      expect(toBase64(bytes(text))).toBe(code)
      expect(fromBase64(code)).toEqual(bytes(text))
    }
    for (const bad of ['Zg', 'Zg=', 'Z!==', 'Zgé=', '=Zg=']) expect(fromBase64(bad)).toBeUndefined()
    const rng = new Rng(1, 'bytes')
    const many = Uint8Array.from({ length: 50_001 }, () => rng.below(256))
    expect(fromBase64(toBase64(many))).toEqual(many)
  })
})

describe('saved models', () => {
  it('hold every kind of array, names beyond ASCII and awkward numbers', () => {
    const value = {
      schema: 'test/1',
      name: 'größe 🙂\n"',
      arrays: {
        a: Float64Array.of(-0, 5e-324, 1.7976931348623157e308, Math.PI),
        b: Float32Array.of(0.1, -1),
        c: Int32Array.of(-2147483648, 7, 1),
        d: Uint8Array.of(255, 0, 3),
        e: new Float64Array(0),
      },
    }
    for (const data of [packJson(value), packBytes(value), new TextEncoder().encode(packJson(value))])
      expect(unpack(data)).toEqual({ ok: true, value })
  })

  it('cut short anywhere are issues, never a trace', () => {
    const bytes = toBytes(model)
    for (let length = 0; length < bytes.length; length += length < 40 ? 1 : 37) {
      const [code, place] = first(load(bytes.subarray(0, length), 'm.bin'))
      expect(place).toMatch(/^m\.bin:byte \d+$/)
      expect(code).toMatch(length < 8 ? /not-a-model/ : /truncated/)
    }
    const text = toJson(model)
    for (let length = 0; length < text.length; length += 41)
      expect(first(load(text.slice(0, length), 'm.json'))).toEqual(['bad-syntax', 'm.json'])
    expect(first(load(Uint8Array.of(...bytes, 0)))[0]).toBe('too-long')
  })

  it('with any byte changed are issues or the same model', () => {
    const bytes = toBytes(model)
    for (let at = 0; at < bytes.length; at += 5) {
      const changed = bytes.slice()
      changed[at] ^= 0x41
      expect(load(changed).ok).toBe(false)
    }
  })

  it('of a newer version or an unknown learner say so', () => {
    const bytes = toBytes(model)
    bytes[8] = 2
    expect(first(load(bytes, 'm.bin'))).toEqual(['newer-schema', 'm.bin:byte 8'])
    const text = toJson(model)
    const changed = (from: string, to: string): [string, string] => {
      expect(text).toContain(from)
      return first(load(text.replace(from, to), 'm.json'))
    }
    expect(changed('halftone/learned/1', 'halftone/learned/2')).toEqual(['newer-schema', 'm.json schema'])
    expect(changed('halftone/learned/1', 'halftone/scenario/1')).toEqual(['unknown-schema', 'm.json schema'])
    expect(changed('"learner":"ridge"', '"learner":"toString"')).toEqual(['unknown-learner', 'm.json learner'])
    expect(changed('"caveats":[]', '"caveats":[3]')).toEqual(['bad-model', 'm.json caveats'])
    expect(changed('"coefficients"', '"other"')).toEqual(['bad-model', 'm.json arrays.coefficients'])
    expect(changed('"penalty":0.1', '"penalty":-1')).toEqual(['bad-model', 'm.json settings.penalty'])
    expect(changed('"length":1', '"length":2')).toEqual(['bad-model', 'm.json arrays.centres.base64'])
  })

  it('with numbers that are not finite say where', () => {
    const saved = model.save()
    const broken = packBytes({ ...saved, arrays: { ...saved.arrays, coefficients: Float64Array.of(Number.NaN) } })
    expect(first(load(broken, 'm.bin'))).toEqual(['not-finite', 'm.bin arrays.coefficients[0]'])
  })
})
