import { run } from '../../src/cli/program.js'

/** What a command printed and how it ended. */
export interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs a command line in this process, without a terminal. */
export async function halftone(...args: string[]): Promise<Ended> {
  let [out, err] = ['', '']
  const code = await run(args, {
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
    columns: 100,
    colour: false,
    errIsTerminal: false,
    exitCode: 0,
  })
  return { code, out, err }
}

/** Nothing that a reader should never see. */
export const FORBIDDEN = /\bNaN\b|\bInfinity\b|undefined|\[object|at .*\.(?:ts|js):\d+/
