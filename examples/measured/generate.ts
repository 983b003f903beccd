/**
 * Writes examples/measured/measured.csv: what the servers of scenario.yaml do in truth, by simulation. Their nodes are a tenth slower than stated, and run times vary more
 * than exponentially, which the scenario does not know. `npx tsx examples/measured/generate.ts` after a build.
 */
import { writeFileSync } from 'node:fs'
import { isRefusal } from 'halftone/model'
import { simulateScenario } from 'halftone/simulate'
import { readScenario, turnKnob } from 'halftone/study'

const reading = await readScenario(new URL('scenario.yaml', import.meta.url).pathname)
if (!reading.ok) throw new Error('scenario.yaml cannot be read')
const lines: string[] = []
for (const nodes of [2, 4, 8, 16])
  for (const utilisation of [0.3, 0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85]) {
    // what the owner would call so busy: at stated speed
    const requestsPerSecond = Number(((utilisation * nodes) / 60).toPrecision(4))
    let truth = reading.question.scenario
    for (const [path, value] of [
      ['workload.classes[0].arrival.ratePerSecond', requestsPerSecond],
      ['cluster.nodes[0].count', nodes],
      ['cluster.nodes[0].speed', 0.9],
    ] as const) {
      const turned = turnKnob(truth, path, value)
      if (!turned.ok) throw new Error(path)
      truth = turned.scenario
    }
    const [first] = truth.workload.classes
    const classes = [{ ...first!, work: { ...first!.work, runTime: { kind: 'lognormal' as const, meanSeconds: 60, scv: 2 } } }]
    const answer = simulateScenario(
      { ...truth, workload: { ...truth.workload, classes: classes as typeof truth.workload.classes } },
      { seed: nodes, replications: 4, jobsPerReplication: 25_000 },
    )
    if (isRefusal(answer)) throw new Error(answer.message)
    lines.push(`${requestsPerSecond},${nodes},${answer.classes[0]!.response.mean.value.toFixed(2)}`)
  }
writeFileSync(new URL('measured.csv', import.meta.url), `requestsPerSecond,nodes,meanResponseSeconds\n${lines.join('\n')}\n`)
console.log(`${lines.length} rows written`)
