import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { characterise } from '../characterise/index.js'
import { searchPlan } from '../plan/index.js'
import {
  characterisationInWords,
  characterisationPage,
  heading,
  heldOutText,
  ink,
  parts,
  planPage,
  planText,
  wrap,
} from '../report/index.js'
import { openRace } from '../simulate/index.js'
import { holdOut, predictors } from '../study/index.js'
import { give, orStop, progressFor, style } from './answer.js'
import { EXIT, type Io } from './io.js'
import { type AnswerOptions, addSeed } from './options.js'
import { questionFor } from './question.js'
import { traceFor } from './trace.js'

const SAMPLE = fileURLToPath(new URL('../../examples/sample/', import.meta.url))

export function addDemoCommand(program: Command, io: Io): void {
  const command = program
    .command('demo')
    .description(
      'The main job on the bundled synthetic sample: what recorded these jobs, can their future be foreseen, which policy meets the goals.',
    )
    .option('--folder <folder>', 'where the pages and the JSON are written', 'out/demo')
    .option('-q, --quiet', 'no progress on standard error')
  addSeed(command).action(async (options: { folder: string; seed: number } & AnswerOptions) => {
    const look = style(io)
    const pen = ink(look)
    const file = (name: string): string => join(options.folder, name)
    mkdirSync(options.folder, { recursive: true })

    const trace = await traceFor(io, join(SAMPLE, 'jobs.sacct.gz'), options)
    const study = orStop(io, characterise(trace), options)
    await give(
      io,
      { ...options, html: file('characterise.html'), out: file('characterise.json') },
      {
        value: study,
        text: () =>
          `${parts(heading('1  What recorded these jobs?', pen), wrap('The bundled sample is SYNTHETIC: made by examples/sample/generate.ts from published statistics.', pen), wrap(characterisationInWords(study), pen))}\n`,
        page: () => characterisationPage(study, { issues: trace.issues }),
      },
    )

    const asked = { classes: { by: 'group' as const }, slots: 112 }
    const heldOut = orStop(io, holdOut(trace, asked, 1 / 3, options.seed), options)
    await give(
      io,
      { ...options, out: file('held-out.json') },
      {
        value: heldOut,
        text: () => `${parts(heading('2  How far may a prediction be trusted here?', pen), heldOutText(heldOut, look))}\n`,
      },
    )

    const { scenario, replay } = await questionFor(io, join(SAMPLE, 'scenario.yaml'), { quiet: true })
    const bar = progressFor(io, 'searching', options)
    const answer = searchPlan(scenario, {
      confirm: predictors.find(({ kind }) => kind === 'simulated')!,
      race: openRace,
      seed: options.seed,
      ...(replay ? { replay } : {}),
      now: () => performance.now() / 1000,
      progress: (done) => bar.update(done),
    })
    bar.stop()
    const plan = orStop(io, answer, options)
    await give(
      io,
      { ...options, html: file('plan.html'), out: file('plan.json') },
      {
        value: plan,
        text: () => parts(heading('3  Which policy meets the goals?', pen), planText(plan, look)),
        page: () => planPage(plan),
      },
    )
    if (!plan.meetsGoals) io.exitCode = EXIT.refused
  })
}
