/**
 * Regret of the plan: what the search found against the best of every candidate of the full, unthinned grid, run at full length (exhaustion), and against doing
 * nothing, on the same luck. The sample and (where it is) Philly are replayed; the reference scenario is drawn from its laws, 200,000 jobs a candidate. Where the
 * grid is small the search runs every candidate itself, and the comparison shows nothing: `searchedThemAll` says so. A regret below 0: steps off the grid paid.
 */
import { existsSync } from 'node:fs'
import { type Candidate, isRefusal, type ReplayJobs, type Scenario } from 'halftone/model'
import { Rng } from 'halftone/num'
import { anneal, candidatePolicies, compareCandidates, judge, searchPlan } from 'halftone/plan'
import { predictors, readScenario, scenarioOfTrace } from 'halftone/study'
import { readTrace } from 'halftone/trace'
import { save } from '../save.js'

const [screen, confirm] = [
  predictors.find(({ kind }) => kind === 'analytic')!,
  predictors.find(({ kind }) => kind === 'simulated')!,
]
const questions: { scenario: Scenario; replay?: ReplayJobs }[] = []
for (const path of ['examples/sample/scenario.yaml', 'examples/dias.yaml']) {
  const reading = await readScenario(path)
  if (!reading.ok) throw new Error(path)
  questions.push(reading.question)
}
const philly = '../shared/data/philly/philly_jobs.csv.gz'
if (existsSync(philly)) {
  const reading = await readTrace(philly)
  if (!reading.ok) throw new Error(philly)
  const made = scenarioOfTrace(reading.trace, {
    classes: { by: 'size', boundaries: [1, 4] },
    window: { fromSeconds: 35 * 86_400 },
    drops: { all: { ratio: 0.2, loss: 0.03 } },
    disciplines: ['fcfs', 'priority-nonpreemptive'],
    sprint: {
      classes: ['gpus 1'],
      speed: 1.2,
      origin: 'dispatch',
      toggleDelaySeconds: 0,
      budget: { seconds: 36_000, refillPerSecond: 0.1, onThresholdSeconds: 0.5 },
    },
    goal: {
      schema: 'halftone/goal/1',
      classes: { 'gpus 1': { p95ResponseSeconds: 21_600, weight: 1 }, 'gpus 8–32': { meanResponseSeconds: 144_000, weight: 1 } },
      minimise: 'accuracy-loss',
    },
  })
  if (isRefusal(made)) throw new Error(made.message)
  questions.push(made)
} else console.log(`${philly} is not here, skipped`)
const rows: Record<string, unknown>[] = []
for (const { scenario, replay } of questions) {
  // exhausting Philly’s full grid takes minutes: one objective
  for (const minimise of replay && replay.count > 20_000
    ? (['accuracy-loss'] as const)
    : (['accuracy-loss', 'response'] as const)) {
    const asked: Scenario = { ...scenario, goal: { ...scenario.goal!, minimise } }
    const options = { seed: 1, jobsAtMost: 200_000, precision: 1e-9, ...(replay ? { replay } : {}) }
    const began = performance.now()
    const plan = searchPlan(asked, { screen, confirm, ...options, now: () => performance.now() / 1000 })
    const searched = (performance.now() - began) / 1000
    if (isRefusal(plan) || !plan.inForce) throw new Error('no plan')
    const reference = plan.inForce.prediction.classes.map(({ response }) => response.mean.value)
    const service = new Map(plan.inForce.prediction.classes.map((c) => [c.name, c.service.mean.value]))
    const policies = candidatePolicies(asked, service, Number.POSITIVE_INFINITY)
    const start = performance.now()
    const all = policies.flatMap((policy): Candidate[] => {
      const prediction = confirm.refuses({ ...asked, policy }) ?? confirm.predict({ ...asked, policy }, options)
      return isRefusal(prediction) ? [] : [judge(asked, policy, prediction, reference)]
    })
    const exhausted = (performance.now() - start) / 1000
    const best = all.sort(compareCandidates(asked, reference))[0]!
    // the papers’ own search, from the policy in force, on the same luck; on Philly it would take minutes
    const annealed =
      all.length > 1_000
        ? undefined
        : anneal(
            asked,
            asked.policy,
            reference,
            (policy) => confirm.refuses({ ...asked, policy }) ?? confirm.predict({ ...asked, policy }, options),
            { steps: 150, rng: new Rng(1) },
          )
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
      annealedPredictions: annealed?.evaluations,
      annealedMeets: annealed?.best && annealed.best.violation === 0,
      annealedScore: annealed?.best?.score,
      // a search that looked at every candidate has no regret by construction: only then does the next figure mean something
      searchedThemAll: plan.search.screened + plan.search.simulated >= all.length,
      regret: plan.chosen.score - best.score,
      scoreOfDoingNothing: plan.inForce.score,
      violationOfDoingNothing: plan.inForce.violation,
    })
  }
}
console.table(rows)
save('quality/plan-regret', rows)
