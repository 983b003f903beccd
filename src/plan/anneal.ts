import { type Candidate, isRefusal, type Policy, type Prediction, type Refusal, type Scenario } from '../model/index.js'
import type { Rng } from '../num/index.js'
import { leversKey, neighbours, otherKinds } from './candidates.js'
import { compareCandidates, judge } from './judge.js'

export interface Annealed {
  readonly best: Candidate | undefined
  /** Policies that were predicted, each once. */
  readonly evaluations: number
}

/**
 * Simulated annealing over the neighbours that local search walks and the steps from one kind of policy to another, the papers’ own reference: a random one is taken when it is better,
 * or with probability e^{−Δ/temperature} of the difference in energy (violation a hundredfold, plus score), the temperature falling by 0.95 a step
 * from a tenth of the first energy. Returns the best policy ever met, in the order of `compareCandidates`.
 *
 * `predict` answers for a policy, always on the same luck. Source: specs/sprint.md 2.4.
 */
export function anneal(
  scenario: Scenario,
  start: Policy,
  reference: readonly number[],
  predict: (policy: Policy) => Prediction | Refusal,
  { steps = 300, rng }: { readonly steps?: number; readonly rng: Rng },
): Annealed {
  const compare = compareCandidates(scenario, reference)
  const known = new Map<string, Candidate | undefined>()
  const look = (policy: Policy): Candidate | undefined => {
    const key = leversKey(policy)
    if (!known.has(key)) {
      const prediction = predict(policy)
      known.set(key, isRefusal(prediction) ? undefined : judge(scenario, policy, prediction, reference))
    }
    return known.get(key)
  }
  const energy = ({ violation, score }: Candidate): number => 100 * violation + score
  let here = look(start)
  let policy = start
  let best = here
  let temperature = here ? 0.1 * Math.max(energy(here), 1e-9) : 1
  for (let i = 0; i < steps; i++, temperature *= 0.95) {
    const near = [...neighbours(scenario, policy), ...otherKinds(scenario, policy)]
    const next = near[rng.below(near.length)]
    if (!next) break
    const there = look(next)
    if (!there) continue
    const rise = here ? energy(there) - energy(here) : -1
    if (rise > 0 && rng.uniform() >= Math.exp(-rise / temperature)) continue
    here = there
    policy = next
    if (!best || compare(there, best) < 0) best = there
  }
  return { best, evaluations: known.size }
}
