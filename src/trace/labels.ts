import type { LabelColumn } from '../model/index.js'

/**
 * Gives each different run of bytes a code, 0, 1, 2… in order of first appearance, without making a string a row.
 *
 * An open-addressing hash table (FNV-1a) over one byte arena: a lookup costs one pass over the label, memory is the distinct labels only.
 */
export class LabelTable {
  private slots = new Int32Array(1024)
  private hashes = new Int32Array(512)
  private offsets = new Int32Array(513)
  private arena = Buffer.allocUnsafe(4096)
  /** How many different labels were met. */
  size = 0

  /** The code of the label; a label not met before gets the next code, which then equals the `size` before the call. */
  code(bytes: Uint8Array, from: number, to: number): number {
    let hash = 0x811c9dc5
    for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193)
    hash ^= hash >>> 15
    const mask = this.slots.length - 1
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const code = this.slots[slot]! - 1
      if (code < 0) return this.add(bytes, from, to, hash, slot)
      if (this.hashes[code] === hash && this.holds(code, bytes, from, to)) return code
    }
  }

  /** The label of a code. */
  text(code: number): string {
    return this.arena.toString('utf8', this.offsets[code], this.offsets[code + 1])
  }

  /** All labels by code. */
  texts(): string[] {
    return Array.from({ length: this.size }, (_, code) => this.text(code))
  }

  private holds(code: number, bytes: Uint8Array, from: number, to: number): boolean {
    const start = this.offsets[code]!
    if (this.offsets[code + 1]! - start !== to - from) return false
    for (let i = from, j = start; i < to; i++, j++) if (bytes[i] !== this.arena[j]) return false
    return true
  }

  private add(bytes: Uint8Array, from: number, to: number, hash: number, slot: number): number {
    const code = this.size++
    if (this.size >= this.hashes.length) {
      this.hashes = grown(this.hashes)
      this.offsets = grown(this.offsets)
    }
    const start = this.offsets[code]!
    const end = start + (to - from)
    if (end > this.arena.length) {
      const larger = Buffer.allocUnsafe(Math.max(end, this.arena.length * 2))
      larger.set(this.arena)
      this.arena = larger
    }
    for (let i = from, j = start; i < to; i++, j++) this.arena[j] = bytes[i]!
    this.offsets[code + 1] = end
    this.hashes[code] = hash
    this.slots[slot] = code + 1
    if (this.size * 2 > this.slots.length) this.rehash()
    return code
  }

  private rehash(): void {
    const slots = new Int32Array(this.slots.length * 4)
    const mask = slots.length - 1
    for (let code = 0; code < this.size; code++) {
      let slot = this.hashes[code]! & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = code + 1
    }
    this.slots = slots
  }
}

function grown(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2 + 1)
  larger.set(array)
  return larger
}

/** A label column from codes and the table that gave them. */
export function labelColumn(codes: Int32Array, table: LabelTable): LabelColumn {
  return { codes, labels: table.texts() }
}
