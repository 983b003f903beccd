/** What an embedded cluster is started with. */
import { z } from 'zod'
import { SCHEDULER_DISCIPLINES } from '../scheduler/index.js'

export const EmbeddedSettings = z
  .strictObject({
    directory: z.string().min(1).meta({ description: 'Everything of the cluster is in it; nobody else may enter it.' }),
    slots: z.int().min(1).max(1024),
    nodes: z.int().min(1).max(1024).default(1).meta({ description: 'Nodes that the slots are shared out to evenly.' }),
    normalShare: z.number().min(0.01).max(1).default(0.4).meta({
      description: 'Share of one processor that a task has at speed 1; at speed s it has s times that, at most all of it.',
    }),
    discipline: z.enum(SCHEDULER_DISCIPLINES as [string, ...string[]]).default('priority-nonpreemptive'),
    engine: z.enum(['shared', 'exclusive']).default('shared'),
    leaseSeconds: z.number().positive().default(15).meta({
      description:
        'A controller that steered and is not heard of for so long has what it did to speeds and the discipline taken back.',
    }),
    graceSeconds: z.number().min(0).default(2).meta({ description: 'Between SIGTERM and SIGKILL.' }),
    diskMiB: z.number().positive().default(1024).meta({ description: 'Of the directory that is made for a job.' }),
    outputMiB: z.number().positive().default(16).meta({ description: 'Of what one task prints.' }),
    cgroups: z.enum(['auto', 'never']).default('auto'),
    cgroupParent: z.string().min(1).optional().meta({
      description: 'A control group that groups may be made in, where that is not the one that the daemon is in.',
    }),
    calibrate: z.boolean().default(true).meta({ description: 'Measure at the start what speeds are really obtained.' }),
  })
  .refine(({ slots, nodes }) => slots % nodes === 0, { message: 'the nodes must share the slots out evenly', path: ['nodes'] })
export type EmbeddedSettings = z.infer<typeof EmbeddedSettings>
/** With everything that has a default left open. */
export type EmbeddedOptions = z.input<typeof EmbeddedSettings>
