import {
  goalQuantiles,
  isRefusal,
  type Policy,
  type Prediction,
  type PredictOptions,
  type Predictor,
  type Refusal,
  type Scenario,
} from '../model/index.js'
import { leversKey } from './candidates.js'
import { isExact } from './known.js'

/** Whom a search asks. */
export interface Asked {
  readonly scenario: Scenario
  /** Cheap predictor for the first look; asked only where it does not refuse. */
  readonly screen: Predictor | undefined
  /** The predictor whose word counts. */
  readonly confirm: Predictor
  readonly options: PredictOptions
  /** Whether the jobs are those of a trace: then a policy fares the same however many jobs or digits are asked for, and is asked about once. */
  readonly replayed: boolean
}

/** Wanted precision of a first look. */
const ROUGH = 0.2

/** The questions of a search: who answers, how often each was asked, and what a replay has said before. */
export class Asking {
  readonly counts = { screened: 0, simulated: 0, refused: 0 }
  readonly #asked: Asked
  readonly #heard = new Map<string, Prediction | Refusal>()

  constructor(asked: Asked) {
    this.#asked = asked
  }

  /** What the confirming predictor says. */
  confirm(policy: Policy, jobs: number, precision: number): Prediction | Refusal {
    return this.#ask(this.#asked.confirm, policy, jobs, precision)
  }

  /** What the cheap predictor says where it can, else a short run of the other. */
  quick(policy: Policy, jobs: number): Prediction | Refusal {
    const { screen } = this.#asked
    const screened = screen && this.#ask(screen, policy, jobs, ROUGH)
    if (screened && (!isRefusal(screened) || screened.code === 'unstable')) return screened
    return this.confirm(policy, jobs, ROUGH)
  }

  /** What the cheap predictor knows without error; undefined where it does not. */
  exactly(policy: Policy, jobs: number): Prediction | undefined {
    const { screen } = this.#asked
    const answer = screen && this.#ask(screen, policy, jobs, ROUGH)
    return answer && !isRefusal(answer) && isExact(answer) ? answer : undefined
  }

  #ask(predictor: Predictor, policy: Policy, jobsAtMost: number, precision: number): Prediction | Refusal {
    const { confirm, options, replayed } = this.#asked
    const scenario = { ...this.#asked.scenario, policy }
    const refused = predictor.refuses(scenario)
    if (refused) return refused
    const key = replayed ? `${predictor.kind} ${leversKey(policy)}` : undefined
    const before = key === undefined ? undefined : this.#heard.get(key)
    if (before) return before
    this.counts[predictor === confirm ? 'simulated' : 'screened']++
    // a first look wants no more than the goal is about
    const only = predictor === confirm ? {} : { quantiles: goalQuantiles(scenario.goal) }
    const answer = predictor.predict(scenario, { ...options, ...only, jobsAtMost, precision })
    if (key !== undefined) this.#heard.set(key, answer)
    return answer
  }
}
