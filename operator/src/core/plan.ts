// What a reconcile decides: actions as data, in order. edge/apply.ts performs them; tests read them.
import type { TerminalSessionStatus } from '@cpc/crds'
import type { NetworkPolicy, Pod } from '@cpc/kube'

/** Names one pod for good: a pod of the same name that came later has another uid. */
export interface PodRef {
  name: string
  uid: string
}

export interface EventNote {
  type: 'Normal' | 'Warning'
  reason: string
  action: string
  note: string
}

export type Action =
  /** Creates the policy, or replaces the one whose resourceVersion was observed. */
  | { kind: 'putNetworkPolicy'; policy: NetworkPolicy }
  | { kind: 'createPod'; pod: Pod }
  /** Sets activeDeadlineSeconds, which the API server only lets be lowered. */
  | { kind: 'lowerDeadline'; pod: PodRef; activeDeadlineSeconds: number }
  /** exec `holder status`; the answer is remembered. */
  | { kind: 'askHolder'; pod: PodRef }
  /** exec `holder end`; waits until the holder has closed. Failure is remembered, not thrown. */
  | { kind: 'endHolder'; pod: PodRef; reason: 'Deleted' | 'Lifetime' }
  /** Reads the pod past the cache; that it is gone is remembered. */
  | { kind: 'lookUpPod'; pod: PodRef }
  /** Reads the session past the cache; that none with this uid exists is remembered. */
  | { kind: 'lookUpSession'; uid: string }
  | { kind: 'deletePod'; pod: PodRef }
  | { kind: 'deleteSession'; uid: string }
  /** The whole status, at most once in a plan. */
  | { kind: 'writeStatus'; before: TerminalSessionStatus; after: TerminalSessionStatus }
  | { kind: 'recordEvent'; uid: string; event: EventNote }

export interface Plan {
  actions: Action[]
  /** Look again after this time even if nothing changes. */
  requeueAfterMs: number | undefined
}
