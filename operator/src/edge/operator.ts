// The running operator: caches feed a queue, workers reconcile its keys, a stop is orderly.
import type { TerminalSession } from '@cpc/crds'
import {
  createController,
  createWorkQueue,
  objectKey,
  type Controller,
  type EventRecorder,
  type KubeClient,
  type KubeMetrics,
  type Logger,
} from '@cpc/kube'
import type { Registry } from 'prom-client'
import type { Observed, ObservedAbsence, Settings } from '../core/observed.ts'
import { reconcile } from '../core/reconcile.ts'
import { sessionOfPod, sessionView } from '../core/views.ts'
import { createApplier, type Applied, type Subject } from './apply.ts'
import { createCaches, type Caches, type NamespaceCaches } from './caches.ts'
import { createHolderExec } from './holder-exec.ts'
import { createMemoryBook, type MemoryBook } from './memory-book.ts'
import { createObserver } from './observe.ts'
import { createOwnWrites } from './own-writes.ts'
import { createSessionMetrics } from './session-metrics.ts'

const NAME = 'terminalsession'
/** Milliseconds between tries of a failing reconcile: the first, and the longest, so that an API server that comes back is noticed soon. */
const BACKOFF = { baseMs: 20, maxMs: 15_000 }
/** Milliseconds to wait for a cache that is behind; its watch event usually comes first. */
const STALE_CACHE_MS = 250
/** Milliseconds of one reconcile, an exec into a pod included. */
const RECONCILE_TIMEOUT_MS = 30_000

export interface OperatorOptions {
  client: KubeClient
  events: EventRecorder
  settings: Settings
  namespaces: readonly string[]
  workers: number
  registry: Registry
  metrics: KubeMetrics
  logger: Logger
}

export interface Operator {
  /** Fills the caches, then begins to reconcile. @throws the signal's reason if it fires first */
  start(signal: AbortSignal): Promise<void>
  isReady(): boolean
  /** Finishes what is queued, at most for `drainMs`, and stops watching. */
  stop(drainMs: number): Promise<void>
}

export function createOperator(options: OperatorOptions): Operator {
  const { client, logger, metrics, namespaces } = options
  const memory = createMemoryBook()
  const caches = createCaches({ client, namespaces, metrics, logger })
  const queue = createWorkQueue({ name: NAME, backoff: BACKOFF, metrics: metrics.workQueue(NAME) })
  const controller = createController({
    name: NAME,
    queue,
    reconcile: reconciler(options, caches, memory),
    workers: options.workers,
    reconcileTimeoutMs: RECONCILE_TIMEOUT_MS,
    logger,
    metrics: metrics.controller(NAME),
  })
  for (const own of caches.byNamespace.values()) watchNamespace(controller, own, memory)
  let state: 'starting' | 'running' | 'stopped' = 'starting'
  return {
    async start(signal) {
      for (const reflector of caches.all) reflector.start()
      await Promise.all(caches.all.map(reflector => reflector.waitForSync(signal)))
      controller.start()
      state = 'running'
    },
    isReady: () => state === 'running',
    async stop(drainMs) {
      state = 'stopped'
      const outcome = await controller.stop({ drainTimeoutMs: drainMs })
      await Promise.all(caches.all.map(reflector => reflector.stop()))
      logger.info({ outcome }, 'stopped')
    },
  }
}

function watchNamespace(controller: Controller, own: NamespaceCaches, memory: MemoryBook): void {
  own.sessions.subscribe(change => {
    if (change.type === 'deleted') memory.sawDeletion(change.key, sessionView(change.object))
  })
  controller.watch(own.sessions, ({ key }) => [key])
  controller.watch(own.pods, ({ object }) => {
    const session = sessionOfPod(object)
    return session ? [`${object.metadata?.namespace ?? ''}/${session.name}`] : []
  })
  // The namespace and its policies are a matter of every session that is not over.
  controller.watch(own.policies, () => unfinished(own))
  controller.watch(own.namespace, () => unfinished(own))
}

function unfinished({ sessions }: NamespaceCaches): string[] {
  return sessions.store.list().filter(isUnfinished).map(objectKey)
}

function isUnfinished({ status }: TerminalSession): boolean {
  return status?.phase !== 'Ended' && status?.phase !== 'Failed'
}

function reconciler(options: OperatorOptions, caches: Caches, memory: MemoryBook) {
  const { client, events, logger, registry, settings } = options
  const nowMs = () => Date.now()
  const ownWrites = createOwnWrites()
  const observe = createObserver(caches, memory, ownWrites)
  const onPhaseChange = createSessionMetrics(registry, () =>
    [...caches.byNamespace.values()].flatMap(({ sessions }) => sessions.store.list()),
  )
  const holder = createHolderExec(client.transport)
  const applier = createApplier({ client, holder, memory, ownWrites, events, logger, nowMs, onPhaseChange })
  return async (key: string, signal: AbortSignal) => {
    const observed = observe(key)
    const plan = reconcile(observed, settings, nowMs())
    const applied = await applier.apply(subjectOf(observed), plan, signal)
    if (observed.kind === 'absent') forgetSession(memory, key, observed)
    return requeueOf(applied, plan.requeueAfterMs)
  }
}

// The tombstone has been told of; what is remembered for the uids goes with the last pod.
function forgetSession(memory: MemoryBook, key: string, { lastSeen, orphans }: ObservedAbsence): void {
  const left = orphans.some(({ sessionUid }) => sessionUid === lastSeen?.uid)
  memory.forget(key, left ? undefined : lastSeen?.uid)
}

function requeueOf(applied: Applied, plannedMs: number | undefined) {
  const againMs = applied === 'observe-again' ? 0 : applied === 'stale' ? STALE_CACHE_MS : undefined
  const afterMs = Math.min(againMs ?? Infinity, plannedMs ?? Infinity)
  return afterMs === Infinity ? {} : { requeueAfterMs: afterMs }
}

function subjectOf(observed: Observed): Subject {
  if (observed.kind === 'absent') {
    const { namespace, name, lastSeen } = observed
    return { namespace, name, uid: lastSeen?.uid, resourceVersion: undefined }
  }
  const { namespace, name, uid, resourceVersion } = observed.session
  return { namespace, name, uid, resourceVersion }
}
