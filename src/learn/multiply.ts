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
  /** Adds `biases` to each of `rows` rows of `width` numbers at `at`, and makes 0 of what is not positive. `width` a multiple of 4, as below. */
  rectify(at: number, biases: number, width: number, rows: number): void
  /** Makes 0 of each of `count` numbers at `at` where the number at `like` is not positive. */
  mask(at: number, like: number, count: number): void
  /** Writes the sums of the columns of `rows` rows at `at` to `sums`. */
  columnSums(at: number, sums: number, width: number, rows: number): void
}

type Kernels = Pick<Heap, 'product' | 'rectify' | 'mask' | 'columnSums'>

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
    ...(fast?.kernels ?? plainKernels(numbers)),
  }
}

function plainKernels(h: Float64Array): Kernels {
  return {
    product: (a, aRow, aStep, b, c, m, n, k) => {
      plainProduct(h, a, aRow, aStep, b, c, m, n, k)
    },
    rectify: (at, biases, width, rows) => {
      for (let p = at, end = at + rows * width; p < end; p += width)
        for (let j = 0; j < width; j++) {
          const z = h[p + j] + h[biases + j]
          h[p + j] = z
          if (!(z > 0)) h[p + j] = 0
        }
    },
    mask: (at, like, count) => {
      for (let p = 0; p < count; p++) if (!(h[like + p] > 0)) h[at + p] = 0
    },
    columnSums: (at, sums, width, rows) => {
      h.fill(0, sums, sums + width)
      for (let p = at, end = at + rows * width; p < end; p += width) for (let j = 0; j < width; j++) h[sums + j] += h[p + j]
    },
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

function wasmHeap(size: number): { numbers: Float64Array; kernels: Kernels } | undefined {
  if (typeof WebAssembly === 'undefined') return undefined
  try {
    const memory = new WebAssembly.Memory({ initial: Math.ceil((size * 8) / 65_536) })
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(assembled()), { host: { memory } })
    const run = exports as Record<keyof Kernels, (...numbers: number[]) => void>
    return {
      numbers: new Float64Array(memory.buffer, 0, size),
      kernels: {
        product: (a, aRow, aStep, b, c, m, n, k) => {
          run.product(8 * a, 8 * aRow, 8 * aStep, 8 * b, 8 * c, m, 8 * n, k)
        },
        rectify: (at, biases, width, rows) => {
          run.rectify(8 * at, 8 * biases, 8 * width, rows)
        },
        mask: (at, like, count) => {
          run.mask(8 * at, 8 * like, 8 * count, 0)
        },
        columnSums: (at, sums, width, rows) => {
          run.columnSums(8 * at, 8 * sums, 8 * width, rows)
        },
      },
    }
  } catch {
    // a host without vectors, or without room for one more memory: the plain product gives the same bytes
    return undefined
  }
}

/** The module: four functions over an imported memory. Instruction codes are those of the WebAssembly core specification 2.0. */
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
  // the simple ones: two addresses, bytes of a row and rows; then i, j and a third address; then two vectors
  const [first, second, width, rows, outer, across, third] = [0, 1, 2, 3, 4, 5, 6]
  const [held, nought] = [7, 8]
  const along = (start: number): number[] => [...get(start), ...get(across), ...add]
  const rectify = [
    ...zero,
    ...set(nought),
    ...constant(0),
    ...set(outer),
    ...loop(outer, 1, rows, [
      ...constant(0),
      ...set(across),
      ...loop(across, 16, width, [
        ...along(first),
        ...get(nought),
        ...along(first),
        ...load(0),
        ...along(second),
        ...load(0),
        ...addTwo,
        ...vector(0xf7), // f64x2.pmax: 0 < z ? z : 0
        ...store(0),
      ]),
      ...advance(first, width),
    ]),
    0x0b,
  ]
  const mask = [
    ...zero,
    ...set(nought),
    ...constant(0),
    ...set(across),
    ...loop(across, 16, width, [
      ...along(first),
      ...along(first),
      ...load(0),
      ...along(second),
      ...load(0),
      ...get(nought),
      ...vector(0x4a), // f64x2.gt
      ...vector(0x4e), // v128.and
      ...store(0),
    ]),
    0x0b,
  ]
  const columnSums = [
    ...constant(0),
    ...set(across),
    ...loop(across, 16, width, [
      ...zero,
      ...set(held),
      ...along(first),
      ...set(third),
      ...constant(0),
      ...set(outer),
      ...loop(outer, 1, rows, [...get(held), ...get(third), ...load(0), ...addTwo, ...set(held), ...advance(third, width)]),
      ...along(second),
      ...get(held),
      ...store(0),
    ]),
    0x0b,
  ]
  const simple = (body: number[]): number[] => sized([2, 3, i32, 2, v128, ...body])
  const takes = (count: number): number[] => [0x60, count, ...new Array<number>(count).fill(i32), 0]
  const named = (name: string, index: number): number[] => [...word(name), 0x00, index]
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [2, ...takes(8), ...takes(4)]),
    ...section(2, [1, ...word('host'), ...word('memory'), 0x02, 0x00, 0]),
    ...section(3, [4, 0, 1, 1, 1]),
    ...section(7, [4, ...named('product', 0), ...named('rectify', 1), ...named('mask', 2), ...named('columnSums', 3)]),
    ...section(10, [4, ...sized([2, 10, i32, 11, v128, ...code]), ...simple(rectify), ...simple(mask), ...simple(columnSums)]),
  ])
}
