import { describe, expect, it } from 'vitest'
import { isRefusal } from '../model/index.js'
import { fillExponential, Rng } from '../num/index.js'
import {
  type CreditPolicy,
  type InstanceDemand,
  offeredInstance,
  offeredPolicy,
  ownInstance,
  packNodes,
  playCredits,
  playNode,
} from './index.js'

const COUNT = 200_000
const ALWAYS = Number.MAX_VALUE

function queries(rate: number, service: number, seed = 1, count = COUNT) {
  const rng = new Rng(seed, 'queries')
  const arrivalSeconds = new Float64Array(count)
  const coreSeconds = new Float64Array(count)
  fillExponential(rng.stream('arrivals'), arrivalSeconds, 0, count, 1 / rate)
  for (let i = 1; i < count; i++) arrivalSeconds[i]! += arrivalSeconds[i - 1]!
  fillExponential(rng.stream('work'), coreSeconds, 0, count, service)
  return { arrivalSeconds, coreSeconds }
}

const mean = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length

function played(policy: CreditPolicy, drawn = queries(0.1, 1)): number {
  const responses = new Float64Array(drawn.arrivalSeconds.length)
  playCredits(drawn, policy, responses)
  return mean(responses)
}

describe('a burstable instance', () => {
  it('that never bursts is an M/M/1 at its baseline: 1/(0.2 − 0.1) = 10', () => {
    const never = { baseline: 0.2, earn: 0.2, bucketCoreSeconds: 100, timeoutSeconds: ALWAYS }
    expect(Math.abs(played(never) / 10 - 1)).toBeLessThan(0.04)
  })

  it('that always bursts and never runs dry is one at a whole core: 1/(1 − 0.1)', () => {
    const always = { baseline: 0.2, earn: 0.2, bucketCoreSeconds: 1e12, timeoutSeconds: 0 }
    expect(Math.abs(played(always) * 0.9 - 1)).toBeLessThan(0.02)
  })

  it('goes through one query by hand: 2 s at half a core, then a burst until the account is empty, then the baseline', () => {
    // 10 core-seconds of work, baseline = earn = 0.5, 1 core-second of credit: 1 done by 2 s; the burst spends 0.5 a second, so lasts 2 s and does 2; 7 are left at 0.5: 14 s
    const policy = { baseline: 0.5, earn: 0.5, bucketCoreSeconds: 1, timeoutSeconds: 2 }
    const responses = new Float64Array(1)
    const share = playCredits({ arrivalSeconds: Float64Array.of(0), coreSeconds: Float64Array.of(10) }, policy, responses)
    expect(responses[0]).toBeCloseTo(18, 12)
    expect(share).toBeCloseTo(2 / 18, 12)
  })

  it('never uses more than it earns and what its account held', () => {
    // overloaded without end: the work done by the last end is at most bucket + earn · time
    const policy = { baseline: 0.1, earn: 0.3, bucketCoreSeconds: 50, timeoutSeconds: 1 }
    const drawn = queries(0.5, 1, 2, 5_000)
    const responses = new Float64Array(5_000)
    playCredits(drawn, policy, responses)
    const end = drawn.arrivalSeconds[4_999]! + responses[4_999]!
    const used = drawn.coreSeconds.reduce((sum, value) => sum + value, 0)
    expect(used).toBeLessThanOrEqual(50 + 0.3 * end + 1e-6)
    expect(used).toBeGreaterThan(0.1 * end)
  })
})

describe('a shared node', () => {
  it('with one instance is that instance alone, query by query', () => {
    for (const policy of [
      { baseline: 0.2, earn: 0.2, bucketCoreSeconds: 5, timeoutSeconds: 3 },
      { baseline: 0.15, earn: 0.25, bucketCoreSeconds: 2, timeoutSeconds: 0.5 },
      { baseline: 0.3, earn: 0.3, bucketCoreSeconds: 1e6, timeoutSeconds: 0 },
    ]) {
      const drawn = queries(0.12, 1, 3, 3_000)
      const alone = new Float64Array(3_000)
      playCredits(drawn, policy, alone)
      const [shared] = playNode([{ policy, queries: drawn }])
      shared!.forEach((response, i) => {
        expect(Math.abs(response - alone[i]!)).toBeLessThan(1e-6 * (1 + alone[i]!))
      })
    }
  })

  it('shares what baselines leave evenly among bursts: two queries of 1 core-second take 2 s, whatever their baselines promise', () => {
    const one = (baseline: number) => ({
      policy: { baseline, earn: baseline, bucketCoreSeconds: 100, timeoutSeconds: 0 },
      queries: { arrivalSeconds: Float64Array.of(0), coreSeconds: Float64Array.of(1) },
    })
    const [a, b] = playNode([one(0.5), one(0.5)])
    expect([a![0], b![0]]).toEqual([2, 2])
    // 0.2 + 0.35 and 0.1 + 0.35 of a core: the first ends at 1/0.55; the second, alone from then on, when both are done
    const [first, second] = playNode(
      [one(0.2), one(0.1)].map((x, k) => ({ ...x, policy: { ...x.policy, baseline: [0.2, 0.1][k]! } })),
    )
    expect(first![0]).toBeCloseTo(1 / 0.55, 12)
    expect(second![0]).toBeCloseTo(2, 12)
  })

  it('gives each burst a core at most: two on two cores take 1 s, and so does one alone', () => {
    const one = {
      policy: { baseline: 0.5, earn: 0.5, bucketCoreSeconds: 100, timeoutSeconds: 0 },
      queries: { arrivalSeconds: Float64Array.of(0), coreSeconds: Float64Array.of(1) },
    }
    expect(playNode([one, one], 2).map(([response]) => response)).toEqual([1, 1])
    expect(playNode([one], 2)[0]![0]).toBe(1)
  })

  it('keeps the baseline of one that waits while others burst', () => {
    const quiet = {
      policy: { baseline: 0.25, earn: 0.25, bucketCoreSeconds: 1, timeoutSeconds: ALWAYS },
      queries: { arrivalSeconds: Float64Array.of(0), coreSeconds: Float64Array.of(1) },
    }
    const loud = { policy: { ...quiet.policy, bucketCoreSeconds: 1e9, timeoutSeconds: 0 }, queries: queries(0.5, 1, 4, 50) }
    expect(playNode([quiet, loud, loud])[0]![0]).toBeCloseTo(4, 9)
  })
})

