import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { sampleText } from '../../examples/sample/generate.js'

it('the bundled sample is what its generator makes', () => {
  expect(gunzipSync(readFileSync('examples/sample/jobs.sacct.gz')).toString('utf8')).toBe(sampleText())
})
