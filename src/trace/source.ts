import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { createGunzip, type ZlibOptions } from 'node:zlib'
import { type Issue, shown } from '../model/index.js'

/** A file that can be read: its bytes as chunks, gunzipped on the way when they are gzip. */
export interface ByteSource {
  readonly path: string
  /** Bytes of the file as it lies on disk. */
  readonly size: number
  readonly kind: 'text' | 'parquet'
  readonly gzipped: boolean
  /** Bytes taken from disk so far. */
  bytesRead(): number
  /** The content; throws a `SourceTrouble` when the gzip is truncated or corrupt. */
  chunks(): AsyncGenerator<Buffer>
}

/** The content broke off while it was being read. */
export class SourceTrouble extends Error {
  constructor(
    readonly code: 'truncated-gzip' | 'corrupt-gzip' | 'unreadable',
    message: string,
    options: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** Opens a file for reading, or says what is wrong with it: missing, a directory, empty, compressed by something other than gzip, not text. */
export async function openSource(path: string): Promise<ByteSource | Issue> {
  const wrong = (code: string, message: string, value?: string): Issue =>
    value === undefined
      ? { code, severity: 'error', place: path, message }
      : { code, severity: 'error', place: path, message, value: shown(value) }
  let size: number
  let head: Buffer
  try {
    const found = await stat(path)
    if (found.isDirectory()) return wrong('directory', 'this is a directory; give one file')
    size = found.size
    const file = await open(path)
    try {
      const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(16), position: 0 })
      head = buffer.subarray(0, bytesRead)
    } finally {
      await file.close()
    }
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code
    if (code === 'ENOENT' || code === 'ENOTDIR') return wrong('missing-file', 'there is no such file')
    return wrong('unreadable', `the file cannot be read (${code ?? String(cause)})`)
  }
  if (head.length === 0) return wrong('empty-file', 'the file is empty')
  const gzipped = head[0] === 0x1f && head[1] === 0x8b
  if (!gzipped && /\.gz$/i.test(path)) {
    return wrong('not-gzip', 'the name ends in .gz but the content is not gzip', printable(head))
  }
  const other = OTHER_KINDS.find(([, magic]) => head.subarray(0, magic.length).equals(Buffer.from(magic)))
  if (other) return wrong('compression', `this is ${other[0]}; give plain text, gzip or Parquet`)
  const kind = head.subarray(0, 4).toString('latin1') === 'PAR1' ? 'parquet' : 'text'
  let bytesRead = 0
  return {
    path,
    size,
    kind,
    gzipped,
    bytesRead: () => bytesRead,
    async *chunks() {
      const file = createReadStream(path, { highWaterMark: 1 << 18 })
      file.on('data', (chunk) => {
        bytesRead += chunk.length
      })
      const stream = gzipped ? file.pipe(createGunzip(GUNZIP)) : file
      file.on('error', (error) => stream.destroy(error))
      try {
        for await (const chunk of stream) yield chunk as Buffer
      } catch (cause) {
        const code = (cause as NodeJS.ErrnoException).code
        if (code === 'Z_BUF_ERROR')
          throw new SourceTrouble('truncated-gzip', 'the gzip file breaks off here: it was cut short', { cause })
        if (code?.startsWith('Z_')) throw new SourceTrouble('corrupt-gzip', 'the gzip data are damaged from here on', { cause })
        throw new SourceTrouble('unreadable', `reading the file failed here (${code ?? String(cause)})`, { cause })
      } finally {
        file.destroy()
      }
    },
  }
}

// The high water mark lets the gunzip thread run ahead while rows are being scanned; zlib’s types do not name this option of every stream.
const GUNZIP: ZlibOptions = { chunkSize: 1 << 18, ...{ readableHighWaterMark: 1 << 21 } }

const OTHER_KINDS: readonly (readonly [string, readonly number[]])[] = [
  ['zstd-compressed', [0x28, 0xb5, 0x2f, 0xfd]],
  ['bzip2-compressed', [0x42, 0x5a, 0x68]],
  ['xz-compressed', [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
  ['a zip archive', [0x50, 0x4b, 0x03, 0x04]],
]

/** Whether the head of a file is text in a byte encoding that has ASCII within: what is wrong, or nothing. */
export function notText(head: Buffer): string | undefined {
  if ((head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff)) return 'this is UTF-16; save it as UTF-8'
  let controls = 0
  for (const byte of head) {
    if (byte === 0) return 'this is not text: it holds zero bytes'
    if (byte < 9 || (byte > 13 && byte < 32) || byte === 127) controls++
  }
  // An eighth of arbitrary bytes are control characters; text of any encoding has next to none.
  return controls > head.length * 0.01 + 2 ? 'this is not text' : undefined
}

function printable(bytes: Buffer): string {
  return bytes.toString('latin1').replace(/[^\x20-\x7e]/g, '.')
}