describe('instances', () => {
  const demand = (boundSeconds: number): InstanceDemand => {
    const drawn = queries(0.1, 1, 5, 20_000)
    const responses = new Float64Array(20_000)
    return {
      name: 'web',
      utilisation: 0.1,
      boundSeconds,
      ask: (policy, burst) => {
        const shareBursting = playCredits(drawn, policy, responses, burst)
        return { responseSeconds: mean(responses), shareBursting }
      },
    }
  }
  const bold = { busyAtMost: 0.95, burstCores: 1 }
  const types = [
    { name: 'small', baseline: 0.2, creditsAtMost: 288 },
    { name: 'micro', baseline: 0.08, creditsAtMost: 144 },
  ]

  it('on sale: the smallest that is not too busy and keeps the SLO; else a core', () => {
    expect(offeredInstance(demand(3), bold, types)).toMatchObject({ offer: 'small', policy: offeredPolicy(types[0]!) })
    expect(offeredInstance(demand(3), bold, types.slice(1))).toMatchObject({ offer: 'dedicated core', policy: { earn: 1 } })
  })

  it('of one’s own reserve no more than those on sale and no less than they use, and keep the SLO', () => {
    for (const search of ['size', 'policy'] as const)
      for (const bound of [1.5, 3, 12]) {
        const own = ownInstance(demand(bound), bold, search)
        if (isRefusal(own)) throw new Error(own.message)
        expect(own.responseSeconds).toBeLessThanOrEqual(bound)
        expect(own.policy.earn).toBeLessThanOrEqual(0.2)
        expect(own.policy.earn).toBeGreaterThanOrEqual(0.1)
      }
  })

  it('with a timeout burst less than those that burst at once', () => {
    const [size, policy] = [ownInstance(demand(12), bold, 'size'), ownInstance(demand(12), bold, 'policy')]
    if (isRefusal(size) || isRefusal(policy)) throw new Error('refused')
    expect(policy.policy.timeoutSeconds).toBeGreaterThan(0)
    expect(policy.shareBursting).toBeLessThan(0.8 * size.shareBursting)
  })

  it('are refused by name where even a core of one’s own is too slow: 1/(1 − 0.1) > 1.05', () => {
    const refused = ownInstance(demand(1.05), bold, 'policy')
    expect(refused).toMatchObject({ kind: 'refusal', code: 'infeasible' })
    if (isRefusal(refused)) expect(refused.message).toContain('web')
  })
})

describe('packing', () => {
  it('puts every instance on one node and never reserves more than a node has', () => {
    const rng = new Rng(1, 'packing')
    for (let round = 0; round < 50; round++) {
      const kinds = Array.from({ length: 1 + rng.below(40) }, () => rng.below(5))
      const reserved = kinds.map((kind) => [0.1, 0.15, 0.2, 0.33, 0.5][kind]!)
      const nodes = packNodes(reserved, kinds, 1)
      expect(nodes.flat().sort((a, b) => a - b)).toEqual(kinds.map((_, i) => i))
      for (const held of nodes) expect(held.reduce((sum, i) => sum + reserved[i]!, 0)).toBeLessThanOrEqual(1 + 1e-9)
      // first fit decreasing: 11/9 of the optimum and 6/9, the optimum at least the sum
      expect(nodes.length).toBeLessThanOrEqual((11 / 9) * Math.ceil(reserved.reduce((sum, one) => sum + one, 0) * 1.2) + 1)
    }
  })

  it('deals alike instances apart: 4 of 0.3 and 8 of 0.1 on two nodes are 2 and 4 on each', () => {
    const reserved = [0.3, 0.3, 0.3, 0.3, ...Array.from({ length: 8 }, () => 0.1)]
    const kinds = reserved.map((one) => (one === 0.3 ? 0 : 1))
    const nodes = packNodes(reserved, kinds, 1)
    expect(nodes.map((held) => held.filter((i) => kinds[i] === 0).length)).toEqual([2, 2])
    expect(nodes.map((held) => held.length)).toEqual([6, 6])
  })
})
