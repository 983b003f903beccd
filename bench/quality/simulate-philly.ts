/**
 * FIFO, SJF and SRTF on virtual clusters of the Philly trace against the published mean completion times (Helios’ notebook, specs/characterise.md
 * 3.5). The sizes of the virtual clusters are not in the trace, so each is chosen as the multiple of 8 GPUs whose FIFO mean is nearest to the
 * published one; what SJF and SRTF then make of it is foreseen, not fitted. The extract here ends in November and is filtered: ratios compare, seconds
 * do not. Needs ../shared/data.
 */
import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { isRefusal, type Policy, type ReplayJobs, validate } from 'halftone/model'
import { compileScenario, replayedJobs, runJobs } from 'halftone/simulate'
import { save } from '../save.js'

const FILE = '../shared/data/philly/philly_jobs.csv.gz'
const PUBLISHED: Record<string, [number, number, number]> = {
  '11cb48': [82_540, 14_444, 9_057],
  '0e4a51': [233_539, 168_747, 146_023],
  '6214e9': [97_501, 23_337, 19_532],
}

if (!existsSync(FILE)) {
  process.stdout.write(`left out: there is no ${FILE}\n`)
} else {
  const lines = gunzipSync(readFileSync(FILE)).toString('utf8').trim().split('\n').slice(1)
  const all = lines.map((line) => {
    const [timestamp, duration, gpus, , cluster] = line.split(',')
    return { submit: Date.parse(`${timestamp.replace(' ', 'T')}Z`) / 1000, run: Number(duration), gpus: Number(gpus), cluster }
  })
  const rows: Record<string, string | number>[] = []
  for (const [cluster, [fifo, sjf, srtf]] of Object.entries(PUBLISHED)) {
    const jobs = all.filter((job) => job.cluster === cluster && job.run > 0 && job.gpus > 0).sort((a, b) => a.submit - b.submit)
    const replay: ReplayJobs = {
      count: jobs.length,
      submitSeconds: Float64Array.from(jobs, (job) => job.submit - jobs[0].submit),
      runSeconds: Float64Array.from(jobs, (job) => job.run),
      slots: Int32Array.from(jobs, (job) => job.gpus),
      classIndex: new Uint16Array(jobs.length),
    }
    const most = Math.max(...jobs.map((job) => job.gpus))
    const meanOf = (nodes: number, discipline: Policy['discipline']): number => {
      const read = validate('scenario', {
        schema: 'halftone/scenario/1',
        name: 'philly',
        workload: {
          schema: 'halftone/workload/1',
          name: 'philly',
          trace: { path: 'philly.csv', classes: { by: 'all' } },
          classes: [{ name: 'all', priority: 1, arrival: { kind: 'replay' }, work: { kind: 'replay' } }],
        },
        cluster: { schema: 'halftone/cluster/1', name: 'vc', nodes: [{ name: 'node', count: nodes, slots: 8 }] },
        policy: { schema: 'halftone/policy/1', name: 'p', discipline, placement: 'packed' },
      })
      if (!read.ok) throw new Error(JSON.stringify(read.issues))
      const compiled = compileScenario(read.value, replay)
      if (isRefusal(compiled)) throw new Error(compiled.message)
      const { response } = runJobs(compiled, replayedJobs(compiled, replay))
      return response.reduce((sum, x) => sum + x, 0) / response.length
    }
    let best = { nodes: 0, mean: Number.POSITIVE_INFINITY }
    for (let nodes = Math.ceil(most / 8); nodes <= 120; nodes++) {
      const mean = meanOf(nodes, 'fcfs')
      if (Math.abs(Math.log(mean / fifo)) < Math.abs(Math.log(best.mean / fifo))) best = { nodes, mean }
    }
    const ours = [best.mean, meanOf(best.nodes, 'sjf'), meanOf(best.nodes, 'srtf')]
    rows.push({
      cluster,
      jobs: jobs.length,
      GPUs: 8 * best.nodes,
      'FIFO s': Math.round(ours[0]),
      'FIFO published': fifo,
      'SJF / FIFO': Number((ours[1] / ours[0]).toFixed(3)),
      'SJF / FIFO published': Number((sjf / fifo).toFixed(3)),
      'SRTF / FIFO': Number((ours[2] / ours[0]).toFixed(3)),
      'SRTF / FIFO published': Number((srtf / fifo).toFixed(3)),
    })
  }
  console.table(rows)
  save('quality/simulate-philly', rows)
}
