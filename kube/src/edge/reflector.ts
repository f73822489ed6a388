// Keeps a store equal to the server's objects: list, then watch for ever, through every kind of disconnect.
import type { Clock, Random } from '../core/clock.ts'
import { type Logger, silentLogger } from '../core/logger.ts'
import { type KubeObject, objectKey } from '../core/object.ts'
import { afterList, afterWatch, firstPlan, type ReflectorAction, type ReflectorPlan } from '../core/reflector-plan.ts'
import { collectionPath, type Resource } from '../core/resource.ts'
import { createStore, type Indexer, type Store, type StoreChange, type StoreReader } from '../core/store.ts'
import type { WatchEvent } from '../core/watch-event.ts'
import { sleep } from './deadline.ts'
import type { KubeClient } from './kube-client.ts'
import type { ReflectorMetrics } from './metrics.ts'
import { systemClock } from './system-clock.ts'
import { runWatch } from './watch-session.ts'

export interface ReflectorOptions<T extends KubeObject> {
  client: KubeClient
  resource: Resource<T>
  /** Unset: all namespaces. */
  namespace?: string
  labelSelector?: string
  fieldSelector?: string
  indexers?: Readonly<Record<string, Indexer<T>>>
  /** Runs on every object before it is stored. Default: `withoutManagedFields`. */
  transform?: (object: T) => T
  logger?: Logger
  metrics?: ReflectorMetrics
  clock?: Clock
  random?: Random
}

export interface Reflector<T> {
  readonly resource: Resource
  readonly store: StoreReader<T>
  /** Starts once; returns at once. */
  start(): void
  /** Resolves when nothing runs any more. */
  stop(): Promise<void>
  /** True from the first complete list on. */
  hasSynced(): boolean
  /** Resolves when synced. @throws the signal's reason */
  waitForSync(signal?: AbortSignal): Promise<void>
  /** Milliseconds since the server last proved the store current (list, event or bookmark); Infinity before the first. */
  lastSyncAgeMs(): number
  /** Called synchronously after the store changed, in order. A listener that throws is logged and harms nobody. Returns unsubscribe. */
  subscribe(listener: (change: StoreChange<T>) => void): () => void
}

/** For one page of a list: a loaded server may need long. */
const LIST_TIMEOUT_MS = 60_000

export function createReflector<T extends KubeObject>(options: ReflectorOptions<T>): Reflector<T> {
  return new ListWatcher(options)
}

/** Drops metadata.managedFields, about half of a typical object. */
export function withoutManagedFields<T extends KubeObject>(object: T): T {
  if (object.metadata === undefined || !('managedFields' in object.metadata)) return object
  const { managedFields: _, ...metadata } = object.metadata
  return { ...object, metadata }
}

class ListWatcher<T extends KubeObject> implements Reflector<T> {
  readonly resource: Resource
  readonly #options: ReflectorOptions<T>
  readonly #store: Store<T>
  readonly #logger: Logger
  readonly #clock: Clock
  readonly #random: Random
  readonly #transform: (object: T) => T
  readonly #listeners = new Set<(change: StoreChange<T>) => void>()
  readonly #stopped = new AbortController()
  readonly #synced = Promise.withResolvers<undefined>()
  #running: Promise<void> | undefined
  #lastSyncMs: number | undefined

  constructor(options: ReflectorOptions<T>) {
    this.resource = options.resource
    this.#options = options
    this.#store = createStore(options.indexers)
    this.#logger = options.logger ?? silentLogger
    this.#clock = options.clock ?? systemClock
    this.#random = options.random ?? Math.random
    this.#transform = options.transform ?? withoutManagedFields
    // Nobody has to wait for the sync: without a waiter, stopping early must not count as an unhandled rejection.
    this.#synced.promise.catch(() => undefined)
  }

  get store(): StoreReader<T> {
    return this.#store
  }

  start(): void {
    this.#running ??= this.#run()
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    this.#synced.reject(new Error(`the reflector of ${this.resource.plural} was stopped before it had synced`))
    await this.#running
  }

