/**
 * What counting CPUs, memory and parts of GPUs does to a replay: Alibaba’s openb pods of the last weeks on a 300th of its own nodes of each kind (the whole cluster of
 * 1,523 nodes was hardly busy: there nobody waits), first come first served. `slots`: every pod holds whole GPUs and nothing else, pods without a GPU are left out;
 * `all`: CPUs, memory and parts of GPUs count, and pods without a GPU are among the jobs, so the two rows are not the same jobs.
 */
import { existsSync } from 'node:fs'
import { type Cluster, isRefusal, type Policy, validate } from 'halftone/model'
import { compileScenario, replayedJobs, runJobs } from 'halftone/simulate'
import { readOpenbNodes, readTrace } from 'halftone/trace'
import { workloadFromTrace } from 'halftone/workload'
import { save } from '../save.js'

const PODS = '../shared/data/alibaba-openb/openb_pod_list_default.csv.gz'
const NODES = '../shared/data/alibaba-openb/openb_node_list_all_node.csv.gz'
const FROM = 120 * 86_400

if (!existsSync(PODS)) console.log(`skipped: ${PODS} is not there`)
else {
  const [trace, nodes] = [await readTrace(PODS), await readOpenbNodes(NODES)]
  if (!trace.ok || !nodes.ok) throw new Error('the trace or its nodes cannot be read')
  const part: Cluster = {
    ...nodes.cluster,
    nodes: nodes.cluster.nodes
      .map((group) => ({ ...group, count: Math.round(group.count / 300) }))
      .filter(({ count }) => count > 0),
  }
  const rows: Record<string, string | number>[] = []
  for (const [name, cluster, from] of [
    ['all nodes', nodes.cluster, 0],
    ['a 300th', part, FROM],
  ] as const) {
    for (const resources of ['slots', 'all'] as const) {
      const fitted = workloadFromTrace(trace.trace, { classes: { by: 'all' }, resources, window: { fromSeconds: from } })
      if (isRefusal(fitted)) throw new Error(fitted.message)
      for (const placement of ['pool', 'packed', 'spread'] satisfies Policy['placement'][]) {
        const read = validate('scenario', {
          schema: 'halftone/scenario/1',
          name: 'openb',
          workload: fitted.workload,
          cluster,
          policy: { schema: 'halftone/policy/1', name: placement, discipline: 'fcfs', placement },
        })
        if (!read.ok) throw new Error(JSON.stringify(read.issues))
        const compiled = compileScenario(read.value, fitted.replay)
        const row = { nodes: name, resources, placement, jobs: fitted.replay.count }
        if (isRefusal(compiled)) {
          rows.push({ ...row, refused: compiled.message })
          continue
        }
        const jobs = replayedJobs(compiled, fitted.replay)
        const before = process.cpuUsage()
        const run = runJobs(compiled, jobs)
        const { user, system } = process.cpuUsage(before)
        if (run.state.some((state) => state !== 3)) throw new Error('a job was lost')
        const wait = run.response.reduce((sum, response, i) => sum + response - run.held[i], 0) / jobs.count
        rows.push({
          ...row,
          'mean wait h': Number((wait / 3600).toFixed(2)),
          'slots busy': Number((run.end.busy / (run.end.time * compiled.capacity)).toFixed(4)),
          'jobs a CPU second': Math.round(jobs.count / ((user + system) / 1e6)),
        })
      }
    }
  }
  console.table(rows)
  save('quality/openb', rows)
}
