/**
 * Priorities as Slurm has them. Without preemption a priority is nice, subtracted from what the scheduler computes. With preemption it is a
 * quality of service whose jobs take the slots of the next one’s and put those back into the queue.
 */
import type { Discipline } from '../../model/index.js'
import type { PriorityLevel, PriorityLevels } from './settings.js'
import type { QualityOfService, Site } from './site.js'

/** The level of a priority, 1 first. Beyond the last there is only more nice. */
export function levelOf(levels: readonly PriorityLevel[], priority: number, niceStep: number): PriorityLevel {
  const level = levels[Math.min(priority, levels.length) - 1] ?? {}
  const beyond = Math.max(0, priority - levels.length)
  return beyond === 0 ? level : { ...level, nice: (level.nice ?? 0) + beyond * niceStep }
}

/** The priority whose level somebody else’s job has; undefined where it has none of them. */
export function priorityOf(
  levels: readonly PriorityLevel[],
  { qos, nice }: { readonly qos: string; readonly nice: number },
  niceStep: number,
): number | undefined {
  const at = levels.findIndex((level) => (level.qos ?? qos) === qos && (level.nice ?? 0) === nice)
  if (at >= 0) return at + 1
  const last = levels.at(-1)
  const steps = (nice - (last?.nice ?? 0)) / niceStep
  return (last?.qos ?? qos) === qos && Number.isInteger(steps) && steps > 0 ? levels.length + steps : undefined
}

/** More than what the scheduler’s own weights can make of two jobs of one user, partition and quality of service. */
export function niceStepOf({ config }: Pick<Site, 'config'>): number {
  if (config.get('prioritytype') === 'priority/basic') return 100_000
  const weight = (name: string): number => Number(config.get(`priorityweight${name}`) ?? 0) || 0
  return Math.max(1_000, 2 * (weight('age') + weight('jobsize')))
}

/** What the site permits without being told how: priorities by nice, and by its preempting qualities of service. */
export function discoverLevels(site: Site): PriorityLevels {
  const chain = preemptingChain(site.qualities.filter(({ preemptMode }) => preemptMode !== 'cancel'))
  const requeues = site.config.get('preempttype') === 'preempt/qos' && /requeue/i.test(site.config.get('preemptmode') ?? '')
  return {
    fcfs: [],
    'priority-nonpreemptive': [{ nice: 0 }],
    ...(requeues && chain.length > 1 ? { 'priority-preemptive-restart': chain.map(({ name }) => ({ qos: name, nice: 0 })) } : {}),
  }
}

/** The longest row of qualities in which each takes slots from all that follow. */
function preemptingChain(qualities: readonly QualityOfService[]): readonly QualityOfService[] {
  let best: readonly QualityOfService[] = []
  const extend = (chain: readonly QualityOfService[]): void => {
    if (chain.length > best.length) best = chain
    for (const next of qualities)
      if (!chain.includes(next) && chain.every(({ preempts }) => preempts.includes(next.name))) extend([...chain, next])
  }
  extend([])
  return best
}

/** Disciplines in which all jobs are of one priority. */
export const isFlat = (discipline: Discipline): boolean => discipline === 'fcfs'
