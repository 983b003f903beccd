/**
 * Threads as a pool that keeps its order: work goes out to whoever is free, answers come back in the order of the work, so that what is
 * computed does not depend on how many threads compute it. Columns in shared memory are seen by all of them without a copy.
 */
import { parentPort, Worker, workerData } from 'node:worker_threads'

export interface Threads<Piece, Answer> {
  readonly size: number
  /** Does all pieces and returns the answers in their order; `onDone` is called with how many are done. The first fault ends it. */
  map(pieces: readonly Piece[], onDone?: (done: number) => void): Promise<Answer[]>
  close(): Promise<void>
}

/** What a thread is sent: the pieces of a map, and the shared number of those that were taken. */
interface Asked<Piece> {
  readonly pieces: readonly Piece[]
  readonly taken: Int32Array
}

/** What a thread sends back. */
interface Sent<Answer> {
  readonly at: number
  readonly answer: Answer
  readonly fault?: string
}

/**
 * Starts threads that run `module` (which calls `serveThread`); `setup` is handed to each once. One `map` at a time.
 *
 * Whoever is free takes the next piece off a shared counter, so that nobody waits to be given one. With `own`, the calling thread is one of the
 * `size` and begins at once, while the others still load; it looks up between two pieces only, so pieces should be short then.
 */
export function openThreads<Setup, Piece, Answer>(
  module: URL,
  setup: Setup,
  size: number,
  own?: (setup: Setup) => (piece: Piece) => Answer,
): Threads<Piece, Answer> {
  const wanted = Math.max(1, size)
  const workers = Array.from({ length: own === undefined ? wanted : wanted - 1 }, () => new Worker(module, { workerData: setup }))
  const work = own?.(setup)
  let closing = false
  let fault: unknown
  /** What to do with what arrives, while a map is under way. */
  let under: { took(sent: Sent<Answer>): void; failed(cause: unknown): void } | undefined
  const failed = (cause: unknown): void => {
    if (closing) return
    fault ??= cause
    under?.failed(cause)
  }
  for (const worker of workers) {
    worker.on('message', (sent: Sent<Answer>) => {
      if (sent.fault === undefined) under?.took(sent)
      else failed(new Error(sent.fault))
    })
    worker.on('error', failed)
    worker.on('exit', (code) => failed(new Error(`a thread ended with code ${code}`)))
  }
  return {
    size: wanted,
    map(pieces, onDone) {
      return new Promise<Answer[]>((resolve, reject) => {
        if (fault !== undefined) return reject(new Error('a thread failed', { cause: fault }))
        const answers = new Array<Answer>(pieces.length)
        if (pieces.length === 0) return resolve(answers)
        let done = 0
        const mine = {
          took({ at, answer }: Sent<Answer>) {
            answers[at] = answer
            done++
            onDone?.(done)
            if (done < pieces.length) return
            under = undefined
            resolve(answers)
          },
          failed(cause: unknown) {
            under = undefined
            reject(new Error('a thread failed', { cause }))
          },
        }
        under = mine
        const taken = new Int32Array(new SharedArrayBuffer(4))
        const asked: Asked<Piece> = { pieces, taken }
        for (const worker of workers) worker.postMessage(asked)
        if (work === undefined) return
        const next = (): void => {
          const at = Atomics.add(taken, 0, 1)
          if (at >= pieces.length || under !== mine) return
          try {
            mine.took({ at, answer: work(pieces[at]!) })
            // what the others sent meanwhile comes in before the next
            setImmediate(next)
          } catch (error) {
            failed(error)
          }
        }
        next()
      })
    },
    async close() {
      closing = true
      await Promise.all(workers.map((worker) => worker.terminate()))
    },
  }
}

/**
 * What the module of a thread calls: makes the function that does a piece from the setup, and serves. Does nothing on the main thread.
 * `handsOver` names what of an answer changes hands without a copy; the thread must not look at it again.
 */
export function serveThread<Setup, Piece, Answer>(
  make: (setup: Setup) => (piece: Piece) => Answer,
  handsOver: (answer: Answer) => ArrayBuffer[] = () => [],
): void {
  const port = parentPort
  if (port === null) return
  const work = make(workerData as Setup)
  port.on('message', ({ pieces, taken }: Asked<Piece>) => {
    for (let at = Atomics.add(taken, 0, 1); at < pieces.length; at = Atomics.add(taken, 0, 1)) {
      try {
        const answer = work(pieces[at]!)
        port.postMessage({ at, answer }, handsOver(answer))
      } catch (error) {
        port.postMessage({ at, fault: error instanceof Error ? (error.stack ?? error.message) : String(error) })
      }
    }
  })
}

/** The same columns in memory that threads share: every typed array of a flat record is copied once into a shared buffer. */
export function inSharedMemory<T extends object>(columns: T): T {
  const out: Record<string, unknown> = {}
  for (const [name, column] of Object.entries(columns)) {
    if (!ArrayBuffer.isView(column) || column instanceof DataView) {
      out[name] = column
      continue
    }
    const from = column as Float64Array
    const Column = from.constructor as Float64ArrayConstructor
    const shared = new Column(new SharedArrayBuffer(from.byteLength), 0, from.length)
    shared.set(from)
    out[name] = shared
  }
  return out as T
}
