import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { halftone } from './cli.js'

const folder = mkdtempSync(join(tmpdir(), 'halftone-solve-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function solved(document: unknown, ...options: string[]) {
  const file = join(folder, 'station.json')
  writeFileSync(file, typeof document === 'string' ? document : JSON.stringify(document))
  return halftone('solve', file, ...options)
}

describe('halftone solve', () => {
  const model = { arrival_rate: 0.5, service_rate: 1 }

  it('a bare model: method, exactness and every value; exit 0', async () => {
    const { code, out } = await solved(model)
    expect(code).toBe(0)
    expect(out).toContain('M/M/1')
    expect(out).toContain('exact: closed form')
    expect(out).toMatch(/mean_response +2\n/)
    const json = JSON.parse((await solved(model, '--json')).out)
    expect(json.values.mean_response).toBeCloseTo(2, 12)
    expect(json.exact).toBe(true)
  })

  it('a case: expected values beside ours; exit 0 where they agree, 1 where one differs', async () => {
    const right = await solved({ id: 'a', model, expected: { mean_response: 2 }, rel_tol: 1e-9 })
    expect(right.code).toBe(0)
    expect(right.out).toContain('all 1 values agree')
    const wrong = await solved({ model, expected: { mean_response: 2.1, mean_wait: 1 } })
    expect(wrong.code).toBe(1)
    expect(wrong.out).toContain('1 of 2 values differ')
  })

  it('a file of cases: one line each, JSON with every value', async () => {
    const cases = [
      { id: 'a', model, expected: { mean_response: 2 } },
      { id: 'b', model: { arrival_rate: 2, service_rate: 1 } },
    ]
    const { code, out } = await solved({ cases })
    expect(code).toBe(1)
    expect(out).toMatch(/a +M\/M\/1 +agrees/)
    expect(out).toMatch(/b +M\/M\/1 +refused/)
    const json = JSON.parse((await solved({ cases }, '--json')).out)
    expect(json.of).toBe(2)
    expect(json.agreeing).toBe(1)
    expect(json.cases[1].refusal.code).toBe('unstable')
  })

  it('an unstable station is refused with its utilisation, exit 1, and nothing on standard output', async () => {
    const { code, out, err } = await solved({ arrival_rate: 24.4, service_rate: 1, servers: 16 })
    expect(code).toBe(1)
    expect(out).toBe('')
    expect(err).toContain('1.525')
  })

  it('wrong input: every issue with its place, exit 2', async () => {
    const { code, err, out } = await solved({ arrival_rate: -4, service_rate: 'a', servers: 1.5 })
    expect(code).toBe(2)
    for (const place of ['arrival_rate', 'service_rate', 'servers']) expect(err).toContain(place)
    expect(out).toBe('')
    expect((await solved('{"arrival_rate": NaN}')).code).toBe(2)
    expect((await solved({ cases: [{ id: 1 }] })).code).toBe(2)
    expect((await solved({ cases: [] })).code).toBe(2)
  })

  it('--out writes the whole answer', async () => {
    const file = join(folder, 'answer.json')
    const { code } = await solved(model, '--out', file, '--quiet')
    expect(code).toBe(0)
    expect(JSON.parse(readFileSync(file, 'utf8')).values.utilisation).toBe(0.5)
  })
})
