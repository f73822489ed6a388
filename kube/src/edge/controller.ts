// Runs a reconcile function over a work queue: N workers, back-off on errors, a deadline per call, an orderly stop.
import type { Clock } from '../core/clock.ts'
import { type Logger, silentLogger } from '../core/logger.ts'
import type { StoreChange } from '../core/store.ts'
import { createDeadline, sleep } from './deadline.ts'
import type { ControllerMetrics, ReconcileOutcome } from './metrics.ts'
import type { Reflector } from './reflector.ts'
import { systemClock } from './system-clock.ts'
import type { AddOptions, WorkItem, WorkQueue } from './work-queue.ts'

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
  /**
   * Time after which a reconcile's signal fires. The key stays taken until the function really ends, so a function that
   * ignores its signal blocks its worker (and its key) but is never run twice at once. Default RECONCILE_TIMEOUT_MS.
   */
  reconcileTimeoutMs?: number
  logger?: Logger
  metrics?: ControllerMetrics
  clock?: Clock
}

const RECONCILE_TIMEOUT_MS = 60_000
/** Workers unless told otherwise. */
const WORKERS = 4
/** Time for the waiting keys at `stop`. */
const DRAIN_TIMEOUT_MS = 30_000
/** Time for aborted reconciles to end, before `stop` returns without them. */
const ABORT_GRACE_MS = 5_000

export interface Controller {
  readonly queue: WorkQueue
  /** Queues `keysOf(change)` on every change of the reflector's store. Call before the reflector starts. */
  watch<T>(
    reflector: Pick<Reflector<T>, 'subscribe'>,
    keysOf: (change: StoreChange<T>) => Iterable<string>,
    options?: AddOptions,
  ): void
  /** Starts the workers. Reflectors are started and awaited by the caller. */
  start(): void
  /** Takes no new keys, finishes the waiting ones, aborts what still runs after `drainTimeoutMs` (default 30,000). */
  stop(options?: { drainTimeoutMs?: number }): Promise<'drained' | 'aborted'>
}

export function createController(options: ControllerOptions): Controller {
  return new QueueController(options)
}

class QueueController implements Controller {
  readonly queue: WorkQueue
  readonly #options: ControllerOptions
  readonly #logger: Logger
  readonly #clock: Clock
  readonly #hardStop = new AbortController()
  readonly #unsubscribes: (() => void)[] = []
  #workers: Promise<void>[] = []
  #active = 0

  constructor(options: ControllerOptions) {
    this.queue = options.queue
    this.#options = options
    this.#logger = options.logger ?? silentLogger
    this.#clock = options.clock ?? systemClock
  }

  watch<T>(
    reflector: Pick<Reflector<T>, 'subscribe'>,
    keysOf: (change: StoreChange<T>) => Iterable<string>,
    options: AddOptions = {},
  ): void {
    const unsubscribe = reflector.subscribe(change => {
      for (const key of keysOf(change)) this.queue.add(key, options)
    })
    this.#unsubscribes.push(unsubscribe)
  }

  start(): void {
    if (this.#workers.length > 0) return
    const count = this.#options.workers ?? WORKERS
    this.#options.metrics?.workers(count)
    this.#workers = Array.from({ length: count }, () => this.#work())
  }

  async stop(options: { drainTimeoutMs?: number } = {}): Promise<'drained' | 'aborted'> {
    for (const unsubscribe of this.#unsubscribes.splice(0)) unsubscribe()
    this.queue.shutDown()
    const ended = Promise.all(this.#workers).then(() => 'ended' as const)
    if ((await this.#within(ended, options.drainTimeoutMs ?? DRAIN_TIMEOUT_MS)) === 'ended') return 'drained'
    this.#hardStop.abort(new DOMException('the controller stops', 'AbortError'))
    if ((await this.#within(ended, ABORT_GRACE_MS)) === 'timeout') {
      this.#logger.warn({ controller: this.#options.name }, 'reconciles still run after they were aborted')
    }
    return 'aborted'
  }

  async #work(): Promise<void> {
    for (let item = await this.queue.get(); item !== undefined; item = await this.queue.get()) {
      // After a hard stop the remaining keys are only taken off the queue: the next process lists everything anyway.
      if (!this.#hardStop.signal.aborted) await this.#process(item)
      this.queue.done(item.key)
    }
  }

  async #process({ key, priority }: WorkItem): Promise<void> {
    const timeoutMs = this.#options.reconcileTimeoutMs ?? RECONCILE_TIMEOUT_MS
    const deadline = createDeadline(this.#clock, timeoutMs, this.#hardStop.signal)
    const startedMs = this.#clock.nowMs()
    this.#setActive(1)
    let outcome: ReconcileOutcome
    try {
      const result = await this.#options.reconcile(key, deadline.signal)
      outcome = this.#succeeded(key, result?.requeueAfterMs, priority)
    } catch (error) {
      outcome = this.#failed({ key, priority }, error, deadline.cause() === 'timeout' ? 'timeout' : 'error')
    }
    deadline.dispose()
    this.#setActive(-1)
    this.#options.metrics?.reconciled(outcome, (this.#clock.nowMs() - startedMs) / 1000)
  }

  #succeeded(key: string, requeueAfterMs: number | undefined, priority: number): ReconcileOutcome {
    this.queue.forget(key)
    if (requeueAfterMs === undefined) return 'success'
    this.queue.addAfter(key, requeueAfterMs, { priority })
    return 'requeue_after'
  }

  #failed({ key, priority }: WorkItem, error: unknown, outcome: 'timeout' | 'error'): ReconcileOutcome {
    const fields = { controller: this.#options.name, key, err: error }
    if (error instanceof TerminalError) {
      this.queue.forget(key)
      this.#logger.error(fields, 'reconcile failed for good: it is not repeated until the object changes')
      return 'terminal_error'
    }
    this.queue.addRateLimited(key, { priority })
    this.#logger.warn({ ...fields, retries: this.queue.retries(key) }, 'reconcile failed and is repeated')
    return outcome
  }

  #setActive(by: 1 | -1): void {
    this.#active += by
    this.#options.metrics?.active(this.#active)
  }

  async #within<T>(work: Promise<T>, timeoutMs: number): Promise<T | 'timeout'> {
    const over = new AbortController()
    const timer = sleep(this.#clock, timeoutMs, over.signal).then(() => 'timeout' as const)
    try {
      return await Promise.race([work, timer])
    } finally {
      over.abort()
    }
  }
}
