import { isHeld, phaseOf, type QueueRow } from './row.js'

/**
 * Rank in the queue by array, 0 goes next: by tier of the partition, then priority, then number, as Slurm’s scheduler sorts. What is held or
 * waits for another job or for a date has none.
 */
export function ranksOf(rows: readonly QueueRow[], tiers: ReadonlyMap<string, number>): ReadonlyMap<number, number> {
  const tier = ({ queue }: QueueRow): number => Math.max(0, ...queue.split(',').map((name) => tiers.get(name) ?? 0))
  const ready = rows.filter((row) => phaseOf(row) === 'waiting' && !isHeld(row) && !/^(Dependency|BeginTime)/.test(row.reason))
  ready.sort((a, b) => tier(b) - tier(a) || b.priority - a.priority || a.arrayId - b.arrayId)
  return new Map([...new Set(ready.map(({ arrayId }) => arrayId))].map((array, rank) => [array, rank]))
}
