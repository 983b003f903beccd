/**
 * Matrix products over one block of memory: the inner loop of the net. Written as WebAssembly with 128-bit vectors, two products at a time, assembled here
 * from its instructions when first asked for; in plain TypeScript where a host has no WebAssembly. Both add in the same order and give the same bytes.
 */
export interface Heap {
  /** The memory; what `product` reads and writes. */
  readonly numbers: Float64Array
  /** A stretch of the memory, aligned for `product`, filled with 0. Throws a fault when the heap is full. */
  take(length: number): Stretch
  /**
   * C = A·B for m × k and k × n, n and m multiples of 4. Entry (i, l) of A is at `a + i·aRow + l·aStep`; B and C are row-major, their rows n apart. All counted
   * in numbers.
   */
  product(a: number, aRow: number, aStep: number, b: number, c: number, m: number, n: number, k: number): void
}

/** A part of a heap. */
export interface Stretch {
  readonly at: number
  readonly numbers: Float64Array
}

/** `n` rounded up to a multiple of 4. */
export function padded(n: number): number {
  return (n + 3) & ~3
}

/** A heap of so many numbers. `plain` asks for the TypeScript product. */
export function heapOf(length: number, plain = false): Heap {
  const size = padded(length)
  const fast = plain ? undefined : wasmHeap(size)
  const numbers = fast?.numbers ?? new Float64Array(size)
  let taken = 0
  return {
    numbers,
    take: (count) => {
      const at = taken
      taken += padded(count)
      if (taken > size) throw new Error(`heap of ${size} numbers asked for ${taken}`)
      return { at, numbers: numbers.subarray(at, at + count) }
    },
    product:
      fast?.product ??
      ((a, aRow, aStep, b, c, m, n, k) => {
        plainProduct(numbers, a, aRow, aStep, b, c, m, n, k)
      }),
  }
}

/** 2 × 4 entries of C at a time, their sums in registers; each sum runs over k in order. */
function plainProduct(
  h: Float64Array,
  a: number,
  aRow: number,
  aStep: number,
  b: number,
  c: number,
  m: number,
  n: number,
  k: number,
): void {
  for (let i = 0; i < m; i += 2) {
    for (let j = 0; j < n; j += 4) {
      let [c00, c01, c02, c03, c10, c11, c12, c13] = [0, 0, 0, 0, 0, 0, 0, 0]
      for (let l = 0, p = a + i * aRow, q = b + j; l < k; l++, p += aStep, q += n) {
        const x = h[p]
        const y = h[p + aRow]
        const b0 = h[q]
        const b1 = h[q + 1]
        const b2 = h[q + 2]
        const b3 = h[q + 3]
        c00 += x * b0
        c01 += x * b1
        c02 += x * b2
        c03 += x * b3
        c10 += y * b0
        c11 += y * b1
        c12 += y * b2
        c13 += y * b3
      }
      const o = c + i * n + j
      h[o] = c00
      h[o + 1] = c01
      h[o + 2] = c02
      h[o + 3] = c03
      h[o + n] = c10
      h[o + n + 1] = c11
      h[o + n + 2] = c12
      h[o + n + 3] = c13
    }
  }
}

/** The part of the host’s WebAssembly that is used here; core compiles without the types of Node or the DOM. */
declare const WebAssembly:
  | undefined
  | {
      Memory: new (descriptor: { initial: number }) => { readonly buffer: ArrayBuffer }
      Module: new (bytes: Uint8Array) => object
      Instance: new (module: object, imports: object) => { readonly exports: Record<string, unknown> }
    }

function wasmHeap(size: number): { numbers: Float64Array; product: Heap['product'] } | undefined {
  if (typeof WebAssembly === 'undefined') return undefined
  try {
    const memory = new WebAssembly.Memory({ initial: Math.ceil((size * 8) / 65_536) })
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(assembled()), { host: { memory } })
    const run = exports['product'] as (...numbers: number[]) => void
    return {
      numbers: new Float64Array(memory.buffer, 0, size),
      product: (a, aRow, aStep, b, c, m, n, k) => {
        run(8 * a, 8 * aRow, 8 * aStep, 8 * b, 8 * c, m, 8 * n, k)
      },
    }
  } catch {
    // a host without vectors, or without room for one more memory: the plain product gives the same bytes
    return undefined
  }
}

