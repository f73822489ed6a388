// Runs a reconcile function over a work queue: N workers, back-off on errors, a deadline per call, an orderly stop.
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/logger.ts'
import type { StoreChange } from '../core/store.ts'
import type { ControllerMetrics } from './metrics.ts'
import type { Reflector } from './reflector.ts'
import type { AddOptions, WorkQueue } from './work-queue.ts'

export interface ReconcileResult {
  /** Reconcile this key again after so long, even if nothing changes. */
  requeueAfterMs?: number
}

/** Brings the world to the wanted state of `key` (`namespace/name`). The signal fires at the deadline and at a hard stop. */
export type Reconcile = (key: string, signal: AbortSignal) => Promise<ReconcileResult | undefined>

/** Thrown by a reconcile whose failure no repetition can cure: counted and logged, not retried until the object changes. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError'
}

export interface ControllerOptions {
  name: string
  queue: WorkQueue
  reconcile: Reconcile
  /** Default 4. */
  workers?: number
  /** Deadline of one reconcile. Default RECONCILE_TIMEOUT_MS. */
  reconcileTimeoutMs?: number
  logger?: Logger
  metrics?: ControllerMetrics
  clock?: Clock
}

export const RECONCILE_TIMEOUT_MS = 60_000

export interface Controller {
  readonly queue: WorkQueue
  /** Queues `keysOf(change)` on every change of the reflector's store. Call before `start`. */
  watch<T>(reflector: Reflector<T>, keysOf: (change: StoreChange<T>) => Iterable<string>, options?: AddOptions): void
  /** Starts the workers. Reflectors are started and awaited by the caller. */
  start(): void
  /** Takes no new keys, finishes the waiting ones, aborts what still runs after `drainTimeoutMs` (default 30,000). */
  stop(options?: { drainTimeoutMs?: number }): Promise<'drained' | 'aborted'>
}

export function createController(options: ControllerOptions): Controller {
  throw new Error('body follows' + String(options))
}
