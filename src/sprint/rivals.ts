import type { Sprint } from '../model/index.js'

/** A way to choose timeouts that others have published, in the terms of one sprint lever. */
export interface SprintRival {
  readonly name: string
  readonly what: string
  readonly sprint: Sprint | undefined
}

/** What the rivals need to know of how queries fare without a sprint: quantiles of response from the origin on, in seconds. */
export interface Unsprinted {
  readonly meanServiceSeconds: number
  readonly responseQuantile: (probability: number) => number
}

/**
 * The policies that a model-found one is held against, each a reading of its source in one timeout T for all classes that may sprint:
 *
 *   none            nobody sprints
 *   big burst       T = 0: the earliest queries spend the whole bucket (specs/sprint.md 2.8)
 *   tail only       T = p95 of the unsprinted response: boost those that will be late (after Adrenaline, HPCA 2015)
 *   few to many     T = mean service: a query gets more the longer it runs (after Few-to-Many, ASPLOS 2015)
 *   fluid balance   T at which sprinting uses as much as flows into the bucket
 *
 * The published systems know more than a timeout (which query will be late; a table by load): these are their shape, not their code.
 */
export function sprintRivals(sprint: Sprint, unsprinted: Unsprinted, fluidBalance?: number): SprintRival[] {
  const classes = Object.keys(sprint.timeoutSeconds)
  const at = (seconds: number): Sprint => ({
    ...sprint,
    timeoutSeconds: Object.fromEntries(classes.map((name) => [name, seconds])),
  })
  const rivals: SprintRival[] = [
    { name: 'none', what: 'nobody sprints', sprint: undefined },
    { name: 'big burst', what: 'at once, while the bucket lasts', sprint: at(0) },
    { name: 'tail only', what: 'those slower than 95 % would be', sprint: at(unsprinted.responseQuantile(0.95)) },
    { name: 'few to many', what: 'those in the system for a mean service', sprint: at(unsprinted.meanServiceSeconds) },
  ]
  if (fluidBalance !== undefined)
    rivals.push({ name: 'fluid balance', what: 'as much as flows into the bucket', sprint: at(fluidBalance) })
  return rivals
}
