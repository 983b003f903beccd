/**
 * Jobs that have ended, as a table of text with sacct’s columns and instants in UTC: what `trace/` reads as the format `sacct`. From the accounts
 * where the site keeps them; otherwise from the job completion log where it is a file that can be read here. Accounts lag behind the controller by
 * seconds, and tasks that were cancelled while they waited stand in neither.
 */
import { existsSync, readFileSync } from 'node:fs'
import { isRefusal, type Refusal, refuse } from '../../model/index.js'
import type { SlurmCommands } from './command.js'
import type { Site } from './site.js'

const COLUMNS = [
  'JobID',
  'JobName',
  'User',
  'Partition',
  'QOS',
  'Submit',
  'Start',
  'End',
  'ElapsedRaw',
  'State',
  'NCPUS',
  'AllocTRES',
  'Priority',
  'Timelimit',
  'NodeList',
] as const

export interface History {
  readonly source: 'sacct' | 'jobcomp'
  /** Columns separated by `|`, the first line their names. */
  readonly text: string
}

export interface HistoryOptions {
  /** Jobs that ended, or still were, after this instant; seconds since 1970. */
  readonly sinceSeconds: number
  /** Attempts that were evicted or requeued as well, each a line under the same number. */
  readonly attempts?: boolean
}

export async function readHistory(commands: SlurmCommands, site: Site, options: HistoryOptions): Promise<History | Refusal> {
  if (site.accounting) {
    const args = [
      '--allusers',
      '--allocations',
      '--parsable2',
      `--starttime=uts${Math.floor(options.sinceSeconds)}`,
      `--format=${COLUMNS.join(',')}`,
    ]
    const text = await commands.run('sacct', options.attempts ? ['--duplicates', ...args] : args, {
      environment: { TZ: 'UTC', SLURM_TIME_FORMAT: 'standard' },
    })
    if (!isRefusal(text)) return { source: 'sacct', text }
    const log = readCompletions(site, options)
    return isRefusal(log) ? text : log
  }
  return readCompletions(site, options)
}

function readCompletions(site: Site, { sinceSeconds }: HistoryOptions): History | Refusal {
  const path = site.config.get('jobcomploc')
  if (site.config.get('jobcomptype') !== 'jobcomp/filetxt' || path === undefined)
    return refuse('no-data', 'the site keeps neither accounts (slurmdbd) nor a job completion log in a file (jobcomp/filetxt)')
  if (!existsSync(path)) return refuse('no-data', `the job completion log ${path} is not on this host`)
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => completionLine(line, sinceSeconds))
  return { source: 'jobcomp', text: [COLUMNS.join('|'), ...lines, ''].join('\n') }
}

/** One line of the log, `JobId=7 UserId=root(0) … SubmitTime=… Cluster=…`, as one of sacct’s. Its instants are in the local time of this host. */
function completionLine(line: string, sinceSeconds: number): string[] {
  // a name may have blanks in it: a value ends where the next NAME= begins
  const cells = new Map([...line.matchAll(/(\w+)=(.*?)(?= \w+=|$)/g)].map((one) => [one[1]!, one[2]!.trim()]))
  const seconds = (name: string): number => Date.parse(cells.get(name) ?? '') / 1000
  const [submit, start, end] = [seconds('SubmitTime'), seconds('StartTime'), seconds('EndTime')]
  if (!cells.has('JobId') || !(end >= sinceSeconds)) return []
  const instant = (value: number): string =>
    Number.isFinite(value) ? new Date(value * 1000).toISOString().slice(0, 19) : 'Unknown'
  const field = (name: string): string => (cells.get(name) ?? '').replaceAll('|', '_')
  const ran = start > 0
  return [
    [
      cells.has('ArrayTaskId') ? `${field('ArrayJobId')}_${field('ArrayTaskId')}` : field('JobId'),
      field('Name'),
      field('UserId').replace(/\(.*$/, ''),
      field('Partition'),
      field('QOS'),
      instant(submit),
      ran ? instant(start) : 'Unknown',
      instant(end),
      ran ? String(Math.max(0, end - start)) : '0',
      field('JobState'),
      field('ProcCnt'),
      field('Tres'),
      '',
      /^\d+$/.test(field('TimeLimit')) ? `${field('TimeLimit')}:00` : field('TimeLimit'),
      field('NodeList'),
    ].join('|'),
  ]
}
