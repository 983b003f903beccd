/** What a simulation’s thread runs. */
import { serveThread } from '../drivers/index.js'
import { isRefusal } from '../model/index.js'
import { type CompiledScenario, compileScenario, doWork, simulateScenario, Workspace } from '../simulate/index.js'
import type { ThreadAnswer, ThreadPiece, ThreadSetup } from './simulate.js'

serveThread<ThreadSetup, ThreadPiece, ThreadAnswer>(({ replay, options }) => {
  const asked = { ...options, ...(replay ? { replay } : {}) }
  const space = new Workspace()
  let last: { readonly of: string; readonly compiled: CompiledScenario } | undefined
  return ({ scenario, work }) => {
    if (work === undefined) return simulateScenario(scenario, asked)
    const of = JSON.stringify(scenario)
    if (last?.of !== of) {
      const compiled = compileScenario(scenario, replay)
      if (isRefusal(compiled)) return compiled
      last = { of, compiled }
    }
    return doWork(last.compiled, asked, work, space)
  }
})
