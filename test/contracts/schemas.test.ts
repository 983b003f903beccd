import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { jsonSchema, nouns } from '../../src/model/index.js'

it.each(nouns)('schemas/%s.schema.json is what the types say (npm run schemas writes it)', (noun) => {
  expect(JSON.parse(readFileSync(`schemas/${noun}.schema.json`, 'utf8'))).toEqual(jsonSchema(noun))
})
