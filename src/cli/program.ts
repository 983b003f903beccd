import { Command, CommanderError } from 'commander'
import { EXIT, type ExitCode, type Io, Stop } from './io.js'

/** Adds a command to the program. One file a command. */
export type AddCommand = (program: Command, io: Io) => void

const COMMANDS: readonly AddCommand[] = []

/** The whole command line: parses, runs, and turns refusals, issues and faults into text and an exit code. Never throws. */
export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const program = new Command('halftone')
    .description('Predict and steer the performance of clusters that run ML and big-data jobs.')
    .version('0.1.0')
    .showHelpAfterError('(halftone COMMAND --help shows how it is used)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out(text),
      writeErr: (text) => io.err(text),
      getOutHelpWidth: () => io.columns,
      getErrHelpWidth: () => io.columns,
    })
  for (const add of COMMANDS) add(program, io)
  for (const command of program.commands) command.exitOverride().copyInheritedSettings(program)
  try {
    await program.parseAsync([...args], { from: 'user' })
    return io.exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.badInput
    if (error instanceof Stop) return error.code
    throw error
  }
}
