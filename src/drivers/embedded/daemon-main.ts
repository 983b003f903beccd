import { isRefusal } from '../../model/index.js'
import { serveCluster } from './serve.js'
import { EmbeddedSettings } from './settings.js'

const refusal = await serveCluster(EmbeddedSettings.parse(JSON.parse(process.argv[2]!)))
if (isRefusal(refusal)) {
  process.stderr.write(`${JSON.stringify(refusal)}\n`)
  process.exitCode = 1
}
