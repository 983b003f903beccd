/** Nodes with CPUs and memory, arrays and stages beside gangs, from the command line. */
import { existsSync } from 'node:fs'
import { expect, it } from 'vitest'
import { FORBIDDEN, halftone } from './cli.js'

const PODS = '../shared/data/alibaba-openb/openb_pod_list_default.csv.gz'
const NODES = '../shared/data/alibaba-openb/openb_node_list_all_node.csv.gz'

interface Point {
  readonly value: string
  readonly outcome: { classes: { name: string; response: { mean: { value: number } }; wait: { mean: { value: number } } }[] }
}

async function points(...args: string[]): Promise<Map<string, Point['outcome']['classes']>> {
  const { out, code, err } = await halftone('simulate', ...args, '--json', '--quiet')
  expect([code, err]).toEqual([0, ''])
  expect(out).not.toMatch(FORBIDDEN)
  return new Map((JSON.parse(out).points as Point[]).map(({ value, outcome }) => [value, outcome.classes]))
}

it('one command shows a pool beside nodes: the same jobs never wait less on average once they must fit on nodes', async () => {
  const found = await points('examples/nodes.yaml', '--replications', '2', '--vary', 'policy.placement=pool,packed,spread')
  expect([...found.keys()]).toEqual(['pool', 'packed', 'spread'])
  for (const [k, { name, wait }] of found.get('pool')!.entries()) {
    expect(['training', 'sweep', 'preparation'][k]).toBe(name)
    expect(found.get('packed')![k]!.wait.mean.value).toBeGreaterThan(wait.mean.value)
  }
})

it('every discipline plays gangs, an array and stages on the same nodes', async () => {
  const disciplines =
    'fcfs,priority-nonpreemptive,priority-preemptive-resume,priority-preemptive-restart,sjf,srtf,las,fair-share,easy-backfill,conservative-backfill'
  const found = await points(
    'examples/nodes.yaml',
    '--horizon',
    '2d',
    '--replications',
    '2',
    '--vary',
    `policy.discipline=${disciplines}`,
  )
  expect(found.size).toBe(10)
  for (const classes of found.values()) for (const { response } of classes) expect(response.mean.value).toBeGreaterThan(0)
})

it.skipIf(!existsSync(PODS))(
  'openb’s pods on its own 1,523 nodes, CPUs, memory and parts of GPUs counted: nobody waits (skipped without the data)',
  async () => {
    const found = await points(
      PODS,
      '--nodes',
      NODES,
      '--resources',
      'all',
      '--by',
      'all',
      '--vary',
      'policy.placement=packed,spread',
    )
    // its cluster was hardly busy: the pods with a run time hold 0.2 % of its GPUs on average
    for (const [{ wait }] of found.values()) expect(wait.mean.value).toBeLessThan(1)
  },
)

it('a demand that no node can hold stops the command with its path', async () => {
  const { err, out, code } = await halftone(
    'simulate',
    'examples/nodes.yaml',
    '--vary',
    'workload.classes.0.work.needs.cpus=8,97',
  )
  expect(code).not.toBe(0)
  expect(out + err).toContain('work.needs.cpus')
})
