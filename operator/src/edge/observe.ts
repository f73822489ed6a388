// Gathers everything one reconcile may know, from the caches only.
import { parseObjectKey, type Pod, type Reflector } from '@cpc/kube'
import { podName } from '../core/pod.ts'
import type { Observed, ObservedAbsence, PodObservation, SessionView } from '../core/observed.ts'
import { isControlledBy, namespaceView, nodeView, podView, sessionOfPod, sessionView } from '../core/views.ts'
import { BY_SESSION, BY_SHELL_UID, type Caches, type NamespaceCaches } from './caches.ts'
import type { MemoryBook } from './memory-book.ts'
import type { OwnWrites } from './own-writes.ts'

export type Observe = (key: string) => Observed

/** @returns a function from a session's key (`namespace/name`) to what is known about it */
export function createObserver(caches: Caches, memory: MemoryBook, ownWrites: OwnWrites): Observe {
  return key => {
    const { namespace = '', name } = parseObjectKey(key)
    const own = caches.byNamespace.get(namespace)
    if (!own) throw new Error(`the namespace ${namespace} is not watched (CPC_SESSION_NAMESPACES)`)
    const raw = own.sessions.store.get(key)
    if (!raw) return absence(own, { namespace, name }, memory)
    const session = sessionView(ownWrites.newest(raw))
    const namespaceObject = own.namespace.store.get(namespace)
    return {
      kind: 'present',
      session,
      namespace: namespaceObject && namespaceView(namespaceObject),
      policies: own.policies.store.list(),
      pod: podObservation(own.pods, session),
      nodes: caches.nodes.store.list().map(nodeView),
      isUidTaken: uid =>
        [...caches.byNamespace.values()].some(({ pods }) => pods.store.byIndex(BY_SHELL_UID, String(uid)).length > 0),
      memory: memory.read(session.uid),
    }
  }
}

function podObservation(pods: Reflector<Pod>, session: SessionView): PodObservation {
  const pod = pods.store.get(`${session.namespace}/${podName(session)}`)
  if (!pod) return { kind: 'none' }
  return isControlledBy(session.uid, pod) ? { kind: 'ours', pod: podView(pod) } : { kind: 'foreign' }
}

function absence(
  { pods }: NamespaceCaches,
  { namespace, name }: { namespace: string; name: string },
  memory: MemoryBook,
): ObservedAbsence {
  const orphans = pods.store.byIndex(BY_SESSION, name).flatMap(pod => {
    const sessionUid = sessionOfPod(pod)?.uid
    return sessionUid === undefined ? [] : [{ pod: podView(pod), sessionUid, memory: memory.read(sessionUid) }]
  })
  return { kind: 'absent', namespace, name, orphans, lastSeen: memory.lastSeen(`${namespace}/${name}`) }
}
