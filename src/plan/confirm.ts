import {
  type Candidate,
  isRefusal,
  type OpenRace,
  type PlanDifference,
  type Policy,
  type Prediction,
  type Race,
  type RaceOptions,
  type Refusal,
  type Scenario,
} from '../model/index.js'

/** What a confirmation is given. */
export interface Confirmation {
  readonly scenario: Scenario
  /** The policies that may win, best first so far. */
  readonly finals: readonly Policy[]
  /** Whether the policy in force takes part; it does not where it has no answer. */
  readonly withInForce: boolean
  /** Whether the jobs are those of a trace: then a policy fares the same however often it is asked about. */
  readonly replayed: boolean
  /** Asks for one policy alone; for a replay at no cost where it was asked before. */
  readonly ask: (policy: Policy, precision: number) => Prediction | Refusal
  /** Plays policies on the same luck. Absent: they are asked about one by one. */
  readonly open?: OpenRace
  readonly options: RaceOptions
  readonly judge: (policy: Policy, prediction: Prediction) => Candidate
  readonly compare: (a: Candidate, b: Candidate) => number
  /** Half-width to which finalists are told apart, and the one that is wanted of the best. */
  readonly coarse: number
  readonly wanted: number
  readonly tell: (share: number, what: string) => void
}

/** The finalists as they end up: best first, the policy in force among them. */
export interface Confirmed {
  readonly ranked: readonly Candidate[]
  readonly inForce?: Candidate
  /** Why the policy in force has no answer after all. */
  readonly inForceRefusal?: Refusal
  readonly differences: readonly PlanDifference[]
}

/** How many of the best are taken to the precision that is wanted where it is finer than what tells finalists apart. */
const SHARPENED = 2

interface Standing {
  readonly place: number
  readonly candidate: Candidate
}

/**
 * The finalists and the policy in force on the same luck to `coarse`; then the best two and the policy in force to `wanted`, where that is finer. The sort is
 * stable and the policy in force comes first, so where nothing tells them apart, what is in force stays in force.
 */
export function confirmFinalists(asked: Confirmation): Confirmed {
  const { scenario, finals, withInForce, replayed, open, coarse, wanted, tell } = asked
  const field = [...(withInForce ? [scenario.policy] : []), ...finals]
  // what was seen of a replay stands
  const race = open && !replayed ? open(scenario, field, asked.options) : separately(field, asked.ask)
  const standings = (): Standing[] =>
    field
      .flatMap((policy, place): Standing[] => {
        const prediction = race.prediction(place)
        return isRefusal(prediction) ? [] : [{ place, candidate: asked.judge(policy, prediction) }]
      })
      .sort((a, b) => asked.compare(a.candidate, b.candidate))
  tell(0.85, `confirming ${field.length} policies`)
  race.sharpen(
    field.map((_, place) => place),
    coarse,
  )
  let ranked = standings()
  if (wanted < coarse && ranked.length > 0) {
    tell(0.92, 'the best to full precision')
    const best = ranked.slice(0, SHARPENED).map(({ place }) => place)
    race.sharpen([...new Set(withInForce ? [0, ...best] : best)], wanted)
    ranked = standings()
  }
  const inForce = withInForce ? ranked.find(({ place }) => place === 0) : undefined
  const refusal = withInForce && !inForce ? race.prediction(0) : undefined
  return {
    ranked: ranked.map(({ candidate }) => candidate),
    ...(inForce ? { inForce: inForce.candidate } : {}),
    ...(refusal && isRefusal(refusal) ? { inForceRefusal: refusal } : {}),
    differences: differencesOf(asked, race, ranked, inForce),
  }
}

/** A race of policies that are each asked about alone: sharper answers, but no differences on the same luck. */
function separately(policies: readonly Policy[], ask: Confirmation['ask']): Race {
  const answers = new Map<number, Prediction | Refusal>()
  const play = (place: number, precision: number): Prediction | Refusal => {
    const answer = ask(policies[place]!, precision)
    answers.set(place, answer)
    return answer
  }
  return {
    sharpen(places, precision) {
      for (const place of places) play(place, precision)
    },
    prediction: (place) => answers.get(place) ?? play(place, Number.POSITIVE_INFINITY),
    difference: () => undefined,
  }
}

interface Rival {
  readonly against: PlanDifference['against']
  readonly rival: Standing
}

/** Whom the winner is held against: the policy in force and the best of the others, neither of which it is itself. */
function rivalsOf([winner, ...others]: readonly Standing[], inForce: Standing | undefined): Rival[] {
  const second = others.find((one) => one !== inForce)
  return [
    ...(inForce && inForce !== winner ? [{ against: 'in force' as const, rival: inForce }] : []),
    ...(second ? [{ against: 'runner-up' as const, rival: second }] : []),
  ]
}

/** The winner against its rivals: from the race that they ran, or from a replay of them alone. */
function differencesOf(
  { scenario, open, replayed, options }: Confirmation,
  race: Race,
  ranked: readonly Standing[],
  inForce: Standing | undefined,
): PlanDifference[] {
  const [winner] = ranked
  const rivals = rivalsOf(ranked, inForce)
  if (!winner || rivals.length === 0) return []
  const alone = [winner, ...rivals.map(({ rival }) => rival)]
  const [played, places] =
    open && replayed
      ? [
          open(
            scenario,
            alone.map(({ candidate }) => candidate.policy),
            options,
          ),
          alone.map((_, i) => i),
        ]
      : [race, alone.map(({ place }) => place)]
  return rivals.flatMap(({ against, rival }, i): PlanDifference[] => {
    const classes = played.difference(places[0]!, places[i + 1]!)
    if (!classes) return []
    return [
      {
        against,
        policy: rival.candidate.policy.name,
        classes: classes.map(({ name, response }) => ({ name, response: { ...response } })),
      },
    ]
  })
}
