/**
 * A forest on two threads beside one (wall seconds, threads started and samples shared included), and beside two processes that have nothing to do with each other, which is
 * what this machine can give. The best of three of each in turn. The same bytes either way (`test/walks/fit-forest`).
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Samples } from 'halftone/learn'
import { isRefusal } from 'halftone/model'
import { Rng } from 'halftone/num'
import { fitForest } from 'halftone/study'
import { save } from '../save.js'
import { friedman } from '../trees-rival.js'

const CHILD = 'HALFTONE_BENCH_FOREST'

/** Wall seconds of a forest in a process of its own. */
function alone(): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...process.execArgv, fileURLToPath(import.meta.url)], {
      env: { ...process.env, [CHILD]: '1' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let out = ''
    child.stdout.on('data', (text: Buffer) => (out += text.toString()))
    child.on('exit', (code) => (code === 0 ? resolve(Number(out)) : reject(new Error(`ended with code ${code}`))))
  })
}

const threadRequest = { kind: 'forest', task: 'regression', trees: 120, columnsPerSplit: 6 } as const

async function wall(threads: number, samples: Samples): Promise<number> {
  const start = performance.now()
  const model = await fitForest(threadRequest, samples, { rng: new Rng(1, 'bench'), threads })
  if (isRefusal(model)) throw new Error(model.message)
  return (performance.now() - start) / 1000
}

if (process.env[CHILD] !== undefined) {
  const seconds = await wall(1, friedman(20_000, 20, 1))
  process.stdout.write(String(seconds))
} else {
  const samples = friedman(20_000, 20, 1)
  const best = {
    one: Number.POSITIVE_INFINITY,
    two: Number.POSITIVE_INFINITY,
    single: Number.POSITIVE_INFINITY,
    pair: Number.POSITIVE_INFINITY,
  }
  for (let round = 0; round < 3; round++) {
    best.one = Math.min(best.one, await wall(1, samples))
    best.two = Math.min(best.two, await wall(2, samples))
    best.single = Math.min(best.single, await alone())
    best.pair = Math.min(best.pair, Math.max(...(await Promise.all([alone(), alone()]))))
  }
  const threads = {
    'one thread s': best.one.toFixed(2),
    'two threads s': best.two.toFixed(2),
    'times as fast': (best.one / best.two).toFixed(2),
    'two independent processes, times the work of one': ((2 * best.single) / best.pair).toFixed(2),
  }
  console.table([threads])
  save('runs/forest-threads', [threads])
}
