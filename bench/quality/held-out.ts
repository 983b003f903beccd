/**
 * The last fifth of real traces foreseen from the rest, split by time: recorded mean and p95 response by class beside the baseline (as before), the simulator on
 * fitted laws, and the simulator on the held-out jobs themselves (given their run times, so a test of the queue
 * and the assumed policy, not a forecast). RICC's policy is not known: three were tried, all are shown. The fitted laws are the third variant tried on these windows. Needs ../shared/data; says so where it is absent.
 */
import { existsSync } from 'node:fs'
import { isRefusal, type Policy } from 'halftone/model'
import { heldOutText } from 'halftone/report'
import { type AskedOfTrace, holdOut } from 'halftone/study'
import { readTrace } from 'halftone/trace'
import { save } from '../save.js'

const DATA = '../shared/data'
const size = { by: 'size' as const, boundaries: [8, 128] }
const ricc = (discipline: Policy['discipline']): [string, string, AskedOfTrace] => [
  `RICC, ${discipline} assumed`,
  `${DATA}/ricc/RICC-2010-2.swf.gz`,
  { classes: size, discipline },
]
const cases: [string, string, AskedOfTrace][] = [
  [
    'bundled sample (synthetic), first come first served',
    'examples/sample/jobs.sacct.gz',
    { classes: { by: 'group' }, slots: 112 },
  ],
  ricc('fcfs'),
  ricc('easy-backfill'),
  ricc('fair-share'),
  ['openb, its 6,212 GPUs', `${DATA}/alibaba-openb/openb_pod_list_default.csv.gz`, { classes: { by: 'queue' }, slots: 6212 }],
]

const rows: unknown[] = []
for (const [name, path, asked] of cases) {
  if (!existsSync(path)) {
    console.log(`${name}: ${path} is not here, skipped`)
    continue
  }
  const reading = await readTrace(path)
  if (!reading.ok) throw new Error(`${path} could not be read`)
  const answer = holdOut(reading.trace, asked, 0.2, 1)
  console.log(`\n${name}`)
  if (isRefusal(answer)) {
    console.log(`refused: ${answer.message}`)
    rows.push({ name, refused: answer.message })
    continue
  }
  console.log(heldOutText(answer, { width: 140 }))
  rows.push({ name, ...answer })
}
save('quality/held-out', rows)
