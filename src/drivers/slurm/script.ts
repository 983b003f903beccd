/**
 * The script that Slurm runs for each task. Nothing of the job stands in it but the path of its directory and checked names: the command is
 * read from a file and run by `exec`, so no shell ever reads an argument. The script outlives SIGTERM, which its task gets as well, to note
 * when the attempt ended: Slurm itself keeps whole seconds, and of an evicted attempt nothing.
 */
import type { JobSpec } from '../../model/index.js'

export interface ScriptOf {
  readonly spec: JobSpec
  readonly stage: JobSpec['stages'][number]
  /** Directory of the job under the spool. */
  readonly spool: string
  readonly directory: string
}

export function taskScript({ spec, stage, spool, directory }: ScriptOf): string {
  return `#!/bin/bash
# One task of a job that was submitted by halftone.
trap : TERM
spool=${quoted(spool)}
stage=${stage.name}
export HALFTONE_JOB=${spec.key} HALFTONE_STAGE=$stage HALFTONE_TASK=$SLURM_ARRAY_TASK_ID HALFTONE_TASKS=${stage.tasks}
export HALFTONE_DIRECTORY=${quoted(directory)}
read -r HALFTONE_SAMPLING_FRACTION <"$spool/fraction.$stage" && read -r HALFTONE_SPEED <"$spool/speed" &&
  mapfile -d '' -t command <"$spool/command.$stage" && cd -- "$HALFTONE_DIRECTORY" || exit 126
export HALFTONE_SAMPLING_FRACTION HALFTONE_SPEED

note() { printf '%s %s %s %s %s %s %s\\n' "$1" "$stage" "$HALFTONE_TASK" "$SLURM_JOB_ID" "\${SLURM_RESTART_COUNT:-0}" "$EPOCHREALTIME" "$2" >>"$spool/log"; }

# The first line of the file is the directory of all groups, the others are what is set in the task's own.
enter_group() {
  local root group file value
  read -r root && group=$root/$HALFTONE_JOB.$stage.$HALFTONE_TASK && mkdir -p -- "$group" || return
  while read -r file value; do printf '%s\\n' "$value" >"$group/$file" || return; done
  printf '%s\\n' $$ >"$group/cgroup.procs"
}
if [[ -e $spool/group ]]; then enter_group <"$spool/group" || note free -; fi

note begin "\${SLURMD_NODENAME:--}"
(trap - TERM; exec -- "\${command[@]}")
code=$?
# user and system time of the children that have ended, in ticks
read -r -a stat <"/proc/$$/stat"
note end "$code $((stat[15] + stat[16]))"
exit $code
`
}

/** A path as one word of a shell. */
function quoted(path: string): string {
  return `'${path.replaceAll("'", "'\\''")}'`
}
