import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { expect, it } from 'vitest'

it('the example rebuilds every analytic DiAS number within 1 % of the notes', () => {
  expect(existsSync('dist/queueing/index.js'), 'run npm run build first').toBe(true)
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--import', 'tsx', 'examples/dias-analytic.ts'], {
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  expect(status).toBe(0)
  const largest = /largest relative difference: ([\d.]+) %/.exec(stdout)
  expect(Number(largest![1])).toBeLessThan(1)
  expect(stdout).toContain('P with 50 % high at nominal load 0.8: unstable, rho 1.001')
})
