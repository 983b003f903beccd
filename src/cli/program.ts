import { Command, CommanderError } from 'commander'
import { addApplyCommand } from './apply.js'
import { addBurstableCommand } from './burstable.js'
import { addCharacteriseCommand } from './characterise.js'
import { addClusterCommand } from './cluster.js'
import { addCompareCommand } from './compare.js'
import { addDeflateCommand } from './deflate.js'
import { addDemoCommand } from './demo.js'
import { addDoctorCommand } from './doctor.js'
import { addEtaCommand } from './eta.js'
import { EXIT, type ExitCode, type Io, Stop } from './io.js'
import { addPlanCommand } from './plan.js'
import { addPredictCommand } from './predict.js'
import { addSimulateCommand } from './simulate.js'
import { addSolveCommand } from './solve.js'
import { addSprintCommand } from './sprint.js'
import { addTrialCommand } from './trial.js'
import { addValidateCommand } from './validate.js'
import { addWatchCommand } from './watch.js'
import { addWhatIfCommand } from './whatif.js'
import { addWorkloadCommand } from './workload.js'

/** Adds a command to the program. One file a command. */
export type AddCommand = (program: Command, io: Io) => void

const COMMANDS: readonly AddCommand[] = [
  addCharacteriseCommand,
  addWorkloadCommand,
  addPredictCommand,
  addCompareCommand,
  addPlanCommand,
  addDeflateCommand,
  addSprintCommand,
  addBurstableCommand,
  addApplyCommand,
  addWatchCommand,
  addSimulateCommand,
  addSolveCommand,
  addClusterCommand,
  addEtaCommand,
  addWhatIfCommand,
  addTrialCommand,
  addValidateCommand,
  addDoctorCommand,
  addDemoCommand,
]

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
    io.err(`halftone met a fault, which is a bug or a broken world, not your input: ${faultText(error)}\n`)
    return EXIT.fault
  }
}

/** A fault in one line, with the causes behind it; the stack only where HALFTONE_STACK asks for it. */
function faultText(error: unknown): string {
  const causes: string[] = []
  for (let at: unknown = error; at instanceof Error && causes.length < 5; at = at.cause) causes.push(at.message)
  const said = causes.length > 0 ? causes.join(', because ') : String(error)
  return process.env['HALFTONE_STACK'] !== undefined && error instanceof Error ? `${said}\n${error.stack}` : said
}
