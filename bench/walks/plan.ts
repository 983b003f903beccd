/**
 * From file to plan, whole process: `halftone plan` on the bundled sample's scenario, the reference scenario, and (where ../shared/data is) the Philly and Google
 * traces, replayed. Seconds and peak memory of fresh processes, median of three; how many policies were tried. Aim: Philly below 15 s.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { save } from '../save.js'

const cases: [string, string[]][] = [
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
console.table(rows)
save('walks/plan', rows)
