// Which sessions there are: a watch cache, and one read from the API server where the cache cannot be right (G5).
import { API_VERSION, GROUP, type TerminalSession, VERSION } from '@cpc/crds'
import {
  type KubeClient,
  type Logger,
  type Reflector,
  type ReflectorOptions,
  createReflector,
  defineResource,
  isNotFound,
} from '@cpc/kube'
import { ANNOTATION_IDEMPOTENCY_KEY } from '../core/create-request.ts'
import { HTTP_LIMITS } from '../core/limits/http.ts'
import { attachability, isOver, newestFirst } from '../core/session-view.ts'

export const SESSIONS = defineResource<TerminalSession>({
  group: GROUP,
  version: VERSION,
  plural: 'terminalsessions',
  kind: 'TerminalSession',
  scope: 'namespaced',
})
export const SESSION_KIND = { apiVersion: API_VERSION, kind: 'TerminalSession' } as const

export interface SessionDirectory {
  start(): void
  stop(): Promise<void>
  hasSynced(): boolean
  /** Sessions of an owner, newest first, from the cache. */
  listOwned(owner: string): TerminalSession[]
  /** Sessions that were made with an Idempotency-Key, from the cache. @param keyDigest of owner and key */
  listKeyed(keyDigest: string): TerminalSession[]
  /** From the cache; if it has none, from the API server. @throws ApiError, TransportError */
  find(name: string): Promise<TerminalSession | undefined>
  /** As `find`, and also asks the API server when the cached session could not be attached to. */
  findAttachable(name: string): Promise<TerminalSession | undefined>
  /** The session once it satisfies `done`, or as it is when the time is over, or at once when too many wait. */
  waitFor(session: TerminalSession, done: (session: TerminalSession) => boolean, ms: number): Promise<TerminalSession>
  /** Calls back once for each session that ends or goes. */
  onOver(listener: (uid: string, message: string) => void): void
}

export interface DirectoryOptions {
  client: KubeClient
  namespace: string
  logger: Logger
  metrics?: ReflectorOptions<TerminalSession>['metrics']
}

export function createSessionDirectory(options: DirectoryOptions): SessionDirectory {
  const { client, namespace, logger, metrics } = options
  const reflector: Reflector<TerminalSession> = createReflector({
    client,
    resource: SESSIONS,
    namespace,
    indexers: { byOwner: session => [session.spec.owner], byKey: keysOf },
    logger,
    ...(metrics ? { metrics } : {}),
  })
  let waiters = 0
  const cached = (name: string) => reflector.store.get(`${namespace}/${name}`)
  const read = async (name: string) => {
    try {
      return await client.get(SESSIONS, { namespace, name }, { timeoutMs: HTTP_LIMITS.CLUSTER_CALL_TIMEOUT_MS })
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }
  return {
    start: () => reflector.start(),
    stop: () => reflector.stop(),
    hasSynced: () => reflector.hasSynced(),
    listOwned: owner => reflector.store.byIndex('byOwner', owner).sort(newestFirst),
    listKeyed: keyDigest => reflector.store.byIndex('byKey', keyDigest),
    find: async name => cached(name) ?? (await read(name)),
    findAttachable: async name => {
      const known = cached(name)
      return known && attachability(known).kind === 'attachable' ? known : read(name)
    },
    waitFor: async (session, done, ms) => {
      if (waiters >= HTTP_LIMITS.CREATE_WAITERS_MAX) return session
      waiters += 1
      return waitFor(reflector, session, done, ms).finally(() => (waiters -= 1))
    },
    onOver: listener => {
      reflector.subscribe(change => {
        const before = change.type === 'updated' ? change.old : change.object
        const replaced = change.type === 'updated' && change.old.metadata.uid !== change.object.metadata.uid
        if (change.type === 'deleted' || replaced) listener(uidOf(before), 'The session was deleted.')
        else if (isOver(change.object)) listener(uidOf(change.object), overMessage(change.object))
      })
    },
  }
}

function waitFor(
  reflector: Reflector<TerminalSession>,
  session: TerminalSession,
  done: (session: TerminalSession) => boolean,
  ms: number,
): Promise<TerminalSession> {
  const { uid } = session.metadata
  const key = `${session.metadata.namespace ?? ''}/${session.metadata.name}`
  let latest = reflector.store.get(key)
  if (latest?.metadata.uid !== uid || latest === undefined) latest = session
  if (ms <= 0 || done(latest)) return Promise.resolve(latest)
  return new Promise(resolve => {
    let last = latest
    const finish = () => {
      clearTimeout(timer)
      unsubscribe()
      resolve(last)
    }
    const timer = setTimeout(finish, ms)
    const unsubscribe = reflector.subscribe(change => {
      if (change.object.metadata.uid !== uid) return
      last = change.object
      if (change.type === 'deleted' || done(last)) finish()
    })
  })
}

function keysOf(session: TerminalSession): string[] {
  const keyDigest = session.metadata.annotations?.[ANNOTATION_IDEMPOTENCY_KEY]
  return keyDigest === undefined ? [] : [keyDigest]
}

function uidOf(session: TerminalSession): string {
  return session.metadata.uid ?? ''
}

function overMessage(session: TerminalSession): string {
  const { reason, message } = session.status ?? {}
  if (session.metadata.deletionTimestamp !== undefined) return 'The session was deleted.'
  return `The session is over: ${reason ?? 'ended'}${message === undefined || message === '' ? '.' : `: ${message}`}`
}
