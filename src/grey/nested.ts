import type { FittedModel, SavedModel } from '../learn/index.js'

/** A model made of others, saved: the head of each part in `settings.parts`, its arrays under `part.array`. */
export function nested(
  model: Pick<FittedModel, 'learner' | 'names' | 'caveats'>,
  parts: Readonly<Record<string, Pick<FittedModel, 'save'>>>,
  settings: Readonly<Record<string, unknown>> = {},
  arrays: SavedModel['arrays'] = {},
): SavedModel {
  const all: Record<string, SavedModel['arrays'][string]> = { ...arrays }
  const heads: Record<string, unknown> = {}
  for (const [name, part] of Object.entries(parts)) {
    const { arrays: own, ...head } = part.save()
    heads[name] = head
    for (const [key, array] of Object.entries(own)) all[`${name}.${key}`] = array
  }
  return {
    schema: 'halftone/learned/1',
    learner: model.learner,
    task: 'regression',
    names: model.names,
    caveats: model.caveats,
    settings: { ...settings, parts: heads },
    arrays: all,
  }
}

/** One part of a nested model, as it was saved. */
export function partOf(saved: SavedModel, name: string): SavedModel {
  const head = (saved.settings['parts'] as Readonly<Record<string, Omit<SavedModel, 'arrays'>>>)[name]
  if (head === undefined) throw new Error(`the saved ${saved.learner} has no part ${name}`)
  const arrays = Object.fromEntries(
    Object.entries(saved.arrays)
      .filter(([key]) => key.startsWith(`${name}.`))
      .map(([key, array]) => [key.slice(name.length + 1), array]),
  )
  return { ...head, arrays }
}
