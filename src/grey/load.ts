import { BadModel, type Loaded, load, loaders, type RegressionModel, type SavedModel, savedWord, unpack } from '../learn/index.js'
import { loadBlend } from './blend.js'
import { loadCalibrated } from './calibrate.js'
import { loadConformal } from './conformal.js'
import { loadOnLogScale } from './log-scale.js'
import { loadPerGroup } from './per-group.js'
import { loadResidual } from './residual.js'
import type { WhiteModel } from './white.js'

const KINDS = ['calibrated', 'per-group', 'residual', 'blend', 'log', 'conformal'] as const

/**
 * A white or grey model from the JSON text or bytes that `toJson` or `toBytes` of `halftone/learn` made of it: calibrated, per group, residual, blend, a learner on a logarithmic scale, intervals around any of
 * these, and whatever learners stand inside. It predicts what it predicted before, to the last bit, and saves as the same bytes.
 *
 * Formulas are not saved, only their parameters: `whites` are the white models that it may stand on, found by name. What is cut short, damaged, of a white model that is not among them or of another kind comes back as issues, placed
 * within `place`.
 */
export function loadGrey(data: string | Uint8Array, whites: readonly WhiteModel[], place = 'model'): Loaded {
  const unpacked = unpack(data, place)
  if (!unpacked.ok) return unpacked
  const learner = (unpacked.value as { readonly learner?: unknown }).learner
  const known = loaders()
  if (typeof learner === 'string') return load(data, place, { ...known, [learner]: (saved) => restored(saved, whites) })
  return load(data, place, known)
}

function restored(saved: SavedModel, whites: readonly WhiteModel[]): RegressionModel {
  const part = (one: SavedModel): RegressionModel => restored(one, whites)
  if (saved.settings['grey'] === undefined) {
    const known = loaders()
    if (!Object.hasOwn(known, saved.learner)) throw new BadModel('learner', `${saved.learner} is none that can be loaded`)
    const model = known[saved.learner](saved)
    if (model.task !== 'regression') throw new BadModel('task', `${saved.learner} foresees no number`)
    return model
  }
  switch (savedWord(saved, 'grey', KINDS)) {
    case 'calibrated': {
      const white = whites.find(({ name }) => name === saved.settings['white'])
      if (white === undefined)
        throw new BadModel('settings.white', `stands on ${String(saved.settings['white'])}, which was not handed over`)
      return loadCalibrated(white, saved)
    }
    case 'per-group':
      return loadPerGroup(saved, part)
    case 'residual':
      return loadResidual(saved, part)
    case 'blend':
      return loadBlend(saved, part)
    case 'log':
      return loadOnLogScale(saved, part)
    case 'conformal':
      return loadConformal(saved, part)
  }
}
