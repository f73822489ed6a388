import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clampPriority, QueueState } from './queue-state.ts'

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e')
const priority = fc.integer({ min: -2, max: 2 })
const step = fc.oneof(
  fc.record({ do: fc.constant('add' as const), key, priority }),
  fc.record({ do: fc.constant('delay' as const), key, priority, ms: fc.integer({ min: 0, max: 50 }) }),
  fc.record({ do: fc.constant('take' as const) }),
  fc.record({ do: fc.constant('done' as const), which: fc.nat() }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 30 }) }),
)

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

/** Drives a queue beside the simplest idea of what it must do, and compares. */
class QueueModel {
  readonly #queue = new QueueState()
  readonly #working = new Set<string>()
  /** Keys with an add that no later take has covered: all of them must still come. */
  readonly #owed = new Set<string>()
  readonly #delayedUntil = new Map<string, number>()
  #nowMs = 0

  perform(one: Step): void {
    switch (one.do) {
      case 'add':
        this.#queue.add(one.key, one.priority, this.#nowMs)
        this.#owed.add(one.key)
        return
      case 'delay': {
        const dueMs = this.#nowMs + one.ms
        this.#queue.delay(one.key, one.priority, dueMs)
        this.#delayedUntil.set(one.key, Math.min(this.#delayedUntil.get(one.key) ?? Infinity, dueMs))
        return
      }
      case 'take':
        this.#take()
        return
      case 'wait':
        this.#wait(one.ms)
        return
      case 'done':
        this.#done([...this.#working][one.which % Math.max(1, this.#working.size)])
        return
    }
  }

  checkDue(): void {
    const dues = [...this.#delayedUntil.values()]
    expect(this.#queue.nextDueMs()).toBe(dues.length === 0 ? undefined : Math.min(...dues))
  }

  workOffEverything(): void {
    this.#wait(100)
    for (const key of [...this.#working]) this.#done(key)
    while (this.#take()) continue
    expect(this.#owed).toEqual(new Set())
    expect(this.#queue.length).toBe(0)
    expect([...this.#queue.depths.values()].every(count => count === 0)).toBe(true)
  }

  #take(): boolean {
    const item = this.#queue.take(this.#nowMs)
    if (item === undefined) return false
    expect(this.#working.has(item.key)).toBe(false)
    this.#working.add(item.key)
    expect(this.#owed.delete(item.key)).toBe(true)
    return true
  }

  #done(key: string | undefined): void {
    if (key === undefined) return
    this.#working.delete(key)
    expect(this.#queue.done(key, this.#nowMs)?.next).toBe(this.#owed.has(key) ? 'requeued' : 'rest')
  }

  #wait(byMs: number): void {
    this.#nowMs += byMs
    for (const [key, dueMs] of this.#delayedUntil) {
      if (dueMs > this.#nowMs) continue
      this.#delayedUntil.delete(key)
      this.#owed.add(key)
    }
    this.#queue.release(this.#nowMs)
  }
}

describe('work queue state', () => {
  it('[K40] [K41] [K43] never works on a key twice at once, and loses none', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: 'max' }), steps => {
        const model = new QueueModel()
        for (const one of steps) {
          model.perform(one)
          model.checkDue()
        }
        model.workOffEverything()
      }),
      { numRuns: 500 },
    )
  })

  it('[K44] hands out the highest priority first, then the oldest', () => {
    const queue = new QueueState()
    queue.add('old', 0, 1)
    queue.add('low', -5, 2)
    queue.add('young', 0, 3)
    queue.add('high', 7, 4)
    const order = Array.from({ length: 4 }, () => queue.take(9)?.key)
    expect(order).toEqual(['high', 'old', 'young', 'low'])
  })

  it('[K44] raises a waiting key, keeps its place in age, and never lowers it', () => {
    const queue = new QueueState()
    for (const name of ['a', 'b', 'c']) queue.add(name, 0, 0)
    queue.add('c', 5, 1)
    queue.add('c', -5, 2)
    expect(queue.take(3)).toEqual({ key: 'c', priority: 5, waitedMs: 3 })
    expect(queue.take(3)?.key).toBe('a')
  })

  it('[K40] gives a key that was added while worked on its new priority', () => {
    const queue = new QueueState()
    queue.add('a', 0, 0)
    queue.take(0)
    queue.add('a', 3, 1)
    queue.add('a', 9, 2)
    queue.done('a', 5)
    expect(queue.take(6)).toEqual({ key: 'a', priority: 9, waitedMs: 5 })
  })

  it('[K43] keeps the bookkeeping of a key that is delayed again and again small', () => {
    const queue = new QueueState()
    for (let dueMs = 1_000_000; dueMs > 0; dueMs -= 1) queue.delay('a', 0, dueMs)
    expect(queue.nextDueMs()).toBe(1)
    expect(queue.release(1)).toBe(1)
    expect(queue.nextDueMs()).toBeUndefined()
  })

  it('[K44] clamps priorities', () => {
    expect([1000, -1000, 2.7, Number.NaN].map(clampPriority)).toEqual([100, -100, 2, 0])
  })
})
