import { type Issue, shown } from '../model/index.js'

/** What can be packed: plain JSON apart from `arrays`. */
export interface Packable {
  readonly schema: string
  readonly arrays: Readonly<Record<string, NumberArray>>
}

export type NumberArray = Float64Array | Float32Array | Int32Array | Uint8Array

/** What was in a file, or all that is wrong with it. */
export type Unpacked =
  | { readonly ok: true; readonly value: Packable & Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly issues: readonly Issue[] }

const TYPES = { float64: Float64Array, float32: Float32Array, int32: Int32Array, uint8: Uint8Array } as const
type TypeName = keyof typeof TYPES

/** First bytes of a binary file: `halftone`, then four numbers of four bytes, little end first: version, bytes of the header, bytes of the arrays, checksum of both. */
const MAGIC = 'halftone'
const VERSION = 1
const START = 24

/** As JSON, typed arrays as base64 of their bytes, little end first. */
export function packJson(value: Packable): string {
  const arrays = Object.fromEntries(
    Object.entries(value.arrays).map(([name, array]) => [
      name,
      { type: typeName(array), length: array.length, base64: toBase64(bytesOf(array)) },
    ]),
  )
  return JSON.stringify({ ...value, arrays })
}

/** As bytes: a header of JSON, then the arrays as they lie in memory, with a checksum (CRC-32) over both. */
export function packBytes(value: Packable): Uint8Array<ArrayBuffer> {
  const entries = Object.entries(value.arrays)
  const list = entries.map(([name, array]) => ({ name, type: typeName(array), length: array.length }))
  // letters beyond ASCII are written as \u…, so that characters are bytes
  const text = JSON.stringify({ ...value, arrays: list }).replace(
    /[^ -~]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  const header = aligned(text.length)
  const body = entries.reduce((sum, [, array]) => sum + aligned(array.byteLength), 0)
  const out = new Uint8Array(START + header + body)
  for (let i = 0; i < MAGIC.length; i++) out[i] = MAGIC.charCodeAt(i)
  out.fill(0x20, START, START + header)
  for (let i = 0; i < text.length; i++) out[START + i] = text.charCodeAt(i)
  let at = START + header
  for (const [, array] of entries) {
    out.set(bytesOf(array), at)
    at += aligned(array.byteLength)
  }
  const view = new DataView(out.buffer)
  view.setUint32(8, VERSION, true)
  view.setUint32(12, header, true)
  view.setUint32(16, body, true)
  view.setUint32(20, checksum(out.subarray(START)), true)
  return out
}

/** What was packed, from either form. `place` is what issues call it: the name of the file. */
export function unpack(data: string | Uint8Array, place = 'model'): Unpacked {
  if (typeof data === 'string') return unpackJson(data, place)
  const magic = String.fromCharCode(...data.subarray(0, MAGIC.length))
  if (magic === MAGIC) return unpackBytes(data, place)
  // JSON that came as bytes: ASCII but for names, whose bytes are taken together again
  if (data[0] === 0x7b) return unpackJson(fromUtf8(data), place)
  return wrong('not-a-model', `${place}:byte 0`, 'begins like neither form of a saved model', magic)
}

function unpackBytes(data: Uint8Array, place: string): Unpacked {
  if (data.length < START) return wrong('truncated', `${place}:byte ${data.length}`, `ends within its first ${START} bytes`)
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  const version = view.getUint32(8, true)
  if (version > VERSION)
    return wrong('newer-schema', `${place}:byte 8`, `was written in format ${version}; this halftone reads up to ${VERSION}`)
  const [header, body, sum] = [12, 16, 20].map((at) => view.getUint32(at, true))
  const due = START + header + body
  if (data.length < due)
    return wrong('truncated', `${place}:byte ${data.length}`, `ends after ${data.length} bytes where ${due} are due`)
  if (data.length > due) return wrong('too-long', `${place}:byte ${due}`, `goes on for ${data.length - due} bytes after its end`)
  if (checksum(data.subarray(START)) !== sum)
    return wrong('checksum', `${place}:byte 20`, 'was changed or damaged: its checksum does not fit its content')
  let text = ''
  for (let i = START; i < START + header; i += 8192)
    text += String.fromCharCode(...data.subarray(i, Math.min(i + 8192, START + header)))
  const parsed = parse(text, place)
  if (!parsed.ok) return parsed
  const list = parsed.value['arrays']
  if (!Array.isArray(list)) return wrong('bad-model', `${place} arrays`, 'is no list')
  const arrays: Record<string, NumberArray> = {}
  let at = START + header
  for (const [k, entry] of list.entries()) {
    const { name, type, length } = (entry ?? {}) as { name?: unknown; type?: unknown; length?: unknown }
    if (typeof name !== 'string' || !isType(type) || !isLength(length))
      return wrong('bad-model', `${place} arrays[${k}]`, 'is no array with name, type and length', entry)
    const bytes = length * TYPES[type].BYTES_PER_ELEMENT
    if (at + bytes > data.length) return wrong('bad-model', `${place} arrays[${k}]`, 'reaches beyond the end', length)
    arrays[name] = arrayOf(type, data.slice(at, at + bytes))
    at += aligned(bytes)
  }
  return finished({ ...parsed.value, arrays }, place)
}

function unpackJson(text: string, place: string): Unpacked {
  const parsed = parse(text, place)
  if (!parsed.ok) return parsed
  const found = parsed.value['arrays']
  if (typeof found !== 'object' || found === null || Array.isArray(found))
    return wrong('bad-model', `${place} arrays`, 'is no object')
  const arrays: Record<string, NumberArray> = {}
  const issues: Issue[] = []
  for (const [name, entry] of Object.entries(found)) {
    const { type, length, base64 } = (entry ?? {}) as { type?: unknown; length?: unknown; base64?: unknown }
    const at = `${place} arrays.${name}`
    if (!isType(type) || !isLength(length) || typeof base64 !== 'string') {
      issues.push(issue('bad-model', at, 'is no array with type, length and base64', entry))
      continue
    }
    const bytes = fromBase64(base64)
    if (bytes === undefined) issues.push(issue('bad-model', `${at}.base64`, 'is not base64', base64))
    else if (bytes.length !== length * TYPES[type].BYTES_PER_ELEMENT)
      issues.push(
        issue('bad-model', `${at}.base64`, `holds ${bytes.length} bytes where ${length * TYPES[type].BYTES_PER_ELEMENT} are due`),
      )
    else arrays[name] = arrayOf(type, bytes)
  }
  return issues.length > 0 ? { ok: false, issues } : finished({ ...parsed.value, arrays }, place)
}

function parse(text: string, place: string): { ok: true; value: Record<string, unknown> } | { ok: false; issues: Issue[] } {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    return { ok: false, issues: [issue('bad-syntax', place, `is no JSON: ${shown(message)}`)] }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { ok: false, issues: [issue('bad-model', place, 'is no object with a schema', value)] }
  return { ok: true, value: value as Record<string, unknown> }
}

/** All numbers finite, a schema that says what it is. */
function finished(value: Record<string, unknown> & { arrays: Record<string, NumberArray> }, place: string): Unpacked {
  const { schema } = value
  if (typeof schema !== 'string') return wrong('unknown-schema', `${place} schema`, 'does not say what this is', schema)
  const issues: Issue[] = []
  for (const [name, array] of Object.entries(value.arrays)) {
    let first = -1
    let count = 0
    for (let i = 0; i < array.length; i++) {
      if (Number.isFinite(array[i])) continue
      if (first < 0) first = i
      count++
    }
    if (count > 0)
      issues.push(
        issue(
          'not-finite',
          `${place} arrays.${name}[${first}]`,
          `${count} of ${array.length} values are not finite`,
          String(array[first]),
        ),
      )
  }
  return issues.length > 0 ? { ok: false, issues } : { ok: true, value: { ...value, schema } }
}

function issue(code: string, place: string, message: string, value?: unknown): Issue {
  return { code, severity: 'error', place, message, ...(value === undefined ? {} : { value: shown(value) }) }
}

function wrong(code: string, place: string, message: string, value?: unknown): { ok: false; issues: Issue[] } {
  return { ok: false, issues: [issue(code, place, message, value)] }
}

function isType(type: unknown): type is TypeName {
  return typeof type === 'string' && Object.hasOwn(TYPES, type)
}

function isLength(length: unknown): length is number {
  return typeof length === 'number' && Number.isInteger(length) && length >= 0
}

function typeName(array: NumberArray): TypeName {
  return array instanceof Float64Array
    ? 'float64'
    : array instanceof Float32Array
      ? 'float32'
      : array instanceof Int32Array
        ? 'int32'
        : 'uint8'
}

function aligned(bytes: number): number {
  return (bytes + 7) & ~7
}

/** The bytes of an array, little end first on every host. */
function bytesOf(array: NumberArray): Uint8Array {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
  return turned(bytes, array.BYTES_PER_ELEMENT)
}

function arrayOf(type: TypeName, bytes: Uint8Array): NumberArray {
  const own = turned(bytes, TYPES[type].BYTES_PER_ELEMENT).slice()
  return new TYPES[type](own.buffer)
}

function turned(bytes: Uint8Array, size: number): Uint8Array {
  if (size === 1 || new Uint8Array(Uint16Array.of(1).buffer)[0] === 1) return bytes
  const out = bytes.slice()
  for (let at = 0; at < out.length; at += size) out.subarray(at, at + size).reverse()
  return out
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** Bytes as base64 (RFC 4648). */
export function toBase64(bytes: Uint8Array): string {
  const codes = Uint8Array.from(LETTERS, (letter) => letter.charCodeAt(0))
  const parts: string[] = []
  const chunk = new Uint8Array(8192)
  let filled = 0
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i
    const b = left > 1 ? bytes[i + 1] : 0
    const c = left > 2 ? bytes[i + 2] : 0
    chunk[filled++] = codes[bytes[i] >> 2]
    chunk[filled++] = codes[((bytes[i] & 3) << 4) | (b >> 4)]
    chunk[filled++] = left > 1 ? codes[((b & 15) << 2) | (c >> 6)] : 61
    chunk[filled++] = left > 2 ? codes[c & 63] : 61
    if (filled === chunk.length) {
      parts.push(String.fromCharCode(...chunk))
      filled = 0
    }
  }
  return parts.join('') + String.fromCharCode(...chunk.subarray(0, filled))
}

/** The bytes of base64; undefined where it is not. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (text.length % 4 !== 0) return undefined
  const values = new Int16Array(128).fill(-1)
  for (let k = 0; k < 64; k++) values[LETTERS.charCodeAt(k)] = k
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  const out = new Uint8Array((text.length / 4) * 3 - padding)
  for (let i = 0, o = 0; i < text.length; i += 4) {
    let bits = 0
    for (let k = 0; k < 4; k++) {
      const code = text.charCodeAt(i + k)
      const pad = i + k >= text.length - padding
      const value = pad ? 0 : code < 128 ? values[code] : -1
      if (value < 0) return undefined
      bits = (bits << 6) | value
    }
    out[o++] = (bits >> 16) & 255
    if (o < out.length) out[o++] = (bits >> 8) & 255
    if (o < out.length) out[o++] = bits & 255
  }
  return out
}

/** CRC-32 of IEEE 802.3. */
function checksum(bytes: Uint8Array): number {
  const table = Uint32Array.from({ length: 256 }, (_, n) => {
    let c = n
    for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1
    return c
  })
  let c = 0xffffffff
  for (let i = 0; i < bytes.length; i++) c = table[(c ^ bytes[i]) & 255] ^ (c >>> 8)
  return (c ^ 0xffffffff) >>> 0
}

/** Text of UTF-8 bytes; what is no UTF-8 becomes �. */
function fromUtf8(bytes: Uint8Array): string {
  const parts: string[] = []
  let part: number[] = []
  for (let i = 0; i < bytes.length; ) {
    const first = bytes[i]
    const length = first < 0x80 ? 1 : first >> 5 === 6 ? 2 : first >> 4 === 14 ? 3 : first >> 3 === 30 ? 4 : 0
    let code = length === 1 ? first : first & (0x7f >> length)
    let right = length > 0 && i + length <= bytes.length
    for (let k = 1; right && k < length; k++) {
      right = bytes[i + k] >> 6 === 2
      code = (code << 6) | (bytes[i + k] & 63)
    }
    part.push(right && code <= 0x10ffff ? code : 0xfffd)
    i += right ? length : 1
    if (part.length === 4096) {
      parts.push(String.fromCodePoint(...part))
      part = []
    }
  }
  return parts.join('') + String.fromCodePoint(...part)
}
