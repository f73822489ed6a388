import { describe, expect, it } from 'vitest'
import { createManualClock, settle } from '../../test/time.ts'
import { createWorkQueue, type WorkItem } from './work-queue.ts'

function setUp() {
  const clock = createManualClock()
  const queue = createWorkQueue({ name: 'q', clock })
  const got: (string | undefined)[] = []
  const take = async (): Promise<WorkItem | undefined> => {
    const item = await queue.get()
    got.push(item?.key)
    return item
  }
  return { clock, queue, got, take }
}

describe('work queue', () => {
  it('[K40] gives a waiting worker a key at once, and the same key to no second one', async () => {
    const { queue, got, take } = setUp()
    void take()
    void take()
    queue.add('a')
    queue.add('a')
    await settle()
    expect(got).toEqual(['a'])
    queue.done('a')
    await settle()
    expect(got).toEqual(['a', 'a'])
    queue.done('a')
    queue.done('never taken')
    expect(queue.length).toBe(0)
  })

  it('[K43] holds one timer for all delayed keys, and the earliest time of each', async () => {
    const { clock, queue, got, take } = setUp()
    queue.addAfter('late', 500)
    queue.addAfter('soon', 100)
    queue.addAfter('late', 900)
    queue.addAfter('now', 0)
    expect(clock.timers).toBe(1)
    for (let count = 0; count < 3; count += 1) void take()
    await settle()
    expect(got).toEqual(['now'])
    clock.advance(100)
    await settle()
    expect(got).toEqual(['now', 'soon'])
    clock.advance(399)
    await settle()
    expect(got).toHaveLength(2)
    clock.advance(1)
    await settle()
    expect(got).toEqual(['now', 'soon', 'late'])
    expect(clock.timers).toBe(0)
  })

  it('[K43] reaches delays longer than any timer', async () => {
    const { clock, queue, got, take } = setUp()
    const monthMs = 60 * 24 * 3600 * 1000
    queue.addAfter('a', monthMs)
    void take()
    clock.advance(monthMs - 1)
    await settle()
    expect(got).toEqual([])
    clock.advance(1)
    await settle()
    expect(got).toEqual(['a'])
  })

  it('[K42] backs a key off until it is forgotten', async () => {
    const { clock, queue, got, take } = setUp()
    for (const waitMs of [5, 10, 20]) {
      queue.addRateLimited('a')
      void take()
      clock.advance(waitMs - 1)
      await settle()
      expect(got).toEqual([])
      clock.advance(1)
      await settle()
      expect(got.splice(0)).toEqual(['a'])
      queue.done('a')
    }
    expect(queue.retries('a')).toBe(3)
    queue.forget('a')
    expect(queue.retries('a')).toBe(0)
  })

  it('[K42] slows all failing keys down together after the burst', async () => {
    const { clock, queue } = setUp()
    for (let index = 0; index < 120; index += 1) queue.addRateLimited(String(index))
    clock.advance(5)
    expect(queue.length).toBe(100)
    clock.advance(1000)
    expect(queue.length).toBe(110)
    clock.advance(1000)
    expect(queue.length).toBe(120)
    await settle()
  })

  it('[K41] drains: waiting keys are handed out, delayed and new ones are not', async () => {
    const { clock, queue, got, take } = setUp()
    queue.add('a')
    queue.addAfter('later', 10)
    queue.shutDown()
    queue.add('new')
    queue.addAfter('new', 5)
    queue.addRateLimited('new')
    let drained = false
    void queue.drained().then(() => (drained = true))
    void take()
    void take()
    await settle()
    expect([got, drained]).toEqual([['a'], false])
    clock.advance(1000)
    queue.done('a')
    await settle()
    expect([got, drained]).toEqual([['a', undefined], true])
    expect(await queue.get()).toBeUndefined()
    expect(clock.timers).toBe(0)
  })

  it('[K41] a key added again while its last work runs still comes during the drain', async () => {
    const { queue, got, take } = setUp()
    queue.add('a')
    await take()
    queue.add('a')
    queue.shutDown()
    queue.done('a')
    await take()
    queue.done('a')
    await queue.drained()
    expect(got).toEqual(['a', 'a'])
  })
})
