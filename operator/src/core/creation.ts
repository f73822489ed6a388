// Creates the pod of a session that never had one. Its name follows from the session, so creating it twice makes one.
import type { Refusal, SessionView } from './observed.ts'
import { podFor, podName } from './pod.ts'
import { backoffMs } from './time.ts'
import type { Step } from './verdict.ts'

/** Milliseconds between tries of a pod the API server refused: the first wait, and the longest. */
const RETRY_MS_MIN = 1000
const RETRY_MS_MAX = 30_000

export const podCreated: Step = input => {
  const { session, pod, memory, nowMs } = input
  if (pod.kind === 'ours') return undefined
  if (pod.kind === 'foreign') {
    const name = podName(session)
    const message = `The pod ${name} belongs to somebody else, and this session needs the name. Delete it: kubectl -n ${session.namespace} delete pod ${name}`
    return { kind: 'waiting', reason: 'PodNameTaken', message }
  }
  const refusal = memory.podRefusal
  const retryAtMs = refusal ? refusal.atMs + backoffMs(refusal.count - 1, RETRY_MS_MIN, RETRY_MS_MAX) : nowMs
  const due = nowMs >= retryAtMs
  return {
    kind: 'waiting',
    ...explanation(session, refusal),
    actions: due ? [{ kind: 'createPod', pod: podFor(input) }] : [],
    // Until the watch shows the pod there is nothing to wait for but its event; a refused try is repeated.
    ...(!due && { wakeAtMs: retryAtMs }),
  }
}

interface Wait {
  reason: 'PodPending' | 'QuotaExceeded' | 'PodRejected'
  message: string
}

function explanation(session: SessionView, refusal: Refusal | undefined): Wait {
  if (!refusal) return { reason: 'PodPending', message: 'The pod is being created.' }
  if (refusal.kind === 'quota') {
    return {
      reason: 'QuotaExceeded',
      message: `The namespace's ResourceQuota has no room for the pod: ${refusal.message}. End another session, or have the quota raised.`,
    }
  }
  return {
    reason: 'PodRejected',
    message: `The API server refused the pod: ${refusal.message}${remedyFor(session, refusal)}`,
  }
}

// The one refusal whose words do not say what to do: the class is fixed in the session, and its name is most often misspelt.
function remedyFor({ namespace, name, spec }: SessionView, { message }: Refusal): string {
  if (spec.runtimeClassName === undefined || !/RuntimeClass "[^"]*" not found/i.test(message)) return ''
  return (
    `. spec.runtimeClassName does not change: see which classes there are (kubectl get runtimeclasses), delete the session ` +
    `(kubectl -n ${namespace} delete tsess ${name}) and create another one.`
  )
}
