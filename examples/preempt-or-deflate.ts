/**
 * Preempt or deflate? Interactive jobs share an engine with long ones. Evicting the long ones makes the interactive fast and throws work
 * away; dropping a fifth of the long jobs’ tasks and sprinting the interactive ones needs no eviction. Same luck for all three.
 *
 *   npx tsx examples/preempt-or-deflate.ts
 */
import { readFileSync } from 'node:fs'
import { isRefusal, type Policy, validate } from 'halftone/model'
import { comparePolicies } from 'halftone/simulate'
import { parse } from 'yaml'

const read = validate('scenario', parse(readFileSync(new URL('./dias.yaml', import.meta.url), 'utf8')))
if (!read.ok) throw new Error(JSON.stringify(read.issues))
const scenario = read.value
const base: Policy = {
  schema: 'halftone/policy/1',
  name: 'evict and restart',
  discipline: 'priority-preemptive-restart',
  engine: 'exclusive',
  placement: 'pool',
  drop: {},
}
const policies: Policy[] = [
  base,
  { ...base, name: 'wait', discipline: 'priority-nonpreemptive' },
  {
    ...base,
    name: 'drop 20 % of low, sprint high',
    discipline: 'priority-nonpreemptive',
    drop: { low: 0.2 },
    sprint: { origin: 'dispatch', speed: 2.5, timeoutSeconds: { high: 0 }, toggleDelaySeconds: 0 },
  },
]
for (const { policy, outcome, against } of comparePolicies(scenario, policies, { seed: 1, replications: 16 })) {
  if (isRefusal(outcome)) {
    console.log(`${policy.name}: ${outcome.message}`)
    continue
  }
  const times = outcome.classes.map(({ name, response }) => `${name} ${response.mean.value.toFixed(0)} s`).join(', ')
  console.log(`${policy.name}: ${times}; ${(100 * outcome.cluster.waste.value).toFixed(1)} % of the work thrown away`)
  for (const { name, response } of against ?? []) {
    const { value, low, high } = response.mean
    console.log(`  ${name} against eviction: ${value.toFixed(0)} s [${low.toFixed(0)}, ${high.toFixed(0)}]`)
  }
}
