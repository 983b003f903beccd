/**
 * Regret of the plan: what the search found against the best of every candidate run at full length (exhaustion) and against doing nothing, on the same luck. The
 * sample is replayed; the reference scenario is drawn from its laws, 200,000 jobs a candidate.
 */
import { type Candidate, isRefusal, type Scenario } from 'halftone/model'
import { candidatePolicies, compareCandidates, judge, searchPlan } from 'halftone/plan'
import { predictors, readScenario } from 'halftone/study'
import { save } from '../save.js'

const [screen, confirm] = [
  predictors.find(({ kind }) => kind === 'analytic')!,
  predictors.find(({ kind }) => kind === 'simulated')!,
]
const rows: Record<string, unknown>[] = []
for (const path of ['examples/sample/scenario.yaml', 'examples/dias.yaml']) {
  const reading = await readScenario(path)
  if (!reading.ok) throw new Error(path)
  const { scenario, replay } = reading.question
  for (const minimise of ['accuracy-loss', 'response'] as const) {
    const asked: Scenario = { ...scenario, goal: { ...scenario.goal!, minimise } }
    const options = { seed: 1, jobsAtMost: 200_000, precision: 1e-9, ...(replay ? { replay } : {}) }
    const began = performance.now()
    const plan = searchPlan(asked, { screen, confirm, ...options, now: () => performance.now() / 1000 })
    const searched = (performance.now() - began) / 1000
    if (isRefusal(plan) || !plan.inForce) throw new Error('no plan')
    const reference = plan.inForce.prediction.classes.map(({ response }) => response.mean.value)
    const service = new Map(plan.inForce.prediction.classes.map((c) => [c.name, c.service.mean.value]))
    const policies = candidatePolicies(asked, service)
    const start = performance.now()
    const all = policies.flatMap((policy): Candidate[] => {
      const prediction = confirm.refuses({ ...asked, policy }) ?? confirm.predict({ ...asked, policy }, options)
      return isRefusal(prediction) ? [] : [judge(asked, policy, prediction, reference)]
    })
    const exhausted = (performance.now() - start) / 1000
    const best = all.sort(compareCandidates(asked, reference))[0]!
    rows.push({
      scenario: scenario.name,
      minimise,
      candidates: all.length,
      predictions: plan.search.screened + plan.search.simulated,
      seconds: searched,
      exhaustionSeconds: exhausted,
      meets: plan.meetsGoals,
      bestMeets: best.violation === 0,
      score: plan.chosen.score,
      bestScore: best.score,
      regret: plan.chosen.score - best.score,
      scoreOfDoingNothing: plan.inForce.score,
      violationOfDoingNothing: plan.inForce.violation,
    })
  }
}
console.table(rows)
save('quality/plan-regret', rows)
