/**
 * Two ways to Slurm as one: through slurmrestd while it answers, by the command-line tools otherwise. After a failure the tools are used for
 * a while without asking slurmrestd again, so that one that hangs costs its time limit once.
 */
import { type Clock, isRefusal, type Refusal } from '../../model/index.js'
import type { Gateway } from './gateway.js'

const TRY_AGAIN_SECONDS = 15

export interface FallbackGateway extends Gateway {
  /** Why slurmrestd is not used at the moment, where it is not. */
  readonly trouble: string | undefined
}

export interface FallbackParts {
  readonly rest: Gateway | undefined
  readonly tools: Gateway
  readonly clock: Clock
  /** False: what slurmrestd submitted would be somebody else’s. */
  readonly submitsByRest: boolean
}

export function fallbackGateway({ rest: first, tools: second, clock, submitsByRest }: FallbackParts): FallbackGateway {
  let trouble: string | undefined
  let until = Number.NEGATIVE_INFINITY
  const either = async <Answer>(ask: (gateway: Gateway) => Promise<Answer | Refusal>): Promise<Answer | Refusal> => {
    if (first === undefined || clock.monotonic() < until) return ask(second)
    const answer = await ask(first)
    if (!isRefusal(answer)) {
      trouble = undefined
      return answer
    }
    trouble = answer.message
    until = clock.monotonic() + TRY_AGAIN_SECONDS
    return ask(second)
  }
  return {
    get trouble() {
      return trouble
    },
    nodes: () => either((gateway) => gateway.nodes()),
    queue: () => either((gateway) => gateway.queue()),
    // What was asked of slurmrestd may have arrived although no answer did; the copy stays held and is never released (see submit.ts).
    submit: (submission) => (submitsByRest ? either((gateway) => gateway.submit(submission)) : second.submit(submission)),
  }
}
