/** A cluster of worker processes on this machine, for the length of a trial. */
import { startEmbedded } from '../../drivers/index.js'
import { isRefusal, type Refusal, refuse, type Scenario } from '../../model/index.js'
import type { TrialedCluster } from './run.js'

/** Of all processors: what the slots may use together when all of them sprint. The rest is for the controller and whatever else there is. */
const USABLE = 0.9
const LEAST_SHARE = 0.02
const MOST_SHARE = 0.8

/**
 * Starts it, with a normal speed at which all slots can sprint at once without getting into one another’s way: a slot has 0.9 · processors / (slots · sprint speed) of a processor.
 */
export async function ownCluster(
  { policy, levers }: Scenario,
  { directory, slots, processors }: { readonly directory: string; readonly slots: number; readonly processors: number },
): Promise<TrialedCluster | Refusal> {
  const lever = levers?.sprint
  const speed = Math.max(1, policy.sprint?.speed ?? 1, lever?.speed ?? 1, ...(lever?.otherSpeeds ?? []))
  const normalShare = Math.min(MOST_SHARE, (USABLE * processors) / (slots * speed))
  if (normalShare < LEAST_SHARE)
    return refuse(
      'infeasible',
      `${slots} slots are too many for ${processors} processors: a task would hardly move; give --slots`,
      {
        slots,
        processors,
        normalShare,
      },
    )
  const started = await startEmbedded({
    directory,
    slots,
    normalShare: Math.round(normalShare * 1000) / 1000,
    engine: policy.engine,
    discipline: 'priority-nonpreemptive',
  })
  return isRefusal(started) ? started : { driver: started.driver, leave: () => started.stop() }
}
