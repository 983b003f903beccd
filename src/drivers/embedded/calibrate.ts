/**
 * What the shares that are asked for really give: a process burns for a moment under each, and its processor time and work are measured. So the speeds
 * that the cluster says it has were obtained here, on this machine as it was then.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import type { SpeedControl } from './speed.js'

export interface Calibration {
  /** Share of a processor that was asked for and got, at normal speed and at the highest. */
  readonly normal: { readonly asked: number; readonly got: number }
  readonly most: { readonly asked: number; readonly got: number }
  /** Work a second at the highest share over that at normal speed. */
  readonly speedUp: number
  readonly seconds: number
}

const BURN_SECONDS = 0.4

/** Waits for a line, burns, and says how often it went round and how long it was on a processor. */
const BURNER = `process.stdin.once('data', () => {
  const seconds = Number(process.argv[1])
  const burn = (seconds) => {
    const begun = process.hrtime.bigint()
    let rounds = 0
    let x = 1
    while (Number(process.hrtime.bigint() - begun) < seconds * 1e9) {
      for (let i = 0; i < 20000; i++) x = (x * 1103515245 + 12345) % 2147483648
      rounds++
    }
    return x < 0 ? 0 : rounds
  }
  burn(seconds / 4)
  const before = process.cpuUsage()
  const begun = process.hrtime.bigint()
  const rounds = burn(seconds)
  const wall = Number(process.hrtime.bigint() - begun) / 1e9
  const { user, system } = process.cpuUsage(before)
  process.stdout.write(JSON.stringify({ rate: rounds / wall, share: (user + system) / 1e6 / wall }))
  process.exit(0)
})
process.stdout.write('ready')`

/** Burns at both shares, one after the other; undefined where the burner could not be run. */
export async function calibrate(control: SpeedControl, normalShare: number): Promise<Calibration | undefined> {
  const begun = performance.now()
  const normal = await burn(control, normalShare)
  const most = await burn(control, 1)
  if (normal === undefined || most === undefined || !(normal.rate > 0)) return undefined
  return {
    normal: { asked: normalShare, got: normal.share },
    most: { asked: 1, got: most.share },
    speedUp: most.rate / normal.rate,
    seconds: (performance.now() - begun) / 1000,
  }
}

async function burn(control: SpeedControl, share: number): Promise<{ rate: number; share: number } | undefined> {
  const name = `calibration/${share}`
  const child = spawn(process.execPath, ['-e', BURNER, String(BURN_SECONDS)], {
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  if (child.pid === undefined) return undefined
  try {
    await said(child)
    control.begin(name, child.pid, share)
    child.stdin!.write('go\n')
    const answer = await said(child)
    return JSON.parse(answer) as { rate: number; share: number }
  } catch {
    return undefined
  } finally {
    child.kill('SIGKILL')
    await ended
    control.end(name)
  }
}

/** The next that the child says; throws if it ends without a word. */
function said(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.stdout!.once('data', (data: Buffer) => resolve(data.toString()))
    child.once('exit', () => reject(new Error('the burner ended')))
    child.once('error', reject)
  })
}
