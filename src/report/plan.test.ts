import { describe, expect, it } from 'vitest'
import { type Estimate, exactly, type Plan, Policy } from '../model/index.js'
import { parsePage } from './dom.js'
import { bothDirections, comparisons, planInWords, planPage, planText, targetOf, tightness, verdict } from './plan.js'
import { policyInWords } from './policy-words.js'

type Candidate = Plan['chosen']

const about = (x: number, half: number): Estimate => ({ value: x, low: x - half, high: x + half, confidence: 0.95 })
const policy = (name: string, rest: object = {}): Policy =>
  Policy.parse({ schema: 'halftone/policy/1', name, discipline: 'priority-nonpreemptive', ...rest })

function candidate(of: Policy, high: Estimate, low: Estimate, loss: number, checks: Candidate['checks'] = []): Candidate {
  const times = (mean: Estimate) => ({ mean, p95: about(2 * mean.value, mean.high - mean.value) })
  const one = (name: string, mean: Estimate, accuracyLoss: number) => ({
    name,
    arrivalsPerSecond: 0.01,
    throughputPerSecond: exactly(0.01),
    response: times(mean),
    wait: times(exactly(mean.value / 2)),
    service: times(exactly(mean.value / 2)),
    accuracyLoss: exactly(accuracyLoss),
  })
  return {
    policy: of,
    prediction: {
      schema: 'halftone/prediction/1',
      predictor: { kind: 'simulated', name: 'engine', method: '8 replications' },
      cost: { wallSeconds: 1 },
      classes: [one('high', high, 0), one('low', low, loss)],
      cluster: { utilisation: about(0.8, 0.01), waste: exactly(0) },
      caveats: [],
    },
    checks,
    price: { accuracyLoss: loss },
    violation: 0,
    score: loss,
  }
}

const NP = policy('NP')
const DA = policy('DA(0,20)', { drop: { low: 0.2 } })
const goal = (predicted: number, sure: boolean): Candidate['checks'] => [
  { path: 'classes.low.meanResponseSeconds', target: 900, predicted, met: predicted <= 900, sure },
]

// The two rows of the published reference table: high 292.3 → 273.8 s, low 1064.2 → 814.5 s when a fifth of the low class is dropped.
const plan = (changes: Partial<Plan> = {}): Plan => ({
  schema: 'halftone/plan/1',
  scenario: 'REF-A',
  inForce: candidate(NP, about(292.3, 40), about(1064.2, 20), 0, goal(1064.2, true)),
  chosen: candidate(DA, about(273.8, 40), about(814.5, 20), 0.02, goal(814.5, true)),
  meetsGoals: true,
  reason: 'It is the cheapest that meets the goal.',
  runnersUp: [],
  search: { screened: 9, simulated: 3, refused: 1, wallSeconds: 2, seed: 1 },
  undo: NP,
  caveats: [],
  ...changes,
})

