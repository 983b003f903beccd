/**
 * Slurm’s command-line tools: run without a shell, with a time limit and an environment of their own, so that neither an argument nor a
 * secret of the caller’s environment ends up where it should not. What went wrong is a refusal with the command’s own words.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { type Refusal, refuse } from '../../model/index.js'

export interface CommandSettings {
  readonly conf?: string
  readonly timeoutSeconds: number
}

export interface RunOptions {
  readonly stdin?: string
  readonly environment?: Readonly<Record<string, string>>
}

export interface SlurmCommands {
  /** Standard output, or why there is none. */
  run(program: string, args: readonly string[], options?: RunOptions): Promise<string | Refusal>
}

export function slurmCommands({ conf, timeoutSeconds }: CommandSettings): SlurmCommands {
  const slurmConf = conf ?? process.env['SLURM_CONF']
  return {
    run(program, args, { stdin = '', environment = {} } = {}) {
      // With a path that leads nowhere the tools try for a minute; with none they ask the name service.
      if (slurmConf !== undefined && !existsSync(slurmConf))
        return Promise.resolve(refuse('no-data', `there is no Slurm configuration at ${slurmConf} (SLURM_CONF)`))
      const env = { ...ownEnvironment(), ...(slurmConf === undefined ? {} : { SLURM_CONF: slurmConf }), ...environment }
      return runCommand(program, args, env, stdin, timeoutSeconds)
    },
  }
}

/** The first words of what a command or a server said, on one line. */
export function cut(text: string, length = 300): string {
  const line = text.trim().replace(/\s+/g, ' ')
  return line.length <= length ? line : `${line.slice(0, length - 1)}…`
}

/** True when the refusal says that an answer did not come, so that what was asked for may have happened all the same. */
export function isUnanswered(refusal: Refusal): boolean {
  return refusal.numbers?.['unansweredSeconds'] !== undefined
}

/** What a task inherits from whoever submits it must be little, and never a token: the tools are given this and no more. */
export function ownEnvironment(): Record<string, string> {
  const kept = ['PATH', 'HOME', 'USER', 'LOGNAME', 'LANG', 'TMPDIR']
  return Object.fromEntries(kept.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]!]])))
}

function runCommand(
  program: string,
  args: readonly string[],
  env: Record<string, string>,
  stdin: string,
  timeoutSeconds: number,
): Promise<string | Refusal> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      env,
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: timeoutSeconds * 1000,
      killSignal: 'SIGKILL',
    })
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => err.length < 64 && err.push(chunk))
    // A command that ends without reading what it was given is judged by its exit, not by the broken pipe.
    child.stdin.on('error', () => {})
    child.stdin.end(stdin)
    child.on('error', (cause: NodeJS.ErrnoException) =>
      resolve(
        cause.code === 'ENOENT'
          ? refuse('no-data', `${program} is not installed here (Slurm’s client tools are needed)`)
          : refuse('no-data', `${program} could not be run: ${cause.message}`),
      ),
    )
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(Buffer.concat(out).toString('utf8'))
      const said = cut(Buffer.concat(err).toString('utf8') || Buffer.concat(out).toString('utf8'))
      if (signal === 'SIGKILL')
        return resolve(
          refuse('no-data', `${program} had no answer from Slurm for ${timeoutSeconds} s${said === '' ? '' : `: ${said}`}`, {
            unansweredSeconds: timeoutSeconds,
          }),
        )
      resolve(refuse(isOutage(said) ? 'no-data' : 'unsupported', `${program}: ${said === '' ? `exit code ${code}` : said}`))
    })
  })
}

/** Slurm’s words for “the controller does not answer”, as against “the controller says no”. */
function isOutage(said: string): boolean {
  return /unable to contact slurm controller|connection refused|socket timed out|zero bytes were transmitted|communication connection failure|unable to establish/i.test(
    said,
  )
}
