import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AUTOCORRELATION_LAGS, characterise, DISPERSION_WINDOWS_SECONDS } from '../../src/characterise/index.js'
import { type Characterisation, isRefusal } from '../../src/model/index.js'
import { readTrace } from '../../src/trace/index.js'
import { openRaw, present, RAW_TRACES, type RawTrace, type SqlRow } from './raw-traces.js'

/**
 * Every figure of a characterisation against SQL over the same raw file, which knows nothing of our readers or our arithmetic: counts exactly,
 * everything else to 9 digits (the requirement is 3). The last test of each trace walks the whole value and fails on a number that no query
 * has looked at.
 */

type Sql = Awaited<ReturnType<typeof openRaw>>

/** Compares figures by path and remembers which paths were looked at. */
class Checker {
  readonly seen = new Set<string>()
  readonly wrong: string[] = []

  constructor(readonly study: Characterisation) {}

  at(path: string): unknown {
    return path
      .split('.')
      .reduce<unknown>((value, key) => (value as Record<string, unknown> | null | undefined)?.[key], this.study)
  }

  same(path: string, expected: unknown): void {
    this.seen.add(path)
    const actual = this.at(path)
    if (actual !== expected) this.wrong.push(`${path}: ${String(actual)}, SQL says ${String(expected)}`)
  }

  close(path: string, expected: unknown, relative = 1e-9, absolute = 1e-6): void {
    this.seen.add(path)
    const actual = this.at(path)
    const fits =
      typeof actual === 'number' && typeof expected === 'number'
        ? Math.abs(actual - expected) <= Math.min(1e-3, absolute) + relative * Math.abs(expected)
        : actual === (expected ?? null)
    if (!fits) this.wrong.push(`${path}: ${String(actual)}, SQL says ${String(expected)}`)
  }

  /** The queries above must have been about something, and agree. */
  verdict(): void {
    expect(this.seen.size).toBeGreaterThan(0)
    expect(this.wrong.splice(0)).toEqual([])
  }

  /** Paths of numbers and strings that nothing has compared. */
  unseen(): string[] {
    const missed: string[] = []
    const walk = (value: unknown, path: string): void => {
      if (value === null || value === undefined) return
      if (typeof value === 'object')
        for (const [key, member] of Object.entries(value)) walk(member, path === '' ? key : `${path}.${key}`)
      else if (!this.seen.has(path)) missed.push(path)
    }
    walk(this.study, '')
    return missed
  }
}

const P = [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999]
const NAMES = ['p1', 'p5', 'p10', 'p25', 'p50', 'p75', 'p90', 'p95', 'p99', 'p999']

/** Figures of x in each group of g. SQL’s skewness is that of a sample; its factor for small n is taken out again. */
const describing = (source: string) => `
  SELECT g, count(*) AS n, avg(x) AS mean, var_pop(x) / nullif(avg(x) ** 2, 0) AS scv,
    CASE WHEN var_pop(x) = 0 THEN NULL WHEN count(*) = 2 THEN 0 ELSE skewness(x) * (count(*) - 2) / sqrt(count(*)::DOUBLE * (count(*) - 1)) END AS skewness,
    min(x) AS low, max(x) AS high, fsum(x) AS total, count(*) FILTER (x = 0) / count(*) AS zero, quantile_cont(x, [${P.join(', ')}]) AS q
  FROM (${source}) WHERE x IS NOT NULL GROUP BY g`

function distribution(check: Checker, path: string, row: SqlRow | undefined): void {
  if (!row) {
    check.same(path, null)
    return
  }
  check.same(`${path}.count`, row['n'])
  check.close(`${path}.mean`, row['mean'])
  check.close(`${path}.scv`, row['scv'], 1e-9)
  check.close(`${path}.skewness`, row['skewness'], 1e-7)
  check.close(`${path}.min`, row['low'])
  check.close(`${path}.max`, row['high'])
  check.close(`${path}.sum`, row['total'])
  check.close(`${path}.zeroShare`, row['zero'])
  for (const [i, name] of NAMES.entries()) check.close(`${path}.quantiles.${name}`, (row['q'] as readonly number[])[i])
}

/** Each point of a CDF: the share of x at most its value. */
async function cdf(check: Checker, sql: Sql, path: string, source: string): Promise<void> {
  const { values, shares } = check.at(path) as { values: number[]; shares: number[] }
  const points = values.map((value, i) => `(${i}, ${value}::DOUBLE)`).join(', ')
  const rows = await sql.query(`
    WITH v AS (SELECT x::DOUBLE AS x, count(*) AS n FROM (${source}) WHERE x IS NOT NULL GROUP BY 1),
      c AS (SELECT x, sum(n) OVER (ORDER BY x) / sum(n) OVER () AS share FROM v),
      p AS (SELECT i, value * (1 + 1e-13) AS value FROM (VALUES ${points}) AS p(i, value))
    SELECT i, share FROM p ASOF LEFT JOIN c ON p.value >= c.x ORDER BY i`)
  for (let i = 0; i < values.length; i++) {
    check.seen.add(`${path}.values.${i}`) // the value is the place at which the share is checked
    check.close(`${path}.shares.${i}`, rows[i]!['share'])
  }
  expect(shares.length).toBe(values.length)
}

