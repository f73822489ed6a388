// One line of a watch as a value: what changed, a bookmark, the server's own error, or nothing we can use.
import { type StatusBody, statusFrom } from './api-error.ts'
import type { KubeObject } from './object.ts'

export type WatchEvent<T> =
  | { kind: 'put'; object: T; resourceVersion: string }
  | { kind: 'delete'; object: T; resourceVersion: string }
  | { kind: 'bookmark'; resourceVersion: string }
  | { kind: 'error'; status: StatusBody }
  /** Not JSON, or no object with a resourceVersion in it. */
  | { kind: 'malformed'; problem: string }
  /** A type of event that a later server may add. */
  | { kind: 'ignored'; type: string }

/** The object is taken as it is: its type is the caller's claim about the resource, as with every answer of the server. */
export function parseWatchEvent<T extends KubeObject>(line: string): WatchEvent<T> {
  let event: unknown
  try {
    event = JSON.parse(line)
  } catch {
    return { kind: 'malformed', problem: 'a line that is not JSON' }
  }
  if (!hasTypeAndObject(event)) return { kind: 'malformed', problem: 'a line without type and object' }
  if (event.type === 'ERROR') return { kind: 'error', status: statusFrom(event.object) ?? {} }
  return objectEvent(event.type, event.object as T)
}

function objectEvent<T extends KubeObject>(type: string, object: T): WatchEvent<T> {
  const resourceVersion = object.metadata?.resourceVersion
  if (typeof resourceVersion !== 'string' || resourceVersion === '') {
    return { kind: 'malformed', problem: `a ${type} event without metadata.resourceVersion` }
  }
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
      return { kind: 'put', object, resourceVersion }
    case 'DELETED':
      return { kind: 'delete', object, resourceVersion }
    case 'BOOKMARK':
      return { kind: 'bookmark', resourceVersion }
    default:
      return { kind: 'ignored', type }
  }
}

function hasTypeAndObject(event: unknown): event is { type: string; object: object } {
  if (typeof event !== 'object' || event === null) return false
  const { type, object } = event as { type?: unknown; object?: unknown }
  return typeof type === 'string' && typeof object === 'object' && object !== null
}
