// Shapes every Kubernetes object shares, as they are on the wire. Types only: objects stay plain JSON, so unknown fields survive.

/** What any caller's type must look like. Deliberately small: `V1Pod`, `Wire<V1Pod>` and own CRD types all fit. */
export interface KubeObject {
  apiVersion?: string
  kind?: string
  metadata?: { name?: string; namespace?: string; uid?: string; resourceVersion?: string }
}

/** metadata of an object, timestamps as the RFC 3339 strings they are on the wire. */
export interface ObjectMeta {
  name?: string
  generateName?: string
  namespace?: string
  uid?: string
  resourceVersion?: string
  generation?: number
  creationTimestamp?: string
  deletionTimestamp?: string
  deletionGracePeriodSeconds?: number
  labels?: Record<string, string>
  annotations?: Record<string, string>
  ownerReferences?: OwnerReference[]
  finalizers?: string[]
}

export interface OwnerReference {
  apiVersion: string
  kind: string
  name: string
  uid: string
  controller?: boolean
  blockOwnerDeletion?: boolean
}

export interface KubeList<T> {
  metadata: { resourceVersion?: string; continue?: string; remainingItemCount?: number }
  items: T[]
}

/** A client-node type as it really is on the wire: every Date is a string. `Wire<V1Pod>`. */
export type Wire<T> = T extends Date
  ? string
  : T extends readonly (infer Item)[]
    ? Wire<Item>[]
    : T extends object
      ? { [Key in keyof T]: Wire<T[Key]> }
      : T

/** Names one object. `namespace` is left out for cluster-scoped resources. */
export interface ObjectRef {
  namespace?: string
  name: string
}

/** `namespace/name`, or `name` for a cluster-scoped object: the key of stores and queues. */
export function objectKey(object: KubeObject): string {
  const { namespace, name } = object.metadata ?? {}
  if (name === undefined || name === '') throw new TypeError('object without metadata.name has no key')
  return namespace === undefined || namespace === '' ? name : `${namespace}/${name}`
}

/** Undoes `objectKey`. */
export function parseObjectKey(key: string): ObjectRef {
  const slash = key.indexOf('/')
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}
