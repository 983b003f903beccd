/**
 * From file to plan, whole process: `halftone plan` on the bundled sample's scenario, the reference scenario, and (where ../shared/data is) the Philly and Google
 * traces, replayed; and the reference scenario with two and with three classes, its plan confirmed to 1 %. Seconds and peak memory of fresh processes, median of three; how many policies were tried. Aims: Philly below 15 s, two classes to 1 % below 10 s, three below 60 s.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readScenario } from 'halftone/study'
import { save } from '../save.js'

const reference = await readScenario('examples/dias.yaml')
if (!reference.ok) throw new Error('examples/dias.yaml')
const { scenario } = reference.question
const [high, low] = scenario.workload.classes
// a class between the two, with jobs like those of the low class, which is thinned to keep the load
const three = {
  ...scenario,
  name: 'three classes',
  workload: {
    ...scenario.workload,
    classes: [
      high,
      { ...low, name: 'middle', priority: 2, arrival: { kind: 'poisson', ratePerSecond: 0.0004 } },
      { ...low, priority: 3, arrival: { kind: 'poisson', ratePerSecond: 0.00183 } },
    ],
  },
  goal: { ...scenario.goal, classes: { ...scenario.goal?.classes, middle: { accuracyLossAtMost: 0.03 } } },
  levers: { ...scenario.levers, dropRatioAtMost: { middle: 0.2, low: 0.4 } },
}
const threeFile = join(tmpdir(), `halftone-three-${process.pid}.json`)
writeFileSync(threeFile, JSON.stringify(three))

const cases: [string, string[]][] = [
  ['reference scenario to 1 %', ['examples/dias.yaml', '--precision', '1%']],
  ['three classes to 1 %', [threeFile, '--precision', '1%']],
  ['sample, replayed', ['examples/sample/scenario.yaml']],
  ['reference scenario, laws', ['examples/dias.yaml']],
  ['Philly from 2017-10-09, replayed', ['../shared/data/philly/philly_jobs.csv.gz', '--from', '2017-10-09']],
  ['Philly, replayed', ['../shared/data/philly/philly_jobs.csv.gz']],
  ['Google, replayed', ['../shared/data/google2011/jobs.csv.gz']],
]
const out = join(tmpdir(), `halftone-plan-${process.pid}.json`)
const rows: Record<string, unknown>[] = []
for (const [name, args] of cases) {
  if (!existsSync(args[0]!)) {
    console.log(`${name}: ${args[0]} is not here, skipped`)
    continue
  }
  const runs = [1, 2, 3].map(() => {
    const began = performance.now()
    const report = 'process.on("exit", () => process.stderr.write("peak " + process.resourceUsage().maxRSS))'
    const { stderr, status } = spawnSync(
      process.execPath,
      ['--import', `data:text/javascript,${encodeURIComponent(report)}`, 'dist/cli/main.js', 'plan', ...args, '-q', '--out', out],
      { encoding: 'utf8' },
    )
    if (status !== 0 && status !== 1) throw new Error(stderr)
    return { seconds: (performance.now() - began) / 1000, megabytes: Number(/peak (\d+)/.exec(stderr)?.[1]) / 1024 }
  })
  const plan = JSON.parse(readFileSync(out, 'utf8'))
  const middle = (values: number[]): number => values.sort((a, b) => a - b)[1]!
  rows.push({
    name,
    seconds: middle(runs.map(({ seconds }) => seconds)),
    peakMegabytes: middle(runs.map(({ megabytes }) => megabytes)),
    screened: plan.search.screened,
    simulated: plan.search.simulated,
  })
}
rmSync(out, { force: true })
rmSync(threeFile)
console.table(rows)
save('walks/plan', rows)
