import { keep } from './keeper.js'

// it goes on when whoever started it, or the terminal, is gone
process.on('SIGHUP', () => undefined)
keep(process.argv[2]!, Number(process.argv[3]))
