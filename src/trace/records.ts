/** What can be wrong with the shape of one record. */
export type RecordTrouble = 'line-too-long' | 'unterminated-quote' | 'text-after-quote'

export interface ScanOptions {
  /** One character, or `blanks`: any run of spaces and tabs (no quotes then). */
  readonly delimiter: string
  /** A line that starts with this character is a comment. */
  readonly comment?: string
  /** `"` quotes a field, as in RFC 4180; false for formats that never quote. */
  readonly quotes: boolean
  readonly maxRecordBytes?: number
  onRecord(record: RecordScanner): void
  onComment?(text: string, line: number): void
  onTrouble?(trouble: RecordTrouble, line: number, value: string): void
}

/**
 * Splits a stream of bytes into records and their fields, and knows the physical line each record starts on.
 *
 * Line ends may be LF, CRLF or CR, mixed; quoted fields may hold line ends and doubled quotes; a byte-order mark and blank lines are skipped and
 * counted. A record longer than `maxRecordBytes` (256 KiB) or with a quote that never closes is reported and its first line dropped; reading
 * goes on at the next line. Fields are byte ranges of `bytes`, valid only inside `onRecord`: nothing is made a string unless asked.
 */
export class RecordScanner {
  bytes: Buffer = Buffer.alloc(0)
  starts = new Int32Array(64)
  ends = new Int32Array(64)
  /** Fields of the current record. */
  count = 0
  /** Physical line, from 1, on which the current record starts. */
  line = 1
  /** The current record has a field with a doubled quote: take its text from `text`. */
  escaped = false
  /** How many line ends of each kind were met, and the first line that ends so (0: none). */
  readonly lineEnds = { lf: 0, crlf: 0, cr: 0, firstLf: 0, firstCrlf: 0, firstCr: 0 }
  blankLines = 0
  commentLines = 0
  byteOrderMark = false

  private readonly kinds = new Uint8Array(256)
  private readonly comment: number
  private readonly limit: number
  private readonly blanks: boolean
  private atStart = true
  private skippingLine = false

  constructor(private readonly options: ScanOptions) {
    this.blanks = options.delimiter === 'blanks'
    this.kinds[LF] = LINE_END
    this.kinds[CR] = LINE_END
    if (this.blanks) {
      this.kinds[SPACE] = DELIMITER
      this.kinds[TAB] = DELIMITER
    } else this.kinds[options.delimiter.charCodeAt(0)] = DELIMITER
    this.comment = options.comment === undefined ? -1 : options.comment.charCodeAt(0)
    this.limit = options.maxRecordBytes ?? 1 << 18
  }

  push(chunk: Buffer): void {
    this.bytes = this.bytes.length === 0 ? chunk : Buffer.concat([this.bytes, chunk])
    this.scan(false)
  }

  /** No more bytes will come: the last record may lack its line end. */
  finish(): void {
    this.scan(true)
    this.bytes = Buffer.alloc(0)
  }

  /** The text of a field of the current record. */
  text(field: number): string {
    const text = this.bytes.toString('utf8', this.starts[field], this.ends[field])
    return this.escaped ? text.replaceAll('""', '"') : text
  }

  /** The first bytes of the current record as they lie in the file. */
  raw(): string {
    return this.bytes.toString('utf8', this.starts[0], Math.min(this.ends[this.count - 1]!, this.starts[0]! + 200))
  }

