/**
 * A token in a file. It is read only where nobody but its owner may read the file, and it stands in no message. The file is read anew
 * when it has changed, so that whoever renews tokens needs to tell nobody.
 */
import { statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { type Refusal, refuse } from '../model/index.js'

/** A string that does not show itself where it is printed by mistake. */
export class Secret {
  readonly #text: string
  constructor(text: string) {
    this.#text = text
  }
  reveal(): string {
    return this.#text
  }
  toJSON(): string {
    return '[secret]'
  }
  toString(): string {
    return '[secret]'
  }
}

export async function readToken(path: string): Promise<Secret | Refusal> {
  let text: string
  try {
    const { mode, uid } = statSync(path)
    if ((mode & 0o077) !== 0)
      return refuse(
        'unsupported',
        `the token file ${path} can be read or changed by others (mode ${(mode & 0o777).toString(8)}): chmod 600`,
      )
    const own = process.getuid?.()
    if (own !== undefined && uid !== own && uid !== 0)
      return refuse('unsupported', `the token file ${path} belongs to somebody else`)
    text = (await readFile(path, 'utf8')).trim()
  } catch (cause) {
    return refuse('no-data', `the token file ${path} cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'error'})`)
  }
  // what `scontrol token` prints is taken as it is
  const token = text.replace(/^SLURM_JWT=/, '')
  if (!/^[\x21-\x7e]+$/.test(token)) return refuse('unsupported', `the token file ${path} does not hold one token`)
  return new Secret(token)
}

/** When a JSON Web Token runs out, seconds since 1970; undefined where it does not say, or is another kind of token. */
export function expiryOf(token: Secret): number | undefined {
  const [, payload] = token.reveal().split('.')
  try {
    const { exp } = JSON.parse(Buffer.from(payload ?? '', 'base64url').toString('utf8')) as { exp?: unknown }
    return typeof exp === 'number' ? exp : undefined
  } catch {
    return undefined
  }
}
