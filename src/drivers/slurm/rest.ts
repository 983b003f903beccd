/**
 * The way to Slurm through slurmrestd. Errors are read from the answer’s `errors` even where the status is 200; a token that has run out
 * is read anew before anybody is told. What REST of 22.05 gets wrong (an update of an array is applied and answered as failed, a throttle
 * is cleared by setting it) is never asked of it: changes go through the command-line tools.
 */
import type { Clock } from '../../model/index.js'
import { isRefusal, type Refusal, refuse } from '../../model/index.js'
import { expiryOf, readToken, Secret } from '../token.js'
import { cut, ownEnvironment } from './command.js'
import { NEWEST, nodeRow, OLDEST, queueRow, submissionBody } from './dialect.js'
import type { Gateway } from './gateway.js'
import { type HttpRequest, send } from './http.js'
import type { RestSettings } from './settings.js'

export interface RestGateway extends Gateway {
  /** The version of the interface that is spoken, such as `v0.0.38`. */
  version(): Promise<string | Refusal>
}

type Json = Readonly<Record<string, unknown>>

export function restGateway({ url, tokenFile, user }: RestSettings, clock: Clock, timeoutSeconds: number): RestGateway {
  let version: number | undefined

  const headers = async (): Promise<Record<string, string> | Refusal> => {
    if (tokenFile === undefined) return user === undefined ? {} : { 'X-SLURM-USER-NAME': user }
    const token = await readToken(tokenFile)
    if (isRefusal(token)) return token
    const expiry = expiryOf(token)
    if (expiry !== undefined && expiry <= clock.now())
      return refuse('no-data', `the token in ${tokenFile} ran out ${Math.round(clock.now() - expiry)} s ago`)
    return { ...(user === undefined ? {} : { 'X-SLURM-USER-NAME': user }), 'X-SLURM-USER-TOKEN': token.reveal() }
  }

  /** `isDone` tells from the body that the thing was done, whatever `errors` says. */
  const ask = async (asked: Omit<HttpRequest, 'headers'>, isDone?: (body: Json) => boolean): Promise<Json | Refusal> => {
    const withHeaders = await headers()
    if (isRefusal(withHeaders)) return withHeaders
    const answer = await send(url, { ...asked, headers: withHeaders }, timeoutSeconds)
    if (isRefusal(answer)) return answer
    return read(answer.status, answer.text, withHeaders['X-SLURM-USER-TOKEN'], isDone)
  }

  const spoken = async (): Promise<number | Refusal> => {
    if (version !== undefined) return version
    const document = await ask({ method: 'GET', path: '/openapi' })
    if (isRefusal(document)) return document
    const served = Object.keys((document['paths'] ?? {}) as Json).flatMap(
      (path) => /^\/slurm\/v0\.0\.(\d+)\/jobs\/?$/.exec(path)?.[1] ?? [],
    )
    const known = served.map(Number).filter((one) => one >= OLDEST && one <= NEWEST)
    if (known.length === 0)
      return refuse(
        'unsupported',
        `slurmrestd serves v0.0.{${served.join(',')}}; halftone speaks v0.0.${OLDEST} to v0.0.${NEWEST}`,
      )
    version = Math.max(...known)
    return version
  }

  const list = async <Row>(what: 'jobs' | 'nodes', read: (one: Json) => Row): Promise<readonly Row[] | Refusal> => {
    const at = await spoken()
    if (isRefusal(at)) return at
    const answer = await ask({ method: 'GET', path: `/slurm/v0.0.${at}/${what}` })
    if (isRefusal(answer)) return answer
    const values = answer[what]
    return Array.isArray(values) ? (values as Json[]).map(read) : refuse('no-data', `slurmrestd answered without ${what}`)
  }

  return {
    async version() {
      const at = await spoken()
      return isRefusal(at) ? at : `v0.0.${at}`
    },
    queue: () => list('jobs', queueRow),
    nodes: () => list('nodes', nodeRow),
    async submit(submission) {
      const at = await spoken()
      if (isRefusal(at)) return at
      const { PATH = '/usr/local/bin:/usr/bin:/bin', HOME = '/', ...others } = ownEnvironment()
      const body = JSON.stringify(submissionBody(at, submission, { PATH, HOME, ...others }))
      // A job that is to be held is taken, and its number told beside the error that it is held.
      const isTaken = ({ job_id: id }: Json): boolean => typeof id === 'number' && id > 0
      const answer = await ask({ method: 'POST', path: `/slurm/v0.0.${at}/job/submit`, body }, isTaken)
      if (isRefusal(answer)) return answer
      return isTaken(answer) ? Number(answer['job_id']) : refuse('no-data', 'slurmrestd answered without a job number')
    },
  }
}

/** The body of an answer, or the refusal that its status or its `errors` are. */
function read(
  status: number,
  text: string,
  token: string | undefined,
  isDone: (body: Json) => boolean = () => false,
): Json | Refusal {
  const hidden = (said: string): string => cut(token === undefined ? said : said.replaceAll(token, String(new Secret(token))))
  let body: Json
  try {
    body = JSON.parse(text) as Json
  } catch {
    return refuse('no-data', `slurmrestd answered ${status}: ${hidden(text)}`, { status })
  }
  if (isDone(body)) return body
  const errors = (Array.isArray(body['errors']) ? (body['errors'] as Json[]) : []).filter(
    (one) => one['error_number'] !== 0 || one['error'],
  )
  const said = errors.map((one) => [one['error'], one['description']].filter(Boolean).join(': ')).join('; ')
  if (status >= 500) return refuse('no-data', `slurmrestd answered ${status}: ${hidden(said)}`, { status })
  if (status === 401) return refuse('no-data', 'slurmrestd does not accept the token', { status })
  if (status >= 400 || errors.length > 0)
    return refuse('unsupported', `slurmrestd: ${hidden(said || `status ${status}`)}`, { status })
  return body
}
