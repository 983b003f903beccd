import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type MetricsServer, readUsage, serveMetrics } from '../../src/drivers/index.js'
import { isRefusal, type UsageSeries } from '../../src/model/index.js'
import { type PrometheusForTests, prometheusIsMissing, startPrometheus } from '../support/prometheus/server.js'
import { until } from '../support/slurm/daemons.js'

const missing = prometheusIsMissing()

describe.skipIf(missing !== undefined)(`a real Prometheus${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let metrics: MetricsServer
  let prometheus: PrometheusForTests
  let reads = 0

  beforeAll(async () => {
    const serving = await serveMetrics({
      port: 0,
      read: () => [
        { name: 'halftone_looks_total', kind: 'counter', help: 'Looks.', samples: [{ value: ++reads }] },
        { name: 'halftone_odd', kind: 'gauge', help: 'Odd.', samples: [{ value: 7, labels: { state: 'a "b" \\ c\nd' } }] },
        { name: 'halftone_ratio', kind: 'gauge', help: 'Ratio.', samples: [{ value: Number.NaN }] },
      ],
    })
    if (isRefusal(serving)) throw new Error(serving.message)
    metrics = serving
    prometheus = await startPrometheus([`127.0.0.1:${metrics.port}`])
  })
  afterAll(async () => {
    await prometheus?.stop()
    await metrics?.close()
  })

  const raw = async (selector: string): Promise<UsageSeries> => {
    const now = Date.now() / 1000
    const usage = await readUsage(prometheus, { kind: 'raw', selector, fromSeconds: now - 300, toSeconds: now })
    if (isRefusal(usage)) throw new Error(usage.message)
    return usage
  }

  it('scrapes halftone’s own numbers, and gives them back as they were', async () => {
    await until('five scrapes', 30, async () => (await raw('halftone_looks_total')).values.length >= 5)
    const { values, atSeconds, series } = await raw('halftone_looks_total')
    expect(series).toMatchObject([{ __name__: 'halftone_looks_total', job: 'halftone' }])
    // a counter of scrapes grows by one a scrape
    expect([...values]).toEqual(Array.from(values, (_, i) => values[0]! + i))
    expect([...atSeconds]).toEqual([...atSeconds].sort((a, b) => a - b))
  })

  it('gives labels back with quotes, backslashes and line ends in them', async () => {
    expect((await raw('halftone_odd')).series).toMatchObject([{ state: 'a "b" \\ c\nd' }])
  })

  it('leaves out values that are not numbers, with a count', async () => {
    const { values, issues } = await raw('halftone_ratio')
    expect(values.length).toBe(0)
    expect(issues.counts).toMatchObject([{ code: 'not-finite' }])
  })

  it('is asked in a range for what the node exporter measured', async () => {
    const now = Math.floor(Date.now() / 1000)
    const query = { kind: 'range', fromSeconds: now - 60, toSeconds: now, stepSeconds: 1 } as const
    await until('a load', 20, async () => (await raw('node_load1')).values.length > 0)
    const usage = (await readUsage(prometheus, { ...query, toSeconds: now + 5, expression: 'node_load1 >= 0' })) as UsageSeries
    expect(usage.series.length).toBe(1)
    expect([...usage.values].every((value) => value >= 0)).toBe(true)
  })

  it('is asked for more points than it gives, in pieces', async () => {
    const now = Math.floor(Date.now() / 1000)
    const query = { kind: 'range', expression: 'vector(1)', fromSeconds: now - 30_000, toSeconds: now, stepSeconds: 1 } as const
    expect(((await readUsage(prometheus, query)) as UsageSeries).values.length).toBe(30_001)
  })

  it('says in its own words what is wrong with an expression', async () => {
    const query = { kind: 'range', expression: 'sum(', fromSeconds: 0, toSeconds: 60, stepSeconds: 15 } as const
    expect(await readUsage(prometheus, query)).toMatchObject({ kind: 'refusal', message: expect.stringContaining('parse error') })
  })
})
