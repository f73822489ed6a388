// Deletion of a TerminalSession. There is no finalizer: the pod belongs to the session by owner reference and goes with it. The operator only
// makes the end orderly and visible, and removes a pod that was left behind on purpose (`--cascade=orphan`).
import type { Memory, ObservedAbsence, PodView } from './observed.ts'
import type { Action, Plan } from './plan.ts'
import type { Step } from './verdict.ts'

/** A session that is being deleted in the foreground: still there, waiting for its pod to go. */
export const beingDeleted: Step = ({ session, pod, memory }) => {
  if (!session.deleting) return undefined
  const actions = pod.kind === 'ours' ? endPod(pod.pod, memory) : []
  return {
    kind: 'ending',
    cause: { reason: 'Deleted', message: 'The session was deleted; its pod ends with it.' },
    actions,
  }
}

/** A session that is not in the cache. Its pods go with it, unless only the cache says that it is gone: then it is looked up first. */
export function afterDeletion({ orphans, lastSeen }: ObservedAbsence): Plan {
  const actions: Action[] = orphans
    .filter(({ pod }) => !pod.terminating)
    .flatMap(({ pod, sessionUid, memory }) =>
      lastSeen?.uid === sessionUid || memory.sessionGone
        ? endPod(pod, memory)
        : [{ kind: 'lookUpSession', uid: sessionUid }],
    )
  const announced = lastSeen?.deleting === true
  const wasOver = lastSeen?.status.phase === 'Ended' || lastSeen?.status.phase === 'Failed'
  if (lastSeen && !announced && !wasOver) {
    const note = 'The session was deleted; its pod ends with it.'
    const event = { type: 'Normal', reason: 'Deleted', action: 'EndSession', note } as const
    actions.unshift({ kind: 'recordEvent', uid: lastSeen.uid, event })
  }
  return { actions, requeueAfterMs: undefined }
}

function endPod(pod: PodView, memory: Memory): Action[] {
  if (pod.terminating) return []
  const ref = { name: pod.name, uid: pod.uid }
  const askable = pod.phase === 'Running' && memory.endAsked?.podUid !== pod.uid
  const orderly: Action[] = askable ? [{ kind: 'endHolder', pod: ref, reason: 'Deleted' }] : []
  return [...orderly, { kind: 'deletePod', pod: ref }]
}
