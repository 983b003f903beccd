import type { Command } from 'commander'
import { type Issue, type Noun, nouns, reportOf } from '../model/index.js'
import { issuesText } from '../report/index.js'
import { readNoun } from '../study/index.js'
import { style } from './answer.js'
import { EXIT, type Io } from './io.js'

export function addValidateCommand(program: Command, io: Io): void {
  program
    .command('validate')
    .argument('<files...>', `YAML or JSON files of ${nouns.join(', ')}`)
    .option('--json', 'print JSON instead of the list')
    .description('Every issue of every file, each with its file, line and path.')
    .addHelpText('after', '\nExample:\n  halftone validate scenario.yaml goal.yaml\n')
    .action((files: string[], options: { json?: boolean }) => {
      const found = files.map((file) => ({ file, valid: readNoun<Noun>(file) }))
      const issues = found.flatMap(({ valid }): readonly Issue[] => (valid.ok ? valid.warnings : valid.issues))
      if (options.json) {
        io.out(
          `${JSON.stringify({ files: found.map(({ file, valid }) => ({ file, ok: valid.ok, noun: valid.noun ?? null })), issues }, null, 2)}\n`,
        )
      } else {
        for (const { file, valid } of found)
          if (valid.ok) io.out(`${file}: ${valid.noun === undefined ? 'right' : `a right ${valid.noun}`}\n`)
        if (issues.length > 0) io.err(issuesText(reportOf(issues), style(io)))
      }
      if (found.some(({ valid }) => !valid.ok)) io.exitCode = EXIT.badInput
    })
}
