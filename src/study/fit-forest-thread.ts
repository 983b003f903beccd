/** What a thread that grows trees runs. */
import { serveThread } from '../drivers/index.js'
import { type ForestPiece, forestGrower } from '../learn/index.js'
import type { ForestThreadPiece, ForestThreadSetup } from './fit-forest.js'

serveThread<ForestThreadSetup, ForestThreadPiece, ForestPiece>(({ ground, seed, stream }) => {
  const grow = forestGrower(ground, seed, stream)
  return ({ from, to }) => grow(from, to)
})
