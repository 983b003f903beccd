/** White models by what they are, as plain data and ready to take part. */
import type { PowerQuestion, WhiteModel } from '../../grey/index.js'
import type { Regressor } from '../../learn/index.js'
import type { CalibratedKnob, Measurements, Scenario } from '../../model/index.js'

/** A white model as plain data, which threads can be told. */
export type WhiteSpec =
  | { readonly kind: (typeof WHITE_NAMES)[number] | 'replay'; readonly question?: PowerQuestion }
  | {
      readonly kind: 'scenario'
      readonly scenario: Scenario
      readonly columns: Readonly<Record<string, string>>
      readonly figure: NonNullable<Measurements['figure']>
      readonly calibrate: readonly CalibratedKnob[]
    }

/** A white model ready to take part. */
export interface White {
  readonly name: string
  /** Each answer is a simulation: what asks for thousands of answers is left out. */
  readonly simulated: boolean
  /** An answer takes a millisecond or more: it is searched less. */
  readonly dear: boolean
  /** Has it something to say before it is calibrated? */
  readonly standsAlone: boolean
  /** A fresh model (`shared` false) or one that may remember what it was asked before. */
  make(shared: boolean): WhiteModel
  /** Its parameters belong to a job: it is calibrated for each combination of the columns that it does not read. */
  readonly perJob?: boolean
  /** What else can be made of it: learners of its own parameters. */
  readonly own: readonly { readonly name: string; readonly what: string; make(inner: Regressor, shared: boolean): Regressor }[]
}

export const WHITE_NAMES = ['throughput', 'sprint-queue', 'station', 'power-cap', 'clock'] as const