async function groups(check: Checker, sql: Sql, path: string, x: string, g: string): Promise<void> {
  const list = check.at(path) as { label: string }[]
  const sizes = new Map(
    (await sql.query(`SELECT ${g} AS g, count(*) AS n FROM t GROUP BY ALL`)).map((row) => [row['g'], row['n']]),
  )
  sizes.delete(null)
  const rows = new Map((await sql.query(describing(`SELECT ${x} AS x, ${g} AS g FROM t`))).map((row) => [row['g'], row]))
  expect(list.map(({ label }) => label).sort()).toEqual([...sizes.keys()].sort())
  for (const [i, { label }] of list.entries()) {
    check.seen.add(`${path}.${i}.label`)
    check.same(`${path}.${i}.rows`, sizes.get(label))
    distribution(check, `${path}.${i}.distribution`, rows.get(label))
  }
}

/** Gini, top shares and the Lorenz curve of amounts x, by rank. */
async function skewed(check: Checker, sql: Sql, path: string, source: string): Promise<void> {
  const holders = (check.at(`${path}.lorenz.holders`) as number[]) ?? []
  const ranked = `WITH r AS (SELECT x, row_number() OVER (ORDER BY x) AS i, count(*) OVER () AS n, sum(x) OVER (ORDER BY x ROWS UNBOUNDED PRECEDING) AS below
      FROM (${source}) WHERE x IS NOT NULL)`
  const [row] =
    await sql.query(`${ranked} SELECT any_value(n) AS n, 2 * sum(i * x) / (any_value(n) * sum(x)) - (any_value(n) + 1) / any_value(n) AS gini,
      max(x) / sum(x) AS largest, sum(x) FILTER (i > n - ceil(n * 0.01)) / sum(x) AS one, sum(x) FILTER (i > n - ceil(n * 0.05)) / sum(x) AS five,
      sum(x) FILTER (i > n - ceil(n * 0.1)) / sum(x) AS ten FROM r`)
  check.same(`${path}.holders`, row!['n'])
  for (const [name, column] of [
    ['gini', 'gini'],
    ['largest', 'largest'],
    ['topOne', 'one'],
    ['topFive', 'five'],
    ['topTen', 'ten'],
  ] as const)
    check.close(`${path}.${name}`, row![column])
  const n = row!['n'] as number
  const ranks = holders.map((share) => Math.round(share * n))
  const curve = await sql.query(
    `${ranked} SELECT i, below / max(below) OVER () AS share FROM r QUALIFY i IN (${ranks.filter((i) => i > 0).join(', ')}) ORDER BY i`,
  )
  const shares = new Map(curve.map((point) => [point['i'], point['share']]))
  for (const [i, rank] of ranks.entries()) {
    check.close(`${path}.lorenz.holders.${i}`, rank / n)
    check.close(`${path}.lorenz.total.${i}`, rank === 0 ? 0 : shares.get(rank))
  }
}

/** A level over time from the rows that raise it (a table of `up`, `down`, `amount`), clipped to [first, last]. */
async function level(check: Checker, sql: Sql, path: string, held: string, first: number, last: number): Promise<void> {
  const [row] = await sql.query(`
    WITH held AS (${held}),
      events AS (SELECT greatest(second, ${first}) AS second, sum(amount) AS amount
        FROM (SELECT up AS second, amount FROM held UNION ALL SELECT down, -amount FROM held WHERE down IS NOT NULL) GROUP BY 1),
      stretches AS (SELECT sum(amount) OVER (ORDER BY second) AS height, least(lead(second, 1, ${last}) OVER (ORDER BY second), ${last}) - second AS length
        FROM events WHERE second < ${last}),
      levels AS (SELECT round(height, 6) AS height, sum(length) AS length FROM stretches WHERE length > 0 GROUP BY 1),
      spread AS (SELECT height, sum(length) OVER (ORDER BY height) AS below FROM levels)
    SELECT (SELECT fsum(height * length) FROM levels) / ${last - first} AS mean, (SELECT max(height) FROM levels) AS peak,
      -- before the first event the level is 0
      (SELECT min(height) FROM spread WHERE below + coalesce((SELECT min(second) FROM events), ${first}) - ${first} >= 0.5 * ${last - first}) AS p50,
      (SELECT min(height) FROM spread WHERE below + coalesce((SELECT min(second) FROM events), ${first}) - ${first} >= 0.95 * ${last - first}) AS p95`)
  for (const name of ['mean', 'peak', 'p50', 'p95']) check.close(`${path}.${name}`, row![name], 1e-8, 1e-5)
  const { values, startSeconds, binSeconds } = check.at(`${path}.series`) as {
    values: number[]
    startSeconds: number
    binSeconds: number
  }
  check.close(`${path}.series.startSeconds`, first)
  check.close(`${path}.series.binSeconds`, (last - first) / values.length)
  // the area up to the end of every 200th bin, from the rows themselves: what each row holds × how long it has held it by then
  const bins = values.map((_, i) => i).filter((i) => i % 200 === 0 || i === values.length - 1)
  const areas = await sql.query(`WITH held AS (${held}), edge AS (SELECT unnest([${bins.join(', ')}]) AS i)
    SELECT i, fsum(amount * greatest(0, least(coalesce(down, 1e300), e) - greatest(up, ${first}))) AS area
    FROM (SELECT i, ${startSeconds}::DOUBLE + (i + 1) * ${binSeconds}::DOUBLE AS e FROM edge) CROSS JOIN held GROUP BY i ORDER BY i`)
  let area = 0
  let next = 0
  for (const [i, value] of values.entries()) {
    area += value * binSeconds
    check.seen.add(`${path}.series.values.${i}`)
    if (i !== bins[next]) continue
    const expected = areas[next++]!['area'] as number
    if (Math.abs(area - expected) > 1e-7 * expected + 1e-3)
      check.wrong.push(`${path}.series up to bin ${i}: area ${area}, SQL says ${expected}`)
  }
}

