// The hard lifetime. The kubelet enforces it by the pod's activeDeadlineSeconds, even when all of ours is down; the operator asks the holder a
// moment earlier, so that the end is an orderly one.
import type { TerminalSessionSpec } from '@cpc/crds'
import { START_TIMEOUT_SECONDS } from './start-timeout.ts'
import type { PodView } from './observed.ts'
import { podOf, wasReady, type Step } from './verdict.ts'

/** Milliseconds the holder gets before the kubelet ends the pod. */
export const ORDERLY_END_LEAD_MS = 2000
/** Milliseconds after the deadline at which the pod is deleted, should neither holder nor kubelet have ended it. */
const KUBELET_OVERDUE_MS = 30_000

/**
 * Deadline of a pod that is created for its session: the lifetime, and the longest the start may take. It is lowered once the pod is ready, so
 * that the lifetime counts from there; a pod that is never lowered ends all the same.
 */
export function deadlineAtCreation(spec: TerminalSessionSpec): number {
  return START_TIMEOUT_SECONDS + spec.maxLifetimeSeconds
}

/** The deadline counts from the pod's start: its age now, and the lifetime. Always below the one at creation. */
export function deadlineFrom(spec: TerminalSessionSpec, startedAtMs: number, nowMs: number): number {
  const ageSeconds = Math.max(0, Math.ceil((nowMs - startedAtMs) / 1000))
  return Math.min(ageSeconds + spec.maxLifetimeSeconds, deadlineAtCreation(spec) - 1)
}

/** When the kubelet will end the pod, once its deadline is the final one. */
export function expiryOf(spec: TerminalSessionSpec, pod: PodView): number | undefined {
  const { startedAtMs, activeDeadlineSeconds } = pod
  if (startedAtMs === undefined || activeDeadlineSeconds === undefined) return undefined
  return activeDeadlineSeconds < deadlineAtCreation(spec) ? startedAtMs + activeDeadlineSeconds * 1000 : undefined
}

/** Words for an end by lifetime. */
export function lifetimeMessage(spec: TerminalSessionSpec): string {
  return `The session lived its ${spec.maxLifetimeSeconds} s (spec.maxLifetimeSeconds).`
}

export const lifetimeOver: Step = input => {
  const { session, memory, nowMs } = input
  const pod = podOf(input)
  const expiresAtMs = pod && wasReady(input, pod) ? expiryOf(session.spec, pod) : undefined
  if (!pod || expiresAtMs === undefined || nowMs < expiresAtMs - ORDERLY_END_LEAD_MS) return undefined
  const ref = { name: pod.name, uid: pod.uid }
  const ending = {
    kind: 'ending',
    cause: { reason: 'Lifetime', message: lifetimeMessage(session.spec) },
  } as const
  const overdueAtMs = expiresAtMs + KUBELET_OVERDUE_MS
  if (nowMs >= overdueAtMs) return { ...ending, actions: [{ kind: 'deletePod', pod: ref }] }
  const asked = memory.endAsked?.podUid === pod.uid
  return {
    ...ending,
    actions: asked ? [] : [{ kind: 'endHolder', pod: ref, reason: 'Lifetime' }],
    wakeAtMs: overdueAtMs,
  }
}
