// Typed calls on resources over plain JSON: nothing is renamed, converted or dropped in either direction.
import { isGone } from '../core/api-error.ts'
import type { KubeList, KubeObject, ObjectRef } from '../core/object.ts'
import { apiVersionOf, collectionPath, objectPath, type Resource } from '../core/resource.ts'
import { TransportError } from '../core/transport-error.ts'
import type { ApiRequest, CallOptions, Transport } from './transport.ts'

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
  /** One page. Items get the apiVersion and kind that the server leaves out of lists. */
  list<T extends KubeObject>(resource: Resource<T>, options?: ListOptions): Promise<KubeList<T>>
  /** All pages of one consistent read; if the server forgets it meanwhile (410), everything again in one page. */
  listAll<T extends KubeObject>(resource: Resource<T>, options?: Omit<ListOptions, 'continue'>): Promise<KubeList<T>>
  /** POST. Never repeated once it may have reached the server. */
  create<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    options?: WriteOptions & { namespace?: string },
  ): Promise<T>
  /** PUT: with metadata.resourceVersion, fails with a conflict if the object changed meanwhile. */
  replace<T extends KubeObject>(resource: Resource<T>, object: T, options?: WriteOptions): Promise<T>
  /**
   * A merge patch is repeated when its answer was lost, so with a resourceVersion in it a conflict may be our own
   * success: read before giving up. A JSON patch is never repeated.
   */
  patch<T extends KubeObject>(resource: Resource<T>, ref: ObjectRef, patch: Patch, options?: WriteOptions): Promise<T>
  /** Server-side apply. `object` holds only the fields this manager owns; apiVersion, kind and name are filled in. */
  apply<T extends KubeObject>(resource: Resource<T>, ref: ObjectRef, object: object, options: ApplyOptions): Promise<T>
  /** Resolves when the server accepted; with finalizers or a grace period the object may still exist. */
  delete(resource: Resource, ref: ObjectRef, options?: DeleteOptions): Promise<void>
}

/** Objects per page of `listAll`. */
const LIST_PAGE_OBJECTS = 500

const patchTypes = { merge: 'application/merge-patch+json', json: 'application/json-patch+json' } as const

export function createKubeClient(transport: Transport): KubeClient {
  return new JsonClient(transport)
}

class JsonClient implements KubeClient {
  readonly transport: Transport

  constructor(transport: Transport) {
    this.transport = transport
  }

  get<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    options: CallOptions & { subresource?: string } = {},
  ): Promise<T> {
    const { subresource, ...call } = options
    return this.#object({ ...call, method: 'GET', path: objectPath(resource, ref, subresource) })
  }

  async list<T extends KubeObject>(resource: Resource<T>, options: ListOptions = {}): Promise<KubeList<T>> {
    const { namespace, labelSelector, fieldSelector, limit, resourceVersion, continue: from, ...call } = options
    const query = { labelSelector, fieldSelector, limit, resourceVersion, continue: from }
    const request = { ...call, method: 'GET', path: collectionPath(resource, namespace), query } as const
    const page = await this.#object<{ metadata?: KubeList<T>['metadata']; items?: T[] | null }>(request)
    const items = page.items ?? []
    if (!Array.isArray(items)) throw notAn('list', request)
    const type = { apiVersion: apiVersionOf(resource), kind: resource.kind }
    return { metadata: page.metadata ?? {}, items: items.map(item => ({ ...type, ...item })) }
  }

  async listAll<T extends KubeObject>(
    resource: Resource<T>,
    options: Omit<ListOptions, 'continue'> = {},
  ): Promise<KubeList<T>> {
    const pageOptions = { limit: LIST_PAGE_OBJECTS, ...options }
    let page = await this.list(resource, pageOptions)
    const pages = [page.items]
    while (page.metadata.continue) {
      try {
        page = await this.list(resource, { ...pageOptions, continue: page.metadata.continue })
      } catch (error) {
        if (!isGone(error)) throw error
        const { limit: _, ...everything } = options
        return await this.list(resource, everything)
      }
      pages.push(page.items)
    }
    return { metadata: page.metadata, items: pages.flat() }
  }

  create<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    options: WriteOptions & { namespace?: string } = {},
  ): Promise<T> {
    const namespace = options.namespace ?? object.metadata?.namespace
    const path =
      options.subresource === undefined
        ? collectionPath(resource, namespace)
        : objectPath(resource, refOf(object, namespace), options.subresource)
    const body = typed(resource, object)
    return this.#object({ method: 'POST', path, body, repeatability: 'once', ...writeRequest(options) })
  }

  replace<T extends KubeObject>(resource: Resource<T>, object: T, options: WriteOptions = {}): Promise<T> {
    const path = objectPath(resource, refOf(object, object.metadata?.namespace), options.subresource)
    return this.#object({ method: 'PUT', path, body: typed(resource, object), ...writeRequest(options) })
  }

  patch<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    patch: Patch,
    options: WriteOptions = {},
  ): Promise<T> {
    return this.#object({
      method: 'PATCH',
      path: objectPath(resource, ref, options.subresource),
      body: patch.body,
      contentType: patchTypes[patch.type],
      repeatability: patch.type === 'merge' ? 'repeatable' : 'once',
      ...writeRequest(options),
    })
  }

  apply<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    object: object,
    options: ApplyOptions,
  ): Promise<T> {
    const request = writeRequest(options)
    const owned: KubeObject = object
    return this.#object({
      method: 'PATCH',
      path: objectPath(resource, ref, options.subresource),
      body: { ...typed(resource, owned), metadata: { ...owned.metadata, ...ref } },
      // JSON is YAML, and this is the content type that every supported server knows for apply.
      contentType: 'application/apply-patch+yaml',
      repeatability: 'repeatable',
      ...request,
      query: { ...request.query, force: options.conflicts === 'take' },
    })
  }

  async delete(resource: Resource, ref: ObjectRef, options: DeleteOptions = {}): Promise<void> {
    const { preconditions, propagationPolicy, gracePeriodSeconds, ...call } = options
    const body = { kind: 'DeleteOptions', apiVersion: 'v1', preconditions, propagationPolicy, gracePeriodSeconds }
    // Without a uid, a second attempt could hit an object that was created again meanwhile.
    const repeatability = preconditions?.uid === undefined ? 'once' : 'repeatable'
    await this.transport.request({ ...call, method: 'DELETE', path: objectPath(resource, ref), body, repeatability })
  }

  async #object<T>(request: ApiRequest): Promise<T> {
    const answer = await this.transport.request(request)
    if (isRecord(answer)) return answer as T
    throw notAn('object', request)
  }
}

function writeRequest(options: WriteOptions): CallOptions & { query: NonNullable<ApiRequest['query']> } {
  const { fieldManager, dryRun, signal, timeoutMs } = options
  return {
    query: { fieldManager, dryRun },
    ...(signal === undefined ? {} : { signal }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  }
}

/** A type in the body wins: some subresources (`eviction`, `token`) take objects of another kind. */
function typed(resource: Resource, body: KubeObject): KubeObject {
  return { apiVersion: apiVersionOf(resource), kind: resource.kind, ...body }
}

function refOf(object: KubeObject, namespace: string | undefined): ObjectRef {
  const name = object.metadata?.name
  if (name === undefined) throw new TypeError('the object needs metadata.name')
  return namespace === undefined ? { name } : { namespace, name }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function notAn(shape: string, request: ApiRequest): TransportError {
  return new TransportError(
    `${request.method} ${request.path}: the answer is no ${shape}`,
    'bad-response',
    'maybe-sent',
  )
}
