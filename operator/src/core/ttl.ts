// After the end: the pod goes, and after ttlSecondsAfterFinished the session itself.
import type { Action } from './plan.ts'
import { parseTime } from './time.ts'
import type { Step } from './verdict.ts'

export const finished: Step = ({ session, pod, nowMs }) => {
  const { phase, endedAt } = session.status
  if (phase !== 'Ended' && phase !== 'Failed') return undefined
  const actions: Action[] = []
  // Only now, with the end on record: until then the pod is the only witness of it.
  if (pod.kind === 'ours' && !pod.pod.terminating) {
    actions.push({ kind: 'deletePod', pod: { name: pod.pod.name, uid: pod.pod.uid } })
  }
  const goneAtMs = (parseTime(endedAt) ?? nowMs) + session.spec.ttlSecondsAfterFinished * 1000
  if (session.deleting) return { kind: 'hold', actions }
  if (goneAtMs > nowMs) return { kind: 'hold', actions, wakeAtMs: goneAtMs }
  return { kind: 'hold', actions: [...actions, { kind: 'deleteSession', uid: session.uid }] }
}
