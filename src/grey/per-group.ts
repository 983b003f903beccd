import {
  type Learner,
  type RegressionModel,
  type SavedModel,
  sameColumns,
  type Table,
  takeSamples,
  unfit,
} from '../learn/index.js'
import { type Caveat, caveat, isRefusal } from '../model/index.js'
import { caveatBelow } from './below.js'
import { type Calibrated, type CalibrateOptions, calibrate, whiteIssues } from './calibrate.js'
import { groupsOf } from './groups.js'
import { nested, partOf } from './nested.js'
import type { WhiteModel } from './white.js'

/** A white model calibrated to each group of rows. */
export interface GroupedModel extends RegressionModel {
  readonly groups: ReadonlyMap<string, Calibrated>
  /** For groups that were not seen: calibrated to all rows. */
  readonly typical: Calibrated
  /** 1 for each row with an answer; `predict` gives 0 for the others. */
  holds(table: Table): Uint8Array
}

/**
 * A white model with parameters of its own for each group of rows: a job at a batch size, a kernel. A row of a group that was not seen is answered by the model calibrated to all rows
 * together (caveat `by-group`).
 *
 * Groups do not lend each other their parameters. That was tried (the middle and spread over groups as the prior of each, once and in turns) on the power-cap tables and lost: an unseen
 * cap was foreseen worse on both GPUs, since what the groups shared was mostly how the model errs.
 */
export function perGroup(white: WhiteModel, columns: readonly string[], options: CalibrateOptions = {}): Learner<GroupedModel> {
  const name = `white ${white.name} by ${columns.join(', ')}`
  return {
    name,
    fit(samples, { rng, progress }) {
      const missing = columns.filter((column) => !samples.features.names.includes(column))
      const bad = unfit(samples, [
        ...whiteIssues(white, samples),
        ...missing.map((column) => ({
          code: 'no-column',
          severity: 'error' as const,
          place: `features.${column}`,
          message: `there is no column ${column} to group by`,
        })),
      ])
      if (bad !== undefined) return bad
      const rowsOf = new Map<number, number[]>()
      groupsOf(samples.features, columns).forEach((group, row) => {
        const rows = rowsOf.get(group)
        if (rows === undefined) rowsOf.set(group, [row])
        else rows.push(row)
      })
      const parts = [...rowsOf.values()].map((rows) => takeSamples(samples, rows))
      const keys = [...rowsOf.values()].map((rows) => keyOf(samples.features, columns, rows[0]))
      const first: Calibrated[] = []
      for (const [k, part] of parts.entries()) {
        const model = calibrate(white, options).fit(part, { rng: rng.stream(`alone${k}`) })
        if (isRefusal(model)) return model
        first.push(model)
        progress?.((0.9 * (k + 1)) / parts.length)
      }
      const groups = new Map(keys.map((key, k) => [key, first[k]]))
      const typical = calibrate(white, options).fit(samples, { rng: rng.stream('typical') })
      if (isRefusal(typical)) return typical
      return groupedModel(name, columns, groups, typical, caveatsOf(columns, groups))
    },
  }
}

function keyOf(table: Table, columns: readonly string[], row: number): string {
  return columns.map((name) => table.columns[table.names.indexOf(name)][row]).join('|')
}

function caveatsOf(columns: readonly string[], groups: ReadonlyMap<string, Calibrated>): Caveat[] {
  const models = [...groups.values()]
  return [
    caveat('by-group', `calibrated to ${groups.size} groups by ${columns.join(', ')}; others get what fits all rows`),
    ...models
      .flatMap((one) => one.caveats)
      .filter(({ code }, i, all) => code !== 'steep-below' && all.findIndex((one) => one.code === code) === i),
    // one row a group is noise, the median over groups is not
    ...caveatBelow(models.map(({ below }) => below)),
  ]
}

/** The model that `save` wrote; `loadPart` loads the calibrated models inside it. */
export function loadPerGroup(saved: SavedModel, loadPart: (saved: SavedModel) => RegressionModel): GroupedModel {
  const { columns, keys } = saved.settings as { readonly columns: readonly string[]; readonly keys: readonly string[] }
  const part = (name: string): Calibrated => loadPart(partOf(saved, name)) as Calibrated
  const groups = new Map(keys.map((key, k) => [key, part(`group${k}`)]))
  return groupedModel(saved.learner, columns, groups, part('typical'), saved.caveats)
}

function groupedModel(
  learner: string,
  columns: readonly string[],
  groups: ReadonlyMap<string, Calibrated>,
  typical: Calibrated,
  caveats: readonly Caveat[],
): GroupedModel {
  const route = (table: Table, ask: (model: Calibrated) => ArrayLike<number>, out: { [row: number]: number }): void => {
    const answers = new Map<string, ArrayLike<number>>()
    for (let row = 0; row < table.rows; row++) {
      const key = keyOf(table, columns, row)
      const known = answers.get(key) ?? ask(groups.get(key) ?? typical)
      answers.set(key, known)
      out[row] = known[row]
    }
  }
  const model: GroupedModel = {
    task: 'regression',
    learner,
    names: typical.names,
    caveats,
    groups,
    typical,
    predict(table) {
      sameColumns(model, table)
      const out = new Float64Array(table.rows)
      route(table, (one) => one.predict(table), out)
      return out
    },
    holds(table) {
      const out = new Uint8Array(table.rows)
      route(table, (one) => one.holds(table), out)
      return out
    },
    save: () =>
      nested(
        model,
        { typical, ...Object.fromEntries([...groups.values()].map((one, k) => [`group${k}`, one])) },
        { grey: 'per-group', columns, keys: [...groups.keys()] },
      ),
  }
  return model
}
