// Every reason a TerminalSession can show, what it means and what to do. The operator, the gateway and the docs read this table.

/** When a reason is shown. `waiting`: not attachable yet. `ended`, `failed`: for good. */
export type ReasonKind = 'ready' | 'waiting' | 'ended' | 'failed'

interface ReasonEntry {
  kind: ReasonKind
  meaning: string
  remedy: string
}

const NOTHING = 'Nothing: it passes by itself.'

export const REASONS = {
  ShellRunning: {
    kind: 'ready',
    meaning: 'The shell runs and its idle clock runs.',
    remedy: 'Attach: `cpc attach NAME`.',
  },

  NamespaceNotProtected: {
    kind: 'waiting',
    meaning: 'The namespace does not enforce Pod Security "restricted", so no pod is created in it.',
    remedy: 'Label it: `kubectl label namespace NS pod-security.kubernetes.io/enforce=restricted`.',
  },
  PolicyPending: {
    kind: 'waiting',
    meaning: "The namespace's default-deny NetworkPolicy is not in place yet; no pod is created before it is.",
    remedy: `${NOTHING} If it stays, the message says why the policy cannot be written.`,
  },
  NotIsolated: {
    kind: 'waiting',
    meaning: 'Another NetworkPolicy of the namespace allows traffic, so a pod in it would have a network.',
    remedy: 'Delete the policy the message names, or use another namespace for it.',
  },
  PodRejected: {
    kind: 'waiting',
    meaning: 'The API server refused the pod; the message carries its words. It is tried again, at most every 30 s.',
    remedy:
      'Do what the message says; the next try then succeeds. For an unknown RuntimeClass: `kubectl get runtimeclasses`, ' +
      'then delete the session and create another one.',
  },
  QuotaExceeded: {
    kind: 'waiting',
    meaning: "The namespace's ResourceQuota has no room for the pod.",
    remedy: 'End another session, or have the quota raised.',
  },
  PodNameTaken: {
    kind: 'waiting',
    meaning: "A pod that is not this session's has the name its pod must have.",
    remedy: 'Delete that pod.',
  },
  PodPending: { kind: 'waiting', meaning: 'The pod is being created, or waits for a node.', remedy: NOTHING },
  Unschedulable: {
    kind: 'waiting',
    meaning: 'No node can take the pod; the message carries the reasons of the scheduler.',
    remedy: 'Add a node, end other sessions, or ask for less in `spec.resources`.',
  },
  ContainersStarting: { kind: 'waiting', meaning: 'The containers are being started.', remedy: NOTHING },
  ImagePullBackOff: {
    kind: 'waiting',
    meaning: 'The image cannot be pulled; the message says what the registry answered.',
    remedy: 'Correct `spec.image` in a new session, or push the image, or give the nodes access to it.',
  },
  ErrImageNeverPull: {
    kind: 'waiting',
    meaning: 'The image is not on the node and must not be pulled.',
    remedy: 'Load the image onto the nodes.',
  },
  InvalidImageName: {
    kind: 'waiting',
    meaning: '`spec.image` is not an image reference.',
    remedy: 'Create the session again with a reference such as `registry.example/team/tools:1.2`.',
  },
  ContainerNotStarting: {
    kind: 'waiting',
    meaning: 'The node cannot start a container; the message carries its words.',
    remedy: 'Do what the message says.',
  },
  ShellStarting: { kind: 'waiting', meaning: 'The pod runs, the shell does not yet.', remedy: NOTHING },
  HolderNotAnswering: {
    kind: 'waiting',
    meaning: 'For 15 s the holder has not answered when asked through exec whether the shell runs.',
    remedy: `${NOTHING} If it stays, look at the pod named in status, and at the operator's log.`,
  },
  PodNotReady: {
    kind: 'waiting',
    meaning: 'The pod was ready and is not any more: its node does not answer.',
    remedy: `${NOTHING} If the node does not come back, the session ends with PodLost.`,
  },

  Idle: { kind: 'ended', meaning: 'Nobody typed for `idleTimeoutSeconds`.', remedy: 'Create a new session.' },
  Exited: {
    kind: 'ended',
    meaning: 'The shell ended by itself; see `status.exitCode`.',
    remedy: 'Create a new session. After 126 or 127 right at the start: check `spec.command`.',
  },
  Lifetime: { kind: 'ended', meaning: '`maxLifetimeSeconds` have passed.', remedy: 'Create a new session.' },
  Deleted: { kind: 'ended', meaning: 'The session was deleted.', remedy: 'Create a new session.' },

  OutOfMemory: {
    kind: 'failed',
    meaning: 'The session needed more memory than `spec.resources.memory`.',
    remedy: 'Create a session with more memory.',
  },
  PodLost: {
    kind: 'failed',
    meaning: 'The pod is gone: deleted, evicted, or lost with its node. The message says which, as far as is known.',
    remedy: 'Create a new session.',
  },
  HolderFailed: {
    kind: 'failed',
    meaning:
      'The holder, which keeps the terminal, ended without a valid report, or the terminal could not be installed beside ' +
      'the image; the message carries the last words.',
    remedy: 'Create a new session; report it if it comes back.',
  },
} as const satisfies Record<string, ReasonEntry>

/** A reason of `status.reason` and of the Ready condition. */
export type Reason = keyof typeof REASONS

type OfKind<K extends ReasonKind> = { [R in Reason]: (typeof REASONS)[R]['kind'] extends K ? R : never }[Reason]

export type WaitingReason = OfKind<'waiting'>
export type EndedReason = OfKind<'ended'>
export type FailedReason = OfKind<'failed'>
