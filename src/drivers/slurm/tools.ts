/** The way to Slurm by its command-line tools: squeue, sinfo, sbatch. */
import { isRefusal, refuse } from '../../model/index.js'
import { cut, type SlurmCommands } from './command.js'
import type { Gateway } from './gateway.js'
import type { NodeRow, QueueRow } from './row.js'

// Names and comments may hold anything a user types, so lines and fields end with what nobody types.
const FIELD = '\x1f'
const LINE = '\x1e'
// Times as seconds since 1970, array expressions whole however long.
const PLAIN = { environment: { SLURM_TIME_FORMAT: '%s', SLURM_BITSTR_LEN: '0' } }
const COLUMNS = ['%A', '%F', '%K', '%T', '%P', '%q', '%u', '%Q', '%r', '%V', '%S', '%e', '%l', '%C', '%N', '%y', '%j']

export function toolsGateway(commands: SlurmCommands): Gateway {
  return {
    async queue() {
      const [rows, restarts] = await Promise.all([
        commands.run('squeue', ['--all', '--states=all', '--noheader', `--format=${COLUMNS.join(FIELD)}${LINE}`], PLAIN),
        commands.run('squeue', ['--all', '--states=all', '--noheader', '--Format=JobID:.18,RestartCnt:.10']),
      ])
      if (isRefusal(rows)) return rows
      if (isRefusal(restarts)) return restarts
      return parseQueue(rows, restarts)
    },
    async nodes() {
      const text = await commands.run('sinfo', [
        '--Node',
        '--all',
        '--noheader',
        `--format=${['%N', '%C', '%T', '%o', '%E'].join(FIELD)}${LINE}`,
      ])
      return isRefusal(text) ? text : parseNodes(text)
    },
    async submit(submission) {
      const { name, array, after, directory, output, processors, memoryMiB, limitMinutes, qos, nice, partition, account } =
        submission
      const args = [
        '--parsable',
        '--hold',
        '--requeue',
        '--open-mode=append',
        `--job-name=${name}`,
        `--array=${array}`,
        `--chdir=${directory}`,
        `--output=${output}`,
        '--ntasks=1',
        `--cpus-per-task=${processors}`,
        ...(after.length === 0 ? [] : [`--dependency=afterany:${after.join(':')}`]),
        ...(memoryMiB === undefined ? [] : [`--mem=${memoryMiB}M`]),
        ...(limitMinutes === undefined ? [] : [`--time=${limitMinutes}`]),
        ...(qos === undefined ? [] : [`--qos=${qos}`]),
        ...(nice === undefined ? [] : [`--nice=${nice}`]),
        ...(partition === undefined ? [] : [`--partition=${partition}`]),
        ...(account === undefined ? [] : [`--account=${account}`]),
      ]
      const said = await commands.run('sbatch', args, { stdin: submission.script })
      if (isRefusal(said)) return said
      const id = /^(\d+)/.exec(said)
      return id === null ? refuse('no-data', `sbatch answered without a job number: ${cut(said)}`) : Number(id[1])
    },
  }
}

function parseQueue(text: string, restartText: string): readonly QueueRow[] {
  const restarts = new Map<number, number>()
  for (const line of restartText.split('\n')) {
    const [id, count] = line.trim().split(/\s+/)
    if (id) restarts.set(Number(id), Number(count))
  }
  const rows: QueueRow[] = []
  for (const line of text.split(LINE)) {
    const cells = line.replace(/^\n/, '').split(FIELD)
    if (cells.length < COLUMNS.length) continue
    const [id, array, task, state, queue, qos, user, priority, reason, submit, start, end, limit, processors, nodes, nice, name] =
      cells as [string, ...string[]] & Record<number, string>
    rows.push({
      jobId: Number(id),
      arrayId: Number(array),
      ...(/^\d+$/.test(task!) ? (state === 'PENDING' && array === id ? { waiting: task! } : { task: Number(task) }) : {}),
      ...(/^[\d[]/.test(task!) && !/^\d+$/.test(task!) ? { waiting: task! } : {}),
      name: name!,
      user: user!,
      queue: queue!,
      qos: qos!,
      state: state!,
      reason: reason!,
      priority: Number(priority),
      nice: Number(nice),
      submitSeconds: Number(submit),
      // a job that was cancelled while it waited is told to have started as it ended
      ...(nodes === '' ? {} : instant('startSeconds', start!)),
      ...instant('endSeconds', end!),
      ...limitSeconds(limit!),
      processors: Number(processors),
      nodes: nodes!,
      restarts: restarts.get(Number(id)) ?? 0,
    })
  }
  return rows
}

function parseNodes(text: string): readonly NodeRow[] {
  const nodes = new Map<string, NodeRow>()
  for (const line of text.split(LINE)) {
    const [name, processors, state, host, reason] = line.replace(/^\n/, '').split(FIELD)
    if (reason === undefined) continue
    const [busy, , , total] = processors!.split('/').map(Number)
    // a node stands here once for each of its partitions
    nodes.set(name!, {
      name: name!,
      processors: total!,
      busyProcessors: busy!,
      state: state!,
      host: host!,
      ...(reason === '' || reason === 'none' ? {} : { reason }),
    })
  }
  return [...nodes.values()]
}

function instant<Name extends string>(name: Name, text: string): { readonly [key in Name]?: number } {
  return (/^\d+$/.test(text) && text !== '0' ? { [name]: Number(text) } : {}) as { readonly [key in Name]?: number }
}

/** `1-02:00:00`, `10:00`, `UNLIMITED`. */
export function limitSeconds(text: string): { readonly limitSeconds?: number } {
  const parts = /^(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+)$/.exec(text)
  if (parts === null) return {}
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = parts.slice(1).map((part) => Number(part ?? 0))
  return { limitSeconds: ((days * 24 + hours) * 60 + minutes) * 60 + seconds }
}
