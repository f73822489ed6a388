// An indexed, read-mostly copy of one kind of objects. Objects are deep-frozen: what a reader holds never changes.
import type { KubeObject } from './object.ts'

/** Values under which an object is found, e.g. the uids of its owners. */
export type Indexer<T> = (object: T) => readonly string[]

export type StoreChange<T> =
  | { type: 'added'; key: string; object: T }
  | { type: 'updated'; key: string; object: T; old: T }
  /** `object` is the last state seen. */
  | { type: 'deleted'; key: string; object: T }

export interface StoreReader<T> {
  readonly size: number
  /** By `namespace/name` (or `name` for cluster-scoped objects). */
  get(key: string): T | undefined
  list(): T[]
  /** Objects whose indexer `index` gives `value`. @throws RangeError for an index that was not declared. */
  byIndex(index: string, value: string): T[]
}

export interface Store<T> extends StoreReader<T> {
  /** Returns what changed; undefined when the resourceVersion is the one already held. */
  put(object: T): StoreChange<T> | undefined
  remove(key: string): StoreChange<T> | undefined
  /** Makes the content exactly `objects`; returns every difference, deletions included. */
  replaceAll(objects: readonly T[]): StoreChange<T>[]
}

export function createStore<T extends KubeObject>(indexers: Readonly<Record<string, Indexer<T>>> = {}): Store<T> {
  throw new Error('body follows' + String(indexers))
}

/** Indexer by the uid of the controlling owner. */
export function byControllerUid(object: KubeObject): readonly string[] {
  throw new Error('body follows' + String(object))
}

/** Indexer by the uid of every owner. */
export function byOwnerUid(object: KubeObject): readonly string[] {
  throw new Error('body follows' + String(object))
}
