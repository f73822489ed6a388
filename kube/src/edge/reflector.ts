// Keeps a store equal to the server's objects: list, then watch for ever, through every kind of disconnect.
import type { Clock, Random } from '../core/clock.ts'
import type { Logger } from '../core/logger.ts'
import type { KubeObject } from '../core/object.ts'
import type { Resource } from '../core/resource.ts'
import type { Indexer, StoreChange, StoreReader } from '../core/store.ts'
import type { KubeClient } from './kube-client.ts'
import type { ReflectorMetrics } from './metrics.ts'

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

export function createReflector<T extends KubeObject>(options: ReflectorOptions<T>): Reflector<T> {
  throw new Error('body follows' + String(options))
}

/** Drops metadata.managedFields, about half of a typical object. */
export function withoutManagedFields<T extends KubeObject>(object: T): T {
  throw new Error('body follows' + String(object))
}
