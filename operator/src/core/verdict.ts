// What one step of reconcile.ts concludes about a session, and the small helpers the steps share.
import { REASONS, type EndedReason, type FailedReason, type WaitingReason } from '@cpc/crds'
import type { ObservedSession, PodView, Settings } from './observed.ts'
import type { Action } from './plan.ts'

/** Why a session ends. */
export interface Cause {
  reason: EndedReason | FailedReason
  message: string
  exitCode?: number
  unfetchedRecords?: number
}

/** How, why and when a session ended. One that never became ready keeps the reason it was waiting for. */
export interface End extends Omit<Cause, 'reason'> {
  reason: Cause['reason'] | WaitingReason
  outcome: 'Ended' | 'Failed'
  endedAtMs: number
}

interface Common {
  actions?: Action[]
  /** Look again at this time. */
  wakeAtMs?: number
}

export type Verdict =
  /** The status stays as it is. */
  | ({ kind: 'hold' } & Common)
  | ({ kind: 'waiting'; reason: WaitingReason; message: string } & Common)
  | ({ kind: 'ready'; expiresAtMs: number } & Common)
  | ({ kind: 'ending'; cause: Cause } & Common)
  | ({ kind: 'over'; end: End } & Common)

export interface Input extends ObservedSession {
  settings: Settings
  nowMs: number
}

/** Concludes if the session stands at this step; undefined if it is past it. */
export type Step = (input: Input) => Verdict | undefined

/** The pod of the session that status speaks of, or the only one if status does not know it yet. */
export function podOf(input: ObservedSession): PodView | undefined {
  if (input.pod.kind !== 'ours') return undefined
  const known = input.session.status.podUID
  return known === undefined || known === input.pod.pod.uid ? input.pod.pod : undefined
}

/** Whether this pod was found attachable before: its holder need not be asked again. */
export function wasReady(input: ObservedSession, pod: PodView): boolean {
  return input.session.status.readyAt !== undefined && input.session.status.podUID === pod.uid
}

/** Ended as intended, or Failed: the table of reasons says which. */
export function outcomeOf(reason: Cause['reason']): End['outcome'] {
  return REASONS[reason].kind === 'ended' ? 'Ended' : 'Failed'
}
