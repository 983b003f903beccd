/**
 * Waits until its standard input ends, then kills every process that belongs to the test cluster in the directory it was given, and removes that
 * directory. A process belongs to it when the directory’s name stands in its environment, its arguments or its working directory.
 */
import { readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { readdir, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const directory = process.argv[2]

process.stdin.resume()
process.stdin.on('close', async () => {
  for (let turn = 0; turn < 100; turn++) {
    const members = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid && isMember(name))
    if (members.length === 0) break
    for (const member of members) kill(Number(member))
    await sleep(50)
  }
  await removeGroups()
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
})

function isMember(process) {
  const texts = ['environ', 'cmdline'].map((file) => attempt(() => readFileSync(`/proc/${process}/${file}`, 'latin1')))
  return [...texts, attempt(() => readlinkSync(`/proc/${process}/cwd`))].some((text) => text.includes(directory))
}

function attempt(read) {
  try {
    return read()
  } catch {
    return '' // it has ended, or is not ours to look at
  }
}

function kill(process_) {
  try {
    process.kill(process_, 'SIGKILL')
  } catch {
    // it has ended
  }
}

/** Control groups of the cluster’s jobs: the first line of a job’s `group` file is the directory in which they lie. */
async function removeGroups() {
  const files = await readdir(directory, { recursive: true }).catch(() => [])
  const roots = files
    .filter((name) => /(^|\/)group$/.test(name))
    .map((name) => attempt(() => readFileSync(join(directory, name), 'utf8')).split('\n')[0])
  for (const root of new Set(roots.filter((root) => root.startsWith('/sys/fs/cgroup/')))) {
    for (const name of await readdir(root).catch(() => [])) await rmdir(join(root, name)).catch(() => {})
    await rmdir(root).catch(() => {})
  }
}
