/** `npm run schemas`: writes the JSON Schema of every noun to `schemas/`, from the same source as the types. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { jsonSchema, nouns } from 'halftone/model'

mkdirSync('schemas', { recursive: true })
for (const noun of nouns) writeFileSync(`schemas/${noun}.schema.json`, `${JSON.stringify(jsonSchema(noun), null, 2)}\n`)
