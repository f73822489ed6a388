// A queue of keys for controllers: each key waits once, is worked on by one worker at a time, and is never lost.
import type { Clock } from '../core/clock.ts'
import { clampPriority, QueueState } from '../core/queue-state.ts'
import { createItemBackoff, createTokenBucket, type ItemBackoff, type TokenBucket } from '../core/rate-limit.ts'
import type { WorkQueueMetrics } from './metrics.ts'
import { systemClock } from './system-clock.ts'

export interface AddOptions {
  /** Higher first; 0 is normal. Clamped to −100 … 100. A key already waiting keeps the higher of both. */
  priority?: number
}

export interface WorkItem {
  key: string
  priority: number
}

export interface WorkQueueOptions {
  name: string
  /** Per-item back-off; defaults 5 ms doubling to 1,000 s. */
  backoff?: { baseMs: number; maxMs: number }
  /** Token bucket over all rate-limited adds; defaults 10 per second, burst 100. */
  bucket?: { perSecond: number; burst: number }
  metrics?: WorkQueueMetrics
  clock?: Clock
}

export interface WorkQueue {
  readonly name: string
  /** Keys waiting, without those being worked on and those delayed. */
  readonly length: number
  add(key: string, options?: AddOptions): void
  addAfter(key: string, delayMs: number, options?: AddOptions): void
  /** After the larger of the key's back-off (doubles per call until `forget`) and the overall rate. */
  addRateLimited(key: string, options?: AddOptions): void
  /** Ends the key's back-off. */
  forget(key: string): void
  /** Times the key was rate-limited since `forget`. */
  retries(key: string): number
  /** The next key, when there is one; undefined once the queue is shut down and empty. Every item needs its `done`. */
  get(): Promise<WorkItem | undefined>
  done(key: string): void
  /** Takes no more keys and drops delayed ones; waiting keys are still handed out. */
  shutDown(): void
  /** Resolves when the queue is shut down and every key was done. */
  drained(): Promise<void>
}

/** Longest delay a timer can hold; longer ones are reached in several steps. */
const TIMER_MS_MAX = 2 ** 31 - 1

export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  return new KeyQueue(options)
}

class KeyQueue implements WorkQueue {
  readonly name: string
  readonly #state = new QueueState()
  readonly #backoff: ItemBackoff
  readonly #bucket: TokenBucket
  readonly #metrics: WorkQueueMetrics | undefined
  readonly #clock: Clock
  readonly #takers: ((item: WorkItem | undefined) => void)[] = []
  readonly #drainWaiters: (() => void)[] = []
  #timer: { dueMs: number; cancel: () => void } | undefined
  #phase: 'open' | 'shut' = 'open'

  constructor(options: WorkQueueOptions) {
    this.name = options.name
    this.#backoff = createItemBackoff(options.backoff?.baseMs, options.backoff?.maxMs)
    this.#bucket = createTokenBucket(options.bucket?.perSecond, options.bucket?.burst)
    this.#metrics = options.metrics
    this.#clock = options.clock ?? systemClock
    this.#metrics?.observeRunning(() => this.#running())
  }

  get length(): number {
    return this.#state.length
  }

  add(key: string, options: AddOptions = {}): void {
    if (this.#phase === 'shut') return
    if (this.#state.add(key, clampPriority(options.priority ?? 0), this.#clock.nowMs()) === 'queued') {
      this.#metrics?.added()
    }
    this.#handOut()
  }

  addAfter(key: string, delayMs: number, options: AddOptions = {}): void {
    if (this.#phase === 'shut') return
    if (!(delayMs > 0)) {
      this.add(key, options)
      return
    }
    this.#state.delay(key, clampPriority(options.priority ?? 0), this.#clock.nowMs() + delayMs)
    this.#setTimer()
  }

  addRateLimited(key: string, options: AddOptions = {}): void {
    if (this.#phase === 'shut') return
    this.#metrics?.retried()
    const delayMs = Math.max(this.#backoff.next(key), this.#bucket.reserve(this.#clock.nowMs()))
    this.addAfter(key, delayMs, options)
  }

  forget(key: string): void {
    this.#backoff.forget(key)
  }

  retries(key: string): number {
    return this.#backoff.failures(key)
  }

  get(): Promise<WorkItem | undefined> {
    return new Promise(resolve => {
      this.#takers.push(resolve)
      this.#handOut()
    })
  }

  done(key: string): void {
    const finished = this.#state.done(key, this.#clock.nowMs())
    if (finished === undefined) return
    this.#metrics?.worked(finished.workedMs / 1000)
    if (finished.next === 'requeued') this.#metrics?.added()
    this.#handOut()
  }

  shutDown(): void {
    this.#phase = 'shut'
    this.#state.dropDelayed()
    this.#timer?.cancel()
    this.#timer = undefined
    this.#handOut()
  }

  drained(): Promise<void> {
    return new Promise(resolve => {
      this.#drainWaiters.push(resolve)
      this.#handOut()
    })
  }

  /** Gives waiting keys to waiting takers; at the end, tells takers and drain waiters that nothing more comes. */
  #handOut(): void {
    while (this.#takers.length > 0) {
      const item = this.#state.take(this.#clock.nowMs())
      if (item === undefined) break
      this.#metrics?.waited(item.waitedMs / 1000)
      this.#takers.shift()?.({ key: item.key, priority: item.priority })
    }
    for (const [priority, keys] of this.#state.depths) this.#metrics?.depth(priority, keys)
    if (this.#phase !== 'shut' || this.#state.length > 0 || this.#state.processingCount > 0) return
    for (const taker of this.#takers.splice(0)) taker(undefined)
    for (const waiter of this.#drainWaiters.splice(0)) waiter()
  }

  #setTimer(): void {
    const dueMs = this.#state.nextDueMs()
    if (dueMs === undefined || (this.#timer !== undefined && this.#timer.dueMs <= dueMs)) return
    this.#timer?.cancel()
    const delayMs = Math.min(TIMER_MS_MAX, Math.max(0, Math.ceil(dueMs - this.#clock.nowMs())))
    this.#timer = { dueMs, cancel: this.#clock.setTimer(() => this.#onTimer(), delayMs) }
  }

  #onTimer(): void {
    this.#timer = undefined
    const queued = this.#state.release(this.#clock.nowMs())
    for (let count = 0; count < queued; count += 1) this.#metrics?.added()
    this.#setTimer()
    this.#handOut()
  }

  #running(): { unfinishedSeconds: number; longestSeconds: number } {
    const nowMs = this.#clock.nowMs()
    const seconds = this.#state.startedMs().map(startedMs => (nowMs - startedMs) / 1000)
    return { unfinishedSeconds: seconds.reduce((sum, one) => sum + one, 0), longestSeconds: Math.max(0, ...seconds) }
  }
}
