// An indexed, read-mostly copy of one kind of objects. Objects are deep-frozen: what a reader holds never changes.
import { type KubeObject, type ObjectMeta, objectKey } from './object.ts'

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
  /** Freezes and keeps the object. Returns what changed; undefined when the resourceVersion is the one already held. */
  put(object: T): StoreChange<T> | undefined
  /** Takes the object out. `last`: its final state, when the server sent one. */
  remove(key: string, last?: T): StoreChange<T> | undefined
  /** Makes the content exactly `objects`; returns every difference, deletions first. */
  replaceAll(objects: readonly T[]): StoreChange<T>[]
}

/** An empty store. @param indexers by the names under which `byIndex` finds them */
export function createStore<T extends KubeObject>(indexers: Readonly<Record<string, Indexer<T>>> = {}): Store<T> {
  const objects = new Map<string, T>()
  const indexes = new Map(Object.entries(indexers).map(([name, indexer]) => [name, createIndex(indexer)]))

  function put(object: T): StoreChange<T> | undefined {
    const key = objectKey(object)
    const old = objects.get(key)
    if (old !== undefined && sameVersion(old, object)) return undefined
    const frozen = deepFrozen(object)
    objects.set(key, frozen)
    for (const index of indexes.values()) index.put(key, old, frozen)
    return old === undefined ? { type: 'added', key, object: frozen } : { type: 'updated', key, object: frozen, old }
  }

  function remove(key: string, last?: T): StoreChange<T> | undefined {
    const old = objects.get(key)
    if (old === undefined) return undefined
    objects.delete(key)
    for (const index of indexes.values()) index.put(key, old, undefined)
    return { type: 'deleted', key, object: last === undefined ? old : deepFrozen(last) }
  }

  return {
    get size() {
      return objects.size
    },
    get: key => objects.get(key),
    list: () => [...objects.values()],
    byIndex(name, value) {
      const index = indexes.get(name)
      if (index === undefined) throw new RangeError(`no index ${JSON.stringify(name)}: declare it in indexers`)
      return index.keys(value).flatMap(key => objects.get(key) ?? [])
    },
    put,
    remove,
    replaceAll(next) {
      const wanted = new Set(next.map(objectKey))
      const gone = [...objects.keys()].filter(key => !wanted.has(key))
      return [...gone.map(key => remove(key)), ...next.map(put)].filter(change => change !== undefined)
    },
  }
}

/** Indexer by the uid of the controlling owner. */
export function byControllerUid(object: KubeObject): readonly string[] {
  return ownersOf(object).flatMap(owner => (owner.controller === true ? [owner.uid] : []))
}

/** Indexer by the uid of every owner. */
export function byOwnerUid(object: KubeObject): readonly string[] {
  return ownersOf(object).map(owner => owner.uid)
}

function ownersOf(object: KubeObject): NonNullable<ObjectMeta['ownerReferences']> {
  return (object.metadata as ObjectMeta | undefined)?.ownerReferences ?? []
}

interface Index<T> {
  put(key: string, old: T | undefined, next: T | undefined): void
  keys(value: string): string[]
}

function createIndex<T>(indexer: Indexer<T>): Index<T> {
  const keysByValue = new Map<string, Set<string>>()

  function drop(value: string, key: string): void {
    const keys = keysByValue.get(value)
    keys?.delete(key)
    if (keys?.size === 0) keysByValue.delete(value)
  }

  function add(value: string, key: string): void {
    const keys = keysByValue.get(value)
    if (keys === undefined) keysByValue.set(value, new Set([key]))
    else keys.add(key)
  }

  return {
    put(key, old, next) {
      if (old !== undefined) for (const value of indexer(old)) drop(value, key)
      if (next !== undefined) for (const value of indexer(next)) add(value, key)
    },
    keys: value => [...(keysByValue.get(value) ?? [])],
  }
}

/** The uid too: a deleted and re-created object is a change even where versions are made up by a test or a proxy. */
function sameVersion(a: KubeObject, b: KubeObject): boolean {
  const [one, other] = [a.metadata ?? {}, b.metadata ?? {}]
  const version = one.resourceVersion
  return version !== undefined && version === other.resourceVersion && one.uid === other.uid
}

function deepFrozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const inner of Object.values(value)) deepFrozen(inner)
  return Object.freeze(value)
}
