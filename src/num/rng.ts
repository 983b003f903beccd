/**
 * Pseudo-random streams: sfc32 (Chris Doty-Humphrey, PractRand), seeded by splitmix32 over a seed and a name, so that adding a stream
 * does not disturb the others and two runs can be compared on the same luck.
 *
 * State lives in an Int32Array: 32-bit integers stay unboxed in hot loops.
 */
export class Rng {
  readonly state = new Int32Array(4)

  /** The stream `name` of `seed`. Equal arguments give equal streams. */
  constructor(
    readonly seed: number,
    readonly name = '',
  ) {
    let h = (seed | 0) ^ 0x9e3779b9 ^ Math.imul(Math.floor(seed / 4294967296) | 0, 0x85ebca6b)
    for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193)
    for (let i = 0; i < 4; i++) {
      h = (h + 0x9e3779b9) | 0
      let t = h ^ (h >>> 16)
      t = Math.imul(t, 0x21f0aaad)
      t ^= t >>> 15
      t = Math.imul(t, 0x735a2d97)
      this.state[i] = t ^ (t >>> 15)
    }
    this.state[3] = 1
    for (let i = 0; i < 12; i++) this.bits()
  }

  /** 32 random bits as a signed integer. */
  bits(): number {
    const s = this.state
    const t = (((s[0]! + s[1]!) | 0) + s[3]!) | 0
    s[3] = (s[3]! + 1) | 0
    s[0] = s[1]! ^ (s[1]! >>> 9)
    s[1] = (s[2]! + (s[2]! << 3)) | 0
    s[2] = (s[2]! << 21) | (s[2]! >>> 11)
    s[2] = (s[2]! + t) | 0
    return t
  }

  /** Uniform on [0, 1), 53 random bits. */
  uniform(): number {
    const high = this.bits() >>> 6
    const low = this.bits() >>> 5
    return (high * 134217728 + low) * 1.1102230246251565e-16
  }

  /** Exponential with mean 1, by inversion: −ln(1 − U). */
  exponential(): number {
    return -Math.log1p(-this.uniform())
  }

  /** Standard normal (Marsaglia's polar method, one of the pair used). */
  normal(): number {
    for (;;) {
      const u = 2 * this.uniform() - 1
      const v = 2 * this.uniform() - 1
      const s = u * u + v * v
      if (s > 0 && s < 1) return u * Math.sqrt((-2 * Math.log(s)) / s)
    }
  }

  /** Uniform integer on [0, n). `n` at most 2³². */
  below(n: number): number {
    return Math.floor(this.uniform() * n)
  }

  /** The sub-stream `name` of this stream: independent of what was drawn from it so far. */
  stream(name: string): Rng {
    return new Rng(this.seed, `${this.name}/${name}`)
  }
}
