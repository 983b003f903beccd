/**
 * The guardian: a small process of its own beside a controller that acts. It holds one end of a pipe; when the other end closes without a farewell
 * the controller is dead, and the guardian takes back from the ledger what that one left, and ends. After a farewell it just ends.
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Journal, openSteps, type Recovered, recover } from '../../control/index.js'
import { openLedger } from '../../drivers/index.js'
import { type Driver, isRefusal, type Refusal } from '../../model/index.js'
import type { Where } from './open-driver.js'

const FAREWELL = 'closed\n'
const TRIES = 30
const PAUSE_SECONDS = 2

export interface Guardian {
  /** Says farewell. */
  release(): Promise<void>
}

/** Starts one; undefined for a cluster that dies with the controller anyway. */
export function startGuardian(where: Where, ledgerPath: string): Guardian | undefined {
  if (where.on === 'replay') return undefined
  const main = fileURLToPath(new URL('./guardian-main.js', import.meta.url))
  const child = spawn(process.execPath, [main, JSON.stringify(where), ledgerPath], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  child.once('error', () => undefined)
  child.stdin.on('error', () => undefined)
  child.unref()
  ;(child.stdin as unknown as { unref?: () => void }).unref?.()
  return {
    release: () => new Promise((resolve) => child.stdin.end(FAREWELL, () => resolve())),
  }
}

/** What the guardian does: waits for the pipe to close and, without a farewell, puts things in order. Returns what it did. */
export async function guard(
  pipe: AsyncIterable<Buffer | string>,
  ledgerPath: string,
  openDriver: () => Promise<Driver | Refusal>,
): Promise<'farewell' | 'nothing-open' | 'somebody-else' | readonly Recovered[]> {
  let said = ''
  for await (const piece of pipe) said = (said + piece.toString()).slice(-FAREWELL.length)
  if (said === FAREWELL) return 'farewell'
  for (let round = 1; ; round++) {
    const outcome = await putInOrder(ledgerPath, openDriver)
    if (outcome !== 'not-yet') return outcome
    if (round === TRIES) throw new Error(`${ledgerPath}: open steps could not be taken back; they stay open in the ledger`)
    await new Promise((resolve) => setTimeout(resolve, PAUSE_SECONDS * 1000))
  }
}

async function putInOrder(ledgerPath: string, openDriver: () => Promise<Driver | Refusal>) {
  const opening = openLedger(ledgerPath)
  // whoever holds the ledger now has put things in order, or is about to
  if (isRefusal(opening)) return 'somebody-else'
  if (!opening.ok) throw new Error(opening.issues.kept[0]?.message ?? 'the ledger cannot be read')
  const { ledger } = opening
  try {
    if (openSteps(ledger.entries).length === 0) return 'nothing-open'
    const driver = await openDriver()
    if (isRefusal(driver)) return 'not-yet'
    try {
      const journal = new Journal(ledger, driver.clock, `guardian-${process.pid}`)
      const recovered = await recover({ journal, driver })
      return isRefusal(recovered) || recovered.some(({ outcome }) => outcome === 'undo-failed') ? 'not-yet' : recovered
    } finally {
      await driver.close()
    }
  } finally {
    await ledger.close()
  }
}
