/** Writes examples/sprint/sprint.csv: 120 of the conditions, observed over 300,000 queries each. `npx tsx examples/sprint/generate.ts` after a build. */
import { writeFileSync } from 'node:fs'
import { conditions, observe, WHOLE_GRID } from './conditions.js'

const some = conditions({ ...WHOLE_GRID, timeouts: [0, 1, 4], budgets: [5, 60], speeds: [1.5, 3], shares: [0.4, 0.8] })
const names = [
  'workload',
  'arrivalRatePerSecond',
  'serviceRatePerSecond',
  'marginalRatePerSecond',
  'timeoutSeconds',
  'budgetSeconds',
  'windowSeconds',
] as const
const lines = some.map((condition) =>
  [
    ...names.map((name) => (name === 'marginalRatePerSecond' ? condition[name].toFixed(4) : condition[name])),
    observe(condition, 1, 300_000).toFixed(4),
  ].join(','),
)
writeFileSync(new URL('sprint.csv', import.meta.url), `${[...names, 'meanResponseSeconds'].join(',')}\n${lines.join('\n')}\n`)
console.log(`${lines.length} conditions written`)
