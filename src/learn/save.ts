import { type Issue, shown } from '../model/index.js'
import { boostingFrom } from './boosting.js'
import { quadraticFrom } from './discriminant.js'
import { forestFrom } from './forest.js'
import type { ClassificationModel, QuantileModel, RegressionModel, SavedModel } from './learner.js'
import { linearClassesFrom } from './linear-classes.js'
import { linearFrom } from './linear-model.js'
import { nearestFrom } from './neighbours.js'
import { netFrom } from './net.js'
import { packBytes, packJson, unpack } from './pack.js'
import { BadModel } from './saved.js'

export type AnyModel = RegressionModel | ClassificationModel | QuantileModel

/** A model, or all that is wrong with what should have been one. */
export type Loaded = { readonly ok: true; readonly model: AnyModel } | { readonly ok: false; readonly issues: readonly Issue[] }

/** Makes a model of a saved one; throws where it is not what it says. */
export type Loader = (saved: SavedModel) => AnyModel

/** What loads the models of each learner, by its name. A learner of one’s own is loaded by handing `load` a record with its loader added. */
export function loaders(): Readonly<Record<string, Loader>> {
  return {
    ridge: linearFrom,
    'elastic-net': linearFrom,
    'non-negative': linearFrom,
    logistic: linearClassesFrom,
    'linear-discriminant': linearClassesFrom,
    'quadratic-discriminant': quadraticFrom,
    nearest: nearestFrom,
    net: netFrom,
    forest: forestFrom,
    'extra-trees': forestFrom,
    'quantile-forest': forestFrom,
    boosting: boostingFrom,
    'quantile-boosting': boostingFrom,
  }
}

/** A fitted model as JSON text. */
export function toJson(model: { save(): SavedModel }): string {
  return packJson(model.save())
}

/** A fitted model as bytes: a third smaller than JSON, quicker to read, and proof against damage by a checksum. */
export function toBytes(model: { save(): SavedModel }): Uint8Array<ArrayBuffer> {
  return packBytes(model.save())
}

/**
 * A model from JSON text or bytes, which then predicts what it predicted before it was saved, to the last bit. What is cut short, damaged, written by a newer
 * version or by a learner that is not known comes back as issues, placed within `place` (the name of the file).
 */
export function load(data: string | Uint8Array, place = 'model', known: Readonly<Record<string, Loader>> = loaders()): Loaded {
  const unpacked = unpack(data, place)
  if (!unpacked.ok) return unpacked
  const issues = savedIssues(unpacked.value, place, known)
  if (issues.length > 0) return { ok: false, issues }
  return loadSaved(unpacked.value as unknown as SavedModel, place, known)
}

/** A model from a saved one in memory. */
export function loadSaved(saved: SavedModel, place = 'model', known: Readonly<Record<string, Loader>> = loaders()): Loaded {
  try {
    return { ok: true, model: known[saved.learner](saved) }
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    const at = cause instanceof BadModel ? `${place} ${cause.place}` : place
    return { ok: false, issues: [{ code: 'bad-model', severity: 'error', place: at, message }] }
  }
}

function savedIssues(value: Readonly<Record<string, unknown>>, place: string, known: Readonly<Record<string, Loader>>): Issue[] {
  const issues: Issue[] = []
  const error = (code: string, at: string, message: string): void => {
    const seen = value[at]
    const more = seen === undefined ? {} : { value: shown(seen) }
    issues.push({ code, severity: 'error', place: `${place} ${at}`, message, ...more })
  }
  const schema = String(value['schema'])
  const version = /^halftone\/learned\/(\d+)$/.exec(schema)?.[1]
  if (version === undefined) error('unknown-schema', 'schema', 'is no learned model: halftone/learned/1 is due')
  else if (version !== '1') error('newer-schema', 'schema', `is of version ${version}; this halftone reads version 1`)
  if (issues.length > 0) return issues
  const { learner, task, names, caveats, settings } = value
  if (typeof learner !== 'string' || !Object.hasOwn(known, learner))
    error('unknown-learner', 'learner', `is none of ${Object.keys(known).join(', ')}`)
  if (!['regression', 'classification', 'quantile'].includes(task as string))
    error('bad-model', 'task', 'is none of regression, classification, quantile')
  if (!Array.isArray(names) || names.some((name) => typeof name !== 'string')) error('bad-model', 'names', 'is no list of names')
  const plain = (one: unknown): boolean =>
    typeof (one as { code?: unknown } | null)?.code === 'string' && typeof (one as { message?: unknown }).message === 'string'
  if (!Array.isArray(caveats) || !caveats.every(plain)) error('bad-model', 'caveats', 'is no list of caveats')
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings)) error('bad-model', 'settings', 'is no object')
  return issues
}
