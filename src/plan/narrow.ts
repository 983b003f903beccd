import type { Candidate, Policy, Scenario } from '../model/index.js'
import { neighbours, sameLevers } from './candidates.js'

/** How a pool of candidates is narrowed. */
export interface Narrowing {
  readonly compare: (a: Candidate, b: Candidate) => number
  /** A candidate predicted again, from so many jobs; none where it is refused. */
  readonly again: (policy: Policy, jobs: number) => readonly Candidate[]
  readonly finalists: number
  /** Jobs of the look that the pool has had, and the most that a further one may have. */
  readonly jobs: number
  readonly jobsAtMost: number
  readonly tell: (share: number, what: string) => void
}

const MOST_MOVES = 8

/**
 * Successive halving (Jamieson and Talwalkar, 2016): the better half, and the best of every kind of policy, is looked at again for twice as long, until no more than
 * twice the finalists are left. Then local search: single steps of one lever, first around every finalist, then around the one that leads while they help. Best first.
 */
export function narrowed(scenario: Scenario, looked: readonly Candidate[], narrowing: Narrowing): Candidate[] {
  const { compare, again, finalists, jobsAtMost, tell } = narrowing
  let pool = [...looked].sort(compare)
  let jobs = narrowing.jobs * 2
  let keep = Math.max(2 * finalists, Math.min(64, Math.ceil(pool.length / 2)))
  for (let done = 0.5; pool.length > 2 * finalists; done += (0.8 - done) / 2) {
    tell(done, `${Math.min(keep, pool.length)} candidates for ${jobs} jobs each`)
    pool = diverse(pool, keep)
      .flatMap(({ policy }) => again(policy, jobs))
      .sort(compare)
    if (keep <= 2 * finalists) break
    keep = Math.max(2 * finalists, Math.ceil(keep / 2))
    jobs = Math.min(jobsAtMost, jobs * 2)
  }
  for (let round = 0; round < MOST_MOVES && pool[0]; round++) {
    const leader = pool[0]
    tell(0.8 + (0.05 * round) / MOST_MOVES, 'neighbours of the best')
    const from = pool.slice(0, round === 0 ? finalists : 1)
    for (const policy of from.flatMap((candidate) => neighbours(scenario, candidate.policy)))
      if (!pool.some((candidate) => sameLevers(candidate.policy, policy))) pool.push(...again(policy, jobs))
    pool.sort(compare)
    if (pool[0] === leader) break
  }
  return pool
}

/**
 * The first `keep` of a ranking, then the best of every other kind of policy (its discipline, whether it drops, whether it sprints), best kinds first, up to
 * `most` in all: runners-up that differ in kind say more than the winner with a knob moved.
 */
export function diverse(ranked: readonly Candidate[], keep: number, most = Number.POSITIVE_INFINITY): Candidate[] {
  const kind = ({ policy }: Candidate): string =>
    [policy.discipline, Object.keys(policy.drop).length > 0, policy.sprint !== undefined].join()
  const chosen = ranked.slice(0, keep)
  const kinds = new Set(chosen.map(kind))
  for (const candidate of ranked.slice(keep)) {
    if (chosen.length >= most) break
    if (kinds.has(kind(candidate))) continue
    kinds.add(kind(candidate))
    chosen.push(candidate)
  }
  return chosen
}