  hasSynced(): boolean {
    return this.#lastSyncMs !== undefined
  }

  async waitForSync(signal?: AbortSignal): Promise<void> {
    if (signal === undefined) return this.#synced.promise
    const { promise, reject } = Promise.withResolvers<undefined>()
    const onAbort = (): void => reject(signal.reason as Error)
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      await Promise.race([this.#synced.promise, promise])
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  lastSyncAgeMs(): number {
    return this.#lastSyncMs === undefined ? Infinity : this.#clock.nowMs() - this.#lastSyncMs
  }

  subscribe(listener: (change: StoreChange<T>) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped
    let plan: ReflectorPlan = firstPlan
    while (!signal.aborted) {
      plan = await (plan.action.kind === 'list' ? this.#list(plan) : this.#watch(plan, plan.action))
      await sleep(this.#clock, plan.afterMs, signal)
    }
  }

  async #list(plan: ReflectorPlan): Promise<ReflectorPlan> {
    const { client, resource, namespace, labelSelector, fieldSelector, metrics } = this.#options
    const startedMs = this.#clock.nowMs()
    const seconds = (): number => (this.#clock.nowMs() - startedMs) / 1000
    try {
      const list = await client.listAll(resource, {
        ...defined({ namespace, labelSelector, fieldSelector }),
        signal: this.#stopped.signal,
        timeoutMs: LIST_TIMEOUT_MS,
      })
      for (const change of this.#store.replaceAll(list.items.map(this.#transform))) this.#notify(change)
      this.#proveCurrent()
      metrics?.listed('success', seconds(), list.items.length)
      const resourceVersion = list.metadata.resourceVersion ?? ''
      return afterList(plan, { kind: 'listed', resourceVersion }, this.#random)
    } catch (error) {
      if (this.#stopped.signal.aborted) return plan
      metrics?.listed('error', seconds(), 0)
      this.#logger.warn({ resource: resource.plural, err: error }, 'list failed and is repeated')
      return afterList(plan, { kind: 'failed', retryAfterMs: undefined }, this.#random)
    }
  }

  async #watch(plan: ReflectorPlan, action: WatchAction): Promise<ReflectorPlan> {
    const { client, resource, namespace, labelSelector, fieldSelector, metrics } = this.#options
    const { outcome, error } = await runWatch<T>({
      transport: client.transport,
      path: collectionPath(resource, namespace),
      selectors: { labelSelector, fieldSelector },
      action,
      signal: this.#stopped.signal,
      clock: this.#clock,
      onEvent: event => this.#apply(event),
    })
    if (this.#stopped.signal.aborted) return plan
    metrics?.watchEnded(outcome.reason)
    const next = afterWatch(plan, outcome, this.#random)
    const fields = { resource: resource.plural, reason: outcome.reason, next: next.action.kind, afterMs: next.afterMs }
    if (outcome.reason === 'server-closed') this.#logger.debug(fields, 'watch ended')
    else this.#logger.info({ ...fields, err: error }, 'watch ended')
    return next
  }

  #apply(event: WatchEvent<T>): void {
    this.#options.metrics?.eventSeen(event.kind)
    if (event.kind === 'put') this.#notify(this.#store.put(this.#transform(event.object)))
    if (event.kind === 'delete') {
      const last = this.#transform(event.object)
      this.#notify(this.#store.remove(objectKey(last), last))
    }
    if (event.kind === 'put' || event.kind === 'delete' || event.kind === 'bookmark') this.#proveCurrent()
  }

  #proveCurrent(): void {
    this.#lastSyncMs = this.#clock.nowMs()
    this.#synced.resolve(undefined)
  }

  #notify(change: StoreChange<T> | undefined): void {
    if (change === undefined) return
    for (const listener of this.#listeners) {
      try {
        listener(change)
      } catch (error) {
        this.#logger.error({ resource: this.resource.plural, key: change.key, err: error }, 'a store listener failed')
      }
    }
  }
}

type WatchAction = Extract<ReflectorAction, { kind: 'watch' }>

function defined(fields: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined))
}
