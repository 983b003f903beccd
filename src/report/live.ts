/** What is done to a live cluster, in words and tables: actions with their reason and undo, and what a controller sees. */
import type { ClusterAction, LiveAction, LiveStatus } from '../model/index.js'
import { count, counted, duration, energy, NONE, number, percent } from './format.js'
import { bar, bullets, heading, type Ink, ink, parts, type TextOptions, table, wrap } from './terminal.js'

/** An action in a few words: `job 17: speed 2×`. */
export function actionInWords(action: ClusterAction): string {
  switch (action.kind) {
    case 'submit':
      return `submit ${action.spec.key}`
    case 'prioritise':
      return `job ${action.job}: priority ${action.priority}`
    case 'deflate':
      return `job ${action.job}: withdraw ${counted(action.tasks.length, 'task')} of ${action.stage} (${ranges(action.tasks)})`
    case 'inflate':
      return `job ${action.job}: put back ${counted(action.tasks.length, 'task')} of ${action.stage} (${ranges(action.tasks)})`
    case 'sprint':
      return `job ${action.job}: ${action.speed === 1 ? 'normal speed' : `speed ${number(action.speed)}×`}`
    case 'hold':
    case 'release':
    case 'requeue':
    case 'cancel':
      return `${action.kind} job ${action.job}`
    case 'discipline':
      return `discipline ${action.discipline}`
    case 'drain':
    case 'resume':
      return `${action.kind} node ${action.node}`
  }
}

/** `0-3, 7, 9-11`, cut after a few. */
function ranges(tasks: readonly number[]): string {
  const sorted = [...tasks].sort((a, b) => a - b)
  const pieces: string[] = []
  for (let i = 0; i < sorted.length; ) {
    let j = i
    while (sorted[j + 1] === sorted[j]! + 1) j++
    pieces.push(i === j ? `${sorted[i]}` : `${sorted[i]}-${sorted[j]}`)
    i = j + 1
  }
  return pieces.length <= 6 ? pieces.join(', ') : `${pieces.slice(0, 5).join(', ')}, …`
}

/** One action of `apply`: what, why, what takes it back, and what became of it. */
export interface ApplyRow {
  readonly action: ClusterAction
  readonly reason: string
  readonly undo: readonly ClusterAction[] | { readonly irreversible: string }
  readonly outcome: 'would' | 'done' | 'failed' | 'not-begun' | 'undone' | 'undo-failed'
  readonly note?: string
}

export interface ApplyReport {
  readonly schema: 'halftone/apply/1'
  readonly policy: string
  readonly driver: string
  readonly commit: boolean
  readonly rows: readonly ApplyRow[]
  /** What of the policy is not done by this, and why. */
  readonly caveats: readonly string[]
  readonly failure?: string
  readonly ledger?: string
}

export function applyText(report: ApplyReport, options: TextOptions = {}): string {
  const pen = ink(options)
  const { policy, driver, commit, rows, caveats, failure, ledger } = report
  const head = heading(`${policy} on ${driver}: ${counted(rows.length, 'action')}${commit ? '' : ', nothing is done yet'}`, pen)
  const columns = [{ head: 'action' }, { head: 'why' }, { head: 'taken back by' }, ...(commit ? [{ head: 'outcome' }] : [])]
  const cells = rows.map(({ action, reason, undo, outcome, note }) => [
    actionInWords(action),
    reason,
    'irreversible' in undo ? `nothing: ${undo.irreversible}` : undo.map(actionInWords).join('; '),
    ...(commit ? [`${OUTCOME[outcome]}${note ? `: ${note}` : ''}`] : []),
  ])
  const end = commit
    ? failure === undefined
      ? `Done; journalled in ${ledger}. halftone apply --undo takes it back.`
      : `${failure}. What was done before was taken back, where the table does not say otherwise.`
    : rows.length > 0
      ? 'A dry run: give --commit to do it.'
      : undefined
  return parts(
    head,
    rows.length > 0 ? table(columns, cells, pen) : 'The cluster is as the policy wants it.',
    caveats.length > 0 && bullets(caveats, pen),
    end && wrap(end, pen),
  )
}

const OUTCOME: Readonly<Record<ApplyRow['outcome'] | LiveAction['outcome'], string>> = {
  would: 'would be done',
  done: 'done',
  failed: 'failed',
  'not-begun': 'not begun',
  undone: 'taken back',
  'undo-failed': 'could not be taken back',
  kept: 'seen',
  refused: 'refused',
  'held-back': 'held back',
}

/** What a controller sees now: queues, responses against what was predicted, the budget, the last actions, what held others back. */
export function liveText(status: LiveStatus, options: TextOptions = {}): string {
  const pen = ink(options)
  const { driver, policy, commit, nodes, slots, busySlots, discipline, classes, others, actions, heldBack, handsOff, blind } =
    status
  const mode = commit ? counted(status.openSteps, 'step') + ' to take back' : 'dry run'
  const rows = classes.map(({ name, waiting, running, ended, ...figures }) => [
    name,
    count(waiting),
    count(running),
    count(ended),
    duration(figures.meanResponseSeconds),
    duration(figures.predictedMeanSeconds),
    duration(figures.p95ResponseSeconds),
    duration(figures.predictedP95Seconds),
  ])
  if (others.waiting + others.running > 0)
    rows.push(['not ours', count(others.waiting), count(others.running), ...Array.from({ length: 5 }, () => NONE)])
  const right = { align: 'right' } as const
  const columns = [
    { head: 'class' },
    ...['waiting', 'running', 'ended', 'mean', 'predicted', 'p95', 'predicted'].map((head) => ({ head, ...right })),
  ]
  const busy = `${count(nodes)} nodes up, ${count(busySlots)} of ${count(slots)} slots busy ${bar(slots > 0 ? busySlots / slots : 0, 20)}`
  return parts(
    `${heading(`${policy} on ${driver}`, pen)}  ${pen.dim(mode)}`,
    blind === undefined ? undefined : pen.bad(wrap(`The cluster cannot be seen: ${blind}`, pen)),
    handsOff === undefined ? undefined : pen.bad(wrap(`Hands off: ${handsOff}`, pen)),
    [busy, discipline && `discipline ${discipline}`, budgetText(status)].filter(Boolean).join('\n'),
    table(columns, rows, pen),
    actions.length > 0 &&
      table(
        [{ head: commit ? 'last actions' : 'would be done' }, { head: 'why' }, { head: 'outcome' }],
        actionRows(actions, pen),
        pen,
      ),
    heldBack.length > 0 &&
      bullets(
        heldBack.map(({ guard, reason }) => `held back by ${guard}: ${reason}`),
        pen,
      ),
  )
}

function budgetText({ budget }: LiveStatus): string | undefined {
  if (budget === undefined) return undefined
  const show = budget.unit === 'seconds' ? duration : energy
  const late = budget.overdrawn > 0 ? `, ${show(budget.overdrawn)} overdrawn by late looks` : ''
  const left = budget.level / budget.size
  return `sprint budget ${show(budget.level)} of ${show(budget.size)} left (${percent(left)}) ${bar(left, 20)}${late}`
}

function actionRows(actions: readonly LiveAction[], pen: Ink): string[][] {
  return actions.map(({ action, reason, outcome, note }) => {
    const said = `${OUTCOME[outcome]}${note ? `: ${note}` : ''}`
    const colour =
      outcome === 'undo-failed' || outcome === 'refused' ? pen.bad : outcome === 'undone' ? pen.dim : (text: string) => text
    return [actionInWords(action), reason, colour(said)]
  })
}