/** The ladder of sizes in SQL: 0, below 1, powers of two, what lies between. */
const SIZE = `CASE WHEN slots IS NULL THEN NULL WHEN slots = 0 THEN '0' WHEN slots < 1 THEN 'under 1' WHEN slots = 2 ** floor(log2(slots)) THEN (2 ** floor(log2(slots)))::INT::VARCHAR
  WHEN slots < 4 THEN '3' ELSE (2 ** floor(log2(slots)) + 1)::INT || '–' || (2 ** (floor(log2(slots)) + 1) - 1)::INT END`

const absent = RAW_TRACES.filter((raw) => !present(raw)).map(({ path }) => path)
if (absent.length > 0) console.warn(`no ${absent.join(', ')}: their comparison with SQL is skipped`)
for (const raw of RAW_TRACES) suite(raw)

function suite(raw: RawTrace): void {
  const title = `characterise ${raw.name}: every figure agrees with independent SQL over the raw file`
  describe.skipIf(!present(raw))(present(raw) ? title : `${title} (skipped: no ${raw.path} here)`, () => {
    const has = (column: string) => raw.has.includes(column)
    let sql: Sql
    let check: Checker
    let rows = 0

    beforeAll(async () => {
      const [reading, opened] = [await readTrace(raw.path), await openRaw(raw)]
      if (!reading.ok) throw new Error(JSON.stringify(reading.issues.kept))
      const study = characterise(reading.trace)
      if (isRefusal(study)) throw new Error(study.message)
      sql = opened
      check = new Checker(study)
      rows = (await sql.query('SELECT count(*) AS n FROM t'))[0]!['n'] as number
    })
    afterAll(() => sql?.close())

    it('counts of rows, of what is missing, censored and left out', async () => {
      check.same('source.rows', rows)
      check.same('source.used', rows)
      const [times] = await sql.query(
        'SELECT min(submit) AS first, max(submit) AS last, greatest(max(submit), max(start), max(fin)) AS event, any_value(origin) AS origin FROM t',
      )
      check.close('source.firstSubmitSeconds', times!['first'])
      check.close('source.lastSubmitSeconds', times!['last'])
      check.close('source.lastEventSeconds', times!['event'])
      if (raw.zone) {
        check.same('source.clock.originUnixSeconds', times!['origin'])
        check.same('source.clock.timeZone', raw.zone)
      }
      const columnOf: Record<string, string> = {
        submitSeconds: 'submit',
        startSeconds: 'start',
        endSeconds: 'fin',
        runSeconds: 'run',
        slots: 'slots',
        estimateSeconds: 'estimate',
        attempts: 'attempts',
        cpu: 'cpu',
        memory: 'memory',
        id: 'job',
        user: 'usr',
        queue: 'queue',
        name: 'name',
        machine: 'machine',
        slotType: 'slottype',
      }
      for (const [i, { column }] of check.study.missing.entries()) {
        const name = columnOf[column] ?? (column === 'priority' && raw.classesBy === 'priority' ? 'class' : undefined)
        const number = column.endsWith('Seconds') || ['slots', 'attempts', 'cpu', 'memory', 'priority'].includes(column)
        check.seen.add(`missing.${i}.column`)
        if (!name) {
          // columns that SQL does not model: the share of a slot, the group, and the outcome, whose “missing” is unknown
          for (const key of ['present', 'missing', 'negative', 'zero']) check.seen.add(`missing.${i}.${key}`)
          continue
        }
        const value = number ? `${name}::DOUBLE` : name
        const [row] = await sql.query(
          `SELECT count(*) FILTER (${value} IS NULL) AS missing, ${number ? `count(*) FILTER (${value} < 0) AS negative, count(*) FILTER (${value} = 0) AS zero` : 'NULL AS negative, NULL AS zero'} FROM t`,
        )
        const there = row!['missing'] !== rows
        check.same(`missing.${i}.present`, there)
        check.same(`missing.${i}.missing`, row!['missing'])
        check.same(`missing.${i}.negative`, there ? row!['negative'] : null)
        check.same(`missing.${i}.zero`, there ? row!['zero'] : null)
      }
      const [censored] = await sql.query(
        'SELECT count(*) FILTER (run IS NULL AND start IS NOT NULL) AS started, count(*) FILTER (run IS NULL AND start IS NULL) AS never, count(*) FILTER (start < submit) AS wait, count(*) FILTER (run < 0) AS run FROM t',
      )
      check.same('censored.started', censored!['started'])
      check.same('censored.neverStarted', censored!['never'])
      check.same('censored.negativeWait', censored!['wait'])
      check.same('censored.negativeRun', censored!['run'])
      check.verdict()
    })

    it('arrivals: series, hours, weekdays, inter-arrival times, autocorrelation, dispersion', async () => {
      const [window] = await sql.query(
        'SELECT count(arrival) AS n, min(arrival) AS first, max(arrival) AS last, count(*) FILTER (before) AS before FROM t',
      )
      const [first, last] = [window!['first'] as number, window!['last'] as number]
      check.same('arrivals.count', window!['n'])
      check.same('arrivals.leftOut.missingSubmission', 0)
      check.same('arrivals.leftOut.beforeTraceStart', window!['before'])
      check.close('arrivals.window.firstSeconds', first)
      check.close('arrivals.window.lastSeconds', last)
      check.close('arrivals.window.spanSeconds', last - first)
      check.close('arrivals.meanPerHour', (window!['n'] as number) / ((last - first) / 3600))
      check.same('arrivals.clock', raw.zone ? 'local-time' : 'since-start')

      // the wall clock of a second of the trace
      const wall = (second: string) =>
        raw.zone
          ? `(to_timestamp((${second}) + (SELECT any_value(origin) FROM t)) AT TIME ZONE '${raw.zone}')`
          : `(TIMESTAMP '1970-01-05' + to_microseconds(((${second}) * 1e6)::BIGINT))`
      for (const [name, unit] of [
        ['perHour', 3600],
        ['perDay', 86_400],
      ] as const) {
        const series = check.study.arrivals![name]
        expect(series.binSeconds % unit).toBe(0)
        const [start] = await sql.query(
          `SELECT epoch(${wall(String(series.startSeconds))}) - epoch(TIMESTAMP '1970-01-05') AS local`,
        )
        expect((start!['local'] as number) % series.binSeconds).toBe(0)
        check.seen.add(`arrivals.${name}.startSeconds`).add(`arrivals.${name}.binSeconds`)
        const counts = new Map(
          (
            await sql.query(
              `SELECT floor((arrival - ${series.startSeconds}) / ${series.binSeconds}) AS i, count(*) AS n FROM t WHERE arrival IS NOT NULL GROUP BY 1`,
            )
          ).map((row) => [row['i'], row['n']]),
        )
        for (let i = 0; i < series.values.length; i++) check.same(`arrivals.${name}.values.${i}`, counts.get(i) ?? 0)
        expect(Math.max(...([...counts.keys()] as number[]))).toBe(series.values.length - 1)
      }
      for (const [name, slices, part, period] of [
        ['byHour', 24, 'hour', 86_400],
        ['byWeekday', 7, 'isodow', 7 * 86_400],
      ] as const) {
        const slice = (second: string) => `(extract(${part} FROM ${wall(second)}) ${part === 'isodow' ? '- 1' : ''})::INT`
        const counts = new Map(
          (await sql.query(`SELECT ${slice('arrival')} AS i, count(*) AS n FROM t WHERE arrival IS NOT NULL GROUP BY 1`)).map(
            (row) => [row['i'], row['n'] as number],
          ),
        )
        // whole hours of the trace’s Unix clock begin whole hours of its wall clock: all offsets here are whole hours
        const shift = raw.origin ? '(SELECT any_value(origin) FROM t)' : '0'
        const hours = new Map(
          (
            await sql.query(`
          WITH h AS (SELECT unnest(generate_series(floor((${first} + ${shift}) / 3600)::BIGINT, floor((${last} + ${shift}) / 3600)::BIGINT)) * 3600 - ${shift} AS h)
          SELECT ${slice('h::DOUBLE')} AS i, sum(least(${last}, h + 3600) - greatest(${first}, h)) / 3600 AS hours FROM h GROUP BY 1`)
          ).map((row) => [row['i'], row['hours'] as number]),
        )
        const rates: number[] = []
        for (let i = 0; i < slices; i++) {
          const rate = hours.get(i) ? (counts.get(i) ?? 0) / hours.get(i)! : undefined
          check.same(`arrivals.${name}.counts.${i}`, counts.get(i) ?? 0)
          check.close(`arrivals.${name}.exposureHours.${i}`, hours.get(i) ?? 0)
          check.close(`arrivals.${name}.perHour.${i}`, rate)
          if (rate !== undefined) rates.push(rate)
        }
        check.seen.add(`arrivals.${name}.peak`).add(`arrivals.${name}.trough`)
        const profile = check.study.arrivals![name]
        expect(profile.perHour[profile.peak]).toBe(Math.max(...profile.perHour.map(Number)))
        expect(profile.perHour[profile.trough]).toBe(Math.min(...profile.perHour.filter((rate) => rate !== null)))
        check.close(
          `arrivals.${name}.peakToTrough`,
          last - first >= period && Math.min(...rates) > 0 ? Math.max(...rates) / Math.min(...rates) : undefined,
        )
      }

      await sql.query(
        'CREATE TABLE gaps AS SELECT i, x FROM (SELECT row_number() OVER (ORDER BY arrival) AS i, round(lead(arrival) OVER (ORDER BY arrival) - arrival, 6) AS x FROM t WHERE arrival IS NOT NULL) WHERE x IS NOT NULL',
      )
      distribution(check, 'arrivals.interarrival.distribution', (await sql.query(describing('SELECT x, NULL AS g FROM gaps')))[0])
      await cdf(check, sql, 'arrivals.interarrival.distribution.cdf', 'SELECT x FROM gaps')
      const [moment] = await sql.query(
        'SELECT fsum(x) / count(*) AS m1, fsum(x ** 2) / count(*) AS m2, fsum(x ** 3) / count(*) AS m3 FROM gaps',
      )
      for (const name of ['m1', 'm2', 'm3']) check.close(`arrivals.interarrival.rawMoments.${name}`, moment![name])
      for (const [i, lag] of AUTOCORRELATION_LAGS.entries()) {
        const [row] = await sql.query(
          `WITH c AS (SELECT i, x - (SELECT avg(x) FROM gaps) AS d FROM gaps) SELECT sum(d * e) / sum(d * d) AS r FROM (SELECT d, coalesce(lead(d, ${lag}) OVER (ORDER BY i), 0) AS e FROM c)`,
        )
        check.same(`arrivals.interarrival.autocorrelation.${i}.lag`, lag)
        check.close(`arrivals.interarrival.autocorrelation.${i}.value`, row!['r'], 1e-7)
      }
      let i = 0
      for (const width of DISPERSION_WINDOWS_SECONDS) {
        const windows = Math.floor((last - first) / width)
        if (windows < 10) continue
        const phases = 86_400 / width
        const [row] = await sql.query(`
          WITH c AS MATERIALIZED (SELECT k, coalesce(n, 0) AS n FROM (SELECT unnest(generate_series(0, ${windows - 1})) AS k)
              LEFT JOIN (SELECT floor((arrival - ${first}) / ${width})::BIGINT AS k, count(*) AS n FROM t WHERE arrival IS NOT NULL GROUP BY 1) USING (k)),
            within AS (SELECT var_pop(n) * count(*) AS squares FROM c GROUP BY k % ${phases})
          SELECT var_samp(n) / avg(n) AS idc, (SELECT sum(squares) FROM within) / (${windows} - ${phases}) / avg(n) AS without FROM c`)
        check.same(`arrivals.dispersion.${i}.windowSeconds`, width)
        check.same(`arrivals.dispersion.${i}.windows`, windows)
        check.close(`arrivals.dispersion.${i}.idc`, row!['idc'])
        check.close(`arrivals.dispersion.${i}.idcWithoutDay`, windows >= 3 * phases ? row!['without'] : undefined)
        i++
      }
      expect(check.study.arrivals!.dispersion.length).toBe(i)
      check.verdict()
    })

    it('sizes, work and fan-out by count and by slot-time', async () => {
      check.same('definitions.resource', has('slots') ? 'slot-seconds' : 'row-seconds')
      if (has('slots')) {
        distribution(check, 'sizes.distribution', (await sql.query(describing('SELECT slots AS x, NULL AS g FROM t')))[0])
        await cdf(check, sql, 'sizes.distribution.cdf', 'SELECT slots AS x FROM t')
        const buckets = new Map(
          (
            await sql.query(
              `SELECT ${SIZE} AS g, count(*) AS n, min(slots) AS low, max(slots) AS high, coalesce(fsum(resource), 0) AS work, count(*) / (SELECT count(slots) FROM t) AS share, coalesce(fsum(resource), 0) / (SELECT fsum(resource) FROM t) AS time FROM t GROUP BY 1`,
            )
          ).map((row) => [row['g'], row]),
        )
        expect(check.study.sizes!.buckets.map(({ label }) => label).sort()).toEqual([...buckets.keys()].sort())
        for (const [i, { label }] of check.study.sizes!.buckets.entries()) {
          const row = buckets.get(label)!
          check.seen.add(`sizes.buckets.${i}.label`)
          for (const [name, column] of [
            ['rows', 'n'],
            ['low', 'low'],
            ['high', 'high'],
          ] as const)
            check.same(`sizes.buckets.${i}.${name}`, row[column])
          for (const [name, column] of [
            ['share', 'share'],
            ['slotSeconds', 'work'],
            ['slotTimeShare', 'time'],
          ] as const)
            check.close(`sizes.buckets.${i}.${name}`, row[column])
        }
        for (const [i, row] of (
          await sql.query('SELECT slots, count(*) AS n FROM t WHERE slots IS NOT NULL GROUP BY 1 ORDER BY n DESC, slots LIMIT 20')
        ).entries()) {
          check.same(`sizes.values.${i}.slots`, row['slots'])
          check.same(`sizes.values.${i}.rows`, row['n'])
          check.close(`sizes.values.${i}.share`, (row['n'] as number) / rows)
        }
        if (has('sharing')) {
          const [row] = await sql.query('SELECT count(*) AS n FROM t WHERE slots > 0 AND held < slots')
          check.same('sizes.sharing.rows', row!['n'])
          check.close('sizes.sharing.share', (row!['n'] as number) / rows)
        } else check.same('sizes.sharing', null)
      } else check.same('sizes', null)
      distribution(check, 'work.distribution', (await sql.query(describing('SELECT resource AS x, NULL AS g FROM t')))[0])
      await cdf(check, sql, 'work.distribution.cdf', 'SELECT resource AS x FROM t')
      const hours = [0, 1, 10, 100, 1e300]
      for (let i = 0; i < 4; i++) {
        const inside = `resource / 3600 <= ${hours[i + 1]} AND (resource / 3600 > ${hours[i]} OR ${i} = 0)`
        const [row] = await sql.query(
          `SELECT count(*) FILTER (${inside}) AS n, count(*) FILTER (${inside}) / count(resource) AS share, coalesce(fsum(resource) FILTER (${inside}), 0) / fsum(resource) AS held FROM t`,
        )
        check.same(`work.classes.${i}.rows`, row!['n'])
        check.close(`work.classes.${i}.share`, row!['share'])
        check.close(`work.classes.${i}.resourceShare`, row!['held'])
      }
      if (raw.name === 'Google task attempts') {
        const tasks = 'SELECT count(DISTINCT name) AS x, NULL AS g FROM t GROUP BY job'
        const row = (await sql.query(describing(tasks)))[0]!
        check.same('fanOut.jobs', row['n'])
        distribution(check, 'fanOut.tasksPerJob', row)
        await cdf(check, sql, 'fanOut.tasksPerJob.cdf', tasks)
      } else check.same('fanOut', null)
      check.verdict()
    })

    it('durations, waits and slowdown, overall and by size, outcome, class and queue', async () => {
      distribution(check, 'durations.overall', (await sql.query(describing('SELECT duration AS x, NULL AS g FROM t')))[0])
      await cdf(check, sql, 'durations.overall.cdf', 'SELECT duration AS x FROM t')
      const [over] = await sql.query(
        'SELECT count(*) FILTER (duration > 86400) / count(duration) AS day, count(*) FILTER (duration > 604800) / count(duration) AS week FROM t',
      )
      check.close('durations.lastsOverDayShare', over!['day'])
      check.close('durations.lastsOverWeekShare', over!['week'])
      check.same('durations.classesBy', raw.classesBy)
      await groups(check, sql, 'durations.byClass', 'duration', 'class')
      if (has('slots')) await groups(check, sql, 'durations.bySize', 'duration', SIZE)
      if (has('outcome')) await groups(check, sql, 'durations.byOutcome', 'duration', 'outcome')
      if (has('start')) {
        distribution(check, 'waiting.overall', (await sql.query(describing('SELECT wait AS x, NULL AS g FROM t')))[0])
        await cdf(check, sql, 'waiting.overall.cdf', 'SELECT wait AS x FROM t')
        check.same('waiting.classesBy', raw.classesBy)
        await groups(check, sql, 'waiting.byClass', 'wait', 'class')
        if (has('queue')) await groups(check, sql, 'waiting.byQueue', 'wait', 'queue')
        if (has('slots')) await groups(check, sql, 'waiting.bySize', 'wait', SIZE)
        check.same('definitions.boundedSlowdownSeconds', 10)
        const slowdown =
          'SELECT greatest(1, (wait + run) / greatest(run, 10)) AS x, NULL AS g FROM t WHERE wait IS NOT NULL AND run IS NOT NULL'
        distribution(check, 'slowdown.bounded', (await sql.query(describing(slowdown)))[0])
        await cdf(check, sql, 'slowdown.bounded.cdf', slowdown)
        const response = 'SELECT round(fin - arrival, 6) AS x, NULL AS g FROM t'
        distribution(check, 'response', (await sql.query(describing(response)))[0])
        await cdf(check, sql, 'response.cdf', response)
      } else {
        check.same('response', null)
        check.same('waiting', null)
        check.same('slowdown', null)
      }
      check.verdict()
    })

    it('outcomes by count and by resource-time, attempts, run time to failure, waste', async () => {
      if (!has('outcome')) return check.same('outcomes', null)
      const outcomes = new Map(
        (
          await sql.query(
            'SELECT outcome AS g, count(*) AS n, count(*) / (SELECT count(*) FROM t) AS share, coalesce(fsum(resource), 0) AS held, coalesce(fsum(resource), 0) / (SELECT fsum(resource) FROM t) AS time, count(*) - count(run) AS without, avg(attempts) AS attempts FROM t GROUP BY 1',
          )
        ).map((row) => [row['g'], row]),
      )
      expect(check.study.outcomes!.rows.map(({ outcome }) => outcome).sort()).toEqual([...outcomes.keys()].sort())
      for (const [i, { outcome }] of check.study.outcomes!.rows.entries()) {
        const row = outcomes.get(outcome)!
        check.seen.add(`outcomes.rows.${i}.outcome`)
        check.same(`outcomes.rows.${i}.rows`, row['n'])
        check.same(`outcomes.rows.${i}.rowsWithoutRunTime`, row['without'])
        for (const [name, column] of [
          ['share', 'share'],
          ['resourceSeconds', 'held'],
          ['resourceShare', 'time'],
          ['attemptsMean', 'attempts'],
        ] as const)
          check.close(`outcomes.rows.${i}.${name}`, row[column])
      }
      const total = [...outcomes.values()].reduce((sum, row) => sum + (row['held'] as number), 0)
      check.close('outcomes.wasted.totalSeconds', total)
      for (const outcome of ['fail', 'cancel', 'evict', 'timeout', 'lost'])
        check.close(`outcomes.wasted.${outcome}Seconds`, outcomes.get(outcome)?.['held'] ?? 0)
      for (const outcome of ['fail', 'cancel', 'evict'])
        check.close(`outcomes.wasted.${outcome}Share`, ((outcomes.get(outcome)?.['held'] as number) ?? 0) / total)
      if (has('attempts')) {
        distribution(
          check,
          'outcomes.attempts.distribution',
          (await sql.query(describing('SELECT attempts AS x, NULL AS g FROM t')))[0],
        )
        await cdf(check, sql, 'outcomes.attempts.distribution.cdf', 'SELECT attempts AS x FROM t')
        const [row] = await sql.query('SELECT count(*) FILTER (attempts > 1) / count(attempts) AS share FROM t')
        check.close('outcomes.attempts.moreThanOneShare', row!['share'])
      } else check.same('outcomes.attempts', null)
      const failed = "SELECT duration AS x, NULL AS g FROM t WHERE outcome = 'fail'"
      const row = (await sql.query(describing(failed)))[0]
      distribution(check, 'outcomes.runTimeToFailure', row)
      if (row) await cdf(check, sql, 'outcomes.runTimeToFailure.cdf', failed)
      check.verdict()
    })

    it('busy slots, running and waiting rows over time', async () => {
      const [window] = await sql.query(
        'SELECT min(submit) AS first, max(submit) AS last, greatest(max(submit), max(start), max(fin)) AS event FROM t',
      )
      const [first, last] = [window!['first'] as number, window!['last'] as number]
      const begin = has('start') ? 'start' : 'submit'
      const end = `coalesce(${begin} + run, ${has('start') ? window!['event'] : 'NULL'})`
      check.same('utilisation.basis', has('start') ? 'start' : 'submission')
      check.close('utilisation.window.firstSeconds', first)
      check.close('utilisation.window.lastSeconds', last)
      const [open] = await sql.query('SELECT count(*) AS n FROM t WHERE start IS NOT NULL AND run IS NULL')
      check.same('utilisation.openEnded', open!['n'])
      const rowsHeld = (by: string) =>
        `SELECT ${begin} AS up, ${end} AS down, ${by} AS amount FROM t WHERE ${begin} IS NOT NULL AND ${end} IS NOT NULL`
      await level(check, sql, 'utilisation.busySlots', rowsHeld('held'), first, last)
      await level(check, sql, 'utilisation.running', rowsHeld('1'), first, last)
      if (has('start'))
        await level(
          check,
          sql,
          'utilisation.waiting',
          'SELECT submit AS up, coalesce(start, fin) AS down, 1 AS amount FROM t',
          first,
          last,
        )
      else check.same('utilisation.waiting', null)
      const { mean, peak } = check.study.utilisation!.busySlots
      check.close('utilisation.meanOfPeak', mean / peak)
      check.same('utilisation.capacitySlots', raw.capacity ?? null)
      check.close('utilisation.meanUtilisation', raw.capacity ? mean / raw.capacity : undefined)
      if (raw.capacity) {
        const [row] = await sql.query(`
          WITH e AS (SELECT second, sum(amount) AS amount FROM (SELECT start AS second, held AS amount FROM t UNION ALL SELECT start + run, -held FROM t) GROUP BY 1),
            l AS (SELECT second, sum(amount) OVER (ORDER BY second) AS busy FROM e),
            w AS (SELECT submit, held FROM t WHERE wait > 0)
          SELECT count(*) AS n, count(*) FILTER (coalesce(busy, 0) + held <= ${raw.capacity}) / count(*) AS room FROM w ASOF LEFT JOIN l ON w.submit >= l.second`)
        check.same('waiting.split.capacitySlots', raw.capacity)
        check.same('waiting.split.waitedRows', row!['n'])
        check.close('waiting.split.roomShare', row!['room'])
        check.close('waiting.split.fullShare', 1 - (row!['room'] as number))
      } else if (has('start')) check.same('waiting.split', null)
      check.verdict()
    })

    it('skew of users and rows, names, queues, machines, requests, estimates', async () => {
      if (has('usr')) {
        await skewed(check, sql, 'skew.usersByRows', 'SELECT count(*) AS x FROM t WHERE usr IS NOT NULL GROUP BY usr')
        await skewed(
          check,
          sql,
          'skew.usersByResource',
          'SELECT coalesce(sum(resource), 0) AS x FROM t WHERE usr IS NOT NULL GROUP BY usr',
        )
      } else check.same('skew.usersByRows', null)
      await skewed(check, sql, 'skew.rowsByResource', 'SELECT resource AS x FROM t')
      if (has('name')) {
        const [row] = await sql.query(
          'WITH n AS (SELECT count(*) AS c FROM t WHERE name IS NOT NULL GROUP BY name) SELECT count(*) AS names, sum(c)::BIGINT AS named, sum(c) FILTER (c >= 2) / sum(c) AS twice, sum(c) FILTER (c >= 5) / sum(c) AS five, count(*) FILTER (c >= 2) / count(*) AS recurring FROM n',
        )
        check.same('names.distinct', row!['names'])
        check.same('names.named', row!['named'])
        check.close('names.recurringShare', row!['twice'])
        check.close('names.fiveTimesShare', row!['five'])
        check.close('names.namesRecurringShare', row!['recurring'])
        await skewed(check, sql, 'names.skew', 'SELECT count(*) AS x FROM t WHERE name IS NOT NULL GROUP BY name')
      } else check.same('names', null)
      if (has('queue')) {
        const list =
          await sql.query(`SELECT queue, count(*) AS n, count(*) / (SELECT count(*) FROM t) AS share, coalesce(fsum(resource), 0) AS held, coalesce(fsum(resource), 0) / (SELECT fsum(resource) FROM t) AS time,
            count(DISTINCT usr) AS users, avg(slots) AS slots, median(duration) AS run, median(wait) AS wait FROM t WHERE queue IS NOT NULL GROUP BY 1 ORDER BY n DESC, queue`)
        check.same('queues.distinct', list.length)
        for (const [i, row] of list.entries()) {
          check.same(`queues.rows.${i}.label`, row['queue'])
          check.same(`queues.rows.${i}.rows`, row['n'])
          check.same(`queues.rows.${i}.users`, has('usr') ? row['users'] : null)
          for (const [name, column] of [
            ['share', 'share'],
            ['resourceSeconds', 'held'],
            ['resourceShare', 'time'],
            ['meanSlots', 'slots'],
            ['medianRunSeconds', 'run'],
            ['medianWaitSeconds', 'wait'],
          ] as const)
            check.close(`queues.rows.${i}.${name}`, row[column])
        }
        check.close(
          'queues.largestToMean',
          ((list[0]!['n'] as number) * list.length) / list.reduce((sum, row) => sum + (row['n'] as number), 0),
        )
        await skewed(check, sql, 'queues.byRows', 'SELECT count(*) AS x FROM t WHERE queue IS NOT NULL GROUP BY queue')
        await skewed(
          check,
          sql,
          'queues.byResource',
          'SELECT coalesce(sum(resource), 0) AS x FROM t WHERE queue IS NOT NULL GROUP BY queue',
        )
      } else check.same('queues', null)
      check.same('heterogeneity.slotTypes', null)
      if (has('machine')) {
        const [row] = await sql.query('SELECT count(DISTINCT machine) AS n FROM t')
        check.same('heterogeneity.machines.distinct', row!['n'])
        await skewed(
          check,
          sql,
          'heterogeneity.machines.byRows',
          'SELECT count(*) AS x FROM t WHERE machine IS NOT NULL GROUP BY machine',
        )
        await skewed(
          check,
          sql,
          'heterogeneity.machines.byResource',
          'SELECT coalesce(sum(resource), 0) AS x FROM t WHERE machine IS NOT NULL GROUP BY machine',
        )
      } else check.same('heterogeneity.machines', null)
      for (const column of ['cpu', 'memory']) {
        if (!has(column)) check.same(`heterogeneity.${column}`, null)
        else {
          distribution(
            check,
            `heterogeneity.${column}`,
            (await sql.query(describing(`SELECT ${column} AS x, NULL AS g FROM t`)))[0],
          )
          await cdf(check, sql, `heterogeneity.${column}.cdf`, `SELECT ${column} AS x FROM t`)
        }
      }
      if (has('estimate')) {
        const given = 'SELECT estimate AS x, NULL AS g FROM t WHERE estimate > 0'
        distribution(check, 'estimates.estimateSeconds', (await sql.query(describing(given)))[0])
        await cdf(check, sql, 'estimates.estimateSeconds.cdf', given)
        const ratio = 'SELECT duration / estimate AS x, NULL AS g FROM t WHERE estimate > 0'
        distribution(check, 'estimates.accuracy', (await sql.query(describing(ratio)))[0])
        await cdf(check, sql, 'estimates.accuracy.cdf', ratio)
        const [row] = await sql.query(
          `SELECT count(*) FILTER (x > 1) / count(x) AS over, count(*) FILTER (x BETWEEN 0.9 AND 1.1) / count(x) AS near, (SELECT count(DISTINCT estimate) FROM t WHERE estimate > 0) AS n FROM (${ratio})`,
        )
        check.close('estimates.overrunShare', row!['over'])
        check.close('estimates.withinTenPercentShare', row!['near'])
        check.same('estimates.distinct', row!['n'])
      } else check.same('estimates', null)
      check.verdict()
    })

    it('leaves no number unchecked', () => {
      // words, and the points of the small CDFs of groups, which are drawn by the same code as the large ones
      const words =
        /^(schema|source\.(path|format|unit|slotUnit|bytes|clock\.kind)|definitions\.(quantile|moments|boundedSlowdownSeconds)|work\.classes\.\d\.(label|atMostHours)|heterogeneity\.(cpu|memory)Unit|(notDerivable|caveats|issues)\..*|.*\.by(Size|Outcome|Class|Queue)\.\d+\.distribution\.cdf\..*)$/
      expect(check.unseen().filter((path) => !words.test(path))).toEqual([])
    })
  })
}
