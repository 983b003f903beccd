/** One request to slurmrestd, over TCP or a unix socket, with a limit on how long the whole of it may take. */
import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { type Refusal, refuse } from '../../model/index.js'

export interface HttpAnswer {
  readonly status: number
  readonly text: string
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export function send(
  url: string,
  { method, path, headers, body }: HttpRequest,
  timeoutSeconds: number,
): Promise<HttpAnswer | Refusal> {
  const socketPath = url.startsWith('unix:') ? url.slice('unix:'.length) : undefined
  const open = url.startsWith('https:') ? requestHttps : requestHttp
  const target = socketPath === undefined ? new URL(path, url) : { socketPath, path }
  return new Promise((resolve) => {
    const failed = (what: string, extra?: Record<string, number>): void =>
      resolve(refuse('no-data', `slurmrestd: ${what}`, extra))
    const options = {
      method,
      headers: {
        ...headers,
        // slurmrestd of 22.05 answers `close` with a header behind the body, where no reader expects one; so we close ourselves
        Connection: 'keep-alive',
        ...(body === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }),
      },
      agent: false as const,
    }
    const call =
      target instanceof URL
        ? open(target, options, (answer) => collect(answer))
        : open({ ...target, ...options }, (answer) => collect(answer))
    const timer = setTimeout(() => {
      failed(`no answer for ${timeoutSeconds} s`, { unansweredSeconds: timeoutSeconds })
      call.destroy()
    }, timeoutSeconds * 1000)
    const collect = (answer: IncomingMessage): void => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('error', (cause) => failed(cause.message))
      answer.on('end', () => {
        clearTimeout(timer)
        resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') })
        call.destroy()
      })
      answer.on('aborted', () => failed('the answer broke off', { unansweredSeconds: 0 }))
    }
    call.on('error', (cause: NodeJS.ErrnoException) => {
      clearTimeout(timer)
      // once sent, a request may have been carried out although its answer was lost
      failed(
        cause.code ?? cause.message,
        cause.code === 'ECONNREFUSED' || cause.code === 'ENOENT' ? undefined : { unansweredSeconds: 0 },
      )
    })
    call.end(body)
  })
}
