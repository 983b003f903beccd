#!/usr/bin/env node
import { run } from './program.js'

const code = await run(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  columns: process.stdout.columns ?? 100,
  colour: process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined,
  errIsTerminal: process.stderr.isTTY === true,
  exitCode: 0,
})
process.exitCode = code
