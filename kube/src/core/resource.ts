// Names a kind of resource and builds its URL paths. Every part is escaped, so no name can reach another path.
import type { KubeObject, ObjectRef } from './object.ts'

/** Group, version, resource, with the caller's type of the object. Core group: `group: ''`. */
export interface Resource<T extends KubeObject = KubeObject> {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly kind: string
  readonly scope: 'namespaced' | 'cluster'
  /** Never set: carries the type only. */
  readonly objectType?: T
}

/** `defineResource<Session>({group: 'pocketconsole.dev', version: 'v1alpha1', plural: 'terminalsessions', kind: 'TerminalSession', scope: 'namespaced'})` */
export function defineResource<T extends KubeObject>(resource: Omit<Resource<T>, 'objectType'>): Resource<T> {
  return resource
}

/** `v1` or `group/version`. */
export function apiVersionOf(resource: Resource): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`
}

/** Path of a collection; without a namespace it spans all namespaces. */
export function collectionPath(resource: Resource, namespace?: string): string {
  const root = resource.group === '' ? '/api' : `/apis/${segment(resource.group)}`
  const base = `${root}/${segment(resource.version)}`
  if (resource.scope === 'cluster' && namespace !== undefined) {
    throw new TypeError(`${resource.plural} are cluster-scoped: leave the namespace out`)
  }
  const inNamespace = namespace === undefined ? '' : `/namespaces/${segment(namespace)}`
  return `${base}${inNamespace}/${segment(resource.plural)}`
}

/** Path of one object or of one of its subresources (`status`, `exec`, …). */
export function objectPath(resource: Resource, ref: ObjectRef, subresource?: string): string {
  if (resource.scope === 'namespaced' && ref.namespace === undefined) {
    throw new TypeError(`${resource.plural} are namespaced: name the namespace of ${JSON.stringify(ref.name)}`)
  }
  const path = `${collectionPath(resource, ref.namespace)}/${segment(ref.name)}`
  return subresource === undefined ? path : `${path}/${segment(subresource)}`
}

function segment(text: string): string {
  if (text === '' || text === '.' || text === '..') {
    throw new TypeError(`${JSON.stringify(text)} cannot be a part of an API path`)
  }
  return encodeURIComponent(text)
}
