/** The guardian as a process: `guardian-main.js WHERE LEDGER`, the pipe on standard input. */
import { guard } from './guardian.js'
import { openDriver, type Where } from './open-driver.js'

const [where, ledgerPath] = process.argv.slice(2)
if (where === undefined || ledgerPath === undefined) throw new Error('the guardian is started by the controller')
// what ends the terminal’s group must not end the one who puts things in order
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
await guard(process.stdin, ledgerPath, () => openDriver(JSON.parse(where) as Where))
