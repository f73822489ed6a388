// A pod that status knows and the cache does not is either lost or not yet in the cache. Only a fresh read tells, so one is made before the
// session is declared lost.
import { REASONS, type Reason } from '@cpc/crds'
import type { SessionView } from './observed.ts'
import { outcomeOf, podOf, type Cause, type End, type Step } from './verdict.ts'

/** Milliseconds until the cache is looked at again if the fresh read did find the pod. */
const CACHE_WAIT_MS = 1000

export const podLost: Step = input => {
  const { session, pod, memory, nowMs } = input
  const { podUID: uid, podName: name } = session.status
  if (uid === undefined || name === undefined || podOf(input)) return undefined
  if (memory.podGone?.podUid === uid) return { kind: 'over', end: lossOf(session, nowMs) }
  // A second pod of the session, made from a stale cache: nobody was ever attached to it.
  const stray = pod.kind === 'ours' && !pod.pod.terminating
  return {
    kind: 'hold',
    actions: [
      ...(stray ? [{ kind: 'deletePod' as const, pod: { name: pod.pod.name, uid: pod.pod.uid } }] : []),
      { kind: 'lookUpPod', pod: { name, uid } },
    ],
    wakeAtMs: nowMs + CACHE_WAIT_MS,
  }
}

function lossOf({ status }: SessionView, nowMs: number): End {
  const known = status.phase === 'Ending' ? endReason(status.reason) : undefined
  if (known) return { reason: known, outcome: outcomeOf(known), message: status.message ?? '', endedAtMs: nowMs }
  const where = status.nodeName === undefined ? '' : ` on node ${status.nodeName}`
  const message =
    `The pod ${status.podName ?? ''}${where} is gone, and nothing says why: ` +
    'it was deleted, or lost with its node. Create a new session.'
  return { reason: 'PodLost', outcome: 'Failed', message, endedAtMs: nowMs }
}

// An end that was on record before the pod went is the reason; that it went is then only its consequence.
function endReason(reason: string | undefined): Cause['reason'] | undefined {
  if (reason === undefined || !Object.hasOwn(REASONS, reason)) return undefined
  const { kind } = REASONS[reason as Reason]
  return kind === 'ended' || kind === 'failed' ? (reason as Cause['reason']) : undefined
}
