/**
 * How many burstable instances a node holds under their SLOs (published, EuroSys 2018: 1.6 times the revenue a node against AWS’s own policy). Random fleets: eight workloads of one to
 * eight instances, each using 3 to 16 % of a core, services of 0.05 to 2 s with an SCV of 0.5 to 4; each must keep a mean response of k times the one it has on a core of
 * its own; mixed: from 3 to 40 times. Fixed types on sale are either t2.small alone (what the publication compares with, as far as it says) or t2.micro and t2.small. Ratios of revenue a node with 95 %
 * intervals over fleets, and how many of the fleets keep every SLO when the same placements are played for longer on other luck.
 */
import { type Burstable, isRefusal } from 'halftone/model'
import { Rng, studentQuantile } from 'halftone/num'
import { compareBurstable, playHosting } from 'halftone/study'
import { save } from '../save.js'

const FLEETS = 8
const rows: Record<string, unknown>[] = []

function fleet(seed: number, slack: number | undefined, offers: Burstable['offers']): Burstable {
  const rng = new Rng(seed, 'fleet')
  const between = (low: number, high: number): number => low * (high / low) ** rng.uniform()
  return {
    schema: 'halftone/burstable/1',
    name: `fleet ${seed}`,
    coresPerNode: 1,
    ...(offers ? { offers } : {}),
    workloads: Array.from({ length: 8 }, (_, i) => {
      const [used, service, scv] = [between(0.03, 0.16), between(0.05, 2), between(0.5, 4)]
      return {
        name: `w${i}`,
        instances: 1 + rng.below(8),
        arrivalsPerSecond: used / service,
        service: { kind: 'lognormal' as const, meanSeconds: service, scv },
        // Pollaczek–Khinchine
        meanResponseSecondsAtMost: (slack ?? between(3, 40)) * service * (1 + (used * (1 + scv)) / (2 * (1 - used))),
        pricePerHour: 1,
      }
    }),
  }
}

const ladders: [string, Burstable['offers']][] = [
  ['t2.small', [{ name: 't2.small', baseline: 0.2, creditsAtMost: 288 }]],
  ['t2.micro, t2.small', undefined],
]
const text = (values: readonly number[]): string => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1)
  const half = studentQuantile(0.95, values.length - 1) * Math.sqrt(variance / values.length)
  return `${mean.toFixed(2)} ± ${half.toFixed(2)}`
}
for (const slack of [3, 6, 12, undefined])
  for (const [on, offers] of ladders) {
    const ratios: number[] = []
    const sizes: number[] = []
    let kept = 0
    for (let seed = 1; seed <= FLEETS; seed++) {
      const question = fleet(seed, slack, offers)
      const study = compareBurstable({ question, seed })
      if (isRefusal(study)) throw new Error(study.message)
      const [fixed, own, last] = study.hostings
      ratios.push(study.revenueRatio)
      sizes.push(own!.revenuePerNodeHour / fixed!.revenuePerNodeHour)
      const bounds = new Map(study.workloads.map(({ name, boundSeconds }) => [name, boundSeconds]))
      const again = playHosting(question, last!, new Rng(seed, 'other luck'), 12_000)
      const missed = again.flat().filter(({ workload, responseSeconds }) => responseSeconds > bounds.get(workload)!).length
      if (missed === 0) kept++
      rows.push({
        slack: slack ?? 'mixed',
        on,
        seed,
        nodes: study.hostings.map(({ nodes }) => nodes.length),
        ratio: study.revenueRatio,
        missed,
      })
    }
    console.log(
      `SLO ${slack === undefined ? 'mixed' : `${slack} ×`} alone, against ${on.padEnd(18)}: ${text(ratios)} times the revenue a node (own sizes alone ${text(sizes)}); every SLO kept on other luck in ${kept} of ${FLEETS} fleets`,
    )
  }
console.log('published: 1.6')
save('quality/burstable', rows, { published: 1.6 })
