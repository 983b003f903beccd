/** Who takes part in a comparison: what needs no model, theory, learners, and the grey in between. */
import {
  blend,
  bootstrapping,
  type CalibratedLearner,
  type CalibrateOptions,
  calibrate,
  groupsOf,
  hyBoost,
  onLogScale,
  perGroup,
  probing,
  residual,
  selectByNeighbours,
} from '../../grey/index.js'
import {
  boosting,
  forest,
  forestClassifier,
  nearest,
  net,
  type RegressionModel,
  type Regressor,
  ridge,
  sameColumns,
  type Table,
  unfit,
} from '../../learn/index.js'
import { isRefusal, refuse } from '../../model/index.js'
import { quantile, Rng } from '../../num/index.js'
import type { Contender } from './contest.js'
import type { Observed } from './observed.js'
import type { White } from './white-spec.js'
import { whiteOf } from './whites.js'

const TREES = 100

/** The median of what was observed, whatever the condition: what needs no model. */
function medianSeen(): Regressor {
  return {
    name: 'median seen',
    fit(samples) {
      const bad = unfit(samples)
      if (bad !== undefined) return bad
      return constantModel(samples.features.names, quantile(Float64Array.from(samples.target).sort(), 0.5))
    },
  }
}

function constantModel(names: readonly string[], value: number): RegressionModel {
  const model: RegressionModel = {
    task: 'regression',
    learner: 'median seen',
    names,
    caveats: [],
    predict(table) {
      sameColumns(model, table)
      return new Float64Array(table.rows).fill(value)
    },
    save: () => ({
      schema: 'halftone/learned/1',
      learner: 'median seen',
      task: 'regression',
      names,
      caveats: [],
      settings: { value },
      arrays: {},
    }),
  }
  return model
}

/** A column as the answer: what was observed just before. */
function columnItself(column: string): Regressor {
  return {
    name: column,
    fit(samples) {
      const bad = unfit(samples)
      if (bad !== undefined) return bad
      const { names } = samples.features
      const at = names.indexOf(column)
      const model: RegressionModel = {
        task: 'regression',
        learner: column,
        names,
        caveats: [],
        predict(table) {
          sameColumns(model, table)
          return table.columns[at]!.slice()
        },
        save: () => ({
          schema: 'halftone/learned/1',
          learner: column,
          task: 'regression',
          names,
          caveats: [],
          settings: { column },
          arrays: {},
        }),
      }
      return model
    },
  }
}

/** A learner that does not see one of the columns. */
function withoutColumn(learner: Regressor, column: string | undefined): Regressor {
  if (column === undefined) return learner
  const without = (table: Table): Table => {
    const keep = table.names.map((_, c) => c).filter((c) => table.names[c] !== column)
    return {
      rows: table.rows,
      names: keep.map((c) => table.names[c]!),
      columns: keep.map((c) => table.columns[c]!),
      ...(table.levels ? { levels: keep.map((c) => table.levels![c]) } : {}),
    }
  }
  return {
    name: learner.name,
    fit(samples, options) {
      const inner = learner.fit({ ...samples, features: without(samples.features) }, options)
      if (isRefusal(inner)) return inner
      const { names } = samples.features
      const model: RegressionModel = {
        ...inner,
        names,
        predict(table) {
          sameColumns(model, table)
          return inner.predict(without(table))
        },
        save: () => ({ ...inner.save(), names }),
      }
      return model
    },
  }
}

/** A white model with its parameters at their priors: nothing is learned. */
function asItStands(white: White, shared: boolean): Regressor {
  const model = white.make(shared)
  const parameters = Float64Array.from(model.parameters, ({ prior }) => prior)
  return {
    name: `${white.name}, as it stands`,
    fit(samples) {
      const bad = unfit(samples)
      if (bad !== undefined) return bad
      const { names } = samples.features
      const fitted: RegressionModel = {
        task: 'regression',
        learner: `${white.name}, as it stands`,
        names,
        caveats: [],
        predict(table) {
          sameColumns(fitted, table)
          return model.predict(table, parameters)
        },
        save: () => ({
          schema: 'halftone/learned/1',
          learner: `white ${white.name}`,
          task: 'regression',
          names,
          caveats: [],
          settings: { white: model.name },
          arrays: { parameters },
        }),
      }
      return fitted
    },
  }
}