  private scan(final: boolean): void {
    const bytes = this.bytes
    const length = bytes.length
    let at = 0
    if (this.atStart) {
      if (length < 3 && !final) return
      if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
        this.byteOrderMark = true
        at = 3
      }
      this.atStart = false
    }
    while (at < length) {
      if (this.skippingLine) {
        const end = this.lineEndFrom(at)
        if (end >= length || (bytes[end] === CR && end + 1 >= length && !final)) {
          if (final) at = length
          else at = end
          break
        }
        this.skippingLine = false
        at = this.passLineEnd(end)
        continue
      }
      const next = this.blanks ? this.scanBlanks(at, final) : this.scanDelimited(at, final)
      if (next >= 0) {
        at = next
        continue
      }
      // The record is incomplete: wait for more, unless it is already too long or nothing more will come.
      const quoteOpen = next === QUOTE_OPEN
      if (!final && length - at <= this.limit) break
      this.options.onTrouble?.(
        quoteOpen ? 'unterminated-quote' : 'line-too-long',
        this.line,
        bytes.toString('utf8', at, Math.min(length, at + 200)),
      )
      this.skippingLine = true
    }
    this.bytes = at >= length ? Buffer.alloc(0) : bytes.subarray(at)
  }

  private scanDelimited(from: number, final: boolean): number {
    const { bytes, kinds } = this
    const length = bytes.length
    const first = bytes[from]!
    if (kinds[first] === LINE_END) return this.passBlank(from, final)
    if (first === this.comment) return this.passComment(from, final)
    const quotes = this.options.quotes
    let count = 0
    let inner = 0
    let at = from
    this.escaped = false
    for (;;) {
      if (count >= this.starts.length) this.widen()
      if (quotes && bytes[at] === QUOTE) {
        let close = at + 1
        for (;;) {
          close = bytes.indexOf(QUOTE, close)
          if (close < 0 || (close + 1 >= length && !final)) return QUOTE_OPEN
          if (bytes[close + 1] !== QUOTE) break
          this.escaped = true
          close += 2
        }
        for (let i = bytes.indexOf(LF, at); i >= 0 && i < close; i = bytes.indexOf(LF, i + 1)) inner++
        this.starts[count] = at + 1
        this.ends[count++] = close
        at = close + 1
        if (at < length && kinds[bytes[at]!] === 0) {
          this.options.onTrouble?.('text-after-quote', this.line, bytes.toString('utf8', from, Math.min(length, from + 200)))
          this.line += inner
          this.skippingLine = true
          return at
        }
      } else {
        this.starts[count] = at
        while (at < length && kinds[bytes[at]!] === 0) at++
        this.ends[count++] = at
      }
      if (at >= length) {
        if (!final) return INCOMPLETE
        break
      }
      if (kinds[bytes[at]!] === LINE_END) {
        if (bytes[at] === CR && at + 1 >= length && !final) return INCOMPLETE
        break
      }
      at++
    }
    if (at - from > this.limit) {
      this.options.onTrouble?.('line-too-long', this.line, bytes.toString('utf8', from, from + 200))
    } else {
      this.count = count
      this.options.onRecord(this)
    }
    this.line += inner
    return at >= length ? length : this.passLineEnd(at)
  }

  private scanBlanks(from: number, final: boolean): number {
    const { bytes, kinds } = this
    const length = bytes.length
    let count = 0
    let at = from
    for (;;) {
      while (at < length && kinds[bytes[at]!] === DELIMITER) at++
      if (at >= length) {
        if (!final) return INCOMPLETE
        break
      }
      if (kinds[bytes[at]!] === LINE_END) {
        if (bytes[at] === CR && at + 1 >= length && !final) return INCOMPLETE
        break
      }
      if (count === 0 && bytes[at] === this.comment) return this.passComment(at, final)
      if (count >= this.starts.length) this.widen()
      this.starts[count] = at
      while (at < length && kinds[bytes[at]!] === 0) at++
      this.ends[count++] = at
    }
    if (at - from > this.limit) {
      this.options.onTrouble?.('line-too-long', this.line, bytes.toString('utf8', from, from + 200))
    } else if (count > 0) {
      this.count = count
      this.options.onRecord(this)
    } else this.blankLines++
    return at >= length ? length : this.passLineEnd(at)
  }

  private passBlank(from: number, final: boolean): number {
    if (this.bytes[from] === CR && from + 1 >= this.bytes.length && !final) return INCOMPLETE
    this.blankLines++
    return this.passLineEnd(from)
  }

  private passComment(from: number, final: boolean): number {
    const end = this.lineEndFrom(from)
    if (!final && (end >= this.bytes.length || (this.bytes[end] === CR && end + 1 >= this.bytes.length))) return INCOMPLETE
    this.commentLines++
    this.options.onComment?.(this.bytes.toString('utf8', from, end), this.line)
    return end >= this.bytes.length ? end : this.passLineEnd(end)
  }

  private lineEndFrom(from: number): number {
    const { bytes, kinds } = this
    let at = from
    while (at < bytes.length && kinds[bytes[at]!] !== LINE_END) at++
    return at
  }

  /** Steps over the line end at `at` and counts it. */
  private passLineEnd(at: number): number {
    const ends = this.lineEnds
    const line = this.line++
    if (this.bytes[at] === LF) {
      if (ends.lf++ === 0) ends.firstLf = line
      return at + 1
    }
    if (this.bytes[at + 1] === LF) {
      if (ends.crlf++ === 0) ends.firstCrlf = line
      return at + 2
    }
    if (ends.cr++ === 0) ends.firstCr = line
    return at + 1
  }

  private widen(): void {
    const starts = new Int32Array(this.starts.length * 2)
    const ends = new Int32Array(this.ends.length * 2)
    starts.set(this.starts)
    ends.set(this.ends)
    this.starts = starts
    this.ends = ends
  }
}

const LF = 10
const CR = 13
const SPACE = 32
const TAB = 9
const QUOTE = 34
const DELIMITER = 1
const LINE_END = 2
const INCOMPLETE = -1
const QUOTE_OPEN = -2
