// Everything a reconcile may know: plain data, gathered once by edge/observe.ts. Nothing in core/ reads anything else.
import type { TerminalSessionSpec, TerminalSessionStatus } from '@cpc/crds'
import type { NetworkPolicy } from '@cpc/kube'

export interface SessionView {
  namespace: string
  name: string
  uid: string
  resourceVersion: string
  generation: number
  createdAtMs: number
  /** A deletion waits for a finalizer (foreground deletion). An ordinary deletion makes the session `absent` at once. */
  deleting: boolean
  spec: TerminalSessionSpec
  status: TerminalSessionStatus
}

export type ContainerState =
  { kind: 'waiting'; reason: string; message: string } | { kind: 'running' } | TerminatedState

export interface TerminatedState {
  kind: 'terminated'
  exitCode: number
  reason: string
  /** What the container wrote into its termination log: hostile. */
  message: string | undefined
  finishedAtMs: number | undefined
}

export interface ContainerView {
  name: string
  image: string
  state: ContainerState
  /** How the run before this one ended, if the container was restarted. */
  previous: TerminatedState | undefined
}

export interface PodView {
  name: string
  uid: string
  nodeName: string | undefined
  phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown'
  /** Reason and message the kubelet or a controller gave for the pod as a whole, such as DeadlineExceeded or Evicted. */
  reason: string | undefined
  message: string | undefined
  /** Somebody deleted it; its containers are being ended. */
  terminating: boolean
  /** Why the pod is being removed, if whoever removes it says so: eviction, preemption, a lost node. */
  disruption: string | undefined
  ready: boolean
  /** Set while no node was found for it. */
  unscheduled: { reason: string; message: string } | undefined
  startedAtMs: number | undefined
  activeDeadlineSeconds: number | undefined
  /** Init containers first. Empty until the kubelet has reported. */
  containers: readonly ContainerView[]
}

export type PodObservation =
  | { kind: 'none' }
  | { kind: 'ours'; pod: PodView }
  /** A pod with the name of ours that belongs to somebody else. */
  | { kind: 'foreign' }

export interface NodeView {
  name: string
  schedulable: boolean
  /** Names of the runtime handlers that can give a pod a user namespace of its own; '' is the default handler. */
  userNamespaceHandlers: readonly string[]
}

export interface NamespaceView {
  name: string
  labels: Readonly<Record<string, string>>
}

/** A call the API server refused for a reason that trying again at once does not cure. */
export interface Refusal {
  atMs: number
  /** Refusals in a row. */
  count: number
  kind: 'quota' | 'rejected'
  message: string
}

/** What `holder status` said, or why it said nothing. */
export type HolderAnswer =
  | { kind: 'status'; shell: 'waiting' | 'running' | 'exited'; claimed: boolean; idleDeadlineMs: number | null }
  | { kind: 'failed'; message: string }

/** What the holder of one pod said last. */
export interface HeardHolder {
  podUid: string
  atMs: number
  /** Questions so far. */
  count: number
  answer: HolderAnswer
  /** Since when it does not answer; absent if it did the last time. */
  silentSinceMs?: number
}

/**
 * What this process remembers of its own calls for one session. It is lost with the process, and that is fine: every entry only saves a
 * repetition or explains a wait, none of them decides what is true.
 */
export interface Memory {
  podRefusal?: Refusal
  policyRefusal?: Refusal
  /** A fresh read found no pod with this uid. */
  podGone?: { podUid: string }
  holder?: HeardHolder
  /** The final deadline was set on this pod; the cache may not show it yet. */
  deadlineLowered?: { podUid: string }
  /** A fresh read found no session with the uid this memory is kept for. */
  sessionGone?: true
  /** The holder was asked to end; `ok` is false if the exec failed. */
  endAsked?: { podUid: string; ok: boolean }
}

export interface ObservedSession {
  kind: 'present'
  session: SessionView
  namespace: NamespaceView | undefined
  policies: readonly NetworkPolicy[]
  pod: PodObservation
  nodes: readonly NodeView[]
  /** Whether a pod that exists runs its shell under this uid. */
  isUidTaken: (uid: number) => boolean
  memory: Memory
}

/** A pod that says it belongs to a session of this name, and what is remembered for that session. */
export interface Orphan {
  pod: PodView
  sessionUid: string
  memory: Memory
}

/** The cache has no session of this name; pods that say they are its own may still be there. */
export interface ObservedAbsence {
  kind: 'absent'
  namespace: string
  name: string
  orphans: readonly Orphan[]
  /** The session as it was last seen; present once, right after the deletion was seen. */
  lastSeen: SessionView | undefined
}

export type Observed = ObservedSession | ObservedAbsence

/** What the operator was configured with, as far as decisions depend on it. */
export interface Settings {
  /** Image of the holder, and of the shell unless the session names another. */
  sandboxImage: string
  /** ServiceAccount of the pods: without bindings, its token is not mounted. */
  serviceAccountName: string
  /** A short, stable digest of a text, for fingerprints. */
  digest: (text: string) => string
}
