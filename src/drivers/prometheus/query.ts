/** One question to Prometheus’s HTTP API. Whatever goes wrong is a refusal with the server’s own words, and never with the token. */
import { isRefusal, type Refusal, refuse, shown } from '../../model/index.js'
import { readToken } from '../token.js'

export interface PrometheusServer {
  /** `http://host:9090`, with a path before `/api/v1` where a proxy has one. */
  readonly url: string
  /** File with a bearer token, readable by its owner only. */
  readonly tokenFile?: string
  /** Default 30. */
  readonly timeoutSeconds?: number
}

/** The `data` of the answer. */
export async function askPrometheus(
  { url, tokenFile, timeoutSeconds = 30 }: PrometheusServer,
  path: string,
  parameters: Readonly<Record<string, string>>,
): Promise<unknown | Refusal> {
  const at = URL.canParse(url) ? new URL(url) : undefined
  if (at === undefined || !/^https?:$/.test(at.protocol))
    return refuse('unsupported', 'the address of Prometheus is not one of http or https')
  if (at.username !== '' || at.password !== '')
    return refuse(
      'unsupported',
      `the address of Prometheus at ${at.host} holds a user or a password; give a token in a file instead`,
    )
  const token = tokenFile === undefined ? undefined : await readToken(tokenFile)
  if (isRefusal(token)) return token
  let status: number
  let text: string
  try {
    // Posted, since expressions may be longer than an address may be.
    const answer = await fetch(`${url.replace(/\/+$/, '')}${path}`, {
      method: 'POST',
      headers: token === undefined ? {} : { Authorization: `Bearer ${token.reveal()}` },
      body: new URLSearchParams(parameters),
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutSeconds * 1000),
    })
    status = answer.status
    text = await answer.text()
  } catch (cause) {
    return refuse('no-data', `Prometheus at ${at.host} does not answer: ${reasonOf(cause, timeoutSeconds)}`)
  }
  let body: { status?: unknown; data?: unknown; error?: unknown; errorType?: unknown }
  try {
    body = JSON.parse(text) as typeof body
  } catch {
    return refuse('no-data', `Prometheus at ${at.host} answered ${status} and no JSON: ${shown(text)}`, { status })
  }
  if (status === 200 && body?.status === 'success') return body.data
  const said = typeof body?.error === 'string' ? `${String(body.errorType ?? 'error')}: ${body.error}` : shown(text)
  return refuse(
    status >= 500 || status === 401 || status === 403 ? 'no-data' : 'unsupported',
    `Prometheus answered ${status}: ${said.slice(0, 300)}`,
    {
      status,
    },
  )
}

function reasonOf(cause: unknown, timeoutSeconds: number): string {
  if ((cause as { name?: unknown }).name === 'TimeoutError') return `nothing for ${timeoutSeconds} s`
  const inner = (cause as { cause?: { code?: unknown; message?: unknown } }).cause
  return String(inner?.code ?? inner?.message ?? (cause as Error).message)
}
