/**
 * Columns that are used again by the next replication, so that memory is asked for once. A column handed out is as the last user left it;
 * what one run returns is overwritten by the next run in the same workspace.
 */
export class Workspace {
  private readonly held = new Map<string, ArrayBuffer>()

  float64(name: string, count: number): Float64Array {
    return new Float64Array(this.buffer(name, 8 * count), 0, count)
  }

  int32(name: string, count: number): Int32Array {
    return new Int32Array(this.buffer(name, 4 * count), 0, count)
  }

  uint16(name: string, count: number): Uint16Array {
    return new Uint16Array(this.buffer(name, 2 * count), 0, count)
  }

  uint8(name: string, count: number): Uint8Array {
    return new Uint8Array(this.buffer(name, count), 0, count)
  }

  private buffer(name: string, bytes: number): ArrayBuffer {
    const old = this.held.get(name)
    if (old !== undefined && old.byteLength >= bytes) return old
    const fresh = new ArrayBuffer(bytes)
    this.held.set(name, fresh)
    return fresh
  }
}
