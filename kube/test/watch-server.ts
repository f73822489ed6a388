// A server with objects, versions, LIST pages and WATCH streams, that breaks in the ways real ones and networks do.
import type { ServerResponse } from 'node:http'
import type { KubeObject } from '../src/core/object.ts'
import { sendJson, sendStatus, startServer, type TestServer } from './http-server.ts'

export interface Thing extends KubeObject {
  metadata: { name: string; namespace: string; resourceVersion: string; uid: string; managedFields?: unknown }
  value: string
}

interface HistoryEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED'
  version: number
  object: Thing
}

interface Watch {
  response: ServerResponse
  /** 'silent': connected, and nothing is ever sent again: what a half-open connection looks like. */
  state: 'live' | 'silent'
}

/** How the next requests are answered; each entry serves one request, then all is normal again. */
export type Fault = (response: ServerResponse, kind: 'list' | 'watch') => 'answered' | 'normal'

export interface WatchServer {
  readonly http: TestServer
  readonly faults: Fault[]
  /** Queries of the LIST and WATCH requests so far. */
  readonly lists: URLSearchParams[]
  readonly watches: URLSearchParams[]
  readonly openWatches: number
  readonly objects: ReadonlyMap<string, Thing>
  put(name: string, value: string): void
  remove(name: string): void
  bookmark(): void
  /** Forgets history: versions older than now are gone. Also for list pages under way. */
  compact(): void
  /** Breaks every watch without an end. */
  resetWatches(): void
  /** Ends every watch in its time. */
  endWatches(): void
  /** Every watch stays connected and hears nothing any more. */
  silenceWatches(): void
  /** Sends raw text on every watch, and breaks it. */
  breakOff(text: string): void
  /** Sends one ERROR event with a Status and ends; on silent watches too. */
  errorEvent(code: number, reason: string): void
  close(): Promise<void>
}

/** Serves `/api/v1/configmaps` (any namespace) with `pageObjects` per page at most. */
export async function startWatchServer(pageObjects = 3): Promise<WatchServer> {
  let version = 100
  let oldest = 100
  const objects = new Map<string, Thing>()
  const history: HistoryEvent[] = []
  const open = new Set<Watch>()
  const faults: Fault[] = []
  const lists: URLSearchParams[] = []
  const watches: URLSearchParams[] = []

  function tell(event: HistoryEvent): void {
    history.push(event)
    for (const watch of open) if (watch.state === 'live') watch.response.write(line(event.type, event.object))
  }

  function change(name: string, value: string): void {
    version += 1
    const old = objects.get(name)
    const uid = old?.metadata.uid ?? `uid-${String(version)}`
    const metadata = { name, namespace: 'n', resourceVersion: String(version), uid, managedFields: [{ big: true }] }
    const object: Thing = { kind: 'ConfigMap', apiVersion: 'v1', metadata, value }
    objects.set(name, object)
    tell({ type: old === undefined ? 'ADDED' : 'MODIFIED', version, object })
  }

  function remove(name: string): void {
    const old = objects.get(name)
    if (old === undefined) return
    version += 1
    objects.delete(name)
    tell({
      type: 'DELETED',
      version,
      object: { ...old, metadata: { ...old.metadata, resourceVersion: String(version) } },
    })
  }

  function list(query: URLSearchParams, response: ServerResponse): void {
    const limit = Math.min(Number(query.get('limit') ?? Infinity), query.has('limit') ? pageObjects : Infinity)
    const [atText = String(version), fromText = '0'] = query.get('continue')?.split(':') ?? []
    const at = Number(atText)
    if (at < oldest) {
      sendStatus(response, 410, 'Expired')
      return
    }
    const all = objectsAt(at)
    const from = Number(fromText)
    const items = all.slice(from, from + limit).map(({ kind: _kind, apiVersion: _apiVersion, ...item }) => item)
    const more = from + limit < all.length ? { continue: `${String(at)}:${String(from + limit)}` } : {}
    sendJson(response, { kind: 'ConfigMapList', metadata: { resourceVersion: String(at), ...more }, items })
  }

  /** The objects as they were at a version: the ones of now with the newer history undone. */
  function objectsAt(at: number): Thing[] {
    const then = new Map<string, Thing>()
    for (const event of history) {
      if (event.version > at) break
      if (event.type === 'DELETED') then.delete(event.object.metadata.name)
      else then.set(event.object.metadata.name, event.object)
    }
    return [...then.values()]
  }

  function watch(query: URLSearchParams, response: ServerResponse): void {
    const from = Number(query.get('resourceVersion'))
    if (from < oldest) {
      sendStatus(response, 410, 'Expired')
      return
    }
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
    for (const event of history) if (event.version > from) response.write(line(event.type, event.object))
    const one: Watch = { response, state: 'live' }
    open.add(one)
    response.on('close', () => open.delete(one))
  }

  /** No event goes to a watch after its end. */
  function end(watches: Watch[], how: (response: ServerResponse) => void): void {
    for (const one of watches) {
      open.delete(one)
      how(one.response)
    }
  }

  const live = (): Watch[] => [...open].filter(one => one.state === 'live')

  const http = await startServer((request, response) => {
    const query = new URL(request.url ?? '', 'http://x').searchParams
    const kind = query.has('watch') ? 'watch' : 'list'
    ;(kind === 'watch' ? watches : lists).push(query)
    if (faults.shift()?.(response, kind) === 'answered') return
    if (kind === 'watch') watch(query, response)
    else list(query, response)
  })

  return {
    http,
    faults,
    lists,
    watches,
    get openWatches() {
      return open.size
    },
    objects,
    put: change,
    remove,
    bookmark: () => {
      const object = { metadata: { resourceVersion: String(version) } }
      for (const one of live()) one.response.write(line('BOOKMARK', object))
    },
    compact: () => {
      version += 1
      oldest = version
    },
    resetWatches: () => end([...open], response => response.destroy()),
    endWatches: () => end(live(), response => response.end()),
    silenceWatches: () => {
      for (const one of open) one.state = 'silent'
    },
    breakOff: text =>
      end(live(), response => {
        response.write(text)
        setImmediate(() => response.destroy())
      }),
    errorEvent: (code, reason) => {
      const status = { kind: 'Status', status: 'Failure', code, reason, message: reason }
      end([...open], response => response.end(line('ERROR', status)))
    },
    close: () => http.close(),
  }
}

function line(type: string, object: object): string {
  return `${JSON.stringify({ type, object })}\n`
}
