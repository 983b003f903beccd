import { describe, expect, it } from 'vitest'
import { inSharedMemory, openThreads } from './threads.js'

/** A thread that squares, later for smaller numbers, and falls over −1. */
const module = (): URL =>
  new URL(
    `data:text/javascript,${encodeURIComponent(`
      import { parentPort, workerData } from 'node:worker_threads'
      parentPort.on('message', ({ pieces, taken }) => {
        const next = () => {
          const at = Atomics.add(taken, 0, 1)
          if (at >= pieces.length) return
          if (pieces[at] < 0) return parentPort.postMessage({ at, fault: 'negative' })
          setTimeout(() => {
            parentPort.postMessage({ at, answer: workerData.add + pieces[at] ** 2 })
            next()
          }, 20 - pieces[at])
        }
        next()
      })`)}`,
  )

describe('threads', () => {
  it('give answers in the order of the work, whoever was done first, with or without anybody counting', async () => {
    const pool = openThreads<{ add: number }, number, number>(module(), { add: 1 }, 3)
    const pieces = Array.from({ length: 12 }, (_, i) => i)
    const done: number[] = []
    expect(await pool.map(pieces, (n) => done.push(n))).toEqual(pieces.map((i) => i * i + 1))
    expect(done).toEqual(pieces.map((i) => i + 1))
    expect(await pool.map(pieces)).toEqual(pieces.map((i) => i * i + 1))
    expect(await pool.map([])).toEqual([])
    await pool.close()
  })

  it('the calling thread is one of them where it is given the work, alone too', async () => {
    const squares =
      ({ add }: { add: number }) =>
      (piece: number) =>
        add + piece * piece
    const pieces = Array.from({ length: 40 }, (_, i) => i % 20)
    for (const size of [1, 3]) {
      const pool = openThreads<{ add: number }, number, number>(module(), { add: 2 }, size, squares)
      expect(pool.size).toBe(size)
      const done: number[] = []
      expect(await pool.map(pieces, (n) => done.push(n))).toEqual(pieces.map((i) => i * i + 2))
      expect(done).toEqual(pieces.map((_, i) => i + 1))
      await pool.close()
    }
    const falls = (): ((piece: number) => number) => () => {
      throw new Error('negative')
    }
    const pool = openThreads<{ add: number }, number, number>(module(), { add: 0 }, 1, falls)
    await expect(pool.map([-1])).rejects.toThrow('a thread failed')
    await pool.close()
  })

  it('end with the fault of any piece', async () => {
    const pool = openThreads<{ add: number }, number, number>(module(), { add: 0 }, 2)
    await expect(pool.map([1, -1, 2])).rejects.toThrow('a thread failed')
    await expect(pool.map([1])).rejects.toThrow('a thread failed')
    await pool.close()
  })

  it('share columns: what one writes the other sees', () => {
    const columns = inSharedMemory({ count: 2, a: Float64Array.of(1, 2), b: Uint16Array.of(3) })
    expect(columns.a.buffer).toBeInstanceOf(SharedArrayBuffer)
    expect([...columns.a, ...columns.b, columns.count]).toEqual([1, 2, 3, 2])
  })
})
