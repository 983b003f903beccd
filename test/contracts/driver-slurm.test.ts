import { slurmContract } from '../support/slurm/contract.js'

slurmContract('Slurm by its command-line tools', { rest: false })
