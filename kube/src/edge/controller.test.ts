import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { createFastClock, until } from '../../test/time.ts'
import type { StoreChange } from '../core/store.ts'
import { createController, type Reconcile, TerminalError } from './controller.ts'
import { createKubeMetrics } from './metrics.ts'
import { createWorkQueue } from './work-queue.ts'

function setUp(reconcile: Reconcile, options: { workers?: number; reconcileTimeoutMs?: number; speed?: number } = {}) {
  const { speed = 20, ...rest } = options
  const clock = createFastClock(speed)
  const registry = new Registry()
  const metrics = createKubeMetrics(registry)
  const queue = createWorkQueue({ name: 'test', clock, metrics: metrics.workQueue('test') })
  const controller = createController({
    name: 'test',
    queue,
    reconcile,
    clock,
    metrics: metrics.controller('test'),
    ...rest,
  })
  return { controller, queue, registry }
}

describe('controller', () => {
  it('[K40] never runs one key twice at once, whatever is added meanwhile, and misses no last change', async () => {
    const keys = ['a', 'b', 'c']
    const wanted = new Map<string, number>()
    const seen = new Map<string, number>()
    const running = new Set<string>()
    let most = 0
    const { controller, queue } = setUp(
      async key => {
        expect(running.has(key)).toBe(false)
        running.add(key)
        most = Math.max(most, running.size)
        const now = wanted.get(key) ?? 0
        await new Promise(resolve => setTimeout(resolve, Math.random() * 5))
        running.delete(key)
        if (Math.random() < 0.2) throw new Error('now and then')
        seen.set(key, now)
        return undefined
      },
      { workers: 3 },
    )
    controller.start()
    for (let round = 1; round <= 60; round += 1) {
      for (const key of keys) {
        wanted.set(key, round)
        queue.add(key)
      }
      await new Promise(resolve => setTimeout(resolve, 1))
    }
    await until(() => keys.every(key => seen.get(key) === 60))
    expect(most).toBeGreaterThan(1)
    expect(most).toBeLessThanOrEqual(3)
    expect(await controller.stop()).toBe('drained')
  })

  it('[K50] [K53] comes back after requeueAfterMs, after an error, and not after a TerminalError, and counts it all', async () => {
    const calls: string[] = []
    const { controller, queue, registry } = setUp(key => {
      calls.push(key)
      const times = calls.filter(call => call === key).length
      if (key === 'terminal') throw new TerminalError('no use')
      if (key === 'failing' && times < 4) throw new Error('not yet')
      return Promise.resolve(key === 'again' && times < 3 ? { requeueAfterMs: 100 } : undefined)
    })
    controller.start()
    for (const key of ['terminal', 'failing', 'again']) queue.add(key)
    await until(() => calls.filter(key => key === 'failing').length === 4)
    await until(() => calls.filter(key => key === 'again').length === 3)
    await until(() => queue.retries('failing') === 0)
    expect(calls.filter(key => key === 'terminal')).toHaveLength(1)
    await controller.stop()
    const text = await registry.metrics()
    expect(text).toContain('controller_runtime_reconcile_total{controller="test",result="error"} 4')
    expect(text).toContain('controller_runtime_reconcile_total{controller="test",result="success"} 2')
    expect(text).toContain('controller_runtime_reconcile_total{controller="test",result="requeue_after"} 2')
    expect(text).toContain('controller_runtime_terminal_reconcile_errors_total{controller="test"} 1')
    expect(text).toContain('controller_runtime_active_workers{controller="test"} 0')
    expect(text).toContain('controller_runtime_max_concurrent_reconciles{controller="test"} 4')
    expect(text).toContain('workqueue_retries_total{name="test",controller="test"} 3')
    expect(text).toContain('workqueue_depth{name="test",controller="test",priority="0"} 0')
    expect(text).toContain('workqueue_unfinished_work_seconds{name="test",controller="test"} 0')
    expect(text).toContain('workqueue_longest_running_processor_seconds{name="test",controller="test"} 0')
  })

  it('[K51] fires the signal at the deadline, and holds the key until the function ends', async () => {
    const release = Promise.withResolvers<undefined>()
    let calls = 0
    let aborted = 0
    const { controller, queue, registry } = setUp(
      async (_key, signal) => {
        calls += 1
        if (calls > 1) return undefined
        signal.addEventListener('abort', () => (aborted += 1))
        await release.promise
        throw new Error('gave up late')
      },
      { reconcileTimeoutMs: 200 },
    )
    controller.start()
    queue.add('a')
    await until(() => aborted === 1)
    queue.add('a')
    await new Promise(resolve => setTimeout(resolve, 30))
    expect(calls).toBe(1)
    release.resolve(undefined)
    await until(() => calls >= 2)
    await controller.stop()
    expect(await registry.metrics()).toContain('controller_runtime_reconcile_timeouts_total{controller="test"} 1')
  })

  it('[K52] aborts what does not end in the drain time, and does not start what still waits', async () => {
    const started: string[] = []
    const { controller, queue } = setUp(
      async (key, signal) => {
        started.push(key)
        await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('stopped'))))
        return undefined
      },
      { workers: 1, reconcileTimeoutMs: 1e9 },
    )
    controller.start()
    queue.add('a')
    queue.add('b')
    await until(() => started.length === 1)
    expect(await controller.stop({ drainTimeoutMs: 100 })).toBe('aborted')
    expect(started).toEqual(['a'])
    await queue.drained()
  })

  it('[K50] queues the keys a change is about, at its priority, until it stops', async () => {
    const seen: string[] = []
    const { controller, queue } = setUp(key => Promise.resolve(void seen.push(key)), { workers: 1 })
    let tell: (change: StoreChange<object>) => void = () => undefined
    const change: StoreChange<object> = { type: 'added', key: 'n/a', object: {} }
    const unsubscribed = Promise.withResolvers<undefined>()
    const reflector = {
      subscribe(listener: (change: StoreChange<object>) => void) {
        tell = listener
        return () => unsubscribed.resolve(undefined)
      },
    }
    controller.watch(reflector, ({ key }) => [key, `${key}/child`], { priority: 10 })
    queue.add('low')
    tell(change)
    controller.start()
    await until(() => seen.length === 3)
    expect(seen).toEqual(['n/a', 'n/a/child', 'low'])
    await controller.stop()
    await unsubscribed.promise
  })
})
