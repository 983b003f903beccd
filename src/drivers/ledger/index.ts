export { type FileLedger, type LedgerOpening, type LedgerText, openLedger, readLedger } from './store.js'
