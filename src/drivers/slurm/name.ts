/**
 * The name under which a stage stands in Slurm’s queue and accounting, `halftone:KEY:CLASS:STAGE`: it is what a job is found by when
 * nothing else of it is known any more. Keys, classes and stages have no colon; a blank in a class is written `+`.
 */
import type { JobSpec } from '../../model/index.js'

export interface StageName {
  readonly key: string
  readonly className: string
  readonly stage: string
}

export function stageName({ key, className }: Pick<JobSpec, 'key' | 'className'>, stage: string): string {
  return `halftone:${key}:${className.replaceAll(' ', '+')}:${stage}`
}

export function parseStageName(name: string): StageName | undefined {
  const parts = /^halftone:([A-Za-z0-9._-]+):([A-Za-z0-9+._-]+):([A-Za-z0-9_-]+)$/.exec(name)
  return parts === null ? undefined : { key: parts[1]!, className: parts[2]!.replaceAll('+', ' '), stage: parts[3]! }
}
