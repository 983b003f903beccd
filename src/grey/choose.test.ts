import { describe, expect, it } from 'vitest'
import { isRefusal, type Prediction, type Predictor, type Refusal, refuse, type Scenario } from '../model/index.js'
import { askAll, choose } from './choose.js'

const says = (name: string, answer: Partial<Prediction> | Refusal): Predictor => ({
  kind: 'analytic',
  name,
  refuses: () => undefined,
  predict: () => ('code' in answer ? answer : ({ caveats: [], predictor: { name }, ...answer } as unknown as Prediction)),
})
const scenario = { workload: { caveats: [{ code: 'fit', message: 'rough' }] } } as unknown as Scenario

describe('choose', () => {
  it('takes the first that holds and says why the cheaper ones were passed over', () => {
    const answer = choose(
      [says('formula', refuse('unsupported', 'gangs')), says('engine', {}), says('never asked', refuse('no-data', 'x'))],
      scenario,
      { seed: 1 },
    )
    expect(isRefusal(answer)).toBe(false)
    expect((answer as Prediction).predictor.name).toBe('engine')
    expect((answer as Prediction).caveats.map(({ code }) => code)).toEqual(['fit', 'chosen'])
    expect((answer as Prediction).caveats[1]!.message).toBe('answered by analytic (engine); analytic refused: gangs')
  })

  it('stops at unstable: no other model makes a queue stable', () => {
    const answer = choose([says('formula', refuse('unstable', 'load 1.2')), says('engine', {})], scenario, { seed: 1 })
    expect(isRefusal(answer) && answer.code).toBe('unstable')
  })

  it('gives the last refusal where all refuse', () => {
    const answer = choose([says('a', refuse('unsupported', 'one')), says('b', refuse('no-data', 'two'))], scenario, { seed: 1 })
    expect(isRefusal(answer) && answer.code).toBe('no-data')
  })

  it('asks everybody when answers are to be compared', () => {
    expect(
      askAll([says('a', {}), says('b', refuse('unsupported', 'no'))], scenario, { seed: 1 }).map(({ answer }) =>
        isRefusal(answer),
      ),
    ).toEqual([false, true])
  })
})

describe('choose with measured errors', () => {
  const measured = (errors: Readonly<Record<string, number | undefined>>, errorAtMost?: number) => ({
    errorOf: ({ name }: Predictor) => {
      const medianError = errors[name]
      return medianError === undefined
        ? ('never' as const)
        : { medianError, p90Error: 3 * medianError, rows: 40, region: 'load 0.7 to 0.8' }
    },
    ...(errorAtMost === undefined ? {} : { errorAtMost }),
  })
  const asked = (errors: Readonly<Record<string, number | undefined>>, errorAtMost?: number): Prediction =>
    choose([says('formula', {}), says('grey', {})], scenario, { seed: 1 }, measured(errors, errorAtMost)) as Prediction
  const said = ({ caveats }: Prediction, code: string): string | undefined => caveats.find((one) => one.code === code)?.message

  it('takes the cheapest that was good enough, and says how good', () => {
    const answer = asked({ formula: 0.04, grey: 0.01 })
    expect(answer.predictor.name).toBe('formula')
    expect(said(answer, 'measured-error')).toBe(
      'where it was measured (load 0.7 to 0.8) it erred by 4 % in the median and 12 % at the p90, on 40 rows that it had not seen',
    )
  })

  it('passes over a cheap answer that erred too much', () => {
    const answer = asked({ formula: 0.3, grey: 0.02 })
    expect(answer.predictor.name).toBe('grey')
    expect(said(answer, 'chosen')).toBe(
      'answered by analytic (grey); analytic erred by 30 % in the median where it was measured (load 0.7 to 0.8)',
    )
  })

  it('takes the least bad where none is good enough', () => {
    expect(asked({ formula: 0.2, grey: 0.3 }).predictor.name).toBe('formula')
    expect(asked({ formula: 0.2, grey: 0.15 }).predictor.name).toBe('grey')
  })

  it('puts up with as much error as it is told to', () => {
    expect(asked({ formula: 0.3, grey: 0.02 }, 0.5).predictor.name).toBe('formula')
  })

  it('says plainly that nothing was ever measured there', () => {
    const answer = asked({})
    expect(answer.predictor.name).toBe('formula')
    expect(said(answer, 'never-measured')).toContain('no measurement is like this scenario')
  })
})
