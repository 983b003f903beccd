/**
 * One question, many answers: recognises the station by the shape of its document and takes the cheapest exact method that holds.
 */
import type { Issue, Refusal } from '../model/index.js'
import type { Ask, Family, FamilyAnswer } from './families/family.js'
import { families } from './families/index.js'
import { validateModel } from './validate-model.js'

export type SolveResult =
  | { readonly kind: 'answer'; readonly family: string; readonly answer: FamilyAnswer }
  | { readonly kind: 'refusal'; readonly family: string; readonly refusal: Refusal }
  | { readonly kind: 'issues'; readonly family?: string; readonly issues: readonly Issue[] }

/** The family whose shape the model has; undefined where none has it. */
function familyOf(model: Record<string, unknown>): Family | undefined {
  return families.find((family) => family.recognises(model))
}

/**
 * Solves a model given as a plain document (a parsed JSON object). Answers with the values under the names of the family, how they were found, whether they are exact, the residual of
 * the defining equation and the caveats; or refuses (`unstable` with the utilisation, `not-converged` with the residual, `unsupported`); or lists every issue of the input with its place.
 */
export function solve(model: unknown, ask?: Ask): SolveResult {
  if (typeof model !== 'object' || model === null || Array.isArray(model))
    return {
      kind: 'issues',
      issues: [{ code: 'wrong-type', severity: 'error', place: '(top)', message: 'a model is an object' }],
    }
  const document = model as Record<string, unknown>
  const issues = validateModel(document)
  const family = familyOf(document)
  if (family === undefined)
    return {
      kind: 'issues',
      issues: [
        ...issues,
        {
          code: 'unknown-model',
          severity: 'error',
          place: '(top)',
          message: `no family has these fields: ${Object.keys(document).join(', ') || 'none'}; known families: ${families.map((one) => one.family).join(', ')}`,
        },
      ],
    }
  if (issues.length > 0) return { kind: 'issues', family: family.family, issues }
  const answer = family.solve(document, ask)
  if ('kind' in answer) return { kind: 'refusal', family: family.family, refusal: answer }
  const broken = nonFinite(answer.values, '')
  if (broken !== undefined)
    return {
      kind: 'refusal',
      family: family.family,
      refusal: { kind: 'refusal', code: 'not-converged', message: `the method gave no finite value for ${broken}` },
    }
  return { kind: 'answer', family: family.family, answer }
}

/** Path of the first number that is not finite. */
function nonFinite(value: unknown, path: string): string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : path
  if (typeof value !== 'object' || value === null) return undefined
  for (const [key, inner] of Object.entries(value)) {
    const found = nonFinite(inner, path === '' ? key : `${path}.${key}`)
    if (found !== undefined) return found
  }
  return undefined
}