describe('a plan beside the policy in force', () => {
  const find = (of: string, name: string) => comparisons(plan()).find((c) => c.of === of && c.name === name)!

  it('a change is better or worse only where the intervals lie apart', () => {
    expect(find('low', 'mean response')).toMatchObject({ direction: 'better', change: '−23.5 %' }) // 814.5/1064.2 − 1
    expect(find('high', 'mean response')).toMatchObject({ direction: 'unclear', change: '−6.3 %' }) // 273.8/292.3 − 1
    expect(find('low', 'accuracy loss')).toMatchObject({ direction: 'worse', change: '+2 points' })
    expect(find('high', 'throughput')).toMatchObject({ direction: 'same' })
  })

  it('what gets worse is said as plainly as what gets better, in the terminal and on the page', () => {
    expect(bothDirections(plan()).worse).toEqual(['low: accuracy loss 0 % → 2 % (+2 points)'])
    expect(planText(plan())).toMatch(/Gets worse — low: accuracy loss \+2 points\./)
    const page = parsePage(planPage(plan()))
    const worse = [...page.querySelectorAll('h3')].find((h) => h.textContent === 'Worse')!
    expect(worse.parentElement!.textContent).toContain('accuracy loss')
  })

  it('a goal that the interval straddles is neither met nor missed', () => {
    expect(verdict(goal(814, true)[0]!)).toBe('met')
    expect(verdict(goal(950, true)[0]!)).toBe('not met')
    expect(verdict(goal(890, false)[0]!)).toBe('not sure')
    expect(planText(plan({ chosen: { ...plan().chosen, checks: goal(890, false) } }))).toMatch(
      /low: mean response +15 min .*not sure/,
    )
  })

  it('answers in one sentence: change, keep, or nothing meets the goals', () => {
    expect(planInWords(plan())).toBe(
      'Change from NP to DA(0,20): it meets the goal; the price is 2 % accuracy lost (mean over jobs).',
    )
    expect(planInWords(plan({ chosen: plan().inForce! }))).toMatch(/^Keep NP: /)
    const missed = plan({ meetsGoals: false, chosen: { ...plan().chosen, checks: goal(950, true) } })
    expect(planInWords(missed)).toBe(
      'No policy that was tried meets the goal. The closest is DA(0,20); still missed: low: mean response; the price is 2 % accuracy lost (mean over jobs).',
    )
  })

  it('a policy in force that has no prediction is said to have none, and the plan stands beside dashes', () => {
    const { inForce: _, ...rest } = plan()
    const alone: Plan = { ...rest, inForceRefusal: { kind: 'refusal', code: 'unstable', message: 'the load is 1.034' } }
    expect(planInWords(alone)).toMatch(
      /^Change from NP to .* The policy in force has no prediction \(unstable\): the load is 1\.034\.$/,
    )
    expect(planText(alone)).toMatch(/low +mean response +– +13\.6 min/)
    expect(planPage(alone)).toContain('the load is 1.034')
    // Nothing to compare with is not the same as nothing gets worse.
    expect(planText(alone)).not.toContain('Gets worse')
    expect(planPage(alone)).toContain('There is nothing to compare with')
    expect(planPage(alone)).not.toContain('Nothing gets worse')
  })

  it('the tightest goal is the largest of predicted over target', () => {
    expect(
      tightness({
        ...plan().chosen,
        checks: [...goal(450, true), { path: 'wasteAtMost', target: 0, predicted: 0, met: true, sure: true }],
      }),
    ).toBe(0.5)
    expect(tightness({ ...plan().chosen, checks: [] })).toBeUndefined()
  })

  it('a target is named after its class even where the name has dots', () => {
    expect(targetOf({ path: 'classes.a.b.c.p95ResponseSeconds', target: 1, predicted: 1, met: true, sure: true })).toMatchObject({
      className: 'a.b.c',
      words: 'a.b.c: p95 response',
    })
  })

  it('a policy is told by the knobs it uses', () => {
    expect(policyInWords(DA)).toBe('priority without preemption; drop low 20 % of tasks')
    expect(
      policyInWords(
        policy('S', {
          engine: 'exclusive',
          sprint: { speed: 2.5, timeoutSeconds: { high: 65 }, budget: { seconds: 360, refillPerSecond: 0.1 } },
        }),
      ),
    ).toBe(
      'priority without preemption; one job at a time; sprint high 2.5× 65 s after dispatch; sprint budget 360 s of sprint, refilled at 360 s per hour',
    )
  })
})

describe('differences on the same luck', () => {
  const differences: Plan['differences'] = [
    {
      against: 'in force',
      policy: 'NP',
      classes: [
        { name: 'high', response: { mean: about(-18.5, 2), p95: about(-37, 40) } },
        { name: 'low', response: { mean: about(-249.7, 5) } },
      ],
    },
  ]

  it('decide what is better where two intervals overlap, and what is not where theirs holds 0', () => {
    const of = (some: Plan, name: string): string | undefined =>
      comparisons(some).find((c) => c.of === 'high' && c.name === name)?.direction
    expect(of(plan(), 'mean response')).toBe('unclear')
    expect(of(plan({ differences }), 'mean response')).toBe('better')
    expect(of(plan({ differences }), 'p95 response')).toBe('unclear')
  })

  it('stand in text and page with their interval, a doubtful one marked', () => {
    const text = planText(plan({ differences }))
    expect(text).toContain('Differences on the same luck')
    expect(text).toMatch(/high: mean response +−18\.5 s +\[−20\.5, −16\.5\] *\n/)
    expect(text).toMatch(/high: p95 response .*\?/)
    const page = parsePage(planPage(plan({ differences })))
    expect(page.querySelector('body')?.textContent).toContain('low: mean response')
    expect(planText(plan())).not.toContain('Differences on the same luck')
  })
})
