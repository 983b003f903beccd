import { embeddedUnderTest } from '../support/embedded-cluster.js'
import { driverContract } from './driver.js'

driverContract('embedded', () => embeddedUnderTest('auto'), { patienceSeconds: 20 })
