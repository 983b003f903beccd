import { slurmContract } from '../support/slurm/contract.js'

slurmContract('Slurm through slurmrestd', { rest: true })
