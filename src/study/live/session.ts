/**
 * A controller on a cluster: opens the ledger, puts in order what an earlier controller left, starts the guardian, and hands out the controller
 * with a view of what it sees.
 */
import {
  beyondReach,
  Controller,
  type ControllerSettings,
  type GuardSettings,
  Journal,
  type LedgerStore,
  type Look,
  memoryLedger,
  type Recovered,
  recover,
  type SavedSteering,
  type Steering,
  type SteeringSettings,
  savedSteering,
  steer,
  withoutSprints,
} from '../../control/index.js'
import { type FileLedger, openLedger } from '../../drivers/index.js'
import {
  type ActionKind,
  type Capabilities,
  type Driver,
  type IssueReport,
  isRefusal,
  type LiveStatus,
  type Observation,
  type ObservedJob,
  type Refusal,
} from '../../model/index.js'
import { LiveView } from './view.js'
import { meansOf, type Wanted } from './wanted.js'

export interface SessionRequest {
  readonly driver: Driver
  readonly wanted: Wanted
  readonly commit: boolean
  readonly ledgerPath?: string
  readonly everySeconds?: number
  readonly keep?: readonly ActionKind[]
  readonly guard?: Partial<GuardSettings>
  readonly choice?: SteeringSettings['choice']
  readonly seed?: number
  readonly chargeBy?: SteeringSettings['chargeBy']
  /** Where the class of a job stands that was not submitted with one. */
  readonly classBy?: 'queue' | 'user' | 'name'
  /** Starts whoever takes things back if this process dies. */
  readonly guardian?: (ledgerPath: string) => { release(): Promise<void> } | undefined
  readonly onStatus?: (status: LiveStatus, look: Look) => void
}

export interface Session {
  readonly controller: Controller
  readonly steering: Steering
  readonly observation: Observation
  readonly capabilities: Capabilities
  readonly recovered: readonly Recovered[]
  /** What of the policy this cluster cannot be made to do, and what was odd when the ledger was opened. */
  readonly caveats: readonly string[]
  /** Gives the ledger back. */
  close(): Promise<void>
}

export type SessionOpening =
  | { readonly ok: true; readonly session: Session }
  | { readonly ok: false; readonly issues: IssueReport }
  | Refusal

export async function openSession(request: SessionRequest): Promise<SessionOpening> {
  const { driver, wanted, commit, ledgerPath } = request
  const observation = await driver.observe()
  if (isRefusal(observation)) return observation
  const capabilities = await driver.capabilities()
  const opening = ledgerPath === undefined ? undefined : openLedger(ledgerPath)
  if (opening && (isRefusal(opening) || !opening.ok)) return opening
  const store: LedgerStore & Partial<Pick<FileLedger, 'torn'>> = opening?.ledger ?? memoryLedger()
  const journal = new Journal(store, driver.clock, `${process.pid}-${Date.now().toString(36)}`)
  try {
    if (store.torn !== undefined) await journal.write({ kind: 'note', message: `a torn last line was cut off: ${store.torn}` })
    const recovered = commit ? await recover({ journal, driver }) : []
    if (isRefusal(recovered)) {
      await store.close()
      return recovered
    }
    const guardian = commit && ledgerPath !== undefined ? request.guardian?.(ledgerPath) : undefined
    const saved = savedSteering(store.entries, wanted.policy.name) as SavedSteering | undefined
    const steering = steer(steeringSettings(request, observation, capabilities, saved))
    const controller = new Controller(controllerSettings(request, journal, steering))
    await controller.begin()
    const caveats = [
      ...beyondReach(wanted.policy, observation.discipline, capabilities),
      ...(observation.missing ?? []),
      ...recovered
        .filter(({ outcome }) => outcome === 'undo-failed')
        .map(({ step, note }) => `step ${step} of an earlier controller could not be taken back: ${note}`),
      ...(store.torn === undefined ? [] : ['the last line of the ledger was torn and was cut off']),
    ]
    const close = async (): Promise<void> => {
      await store.close()
      await guardian?.release()
    }
    return { ok: true, session: { controller, steering, observation, capabilities, recovered, caveats, close } }
  } catch (error) {
    await store.close()
    throw error
  }
}

export function steeringSettings(
  { wanted, choice, seed, chargeBy, classBy }: Pick<SessionRequest, 'wanted' | 'choice' | 'seed' | 'chargeBy' | 'classBy'>,
  { nodes }: Observation,
  { speeds }: Capabilities,
  saved: SavedSteering | undefined,
): SteeringSettings {
  const classOf = classBy && ((job: ObservedJob) => job.className ?? job[classBy])
  return {
    policy: wanted.policy,
    classes: wanted.classes,
    slots: nodes.reduce((sum, { slots }) => sum + slots, 0),
    ...(wanted.power ? { power: wanted.power } : {}),
    ...(classOf ? { classOf } : {}),
    ...(choice ? { choice } : {}),
    ...(seed === undefined ? {} : { seed }),
    ...(chargeBy ? { chargeBy } : {}),
    ...(speeds ? { speedAtMost: speeds.most } : {}),
    ...(saved ? { saved: withoutSprints(saved) } : {}),
  }
}

function controllerSettings(request: SessionRequest, journal: Journal, steering: Steering): ControllerSettings {
  const { driver, wanted, commit, everySeconds, keep, guard, onStatus } = request
  const view = new LiveView(request, steering)
  return {
    driver,
    journal,
    steering,
    policy: wanted.policy.name,
    commit,
    process: process.pid,
    ...(everySeconds === undefined ? {} : { everySeconds }),
    ...(keep ? { keep } : {}),
    ...(guard ? { guard } : {}),
    ...(wanted.prediction ? { predicted: meansOf(wanted.prediction) } : {}),
    ...(wanted.before ? { before: wanted.before } : {}),
    ...(onStatus ? { onLook: (look: Look, controller: Controller) => onStatus(view.status(look, controller), look) } : {}),
  }
}
