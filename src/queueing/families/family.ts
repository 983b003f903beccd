import type { Caveat, Refusal } from '../../model/index.js'

/** What a family answers: the values under the names that its documents use, how they were found, and how far they hold. */
export interface FamilyAnswer {
  readonly values: Record<string, unknown>
  /** The method in words: `Erlang C`, `exact MVA`. */
  readonly method: string
  /** True when nothing but rounding stands between the values and the model. */
  readonly exact: boolean
  /** Residual of the equation that defines the answer, relative; absent where the answer is a closed form. */
  readonly residual?: number
  readonly caveats: Caveat[]
}

/** What a caller may want besides the model's own answer. */
export interface Ask {
  /** Times at which distribution functions are wanted; without it each family takes its own grid. */
  readonly cdfAt?: readonly number[]
  /** Times for each class in turn (highest priority first), where classes are asked for different ones. */
  readonly cdfAtByClass?: readonly (readonly number[] | undefined)[]
}

/** One family of models: told by the shape (the keys) of the model object, solved by the cheapest exact method that holds. */
export interface Family {
  readonly family: string
  recognises(model: Record<string, unknown>): boolean
  solve(model: Record<string, unknown>, ask?: Ask): FamilyAnswer | Refusal
}
