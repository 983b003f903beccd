import { describe, expect, it } from 'vitest'
import { inSharedMemory, openThreads } from './threads.js'

/** A thread that squares, later for smaller numbers, and falls over −1. */
const module = (): URL =>
  new URL(
    `data:text/javascript,${encodeURIComponent(`
      import { parentPort, workerData } from 'node:worker_threads'
      parentPort.on('message', ({ at, piece }) => {
        if (piece < 0) parentPort.postMessage({ at, fault: 'negative' })
        else setTimeout(() => parentPort.postMessage({ at, answer: workerData.add + piece * piece }), 20 - piece)
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
