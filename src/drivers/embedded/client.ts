/** The driver of an embedded cluster: asks its daemon, over its private socket. */
import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { dirname } from 'node:path'
import {
  type Capabilities,
  type Clock,
  type Driver,
  isRefusal,
  type Observation,
  type Refusal,
  refuse,
} from '../../model/index.js'
import { anchoredClock } from './clock.js'
import { type Lines, linesOver } from './lines.js'
import { raplMeter } from './meter.js'
import { refusesPlace } from './place.js'
import type { Answered, Answers, EmbeddedStatus, Request } from './protocol.js'

/** The counters move every millisecond: over less than this their steps would show. */
const LEAST_METERED_SECONDS = 0.02

export interface EmbeddedDriverOptions {
  /** `cluster.sock` in the directory of the cluster. */
  readonly socket: string
  /** Names this controller in the journal and to others that want to steer. Default: its process and a random part. */
  readonly controller?: string
  /** How long an answer may take. Default 30 s. */
  readonly timeoutSeconds?: number
}

/** A driver that can tell more of its cluster than the contract asks for. */
export interface EmbeddedDriver extends Driver {
  status(): Promise<EmbeddedStatus | Refusal>
  /** Ends the daemon, and with `cancel` the jobs that live before; refused while any live without. */
  stopCluster(cancel: boolean): Promise<{ readonly stopping: true } | Refusal>
}

/** Connects to the daemon; a refusal where there is none, or where others could pretend to be it. */
export async function embeddedDriver(options: EmbeddedDriverOptions): Promise<EmbeddedDriver | Refusal> {
  const { socket: path, timeoutSeconds = 30 } = options
  const controller = options.controller ?? `${process.pid}-${randomBytes(4).toString('hex')}`
  const refusal = refusesPlace(dirname(path))
  if (refusal) return refusal
  const line = new Line(path, controller, timeoutSeconds)
  const hello = await line.ask({ call: 'hello' })
  if (isRefusal(hello)) return hello
  return driverOver(line, anchoredClock(hello.anchor))
}

function driverOver(line: Line, clock: Clock): EmbeddedDriver {
  const power = powerBetweenLooks(clock)
  return {
    name: 'embedded',
    clock,
    async capabilities(): Promise<Capabilities> {
      const answer = await line.ask({ call: 'capabilities' })
      if (isRefusal(answer)) throw new Error(answer.message)
      return answer
    },
    async observe(options) {
      const seen = await line.ask({ call: 'observe', ...(options === undefined ? {} : { options }) })
      const metered = power()
      return isRefusal(seen) || metered === undefined ? seen : { ...seen, power: metered }
    },
    enact: (action) => line.ask({ call: 'enact', action }),
    status: () => line.ask({ call: 'status' }),
    stopCluster: (cancel) => line.ask({ call: 'stop', cancel }),
    async close() {
      await line.ask({ call: 'release' })
      line.close()
    },
  }
}

/** Mean watts of this machine since the look before, where it has a meter that may be read. */
function powerBetweenLooks(clock: Clock): () => Observation['power'] {
  const meter = raplMeter()
  if (meter === undefined) return () => undefined
  let [joules, at] = [meter.joules(), clock.monotonic()]
  let watts: number | undefined
  return () => {
    const [nowJoules, now] = [meter.joules(), clock.monotonic()]
    if (now - at > LEAST_METERED_SECONDS) {
      watts = (nowJoules - joules) / (now - at)
      ;[joules, at] = [nowJoules, now]
    }
    return watts === undefined ? undefined : { watts, source: meter.source }
  }
}

/** A connection that is made anew after it broke, as when the daemon was started again. */
class Line {
  private open: Promise<{ readonly socket: Socket; readonly lines: Lines } | undefined> | undefined
  private readonly waiting = new Map<number, (answered: Answered | undefined) => void>()
  private asked = 0

  constructor(
    private readonly path: string,
    private readonly controller: string,
    private readonly timeoutSeconds: number,
  ) {}

  /** A refusal where nobody answers. What was asked may have been done all the same; asking again does not do it twice. */
  async ask<Call extends Request['call']>(request: Extract<Request, { call: Call }>): Promise<Answers[Call] | Refusal> {
    this.open ??= this.connect()
    const line = await this.open
    if (line === undefined) {
      this.open = undefined
      return refuse('no-data', `nobody answers at ${this.path}`)
    }
    const id = ++this.asked
    const answered = await new Promise<Answered | undefined>((resolve) => {
      const timer = setTimeout(() => resolve(undefined), this.timeoutSeconds * 1000)
      this.waiting.set(id, (value) => {
        clearTimeout(timer)
        resolve(value)
      })
      line.lines.send({ id, controller: this.controller, request })
    })
    this.waiting.delete(id)
    if (answered === undefined) return refuse('no-data', `the daemon at ${this.path} did not answer`)
    if (answered.fault !== undefined) throw new Error(`the daemon at ${this.path} met a fault: ${answered.fault}`)
    return answered.answer as Answers[Call]
  }

  close(): void {
    void this.open?.then((line) => line?.lines.close())
    this.open = undefined
  }

  private connect(): Promise<{ readonly socket: Socket; readonly lines: Lines } | undefined> {
    return new Promise((resolve) => {
      const socket = connect(this.path)
      socket.once('connect', () => resolve({ socket, lines: linesOver(socket, (value) => this.answered(value as Answered)) }))
      socket.on('error', () => resolve(undefined))
      socket.on('close', () => {
        this.open = undefined
        for (const answer of this.waiting.values()) answer(undefined)
      })
    })
  }

  private answered(answered: Answered): void {
    this.waiting.get(answered.id)?.(answered)
  }
}
