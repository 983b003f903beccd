/** The steps that a controller has done and not taken back, by their id and by the lever that they moved. */
import type { ClusterAction } from '../model/index.js'
import { leverOf } from './levers.js'
import type { Step } from './steps.js'

export class OpenSteps {
  private readonly byId = new Map<string, Step>()
  private readonly byLever = new Map<string, Step>()

  /** In the order in which they were begun. */
  get all(): readonly Step[] {
    return [...this.byId.values()]
  }

  get count(): number {
    return this.byId.size
  }

  open(step: Step): void {
    this.byId.set(step.id, step)
    this.byLever.set(leverOf(step.action), step)
  }

  close(step: Step): void {
    this.byId.delete(step.id)
    const lever = leverOf(step.action)
    if (this.byLever.get(lever) === step) this.byLever.delete(lever)
  }

  /** The one that moved the lever of this action. */
  on(action: ClusterAction): Step | undefined {
    return this.byLever.get(leverOf(action))
  }
}
