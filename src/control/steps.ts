/**
 * The steps of a ledger that are still open: journalled as intended, and neither refused, undone nor kept for good. A step whose controller died
 * between its intent and its outcome is open and not known to be done.
 */
import type { ClusterAction, LedgerEntry } from '../model/index.js'

export interface Step {
  readonly id: string
  readonly controller: string
  readonly action: ClusterAction
  readonly undo: readonly ClusterAction[] | { readonly irreversible: string }
  readonly atSeconds: number
  /** The cluster took it. */
  done: boolean
  /** It is among the kinds that its controller was told to keep. */
  readonly keep: boolean
}

/** In the order in which they were intended. */
export function openSteps(entries: readonly LedgerEntry[]): Step[] {
  const open = new Map<string, Step>()
  const keeps = new Map<string, ReadonlySet<string>>()
  for (const entry of entries) {
    switch (entry.kind) {
      case 'opened':
        keeps.set(entry.controller, new Set(entry.keeps))
        break
      case 'intent': {
        const { step: id, controller, action, undo, atSeconds } = entry
        const keep = keeps.get(controller)?.has(action.kind) ?? false
        open.set(id, { id, controller, action, undo, atSeconds, done: false, keep })
        break
      }
      case 'done': {
        const step = open.get(entry.step)
        if (step) step.done = true
        break
      }
      case 'kept':
        if (entry.stays) open.delete(entry.step)
        break
      case 'refused':
      case 'undone':
        open.delete(entry.step)
        break
    }
  }
  return [...open.values()]
}

/** What the last steering under this policy remembered, where a line of the ledger says. */
export function savedSteering(entries: readonly LedgerEntry[], policy: string): Readonly<Record<string, unknown>> | undefined {
  let under: string | undefined
  let saved: Readonly<Record<string, unknown>> | undefined
  for (const entry of entries) {
    if (entry.kind === 'opened' && entry.commit && entry.policy !== under) {
      under = entry.policy
      saved = undefined
    } else if (entry.kind === 'observed' && entry.steering) saved = entry.steering
  }
  return under === policy ? saved : undefined
}
