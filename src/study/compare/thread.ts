/** What a comparison’s thread runs. */
import { serveThread } from '../../drivers/index.js'
import { type ComparePiece, type CompareSetup, piecesDone } from './compare.js'
import type { Attempt } from './contest.js'

serveThread<CompareSetup, ComparePiece, Attempt[]>(piecesDone)
