/** What a controller sees and does, as a status that can be shown, sent or scraped. */
import type { Controller, Look, Steering } from '../../control/index.js'
import type { Driver, LiveAction, LiveClass, LiveStatus, Observation } from '../../model/index.js'
import type { Wanted } from './wanted.js'

const KEPT_ACTIONS = 12

export class LiveView {
  private readonly actions: LiveAction[] = []
  private last: Observation | undefined

  constructor(
    private readonly request: { readonly driver: Driver; readonly wanted: Wanted; readonly commit: boolean },
    private readonly steering: Steering,
  ) {}

  status(look: Look, controller: Controller): LiveStatus {
    const { driver, wanted, commit } = this.request
    this.last = look.observation ?? this.last
    for (const report of look.reports) this.note({ atSeconds: look.atSeconds, ...report })
    this.actions.splice(0, Math.max(0, this.actions.length - KEPT_ACTIONS))
    const heldBack = new Map<string, string>()
    for (const { guard, note } of look.reports) if (guard !== undefined) heldBack.set(guard, note ?? '')
    const { nodes = [], discipline } = this.last ?? {}
    const { budget } = this.steering
    const would = look.reports.filter(({ outcome }) => outcome === 'would').slice(0, KEPT_ACTIONS)
    return {
      schema: 'halftone/live/1',
      atSeconds: look.atSeconds,
      driver: driver.name,
      policy: wanted.policy.name,
      commit,
      nodes: nodes.filter(({ state }) => state === 'up').length,
      slots: nodes.reduce((sum, { slots }) => sum + slots, 0),
      busySlots: nodes.reduce((sum, { busySlots }) => sum + busySlots, 0),
      ...(discipline ? { discipline } : {}),
      ...this.jobsSeen(controller),
      ...(budget ? { budget } : {}),
      openSteps: controller.openSteps.length,
      wanted: look.wanted.length,
      actions: commit ? [...this.actions] : would.map((report) => ({ atSeconds: look.atSeconds, ...report })),
      heldBack: [...heldBack].map(([guard, reason]) => ({ guard, reason })),
      ...(look.handsOff === undefined ? {} : { handsOff: look.handsOff }),
      ...(look.blind === undefined ? {} : { blind: look.blind }),
    }
  }

  /** An action that is seen to have worked takes the place of the one that was done. */
  private note(one: LiveAction): void {
    if (one.outcome === 'held-back' || one.outcome === 'would') return
    const before = this.actions.at(-1)
    if (one.outcome === 'kept' && before?.outcome === 'done' && before.action === one.action) this.actions.pop()
    this.actions.push(one)
  }

  private jobsSeen(controller: Controller): Pick<LiveStatus, 'classes' | 'others'> {
    const { classes, prediction } = this.request.wanted
    const counts = new Map(classes.map(({ name }) => [name, { waiting: 0, running: 0 }]))
    const others = { waiting: 0, running: 0 }
    for (const job of this.last?.jobs ?? []) {
      const one = counts.get(this.steering.classOf(job) ?? '') ?? others
      if (job.state === 'pending' || job.state === 'held') one.waiting++
      else if (job.state === 'running' || job.state === 'suspended') one.running++
    }
    const rows = classes.map(({ name }): LiveClass => {
      const score = controller.scores.of(name)
      const response = prediction?.classes.find((one) => one.name === name)?.response
      return {
        name,
        ...counts.get(name)!,
        ended: score?.jobs ?? 0,
        ...(score ? { meanResponseSeconds: score.meanSeconds, p95ResponseSeconds: score.p95Seconds } : {}),
        ...(response ? { predictedMeanSeconds: response.mean.value } : {}),
        ...(response?.p95 ? { predictedP95Seconds: response.p95.value } : {}),
      }
    })
    return { classes: rows, others }
  }
}
