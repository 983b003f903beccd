import { count, duration } from './format.js'
import { bar, columnsOf, plain } from './terminal.js'

/** Where progress is written: standard error, or something that behaves like it. */
export interface ProgressStream {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

export interface ProgressOptions {
  readonly label: string
  /** Say nothing at all. */
  readonly quiet?: boolean
  /** Default standard error, so that output on standard output stays clean. */
  readonly stream?: ProgressStream
  /** Milliseconds now; for tests. Default the clock of this process. */
  readonly now?: () => number
}

export interface Progress {
  /** How much is done, 0 to 1; values outside are moved to the nearer end, and progress never runs backwards. `said`: what is being done. */
  update(share: number, said?: string): void
  /** Ends the line (a bar is taken away). Calling it twice does no harm. */
  stop(): void
}

const PATIENCE_MILLISECONDS = 2_000
const LINE_EVERY_MILLISECONDS = 5_000
const DRAW_EVERY_MILLISECONDS = 100
const CLEAR_TO_END = '\u001b[K'

/**
 * Progress with an estimate of what is left, for work that takes over two seconds: on a terminal a bar that vanishes at the end, elsewhere a
 * plain line every five seconds, nothing at all when quiet. Nothing is shown of work that ends sooner.
 *
 * Drawn only inside `update`: there is no timer that a forgotten `stop` would leave running and no cursor to give back after an interrupt,
 * which is why this is not left to cli-progress, whose bar re-arms a timer until it is stopped.
 */
export function progress({
  label,
  quiet = false,
  stream = process.stderr,
  now = () => performance.now(),
}: ProgressOptions): Progress {
  if (quiet) return { update() {}, stop() {} }
  const begun = now()
  const name = plain(label, 40)
  let done = 0
  let shownAt = Number.NEGATIVE_INFINITY
  let stopped = false
  let drawn = false

  const left = (elapsed: number): string =>
    done >= 0.995
      ? 'nearly done'
      : done > 0.005
        ? `about ${duration(coarse((elapsed * (1 - done)) / done / 1000))} left`
        : 'time left unknown'

  return {
    update(share, said) {
      if (stopped || !Number.isFinite(share)) return
      done = Math.max(done, Math.min(1, Math.max(0, share)))
      const at = now()
      const elapsed = at - begun
      if (elapsed < PATIENCE_MILLISECONDS) return
      const figures = [`${count(Math.floor(100 * done))} %`, ...(said ? [plain(said, 60)] : []), left(elapsed)]
      if (stream.isTTY === true) {
        if (at - shownAt < DRAW_EVERY_MILLISECONDS && done < 1) return
        stream.write(`\r${line(name, done, figures.join('  '), stream.columns || 80)}${CLEAR_TO_END}`)
        drawn = true
      } else {
        if (at - shownAt < LINE_EVERY_MILLISECONDS) return
        stream.write(`${name}: ${figures.join(', ')}\n`)
      }
      shownAt = at
    },
    stop() {
      if (stopped) return
      stopped = true
      if (drawn) stream.write(`\r${CLEAR_TO_END}`)
    },
  }
}

/** Label, bar and figures in one line that is shorter than the terminal, so that it never wraps. */
function line(name: string, done: number, figures: string, columns: number): string {
  const width = Math.min(30, columns - columnsOf(name) - columnsOf(figures) - 5)
  const drawn = width < 4 ? '' : `${bar(done, width).padEnd(width, '░')} `
  return plain(`${name} ${drawn}${figures}`, Math.max(10, columns - 1))
}

/** Seconds rounded so that the estimate does not flicker: whole seconds, tens of seconds above a minute. */
const coarse = (seconds: number): number => (seconds > 60 ? Math.round(seconds / 10) * 10 : Math.max(1, Math.round(seconds)))
