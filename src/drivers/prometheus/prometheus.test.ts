import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { isRefusal, type Refusal, refuse, type UsageSeries } from '../../model/index.js'
import { exposition, type MetricsServer, type MetricsServerOptions, MOST_POINTS, readUsage, serveMetrics } from './index.js'

/** A server on a port that is free. */
async function serve(read: MetricsServerOptions['read']): Promise<MetricsServer> {
  const server = await serveMetrics({ port: 0, read })
  if (isRefusal(server)) throw new Error(server.message)
  return server
}

const closers: (() => void | Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

interface Asked {
  readonly path: string
  readonly parameters: URLSearchParams
  readonly authorization: string | undefined
}

/** A server that answers as told, and remembers what it was asked. */
async function fake(answer: (asked: Asked) => { status?: number; body: unknown }): Promise<{ url: string; asked: Asked[] }> {
  const asked: Asked[] = []
  const server = createServer((request, response) => {
    let text = ''
    request.on('data', (chunk: Buffer) => (text += chunk.toString()))
    request.on('end', () => {
      const one = { path: request.url!, parameters: new URLSearchParams(text), authorization: request.headers.authorization }
      asked.push(one)
      const { status = 200, body } = answer(one)
      response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => new Promise((resolve) => server.close(() => resolve())))
  return { url: `http://127.0.0.1:${(server.address() as { port: number }).port}`, asked }
}

const matrix = (...result: unknown[]) => ({ body: { status: 'success', data: { resultType: 'matrix', result } } })
const read = async (url: string, from = 0, to = 60, tokenFile?: string): Promise<UsageSeries | Refusal> =>
  readUsage(
    { url, timeoutSeconds: 2, ...(tokenFile === undefined ? {} : { tokenFile }) },
    { kind: 'range', expression: 'up', fromSeconds: from, toSeconds: to, stepSeconds: 15 },
  )
const message = (answer: UsageSeries | Refusal): string => (isRefusal(answer) ? answer.message : 'no refusal')

describe('a range query', () => {
  it('is cut so that no piece has more points than Prometheus gives, and the pieces make one grid without a gap or a double', async () => {
    const { url, asked } = await fake(({ parameters }) => {
      const [start, end, step] = ['start', 'end', 'step'].map((name) => Number(parameters.get(name)))
      const values = Array.from({ length: Math.round((end! - start!) / step!) + 1 }, (_, i) => [start! + i * step!, '1'])
      return matrix({ metric: { __name__: 'up' }, values })
    })
    const points = 2 * MOST_POINTS + 5
    const usage = (await read(url, 0, (points - 1) * 15)) as UsageSeries
    expect(asked.length).toBe(3)
    expect([...usage.atSeconds]).toEqual(Array.from({ length: points }, (_, i) => i * 15))
    expect(usage.issues.counts).toEqual([])
  })

  it('joins the pieces of a series by its labels, whatever their order', async () => {
    let turn = 0
    const { url } = await fake(({ parameters }) => {
      const at = Number(parameters.get('start'))
      const [a, b] = [
        { job: 'x', host: '1' },
        { host: '1', job: 'x' },
      ]
      return matrix({ metric: turn++ % 2 ? a : b, values: [[at, '2.5']] })
    })
    const usage = (await read(url, 0, MOST_POINTS * 15)) as UsageSeries
    expect([usage.series.length, [...usage.offsets], [...usage.values]]).toEqual([1, [0, 2], [2.5, 2.5]])
  })

  it('leaves out samples that are no numbers, and counts each', async () => {
    const values = [[0, '1'], [15, 'NaN'], [30, '+Inf'], [45, 7], 'x', [30, '4'], [30, '5']]
    const { url } = await fake(() => matrix({ metric: {}, values }))
    const usage = (await read(url)) as UsageSeries
    expect([...usage.atSeconds]).toEqual([0, 30])
    expect(usage.issues.counts.map(({ code, count }) => [code, count])).toEqual([
      ['not-finite', 2],
      ['bad-sample', 2],
      ['out-of-order', 1],
    ])
  })
})

describe('a raw query', () => {
  it('asks for the samples as they were written, window by window, and counts none twice', async () => {
    const week = 7 * 86_400
    const all = [0, 1, week, week + 1, 2 * week]
    const { url, asked } = await fake(({ parameters }) => {
      const end = Number(parameters.get('time'))
      const length = Number(/\[(\d+)ms\]$/.exec(parameters.get('query')!)![1]) / 1000
      return matrix({ metric: {}, values: all.filter((at) => at > end - length && at <= end).map((at) => [at, '1']) })
    })
    const usage = (await readUsage({ url }, { kind: 'raw', selector: 'up', fromSeconds: 0, toSeconds: 2 * week })) as UsageSeries
    expect(asked.map(({ path }) => path)).toEqual(['/api/v1/query', '/api/v1/query'])
    expect([...usage.atSeconds]).toEqual(all)
    expect(usage.issues.counts).toEqual([])
  })

  it('refuses an expression, but not brackets within a matcher', async () => {
    const { url } = await fake(() => matrix())
    const raw = (selector: string) => readUsage({ url }, { kind: 'raw', selector, fromSeconds: 0, toSeconds: 9 })
    expect(isRefusal(await raw('rate(up[5m])'))).toBe(true)
    expect(isRefusal(await raw('up{job=~"a(b|c)[0-9]"}'))).toBe(false)
  })
})

describe('what goes wrong is a refusal', () => {
  it('with the words of the server, for an expression that it does not understand', async () => {
    const { url } = await fake(() => ({ status: 400, body: { status: 'error', errorType: 'bad_data', error: 'parse error' } }))
    expect(await read(url)).toMatchObject({ code: 'unsupported', message: 'Prometheus answered 400: bad_data: parse error' })
  })

  it.each([
    [500, 'oops', 'no JSON'],
    [200, '<html>', 'no JSON'],
    [200, '{"status":"success","data":{"resultType":"vector","result":[]}}', 'not series in time'],
    [503, '{"status":"error","error":"starting"}', '503: error: starting'],
  ])('for the answer %i %s', async (status, body, words) => {
    const { url } = await fake(() => ({ status, body }))
    expect(message(await read(url))).toContain(words)
  })

  it('where nobody listens', async () => {
    const server = await serve(() => [])
    await server.close()
    expect(message(await read(`http://127.0.0.1:${server.port}`))).toContain('does not answer: ECONNREFUSED')
  })

  it('for an address with a password, which is not shown, and for none at all', async () => {
    const refused = message(await read('http://me:secret@127.0.0.1:9090'))
    expect(refused).toContain('token in a file')
    expect(refused).not.toContain('secret')
    expect(message(await read('nowhere'))).toContain('not one of http')
  })

  it.each([
    [60, 0, 15],
    [0, 60, 0],
    [0, Number.NaN, 15],
  ])('for a range from %d to %d by %d', async (fromSeconds, toSeconds, stepSeconds) => {
    const query = { kind: 'range', expression: 'up', fromSeconds, toSeconds, stepSeconds } as const
    expect(isRefusal(await readUsage({ url: 'http://127.0.0.1:1' }, query))).toBe(true)
  })
})

describe('a token', () => {
  it('is sent from its file, and refused from one that others can read', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'halftone-token-'))
    closers.push(() => rmSync(directory, { recursive: true }))
    const path = join(directory, 'token')
    writeFileSync(path, 'abc123\n', { mode: 0o600 })
    const { url, asked } = await fake(() => matrix())
    expect(isRefusal(await read(url, 0, 60, path))).toBe(false)
    expect(asked[0]!.authorization).toBe('Bearer abc123')
    chmodSync(path, 0o644)
    expect(message(await read(url, 0, 60, path))).toContain('chmod 600')
    expect(asked.length).toBe(1)
  })
})

describe('the exposition', () => {
  it('writes help, type and samples as Prometheus reads them', () => {
    const text = exposition([
      {
        name: 'halftone_jobs',
        kind: 'gauge',
        help: 'Jobs\nby state.',
        samples: [{ value: 2, labels: { state: 'a "b" \\ c\nd' } }],
      },
      { name: 'halftone_looks_total', kind: 'counter', help: 'Looks.', samples: [{ value: Number.POSITIVE_INFINITY }] },
    ])
    expect(text).toBe(
      [
        '# HELP halftone_jobs Jobs\\nby state.',
        '# TYPE halftone_jobs gauge',
        'halftone_jobs{state="a \\"b\\" \\\\ c\\nd"} 2',
        '# HELP halftone_looks_total Looks.',
        '# TYPE halftone_looks_total counter',
        'halftone_looks_total +Inf',
        '',
      ].join('\n'),
    )
  })

  it('keeps one sample on one line, whatever a label holds', () => {
    fc.assert(
      fc.property(fc.string(), (state) => {
        const text = exposition([{ name: 'a', kind: 'gauge', help: state, samples: [{ value: 1, labels: { state } }] }])
        expect(text.split('\n').length).toBe(4)
      }),
    )
  })

  it('throws for a name that the format does not allow, and for one that is there twice', () => {
    const one = { name: 'a', kind: 'gauge', help: '', samples: [] } as const
    expect(() => exposition([{ ...one, name: 'a b' }])).toThrow('"a b" is no name')
    expect(() => exposition([one, one])).toThrow('twice')
    expect(() => exposition([{ ...one, samples: [{ value: 1, labels: { 'x-y': '' } }] }])).toThrow('label')
  })
})

describe('the server of metrics', () => {
  it('answers /metrics and nothing else, and a refusal with 503', async () => {
    let refused = false
    const metric = { name: 'a', kind: 'gauge', help: 'A.', samples: [{ value: 1 }] } as const
    const server = await serve(() => (refused ? refuse('no-data', 'no cluster') : [metric]))
    closers.push(server.close)
    const at = `http://127.0.0.1:${server.port}`
    const page = await fetch(`${at}/metrics`)
    expect([page.status, page.headers.get('content-type'), await page.text()]).toEqual([
      200,
      'text/plain; version=0.0.4; charset=utf-8',
      '# HELP a A.\n# TYPE a gauge\na 1\n',
    ])
    expect((await fetch(`${at}/`)).status).toBe(404)
    expect((await fetch(`${at}/metrics`, { method: 'POST' })).status).toBe(405)
    refused = true
    const unwell = await fetch(`${at}/metrics`)
    expect([unwell.status, await unwell.text()]).toEqual([503, 'no cluster\n'])
  })

  it('refuses where the port is taken', async () => {
    const server = await serve(() => [])
    closers.push(server.close)
    const taken = await serveMetrics({ port: server.port, read: () => [] })
    expect(isRefusal(taken) && taken.message).toContain(`${server.port}`)
  })
})