/** Every contender for a white model, or without one. */
export function contendersFor(white: White | undefined, observed: Observed): Contender[] {
  const black = (name: string, what: string, make: () => Regressor): Contender => ({
    name,
    kind: 'black',
    what,
    make: () => onLogScale(withoutColumn(make(), observed.simulated)),
  })
  const baselines: Contender[] = [
    { name: 'median seen', kind: 'baseline', what: 'the median of what was observed, whatever the condition', make: medianSeen },
    ...(observed.before === undefined
      ? []
      : [
          {
            name: 'as before',
            kind: 'baseline' as const,
            what: 'what was observed just before',
            make: () => columnItself(observed.before!),
          },
        ]),
  ]
  const blacks = [
    black('ridge', 'linear in the columns', () => ridge()),
    black('nearest', 'the mean of the nearest conditions', () => nearest()),
    black('forest', `a random forest of ${TREES} trees`, () => forest({ trees: TREES })),
    black('boosting', 'gradient-boosted trees', () => boosting()),
    black('net', 'a net of two layers of 64', () => net()),
  ]
  const reads = white?.make(true).columns ?? []
  const others = white?.perJob === true ? jobColumns(observed.samples.features, reads) : []
  // a replayed trace is the white model of its windows; formulas on the same load stand beside it
  const replayed = observed.simulated !== undefined
  const formulas = replayed ? whitesOf(whiteOf({ kind: 'station' }), [], 'analytic', 'analytic, calibrated') : []
  if (white === undefined) return [...baselines, ...blacks]
  if (white.perJob) {
    const kept = remembered(() => setFor(white, true, others))
    const set = (shared: boolean): Regressor => (shared ? kept : setFor(white, false, others))
    return [...baselines, ...whitesOf(white, others, 'white, as it stands', 'white', set), ...blacks, ...greysPerJob(set)]
  }
  const kept = remembered(() => calibrate(white.make(true), searchFor(white)))
  const set = (shared: boolean): CalibratedLearner => (shared ? kept : calibrate(white.make(false), searchFor(white)))
  const whites = replayed
    ? whitesOf(white, [], 'simulated', 'simulated, calibrated', set)
    : whitesOf(white, others, 'white, as it stands', 'white', set)
  return [...baselines, ...formulas, ...whites, ...blacks, ...greysOf(white, set)]
}

const ROWS_OF_A_JOB = 3

/**
 * The columns that tell jobs apart: those of words, then those of numbers, each as long as jobs keep three rows in the mean. A counter that was read anew at every row tells rows apart and not jobs.
 */
export function jobColumns(features: Table, read: readonly string[]): string[] {
  const isWords = (name: string): boolean => features.levels?.[features.names.indexOf(name)] !== undefined
  const others = features.names.filter((name) => !read.includes(name))
  const chosen: string[] = []
  for (const name of [...others.filter(isWords), ...others.filter((one) => !isWords(one))]) {
    const jobs = new Set(groupsOf(features, [...chosen, name])).size
    if (features.rows >= ROWS_OF_A_JOB * jobs) chosen.push(name)
  }
  return chosen
}

/** A white model, calibrated: for each job apart where its parameters belong to the job. */
function setFor(white: White, shared: boolean, others: readonly string[]): Regressor {
  const model = white.make(shared)
  return white.perJob && others.length > 0 ? perGroup(model, others, searchFor(white)) : calibrate(model, searchFor(white))
}

function whitesOf(
  white: White,
  others: readonly string[],
  alone = 'white, as it stands',
  set = 'white',
  make = (shared: boolean): Regressor => setFor(white, shared, others),
): Contender[] {
  const calibrated = white.make(true).parameters.length > 0
  return [
    ...(white.standsAlone
      ? [
          {
            name: alone,
            kind: 'white' as const,
            what: `${white.name} with nothing learned`,
            make: (shared: boolean) => asItStands(white, shared),
          },
        ]
      : []),
    ...(calibrated
      ? [
          {
            name: set,
            kind: 'white' as const,
            what: `${white.name}, its ${white.make(true).parameters.length} parameters calibrated${others.length > 0 ? ` for each ${others.join(', ')}` : ''}`,
            make,
          },
        ]
      : []),
  ]
}

