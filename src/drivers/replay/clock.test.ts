import { describe, expect, it } from 'vitest'
import { VirtualClock } from './clock.js'

describe('a clock of virtual time', () => {
  it('makes time pass for whoever sleeps, at once, and tells what is to happen until then', async () => {
    const passed: number[] = []
    const clock = new VirtualClock((to) => passed.push(to))
    await clock.sleep(3600)
    await clock.sleep(0.5)
    expect([clock.now(), clock.monotonic()]).toEqual([3600.5, 3600.5])
    expect(passed).toEqual([3600, 3600.5])
  })

  it('wakes sleepers in the order of their times, each with a turn before the next', async () => {
    const clock = new VirtualClock(() => undefined)
    const log: string[] = []
    const every = async (name: string, seconds: number, times: number): Promise<void> => {
      for (let i = 0; i < times; i++) {
        await clock.sleep(seconds)
        log.push(`${name} ${clock.now()}`)
      }
    }
    await Promise.all([every('a', 2, 3), every('b', 3, 2)])
    expect(log).toEqual(['a 2', 'b 3', 'a 4', 'b 6', 'a 6'])
  })

  it('returns at once for no time, and as soon as it is told to stop waiting', async () => {
    const clock = new VirtualClock(() => undefined)
    await clock.sleep(0)
    await clock.sleep(-1)
    await clock.sleep(5, AbortSignal.abort())
    expect(clock.now()).toBe(0)
    const stop = new AbortController()
    const long = clock.sleep(1000, stop.signal)
    stop.abort()
    await long
    await clock.sleep(1)
    expect(clock.now()).toBe(1)
  })
})
