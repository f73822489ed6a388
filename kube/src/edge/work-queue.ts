// A queue of keys for controllers: each key waits once, is worked on by one worker at a time, and is never lost.
import type { Clock } from '../core/clock.ts'
import type { WorkQueueMetrics } from './metrics.ts'

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

export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  throw new Error('body follows' + String(options))
}
