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
