import { z } from 'zod'

/**
 * A kind of node: `count` nodes, each with `slots` (GPUs, or processors where there are none) and, where jobs ask for them, CPUs and memory.
 * A node without slots takes jobs that need only CPUs or memory.
 */
export const NodeGroup = z
  .strictObject({
    name: z.string().min(1),
    count: z.int().min(1).max(1_000_000),
    slots: z.int().min(0).max(100_000),
    cpus: z
      .number()
      .positive()
      .max(1_000_000)
      .optional()
      .meta({ description: 'CPUs of each node. Absent: enough for anything.' }),
    memoryMib: z
      .number()
      .positive()
      .max(1_000_000_000)
      .optional()
      .meta({ description: 'Memory of each node in MiB. Absent: enough for anything.' }),
    speed: z.number().positive().default(1).meta({ description: 'Work per second against the reference node.' }),
  })
  .meta({ id: 'NodeGroup' })
export type NodeGroup = z.infer<typeof NodeGroup>

/**
 * Power of the whole cluster: `idleWatts` with nothing running, `busyWatts` with every slot busy at normal speed, `sprintWatts` with every
 * slot busy at sprint speed; linear in the busy share between them. Source: specs, equation E11.
 */
export const Power = z
  .strictObject({
    idleWatts: z.number().min(0),
    busyWatts: z.number().min(0),
    sprintWatts: z.number().min(0),
    levels: z
      .array(z.strictObject({ speed: z.number().min(1).max(100), watts: z.number().min(0) }))
      .min(1)
      .optional()
      .meta({
        description:
          'Power with every slot busy at each sprint speed, ascending, in the place of sprintWatts; straight lines between them, from busyWatts at speed 1.',
      }),
  })
  .meta({ id: 'Power', description: 'Power of the whole cluster, linear in the busy share of its slots.' })
export type Power = z.infer<typeof Power>

/** Power of the whole cluster with every slot busy at a sprint speed, in watts: by `levels` where there are any, else `sprintWatts`. */
export function wattsAtSpeed({ busyWatts, sprintWatts, levels }: Power, speed: number): number {
  if (speed === 1) return busyWatts
  if (levels === undefined) return sprintWatts
  let [below, watts] = [1, busyWatts]
  for (const level of levels) {
    if (speed <= level.speed) return watts + ((level.watts - watts) * (speed - below)) / (level.speed - below)
    below = level.speed
    watts = level.watts
  }
  return watts
}

export const Cluster = z
  .strictObject({
    schema: z.literal('halftone/cluster/1'),
    name: z.string().min(1),
    nodes: z.array(NodeGroup).min(1),
    power: Power.optional(),
    costPerSlotHour: z.number().min(0).optional().meta({ description: 'What a slot costs an hour, busy or not; any currency.' }),
    costPerKilowattHour: z.number().min(0).optional().meta({ description: 'What energy costs; the same currency.' }),
    interference: z
      .array(
        z.strictObject({
          jobClass: z.string().min(1),
          neighbour: z.string().min(1),
          relativeSpeed: z.number().positive().max(1),
        }),
      )
      .optional()
      .meta({
        description:
          'Speed of a job of `jobClass` while a job of `neighbour` is on one of its nodes, against alone; the worst neighbour counts. Simulation only, placement packed or spread.',
      }),
    storage: z
      .strictObject({ bytesPerSecond: z.number().positive(), cacheBytes: z.number().min(0).default(0) })
      .optional()
      .meta({ description: 'Storage that all running jobs read from, shared max-min fairly, behind a cache. Simulation only.' }),
  })
  .meta({ id: 'Cluster' })
export type Cluster = z.infer<typeof Cluster>

/** Slots of the whole cluster. */
export function slotCount(cluster: Cluster): number {
  return cluster.nodes.reduce((sum, group) => sum + group.count * group.slots, 0)
}
