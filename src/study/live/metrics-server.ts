import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Refusal, refuse } from '../../model/index.js'

export interface MetricsServer {
  readonly port: number
  close(): Promise<void>
}

/** Serves `/metrics` to this machine alone; `text` is asked at each scrape. A refusal where the port is taken. */
export function serveMetrics(port: number, text: () => string): Promise<MetricsServer | Refusal> {
  const server = createServer((request, response) => {
    const found = request.url === '/metrics' && request.method === 'GET'
    response.writeHead(found ? 200 : 404, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' })
    response.end(found ? text() : 'see /metrics\n')
  })
  return new Promise((resolve) => {
    server.once('error', (error) => resolve(refuse('unsupported', `metrics cannot be served on port ${port}: ${error.message}`)))
    server.listen(port, '127.0.0.1', () => {
      const close = (): Promise<void> =>
        new Promise((done) => {
          server.close(() => done())
          server.closeAllConnections()
        })
      resolve({ port: (server.address() as AddressInfo).port, close })
    })
  })
}
