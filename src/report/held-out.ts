import type { Foreseen, HeldOut } from '../model/index.js'
import { change, count, duration, durationUnit, number } from './format.js'
import { bullets, heading, ink, parts, plain, type TextOptions, table } from './terminal.js'

/** How well the later part of a trace was foreseen, for a terminal: recorded, and each method’s figure with its error. */
export function heldOutText(heldOut: HeldOut, options: TextOptions = {}): string {
  const pen = ink(options)
  const right = 'right' as const
  const shown = heldOut.methods.map((_, i) => heldOut.rows.some(({ predicted }) => predicted[i] !== undefined))
  const columns = [
    { head: 'Class' },
    { head: 'Figure' },
    { head: 'Recorded', align: right },
    ...heldOut.methods.filter((_, i) => shown[i]).map(({ name }) => ({ head: name, align: right })),
  ]
  const rows = heldOut.rows.map(({ className, figure, recorded, predicted }) => [
    plain(className, 24),
    figure,
    duration(recorded),
    ...predicted.filter((_, i) => shown[i]).map((value) => (value === undefined ? '–' : foreseenText(recorded, value))),
  ])
  const jobs = new Map(heldOut.rows.map((row) => [row.className, row.jobs]))
  const notes = heldOut.methods.map(
    ({ name, what, wallSeconds, refusal }) =>
      `${name}: ${what}${refusal ? ` – refused: ${refusal}` : wallSeconds > 0 ? `, ${duration(wallSeconds)}` : ''}`,
  )
  return parts(
    heading(
      `Foreseen against recorded: jobs submitted after ${duration(heldOut.splitSeconds)} (${count([...jobs.values()].reduce((a, b) => a + b, 0))} of them), from those before`,
      pen,
    ),
    table(columns, rows, pen),
    bullets(
      notes.map((note) => plain(note, 400)),
      pen,
    ),
  )
}

/** `4 h (+33 %)`; with a range, `9.7 h [2.1, 25] in`: was the recorded figure in it? */
function foreseenText(recorded: number, { value, low, high }: Foreseen): string {
  if (low === undefined || high === undefined) return `${duration(value)} (${change(recorded, value)})`
  const unit = durationUnit(value)
  const bound = (seconds: number): string => number(seconds / unit.size)
  return `${duration(value)} [${bound(low)}, ${bound(high)}] ${recorded >= low && recorded <= high ? 'in' : 'out'}`
}
