import type { Clock, Discipline } from '../../model/index.js'

/** How one priority of halftone is told to Slurm. */
export interface PriorityLevel {
  /** Quality of service that jobs of this priority are submitted to; absent: the user’s own. */
  readonly qos?: string
  /** Subtracted by Slurm from the priority it computes; 0 is ordinary, and only operators may go below. */
  readonly nice?: number
}

/** Levels by discipline, priority 1 first; what comes after the last is the last with more nice. */
export type PriorityLevels = Partial<Record<Discipline, readonly PriorityLevel[]>>

/** What is known of a job that was not submitted by halftone, to tell its class from. */
export interface ForeignJob {
  readonly name: string
  readonly user: string
  readonly queue: string
  readonly qos: string
}

export interface RestSettings {
  /** `http://host:port`, or `unix:/path` of a socket. */
  readonly url: string
  /** Holds a JSON Web Token and nothing else; readable by its owner only. Absent for a socket that needs none. */
  readonly tokenFile?: string
  readonly user?: string
}

export interface QuotaSettings {
  /** Share of a core that a slot has at speed 1: the task of a one-slot stage is held to it until it is sprinted. */
  readonly normalShare: number
  /** Where the cpu controller is mounted. Default: found under /sys/fs/cgroup. */
  readonly mount?: string
}

export interface SlurmSettings {
  readonly clock: Clock
  /** Directory for the records of submitted jobs, seen by all nodes under the same path. */
  readonly spool: string
  /** slurm.conf. Default: $SLURM_CONF, else where Slurm looks by itself. */
  readonly conf?: string
  readonly rest?: RestSettings
  /** After so long a command or a request counts as unanswered. Default 10. */
  readonly timeoutSeconds?: number
  /** Partition and account that jobs are submitted to. Default: the cluster’s. */
  readonly partition?: string
  readonly account?: string
  /** Processors of a task. Default 1. */
  readonly processorsPerTask?: number
  readonly memoryPerTaskMiB?: number
  /** Class of a job that somebody else submitted. */
  readonly classOf?: (job: ForeignJob) => string | undefined
  /** Default: nice for priorities without preemption, and the site’s preempting qualities of service where it has them. */
  readonly levels?: PriorityLevels
  readonly quota?: QuotaSettings
}
