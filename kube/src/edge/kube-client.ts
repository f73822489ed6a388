// Typed calls on resources over plain JSON: nothing is renamed, converted or dropped in either direction.
import type { KubeList, KubeObject, ObjectRef } from '../core/object.ts'
import type { Resource } from '../core/resource.ts'
import type { CallOptions, Transport } from './transport.ts'

export interface ListOptions extends CallOptions {
  namespace?: string
  labelSelector?: string
  fieldSelector?: string
  limit?: number
  continue?: string
  /** Unset: consistent read. '0': any cached state. */
  resourceVersion?: string
}

export type JsonPatchOperation =
  | { op: 'add' | 'replace' | 'test'; path: string; value: unknown }
  | { op: 'remove'; path: string }
  | { op: 'move' | 'copy'; from: string; path: string }

export type Patch = { type: 'merge'; body: object } | { type: 'json'; body: readonly JsonPatchOperation[] }

export interface WriteOptions extends CallOptions {
  /** e.g. 'status'. */
  subresource?: string
  fieldManager?: string
  dryRun?: 'All'
}

export interface ApplyOptions extends WriteOptions {
  fieldManager: string
  /** 'take' overwrites fields that other managers own; 'respect' answers 409 Conflict then. */
  conflicts: 'take' | 'respect'
}

export interface DeleteOptions extends CallOptions {
  preconditions?: { uid?: string; resourceVersion?: string }
  propagationPolicy?: 'Background' | 'Foreground' | 'Orphan'
  gracePeriodSeconds?: number
}

/** Every method throws ApiError (the server refused) or TransportError (no usable answer). */
export interface KubeClient {
  readonly transport: Transport
  get<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    options?: CallOptions & { subresource?: string },
  ): Promise<T>
  /** One page. */
  list<T extends KubeObject>(resource: Resource<T>, options?: ListOptions): Promise<KubeList<T>>
  /** All pages of one consistent read; starts again from the first page if the server forgets it meanwhile (410). */
  listAll<T extends KubeObject>(resource: Resource<T>, options?: Omit<ListOptions, 'continue'>): Promise<KubeList<T>>
  /** POST. Never repeated once it may have reached the server. */
  create<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    options?: WriteOptions & { namespace?: string },
  ): Promise<T>
  /** PUT: with metadata.resourceVersion, fails with a conflict if the object changed meanwhile. */
  replace<T extends KubeObject>(resource: Resource<T>, object: T, options?: WriteOptions): Promise<T>
  patch<T extends KubeObject>(resource: Resource<T>, ref: ObjectRef, patch: Patch, options?: WriteOptions): Promise<T>
  /** Server-side apply. `object` holds only the fields this manager owns; apiVersion and kind are filled in. */
  apply<T extends KubeObject>(resource: Resource<T>, ref: ObjectRef, object: object, options: ApplyOptions): Promise<T>
  /** Resolves when the server accepted; with finalizers or a grace period the object may still exist. */
  delete(resource: Resource, ref: ObjectRef, options?: DeleteOptions): Promise<void>
}

export function createKubeClient(transport: Transport): KubeClient {
  throw new Error('body follows' + String(transport))
}
