/** What a simulation’s thread runs. */
import { serveThread } from '../drivers/index.js'
import { columnsOf, simulationWork, type ThreadAnswer, type ThreadPiece, type ThreadSetup } from './simulate-work.js'

serveThread<ThreadSetup, ThreadPiece, ThreadAnswer>(simulationWork, columnsOf)
