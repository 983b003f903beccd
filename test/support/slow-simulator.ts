/**
 * A slow simulator, written to be read and not to be fast: one list of units that run, one list of jobs, everything looked up anew at every event. It shares no code
 * with `src/simulate` but the drawing of what jobs bring, and is what the engines are compared with, job by job.
 */

export interface SlowStage {
  readonly setup: number
  /** Work of each task that is started if need be, in order. */
  readonly tasks: readonly number[]
  /** Tasks after which the stage is over. */
  readonly kept: number
  readonly slots: number
  readonly cpus: number
  readonly memory: number
  readonly limit: number
  readonly estimate: number
  /** Work after which attempt a of task i stops, and whether for good; undefined: it completes. */
  readonly stops: (task: number, attempt: number) => { readonly after: number; readonly forGood: boolean } | undefined
}

export interface SlowJob {
  readonly arrival: number
  readonly priority: number
  readonly owner: number
  readonly kind: 'gang' | 'array' | 'stages'
  readonly stages: readonly SlowStage[]
  readonly stopAfterWork: number
}

export interface SlowNode {
  readonly slots: number
  readonly cpus: number
  readonly memory: number
  readonly group: number
}

export interface SlowSettings {
  readonly jobs: readonly SlowJob[]
  /** In the order of groups, larger nodes first; node-blind: one node. */
  readonly nodes: readonly SlowNode[]
  readonly placement: 'pool' | 'packed' | 'spread'
  readonly discipline: string
  readonly levels: readonly number[]
  readonly halfLife: number
  /** Of nodes that are equally full: the one that changed last, or the one with the fewest free CPUs and then the first. */
  readonly ties: 'changed-last' | 'fewest-cpus'
}

interface Unit {
  readonly job: number
  readonly task: number
  readonly attempt: number
  readonly full: number
  left: number
  readonly stopsAt: number
  readonly fate: 'completes' | 'fails' | 'over'
  readonly start: number
  readonly spentBefore: number
  readonly on: readonly { node: number; slots: number; cpus: number; memory: number }[]
}

interface Status {
  stage: number
  setupEnds: number
  next: number
  ended: number
  returned: { task: number; left: number; attempt: number; spent: number }[]
  arrived: boolean
  done: boolean
  response: number
  held: number
  activeSince: number
  givenUp: boolean
  setupsDone: number
  workEnded: number[]
  slotSeconds: number
}

export interface SlowRun {
  readonly response: number[]
  readonly held: number[]
  readonly givenUp: boolean[]
  readonly evictions: number
  readonly lost: number
  readonly busy: number
}

