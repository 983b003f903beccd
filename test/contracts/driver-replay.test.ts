import { driverOf, ReplayCluster } from '../../src/drivers/replay/index.js'
import { isRefusal } from '../../src/model/index.js'
import { driverContract } from './driver.js'

const noProcess = 'nothing really runs in virtual time'

/** In virtual time a task is `sleep SECONDS`: it takes so long. */
driverContract(
  'replay',
  () => {
    const cluster = ReplayCluster.open({
      nodes: [
        { name: 'n1', slots: 2 },
        { name: 'n2', slots: 2 },
      ],
      discipline: 'priority-nonpreemptive',
    })
    if (isRefusal(cluster)) throw new Error(cluster.message)
    const open = () => driverOf(cluster, { workSeconds: (_spec, { command }) => Number(command[1]) })
    return Promise.resolve({
      driver: open(),
      runCommandFor: (seconds) => ['sleep', String(seconds)],
      again: () => Promise.resolve(open()),
      close: () => Promise.resolve(),
    })
  },
  { patienceSeconds: 30, skips: { environment: noProcess, 'no-shell': noProcess, fraction: noProcess, 'no-process': noProcess } },
)
