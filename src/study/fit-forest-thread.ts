/** What a thread that grows trees runs. */
import { serveThread } from '../drivers/index.js'
import type { ForestPiece } from '../learn/index.js'
import { arraysOf, type ForestThreadPiece, type ForestThreadSetup, forestWork } from './fit-forest-work.js'

serveThread<ForestThreadSetup, ForestThreadPiece, ForestPiece>(forestWork, arraysOf)