export function slowSimulation(settings: SlowSettings): SlowRun {
  const { jobs, nodes, discipline, placement } = settings
  const never = Number.POSITIVE_INFINITY
  let now = 0
  let evictions = 0
  let lost = 0
  let busy = 0
  let running: Unit[] = []
  /** Every stay on slots, for fair share: owner, from, to, slots. */
  const stays: { owner: number; from: number; to: number; slots: number; unit: Unit }[] = []
  const all = jobs.map(
    (): Status => ({
      stage: 0,
      setupEnds: never,
      next: 0,
      ended: 0,
      returned: [],
      arrived: false,
      done: false,
      response: 0,
      held: 0,
      activeSince: -1,
      givenUp: false,
      setupsDone: 0,
      workEnded: [],
      slotSeconds: 0,
    }),
  )
  const capacity = nodes.reduce((sum, node) => sum + node.slots, 0)
  const stageOf = (job: number) => jobs[job].stages[all[job].stage]
  const unitsOf = (job: number) => running.filter((unit) => unit.job === job)
  const lostOf = jobs.map(() => 0)
  const lose = (job: number, amount: number) => {
    lost += amount
    lostOf[job] += amount
  }

  // --- what a job has done and has left
  const abreast = (stage: SlowStage) => Math.max(1, Math.min(stage.tasks.length, stage.limit, Math.floor(capacity / stage.slots)))
  const sizeOf = (job: number) =>
    jobs[job].stages.reduce((sum, stage) => sum + stage.setup + stage.tasks.reduce((a, b) => a + b, 0) / abreast(stage), 0)
  const workOf = (job: number) => {
    const stage = all[job].stage
    const work = jobs[job].stages.map((_, s) => all[job].workEnded[s] ?? 0)
    for (const unit of unitsOf(job)) work[stage] += unit.full - unit.left
    for (const back of all[job].returned) work[stage] += stageOf(job).tasks[back.task] - back.left
    return work
  }
  const remaining = (job: number) =>
    sizeOf(job) - all[job].setupsDone - workOf(job).reduce((sum, work, s) => sum + work / abreast(jobs[job].stages[s]), 0)
  const attained = (job: number) => all[job].slotSeconds
  const levelOf = (job: number) => settings.levels.filter((level) => attained(job) >= level * (1 - 1e-9)).length
  const useOf = (owner: number) => {
    const rate = Math.LN2 / settings.halfLife
    return stays
      .filter((stay) => stay.owner === owner)
      .reduce((sum, { from, to, slots }) => {
        const until = Math.min(to, now)
        return sum + (slots * (Math.exp(-rate * (now - until)) - Math.exp(-rate * (now - from)))) / rate
      }, 0)
  }
  const urgency = (job: number) => {
    if (discipline === 'srtf') return remaining(job)
    if (discipline === 'las') return levelOf(job)
    return jobs[job].priority
  }
  const key = (job: number) => {
    switch (discipline) {
      case 'sjf':
        return sizeOf(job)
      case 'srtf':
        return remaining(job)
      case 'las':
        return levelOf(job)
      case 'fair-share':
        return useOf(jobs[job].owner)
      case 'fcfs':
      case 'easy-backfill':
      case 'conservative-backfill':
        return 0
      default:
        return jobs[job].priority
    }
  }

  // --- nodes
  const changed = nodes.map((_, n) => -n)
  let changes = 0
  const touch = (on: Unit['on']) => {
    for (const { node } of on) changed[node] = ++changes
  }
  interface Free {
    slots: number
    cpus: number
    memory: number
  }
  const freeWith = (units: readonly Unit[]): Free[] =>
    nodes.map(({ slots, cpus, memory }, n) => {
      const free = { slots, cpus, memory }
      for (const unit of units)
        for (const part of unit.on) {
          if (part.node !== n) continue
          free.slots -= part.slots
          free.cpus -= part.cpus
          free.memory -= part.memory
        }
      return free
    })
  const slack = 1e-6
  const canTake = (free: Free, { slots, cpus, memory }: SlowStage) => {
    if (slots === 0) return free.cpus >= cpus - slack && free.memory >= memory - slack ? 1 : 0
    for (let k = Math.min(slots, free.slots); k > 0; k--)
      if ((cpus * k) / slots <= free.cpus + slack && (memory * k) / slots <= free.memory + slack) return k
    return 0
  }
  /** Where the unit would go, or undefined. */
  const place = (stage: SlowStage, free: readonly Free[]): Unit['on'] | undefined => {
    const parts = (chosen: readonly { node: number; slots: number }[]) =>
      chosen.map(({ node, slots }) => ({
        node,
        slots,
        cpus: stage.slots === 0 ? stage.cpus : (stage.cpus * slots) / stage.slots,
        memory: stage.slots === 0 ? stage.memory : (stage.memory * slots) / stage.slots,
      }))
    const equal = (a: number, b: number) =>
      settings.ties === 'changed-last' ? nodes[a].group - nodes[b].group || changed[b] - changed[a] : 0
    const cpus = (a: number, b: number) => (settings.ties === 'changed-last' ? 0 : free[a].cpus - free[b].cpus)
    const fullest = (among: readonly number[]) =>
      [...among].sort((a, b) => free[a].slots - free[b].slots || cpus(a, b) || equal(a, b) || a - b)[0]
    const every = nodes.map((_, n) => n)
    if (placement === 'pool')
      return canTake(free[0], stage) >= Math.max(1, stage.slots) ? parts([{ node: 0, slots: stage.slots }]) : undefined
    if (stage.slots === 0) {
      const able = every.filter((n) => canTake(free[n], stage) > 0)
      if (able.length === 0) return undefined
      const emptiest = [...able].sort((a, b) => free[b].slots - free[a].slots || a - b)[0]
      return parts([{ node: placement === 'packed' ? fullest(able) : emptiest, slots: 0 }])
    }
    if (placement === 'spread') {
      const got = nodes.map(() => 0)
      for (let owed = stage.slots; owed > 0; owed--) {
        const able = every.filter((n) => canTake(free[n], stage) > got[n])
        if (able.length === 0) return undefined
        able.sort((a, b) => free[b].slots - got[b] - (free[a].slots - got[a]) || a - b)
        got[able[0]]++
      }
      return parts(every.filter((n) => got[n] > 0).map((n) => ({ node: n, slots: got[n] })))
    }
    // all nodes are equally fast: one node if any takes it, else several of one group
    const single = every.filter((n) => canTake(free[n], stage) >= stage.slots)
    if (single.length > 0) return parts([{ node: fullest(single), slots: stage.slots }])
    for (const group of new Set(nodes.map((node) => node.group))) {
      const mine = every.filter((n) => nodes[n].group === group)
      const most = canTake(nodes[mine[0]], stage)
      if (most === 0 || most >= stage.slots) continue
      const whole = mine
        .filter((n) => canTake(free[n], stage) >= most)
        .sort((a, b) => equal(a, b) || a - b)
        .slice(0, Math.floor(stage.slots / most))
      if (whole.length < Math.floor(stage.slots / most)) continue
      const rest = stage.slots - whole.length * most
      const others = mine.filter((n) => !whole.includes(n) && canTake(free[n], stage) >= rest)
      if (rest > 0 && others.length === 0) continue
      return parts([
        ...whole.map((node) => ({ node, slots: most })),
        ...(rest > 0 ? [{ node: fullest(others), slots: rest }] : []),
      ])
    }
    return undefined
  }
  const fits = (job: number, units = running) => place(stageOf(job), freeWith(units))

  // --- units
  const waits = (job: number) => {
    const status = all[job]
    if (!status.arrived || status.done || status.setupEnds !== never) return 0
    const left = stageOf(job).tasks.length - status.next + status.returned.length
    return Math.min(left, stageOf(job).limit - unitsOf(job).length)
  }
  const activate = (job: number) => {
    if (all[job].activeSince < 0) all[job].activeSince = now
  }
  const deactivate = (job: number) => {
    if (all[job].activeSince < 0) return
    all[job].held += now - all[job].activeSince
    all[job].activeSince = -1
  }
  const startUnit = (job: number) => {
    const status = all[job]
    const stage = stageOf(job)
    const on = fits(job)!
    const back = status.returned.sort((a, b) => a.task - b.task).shift()
    const task = back ? back.task : status.next++
    const attempt = back?.attempt ?? 0
    const full = stage.tasks[task]
    const left = back?.left ?? full
    const stop = stage.stops(task, attempt)
    const unit: Unit = {
      job,
      task,
      attempt,
      full,
      left,
      stopsAt: stop ? full - stop.after : 0,
      fate: stop ? (stop.forGood ? 'over' : 'fails') : 'completes',
      start: now,
      spentBefore: back?.spent ?? 0,
      on,
    }
    activate(job)
    running.push(unit)
    touch(on)
    stays.push({ owner: jobs[job].owner, from: now, to: never, slots: stage.slots, unit })
  }
  const remove = (unit: Unit) => {
    running = running.filter((one) => one !== unit)
    touch([...unit.on].reverse())
    stays.find((stay) => stay.unit === unit)!.to = now
  }
  const spent = (unit: Unit) => unit.spentBefore + (now - unit.start) * stageOf(unit.job).slots
  const takeBack = (unit: Unit, afresh: boolean, attempt: number) => {
    remove(unit)
    if (afresh) lose(unit.job, spent(unit))
    all[unit.job].returned.push({
      task: unit.task,
      left: afresh ? unit.full : unit.left,
      attempt,
      spent: afresh ? 0 : spent(unit),
    })
    if (unitsOf(unit.job).length === 0) deactivate(unit.job)
  }
  const leave = (job: number) => {
    deactivate(job)
    all[job].done = true
    all[job].response = now - jobs[job].arrival
  }
  const giveUp = (job: number) => {
    for (const unit of unitsOf(job)) remove(unit)
    lose(job, all[job].slotSeconds - lostOf[job])
    all[job].givenUp = true
    leave(job)
  }
  const beginStage = (job: number) => {
    const status = all[job]
    status.next = 0
    status.ended = 0
    status.returned = []
    if (stageOf(job).setup > 0) {
      activate(job)
      status.setupEnds = now + stageOf(job).setup
    }
  }
  const endUnit = (unit: Unit) => {
    const { job } = unit
    const status = all[job]
    if (unit.fate === 'fails') return takeBack(unit, true, unit.attempt + 1)
    remove(unit)
    if (unit.fate === 'over') {
      if (jobs[job].kind !== 'array') return giveUp(job)
      status.givenUp = true
      lose(job, spent(unit))
    }
    status.workEnded[status.stage] = (status.workEnded[status.stage] ?? 0) + unit.full - unit.left
    if (++status.ended < stageOf(job).kept) return
    for (const other of unitsOf(job)) {
      remove(other)
      lose(job, spent(other))
    }
    for (const back of status.returned) lose(job, back.spent)
    status.returned = []
    status.next = stageOf(job).tasks.length
    if (++status.stage < jobs[job].stages.length) beginStage(job)
    else {
      status.stage--
      leave(job)
    }
  }

  // --- who goes next
  const dispatch = () => {
    for (;;) {
      const queue = jobs.map((_, job) => job).filter((job) => waits(job) > 0)
      if (queue.length === 0) return
      const keys = new Map(queue.map((job) => [job, key(job)]))
      queue.sort((a, b) => keys.get(a)! - keys.get(b)! || a - b)
      const head = queue[0]
      if (fits(head)) {
        startUnit(head)
        continue
      }
      const restart = discipline === 'priority-preemptive-restart'
      if (restart || discipline === 'priority-preemptive-resume' || discipline === 'srtf' || discipline === 'las') {
        const mine = urgency(head)
        const victims = running
          .filter((unit) => urgency(unit.job) > mine)
          .sort((a, b) => urgency(b.job) - urgency(a.job) || b.job - a.job || b.start - a.start || b.task - a.task)
        let n = 0
        while (
          n <= victims.length &&
          !fits(
            head,
            running.filter((unit) => !victims.slice(0, n).includes(unit)),
          )
        )
          n++
        if (n <= victims.length) {
          for (const unit of victims.slice(0, n)) {
            evictions++
            takeBack(unit, restart, unit.attempt)
          }
          startUnit(head)
          continue
        }
      }
      if (discipline === 'easy-backfill') easy(head, queue)
      if (discipline === 'conservative-backfill') conservative(queue)
      return
    }
  }
  const expectedEnd = (unit: Unit) => unit.start + stageOf(unit.job).estimate
  const easy = (head: number, queue: readonly number[]) => {
    const ends = [...running].sort((a, b) => expectedEnd(a) - expectedEnd(b))
    let gone = 0
    while (gone < ends.length && !fits(head, ends.slice(gone))) gone++
    const shadow = gone > 0 ? Math.max(now, expectedEnd(ends[gone - 1])) : now
    const there = () => running.filter((unit) => expectedEnd(unit) > shadow)
    for (const job of queue.slice(1)) {
      while (waits(job) > 0 && fits(job)) {
        const before = [...running]
        if (now + stageOf(job).estimate <= shadow) startUnit(job)
        else {
          const on = fits(job)!
          const guess = { job, on } as unknown as Unit
          const still = place(stageOf(head), freeWith([...there(), guess]))
          if (!still) {
            touch(on)
            touch([...on].reverse())
            break
          }
          startUnit(job)
        }
        if (running.length === before.length) break
      }
    }
  }
  const conservative = (queue: readonly number[]) => {
    /** Free slots from each time on: promises are intervals, checked at every time at which anything changes. */
    const promised: { from: number; afterEnds?: boolean; to: number; slots: number }[] = running.map((unit) => ({
      from: now,
      to: Math.max(now, expectedEnd(unit)),
      slots: stageOf(unit.job).slots,
    }))
    // who is over time holds slots at this instant and is expected to end just after
    const overTime = running.filter((unit) => expectedEnd(unit) <= now).reduce((sum, unit) => sum + stageOf(unit.job).slots, 0)
    const freeAt = (time: number, first: boolean) =>
      capacity -
      promised
        .filter(({ from, to, afterEnds }) => from <= time && time < to && !(first && afterEnds))
        .reduce((sum, one) => sum + one.slots, 0) -
      (first ? overTime : 0)
    for (const job of queue) {
      const stage = stageOf(job)
      const units = waits(job)
      for (let u = 0; u < units; u++) {
        // entries: now, now again when those over time have ended, and every end and start of a promise
        const entries = [{ time: now, first: true }, ...(overTime > 0 ? [{ time: now, first: false }] : [])]
        const times = [...new Set(promised.flatMap(({ from, to }) => [from, to]))]
          .filter((time) => time > now)
          .sort((a, b) => a - b)
        for (const time of times) entries.push({ time, first: false })
        const start = entries.find((entry, i) =>
          entries
            .slice(i)
            .every((later) => later.time >= entry.time + stage.estimate || freeAt(later.time, later.first) >= stage.slots),
        )!
        promised.push({ from: start.time, afterEnds: !start.first, to: start.time + stage.estimate, slots: stage.slots })
        if (start.first && fits(job)) startUnit(job)
      }
    }
  }

  // --- time
  for (;;) {
    const unitTime = (unit: Unit) => now + Math.max(0, unit.left - unit.stopsAt)
    let next = never
    let what: (() => void) | undefined
    const consider = (time: number, act: () => void) => {
      if (time < next) {
        next = time
        what = act
      }
    }
    for (const unit of running) consider(unitTime(unit), () => endUnit(unit))
    all.forEach((status, job) => {
      if (status.setupEnds !== never)
        consider(status.setupEnds, () => {
          status.setupEnds = never
          status.setupsDone += stageOf(job).setup
        })
      const units = unitsOf(job)
      if (discipline === 'las' && units.length > 0) {
        const level = settings.levels.find((one) => attained(job) < one * (1 - 1e-9))
        const pace = units.length * stageOf(job).slots
        if (level !== undefined && pace > 0) consider(now + (level - attained(job)) / pace, () => {})
      }
      if (jobs[job].kind === 'stages' && jobs[job].stopAfterWork < never && units.length > 0) {
        const work = workOf(job).reduce((a, b) => a + b, 0)
        consider(now + Math.max(0, jobs[job].stopAfterWork - work) / units.length, () => giveUp(job))
      }
    })
    const coming = all.findIndex((status) => !status.arrived)
    if (coming >= 0)
      consider(jobs[coming].arrival, () => {
        all[coming].arrived = true
        beginStage(coming)
      })
    if (what === undefined) break
    const dt = next - now
    for (const unit of running) {
      unit.left -= dt
      all[unit.job].slotSeconds += dt * stageOf(unit.job).slots
      busy += dt * stageOf(unit.job).slots
    }
    now = next
    what()
    dispatch()
    all.forEach((status, job) => {
      if (status.arrived && !status.done && status.setupEnds === never && unitsOf(job).length === 0) deactivate(job)
    })
  }
  return {
    response: all.map(({ response }) => response),
    held: all.map(({ held }) => held),
    givenUp: all.map(({ givenUp }) => givenUp),
    evictions,
    lost,
    busy,
  }
}
