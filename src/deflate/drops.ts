import { type Issue, type Policy, type Scenario, shown, validate } from '../model/index.js'

/** The drop ratios of a policy as they are asked for in text. */
export type AskedDrops =
  | { readonly ok: true; readonly drop: Policy['drop'] }
  | { readonly ok: false; readonly issues: readonly Issue[] }

/**
 * Drop ratios by class, or by class and stage: `low=0.2`, `low.map=20%`. A class name may hold dots: what stands before `=` is first looked for among the classes.
 *
 * Issues name what does not fit: no ratio, a ratio outside 0 to 0.99, a class or stage that the scenario lacks, one that may not be dropped, one that is given twice.
 */
export function askedDrops(texts: readonly string[], scenario: Scenario): AskedDrops {
  const issues: Issue[] = []
  const error = (text: string, message: string): void =>
    void issues.push({ code: 'drop', severity: 'error', place: `--drop ${text}`, message, value: shown(text) })
  const drop: Record<string, number | Record<string, number>> = {}
  for (const text of texts) {
    const match = /^(.+)=\s*([\d.]+)\s*(%?)$/.exec(text)
    const ratio = Number(match?.[2]) / (match?.[3] ? 100 : 1)
    if (!match || !(ratio >= 0 && ratio <= 0.99)) {
      error(text, 'expected CLASS=RATIO or CLASS.STAGE=RATIO, the ratio from 0 to 0.99, such as low.map=0.2')
      continue
    }
    const found = placeOf(match[1]!.trim(), scenario)
    if (typeof found === 'string') {
      error(text, found)
      continue
    }
    const { className, stage } = found
    const before = drop[className]
    if (stage === undefined ? before !== undefined : typeof before === 'number' || before?.[stage] !== undefined)
      error(text, `${stage === undefined ? className : `${className}.${stage}`} was given a ratio before`)
    else if (stage === undefined) drop[className] = ratio
    else drop[className] = { ...(before as Record<string, number> | undefined), [stage]: ratio }
  }
  if (issues.length > 0) return { ok: false, issues }
  const valid = validate('scenario', { ...scenario, policy: { ...scenario.policy, drop } })
  return valid.ok ? { ok: true, drop } : { ok: false, issues: valid.issues }
}

/** The class, or class and stage, of a name; else what is wrong with it. */
function placeOf(name: string, { workload }: Scenario): { readonly className: string; readonly stage?: string } | string {
  const { classes } = workload
  if (classes.some((one) => one.name === name)) return { className: name }
  const owner = classes.find((one) => name.startsWith(`${one.name}.`))
  if (!owner) return `there is no such class: ${classes.map((one) => one.name).join(', ')}`
  const stage = name.slice(owner.name.length + 1)
  const stages = owner.work.kind === 'stages' ? owner.work.stages.map((one) => one.name) : []
  if (stages.includes(stage)) return { className: owner.name, stage }
  return stages.length === 0 ? `${owner.name} has no stages` : `${owner.name} has no such stage: ${stages.join(', ')}`
}

/** Strict priority without preemption that drops so, nobody sprinting; named by what it drops. */
export function droppingPolicy({ policy }: Scenario, drop: Policy['drop']): Policy {
  const { sprint: _before, ...rest } = policy
  const percent = (ratio: number): string => `${Number((100 * ratio).toPrecision(3))} %`
  const words = Object.entries(drop).flatMap(([name, ratio]) =>
    typeof ratio === 'number'
      ? [`${name} ${percent(ratio)}`]
      : Object.entries(ratio).map(([stage, share]) => `${name}.${stage} ${percent(share)}`),
  )
  return { ...rest, name: `drop ${words.join(', ')}`, discipline: 'priority-nonpreemptive', drop }
}
