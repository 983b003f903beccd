import type { Cluster, NodeGroup } from './cluster.js'
import type { Policy } from './policy.js'
import type { Needs } from './workload.js'

/** What a gang or a task asks for, in all. */
export interface Demand {
  readonly slots: number
  readonly cpus: number
  readonly memoryMib: number
}

/** The demand of a gang of so many slots (or of a task) with these needs. */
export function demandOf(slots: number, needs: Needs | undefined): Demand {
  const times = needs?.per === 'slot' ? slots : 1
  return { slots, cpus: (needs?.cpus ?? 0) * times, memoryMib: (needs?.memoryMib ?? 0) * times }
}

/**
 * How many of the demand’s slots an empty node of the group takes: each slot brings its even part of the CPUs and the memory. Of a demand without slots: 1 where the
 * node holds it, else 0.
 */
export function slotsOnNode(group: Pick<NodeGroup, 'slots' | 'cpus' | 'memoryMib'>, { slots, cpus, memoryMib }: Demand): number {
  const k = Math.max(slots, 1)
  const room = slots === 0 ? 1 : Math.min(group.slots, slots)
  const part = (has: number | undefined, asked: number): number =>
    has === undefined || asked === 0 ? room : Math.floor((has * k) / asked + 1e-9)
  return Math.min(room, part(group.cpus, cpus), part(group.memoryMib, memoryMib))
}

/** Could the empty cluster hold this demand: as one pool, packed on nodes of one group, or spread over all of them? */
export function couldHold(cluster: Cluster, placement: Policy['placement'], demand: Demand): boolean {
  const least = Math.max(demand.slots, 1)
  if (placement === 'pool') {
    const total = (of: (group: NodeGroup) => number | undefined): number =>
      cluster.nodes.reduce((sum, group) => sum + group.count * (of(group) ?? Number.POSITIVE_INFINITY), 0)
    return (
      demand.slots <= total((group) => group.slots) &&
      demand.cpus <= total((group) => group.cpus) * (1 + 1e-9) &&
      demand.memoryMib <= total((group) => group.memoryMib) * (1 + 1e-9)
    )
  }
  const held = cluster.nodes.map((group) => group.count * slotsOnNode(group, demand))
  if (demand.slots === 0 || placement === 'packed') return held.some((slots) => slots >= least)
  return held.reduce((sum, slots) => sum + slots, 0) >= least
}
