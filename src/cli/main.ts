#!/usr/bin/env node
import { run } from './program.js'

// a reader that has seen enough (head, less) is no fault
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

const code = await run(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  columns: process.stdout.columns ?? 100,
  colour: process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined,
  errIsTerminal: process.stderr.isTTY === true,
  exitCode: 0,
})
process.exitCode = code