/** What is dear is searched less, and what is calibrated for each job apart: a job has a few rows and the priors to go by. */
function searchFor(white: White): CalibrateOptions {
  if (white.dear) return { starts: 2, searches: 1 }
  return white.perJob ? { starts: 2, searches: 1 } : {}
}

/**
 * A calibration that is asked for again with the same rows is not made again: the hybrids of one draw all begin with it. The luck of its search comes from the rows alone, so that it
 * is the same for whoever asks first.
 */
function remembered<L extends Regressor>(make: () => L): L {
  let learner: L | undefined
  const known = new Map<string, ReturnType<L['fit']>>()
  const remembering: Regressor = {
    name: make().name,
    fit(samples) {
      learner ??= make()
      const key = `${samples.features.columns.map((column) => column.join(',')).join(';')};${samples.target.join(',')}`
      const found =
        known.get(key) ?? (learner.fit(samples, { rng: new Rng(samples.target.length, 'calibration') }) as ReturnType<L['fit']>)
      // of one draw, its folds and their folds; not of all draws for ever
      if (known.size > 60) known.clear()
      known.set(key, found)
      return found
    },
  }
  return remembering as L
}

/** Grey where the white model is one for each job: what goes by whole predictions. */
function greysPerJob(base: (shared: boolean) => Regressor): Contender[] {
  return [
    {
      name: 'residual',
      kind: 'grey',
      what: 'white times what a forest finds missing',
      beyond: true,
      make: (shared) => residual(base(shared), forest({ trees: TREES })),
    },
    {
      name: 'KNN selection',
      kind: 'grey',
      what: 'white or forest, whichever did better nearby',
      // each fold calibrates every job once more
      make: (shared) => selectByNeighbours([base(shared), onLogScale(forest({ trees: 40 }))], { folds: 2 }),
    },
  ]
}

function greysOf(white: White, set: (shared: boolean) => CalibratedLearner): Contender[] {
  const options = searchFor(white)
  const grey = (
    name: string,
    what: string,
    make: (base: CalibratedLearner, shared: boolean) => Regressor,
    beyond = false,
  ): Contender => ({
    name,
    kind: 'grey',
    what,
    beyond,
    make: (shared) => make(set(shared), shared),
  })
  const small = (): Regressor => forest({ trees: 40 })
  const unaffordable: Contender = {
    name: 'Bootstrapping',
    kind: 'grey',
    what: 'a forest that has read the theory first',
    make: () => ({
      name: 'Bootstrapping',
      fit: () => ({
        ...refuse('unsupported', 'left out: it asks the white model, a simulation here, for a thousand further answers'),
        issues: [],
      }),
    }),
  }
  return [
    grey('residual', 'white times what a forest finds missing', (base) => residual(base, forest({ trees: TREES })), true),
    grey(
      'HyBoost',
      'white, then ridge and a forest on what is left',
      (base) => hyBoost(base, [ridge(), forest({ trees: TREES })]),
      true,
    ),
    grey('KNN selection', 'white or forest, whichever did better nearby', (base) =>
      selectByNeighbours([base, onLogScale(small())], { folds: 4 }),
    ),
    grey('Probing', 'white where a classifier finds it good enough, a forest elsewhere', (base) =>
      probing(base, forest({ trees: TREES }), forestClassifier({ trees: 60 })),
    ),
    white.simulated
      ? unaffordable
      : grey('Bootstrapping', 'a forest that has read the theory first', (base) =>
          bootstrapping(base, small(), { synthetic: 500 }),
        ),
    {
      name: 'blend',
      kind: 'grey',
      beyond: true,
      preferredBeyond: true,
      what: 'white, learners and residuals, weighted by their errors on held-out rows',
      make: (shared) => blend(white.make(shared), [ridge(), small()], { ...options, folds: white.dear ? 2 : 3 }),
    },
    ...white.own.map(
      ({ name, what, make }): Contender => ({
        name,
        kind: 'grey',
        what,
        beyond: true,
        make: (shared) => make(forest({ trees: TREES, columnsPerSplit: 100 }), shared),
      }),
    ),
  ]
}
