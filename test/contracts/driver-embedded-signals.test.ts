import { embeddedUnderTest } from '../support/embedded-cluster.js'
import { driverContract } from './driver.js'

driverContract('embedded, by signals,', () => embeddedUnderTest('never'), { patienceSeconds: 20 })