/** The module: one function over an imported memory. Instruction codes are those of the WebAssembly core specification 2.0. */
function assembled(): Uint8Array {
  const unsigned = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)])
  const signed = (value: number): number[] =>
    value >= -64 && value < 64 ? [value & 127] : [(value & 127) | 128, ...signed(value >> 7)]
  const sized = (bytes: number[]): number[] => [...unsigned(bytes.length), ...bytes]
  const word = (text: string): number[] => sized(Array.from(text, (letter) => letter.charCodeAt(0)))
  const section = (id: number, bytes: number[]): number[] => [id, ...sized(bytes)]

  const [i32, v128] = [0x7f, 0x7b]
  const get = (local: number): number[] => [0x20, ...unsigned(local)]
  const set = (local: number): number[] => [0x21, ...unsigned(local)]
  const constant = (value: number): number[] => [0x41, ...signed(value)]
  const add = [0x6a]
  const multiply = [0x6c]
  const below = [0x48]
  const vector = (code: number, ...more: number[]): number[] => [0xfd, ...unsigned(code), ...more]
  const load = (offset: number): number[] => vector(0x00, 3, ...unsigned(offset))
  const loadTwice = vector(0x0a, 3, 0) // v128.load64_splat
  const store = (offset: number): number[] => vector(0x0b, 3, ...unsigned(offset))
  const zero = vector(0x0c, ...new Array<number>(16).fill(0))
  const addTwo = vector(0xf0) // f64x2.add
  const multiplyTwo = vector(0xf2) // f64x2.mul
  /** Repeats while `counter`, after growing by `by`, is below `limit`. At least once. */
  const loop = (counter: number, by: number, limit: number, body: number[]): number[] => [
    ...[0x03, 0x40],
    ...body,
    ...get(counter),
    ...constant(by),
    ...add,
    ...set(counter),
    ...get(counter),
    ...get(limit),
    ...below,
    ...[0x0d, 0, 0x0b],
  ]
  const advance = (local: number, by: number): number[] => [...get(local), ...get(by), ...add, ...set(local)]

  // parameters: addresses and strides in bytes, n in bytes, m and k in numbers
  const [a, aRow, aStep, b, c, m, n, k] = [0, 1, 2, 3, 4, 5, 6, 7]
  // i, j, l count; four rows of A, one of B, one of C
  const [i, j, l, row, q, o] = [8, 9, 10, 11, 12, 13]
  const p = [14, 15, 16, 17]
  const sums = [18, 19, 20, 21, 22, 23, 24, 25]
  const [left, right, x] = [26, 27, 28]

  const inner = [
    ...get(q),
    ...load(0),
    ...set(left),
    ...get(q),
    ...load(16),
    ...set(right),
    ...p.flatMap((pointer, r) => [
      ...get(pointer),
      ...loadTwice,
      ...set(x),
      ...get(sums[2 * r]),
      ...get(x),
      ...get(left),
      ...multiplyTwo,
      ...addTwo,
      ...set(sums[2 * r]),
      ...get(sums[2 * r + 1]),
      ...get(x),
      ...get(right),
      ...multiplyTwo,
      ...addTwo,
      ...set(sums[2 * r + 1]),
      ...advance(pointer, aStep),
    ]),
    ...advance(q, n),
  ]
  const tile = [
    ...sums.flatMap((sum) => [...zero, ...set(sum)]),
    ...get(row),
    ...set(p[0]),
    ...[1, 2, 3].flatMap((r) => [...get(p[r - 1]), ...get(aRow), ...add, ...set(p[r])]),
    ...get(b),
    ...get(j),
    ...add,
    ...set(q),
    ...constant(0),
    ...set(l),
    ...loop(l, 1, k, inner),
    ...get(c),
    ...get(j),
    ...add,
    ...set(o),
    ...[0, 1, 2, 3].flatMap((r) => [
      ...get(o),
      ...get(sums[2 * r]),
      ...store(0),
      ...get(o),
      ...get(sums[2 * r + 1]),
      ...store(16),
      ...advance(o, n),
    ]),
  ]
  const code = [
    ...get(a),
    ...set(row),
    ...constant(0),
    ...set(i),
    ...loop(i, 4, m, [
      ...constant(0),
      ...set(j),
      ...loop(j, 32, n, tile),
      // four rows on, in A and in C
      ...get(row),
      ...get(aRow),
      ...constant(4),
      ...multiply,
      ...add,
      ...set(row),
      ...get(c),
      ...get(n),
      ...constant(4),
      ...multiply,
      ...add,
      ...set(c),
    ]),
    0x0b,
  ]
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 8, ...new Array<number>(8).fill(i32), 0]),
    ...section(2, [1, ...word('host'), ...word('memory'), 0x02, 0x00, 0]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...word('product'), 0x00, 0]),
    ...section(10, [1, ...sized([2, 10, i32, 11, v128, ...code])]),
  ])
}
