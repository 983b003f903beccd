/** Processes of this machine as /proc tells of them: which live, what they have used, who belongs to a task. */
import { readdirSync, readFileSync } from 'node:fs'

interface Stat {
  readonly state: string
  readonly group: number
}

function statOf(pid: number | string): Stat | undefined {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return undefined
  }
  // the name stands in parentheses and may hold anything
  const [state, , group] = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { state: state!, group: Number(group) }
}

/** It has ended and was not collected. */
function isDead({ state }: Stat): boolean {
  return state === 'Z' || state === 'X'
}

/** Nanoseconds on a processor of all threads of a process that lives. */
export function cpuSecondsOf(pid: number): number | undefined {
  try {
    let nanoseconds = 0
    for (const thread of readdirSync(`/proc/${pid}/task`))
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0])
    return nanoseconds / 1e9
  } catch {
    return undefined
  }
}

/** Children of a process, and theirs. */
export function descendantsOf(pid: number): number[] {
  const found: number[] = []
  const open = [pid]
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    let threads: string[] = []
    try {
      threads = readdirSync(`/proc/${at}/task`)
    } catch {
      continue
    }
    for (const thread of threads)
      for (const child of readText(`/proc/${at}/task/${thread}/children`).split(' ').filter(Boolean).map(Number)) {
        found.push(child)
        open.push(child)
      }
  }
  return found
}

/** Which mark of ours every process of this user carries in its environment, by process; those without one are left out. */
export function marked(name: string): Map<number, string> {
  const found = new Map<number, string>()
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const environment = readText(`/proc/${entry}/environ`)
    const at = environment.indexOf(`${name}=`)
    if (at < 0 || (at > 0 && environment[at - 1] !== '\0')) continue
    const stat = statOf(entry)
    if (stat === undefined || isDead(stat)) continue
    found.set(Number(entry), environment.slice(at + name.length + 1).split('\0', 1)[0]!)
  }
  return found
}

/** Living members of a process group. */
export function groupMembers(group: number): number[] {
  if (!groupIsThere(group)) return []
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((entry) => {
      const stat = statOf(entry)
      return stat !== undefined && stat.group === group && !isDead(stat)
    })
    .map(Number)
}

/** Has the process group members, dead ones that were not collected included? */
export function groupIsThere(group: number): boolean {
  return signal(-group, 0)
}

/** Sends a signal; false where there is nobody (any more) to get it. */
export function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EPERM') return true
    return false
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
