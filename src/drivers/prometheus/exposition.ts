/** Numbers of halftone’s own as Prometheus scrapes them: the text format, version 0.0.4, and an HTTP server that says nothing else. */
import { createServer } from 'node:http'
import { isRefusal, type Metric, type Refusal, refuse } from '../../model/index.js'

/** The text of a scrape. A name or label that the format does not allow is a fault; a value may be infinite or NaN, which the format has words for. */
export function exposition(metrics: readonly Metric[]): string {
  const seen = new Set<string>()
  return metrics.map((metric) => textOf(metric, seen)).join('')
}

function textOf({ name, kind, help, samples }: Metric, seen: Set<string>): string {
  if (!/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name)) throw new Error(`${JSON.stringify(name)} is no name of a metric`)
  if (seen.has(name)) throw new Error(`the metric ${name} is there twice`)
  seen.add(name)
  const lines = [`# HELP ${name} ${escaped(help, false)}`, `# TYPE ${name} ${kind}`]
  for (const { value, labels = {} } of samples) {
    const pairs = Object.entries(labels).map(([label, text]) => {
      if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(label)) throw new Error(`${JSON.stringify(label)} is no name of a label`)
      return `${label}="${escaped(text, true)}"`
    })
    lines.push(`${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${number(value)}`)
  }
  return `${lines.join('\n')}\n`
}

function escaped(text: string, quotes: boolean): string {
  const plain = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
  return quotes ? plain.replaceAll('"', '\\"') : plain
}

function number(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  return Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : '-Inf'
}

export interface MetricsServer {
  readonly host: string
  readonly port: number
  close(): Promise<void>
}

export interface MetricsServerOptions {
  /** 0: any that is free. */
  readonly port: number
  /** Default 127.0.0.1. */
  readonly host?: string
  /** What there is to tell now; a refusal is answered as 503 with its message. */
  readonly read: () => readonly Metric[] | Refusal | Promise<readonly Metric[] | Refusal>
}

/** Serves `/metrics` until it is closed; a refusal where the address is taken or may not be used. */
export function serveMetrics({ port, host = '127.0.0.1', read }: MetricsServerOptions): Promise<MetricsServer | Refusal> {
  const server = createServer(async (request, response) => {
    const say = (status: number, text: string, type = 'text/plain; charset=utf-8'): void => {
      response
        .writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' })
        .end(request.method === 'HEAD' ? undefined : text)
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') return say(405, 'only GET\n')
    if (request.url?.split('?')[0] !== '/metrics') return say(404, 'there is only /metrics\n')
    try {
      const metrics = await read()
      if (isRefusal(metrics)) say(503, `${metrics.message}\n`)
      else say(200, exposition(metrics), 'text/plain; version=0.0.4; charset=utf-8')
    } catch (cause) {
      say(500, `${(cause as Error).message}\n`)
    }
  })
  return new Promise((resolve) => {
    server.once('error', (error) =>
      resolve(refuse('unsupported', `metrics cannot be served on ${host}:${port}: ${error.message}`)),
    )
    server.listen(port, host, () => {
      const { port: bound } = server.address() as { port: number }
      const close = (): Promise<void> =>
        new Promise((done) => {
          server.close(() => done())
          server.closeAllConnections()
        })
      resolve({ host, port: bound, close })
    })
  })
}
