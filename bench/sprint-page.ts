import { dataTable, intervalChart, page } from 'halftone/report'

export interface ErrorRow {
  readonly mechanism: string
  readonly workload: string
  /** Of the conditions, learned from. */
  readonly share: number
  readonly predictor: string
  readonly median: number
  readonly p90: number
  readonly secondsEach: number
}

export interface PolicyRow {
  readonly mechanism: string
  readonly workload: string
  readonly policy: string
  readonly timeout: number
  readonly ability: number
  readonly overExhaustive: number
  readonly bestOfGrid: number
}

const percent = (value: number): string => `${(100 * value).toFixed(1)} %`
const SHARE = 0.25
const DRAWN = ['marginal rate + simulator', 'forest → rate → simulator', 'the same × correction', 'forest → log response']
const POLICIES = ['halftone', 'big burst', 'tail only', 'few to many']

/** The rows of `quality/sprint-mechanisms` as a page: errors and abilities by workload, one chart each a mechanism. */
export function sprintPage(errors: readonly ErrorRow[], policies: readonly PolicyRow[]): string {
  const mechanisms = [...new Set(errors.map(({ mechanism }) => mechanism))]
  const best = errors.filter(
    ({ predictor, share, mechanism }) => predictor === DRAWN[2] && share === SHARE && !mechanism.includes('short'),
  )
  const below = best.filter(({ median }) => median < 0.04).length
  const own = policies.filter(({ policy }) => policy === 'halftone')
  return page({
    kind: 'benchmark',
    question: 'Sprinting: nine workloads under three mechanisms, foreseen and steered',
    answer: `From a quarter of the conditions, the corrected hybrid errs by less than 4 % in the median for ${below} of ${best.length} workloads, ${percent(Math.max(...best.map(({ median }) => median)))} in the worst.`,
    trust: [
      'Published (EuroSys 2018): median below 4 % in most of 27, worst median 11 %. The figures here are ours, on simulated systems with effects that the simple simulator does not know.',
      'The fourth mechanism is not one of the 27: core scaling for queries so short that a sprint often does harm.',
    ],
    caveats: [],
    sections: mechanisms.map((mechanism) => {
      const some = errors.filter((row) => row.mechanism === mechanism && row.share === SHARE)
      const steered = policies.filter((row) => row.mechanism === mechanism)
      return {
        title: mechanism,
        body: [
          intervalChart({
            title: 'Error of predicted responses, median to p90',
            alt: `Errors by workload under ${mechanism}: the hybrids are lowest.`,
            rows: some
              .filter(({ predictor }) => DRAWN.includes(predictor))
              .map(({ workload, predictor, median, p90 }) => ({
                group: workload,
                series: predictor,
                value: median,
                low: median,
                high: p90,
              })),
            x: { label: 'relative error', kind: 'share', low: 0, high: 0.5 },
          }),
          intervalChart({
            title: 'Sprint ability of policies: the best response over their own',
            alt: `Abilities by workload under ${mechanism}.`,
            rows: steered
              .filter(({ policy }) => POLICIES.includes(policy))
              .map(({ workload, policy, ability }) => ({
                group: workload,
                series: policy,
                value: ability,
                low: ability,
                high: ability,
              })),
            x: { label: 'ability', kind: 'share', high: 1 },
          }),
          dataTable(
            `Errors by workload, ${mechanism}: median / p90`,
            [
              { head: 'Predictor' },
              { head: 'Learned from' },
              ...[...new Set(some.map(({ workload }) => workload))].map((head) => ({ head, numeric: true })),
              { head: 'ms each', numeric: true },
            ],
            [...new Set(errors.map(({ share }) => share))].flatMap((share) =>
              [...new Set(errors.map(({ predictor }) => predictor))].map((predictor) => {
                const rows = errors.filter((r) => r.mechanism === mechanism && r.share === share && r.predictor === predictor)
                return [
                  predictor,
                  percent(share),
                  ...rows.map(({ median, p90 }) => `${(100 * median).toFixed(1)} / ${(100 * p90).toFixed(1)}`),
                  (1000 * rows[0]!.secondsEach).toFixed(2),
                ]
              }),
            ),
          ),
          dataTable(
            `Timeouts found, ${mechanism}`,
            [
              { head: 'Workload' },
              { head: 'Found', numeric: true },
              { head: 'Best of the grid', numeric: true },
              { head: 'Response over it', numeric: true },
            ],
            own
              .filter((row) => row.mechanism === mechanism)
              .map(({ workload, timeout, bestOfGrid, overExhaustive }) => [
                workload,
                timeout.toFixed(2),
                bestOfGrid.toFixed(2),
                percent(overExhaustive),
              ]),
          ),
        ],
      }
    }),
    foot: ['npm run bench -- quality/sprint-mechanisms --save'],
  })
}
