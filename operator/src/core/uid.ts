// Which user the shell runs as. RLIMIT_NPROC counts per user of a user namespace: with a namespace of its own a pod's count is its own whatever
// the uid; without one, two pods with one uid would starve each other, so each session then has a uid nobody else has.
import type { NodeView } from './observed.ts'

/** nobody. Only ever used inside a user namespace. */
export const NOBODY = 65_534
/** The holder's uid, in every pod: it has no process limit, and shares nothing with other pods. Never the shell's. */
export const HOLDER_UID = 65_533
/** Above everything a distribution or a container image uses (16-bit uids, subordinate uids of logins). */
const UID_FIRST = 2 ** 30
/** Up to 2^31 - 1, the largest runAsUser. */
const UID_COUNT = 2 ** 30

export interface ShellIdentity {
  uid: number
  /** Whether the pod gets a user namespace of its own (`hostUsers: false`). */
  userNamespace: boolean
}

export interface IdentityQuestion {
  sessionUid: string
  /** Runtime class of the session; '' for the node's default runtime. */
  runtimeClass: string
  nodes: readonly NodeView[]
  isUidTaken: (uid: number) => boolean
}

/**
 * The shell's identity. A user namespace is used only if every node the pod could land on reports that its runtime can make one: an older runtime
 * ignores the request without a word, and the pod would run with a shared uid.
 */
export function shellIdentity({ sessionUid, runtimeClass, nodes, isUidTaken }: IdentityQuestion): ShellIdentity {
  const candidates = nodes.filter(node => node.schedulable)
  const everywhere =
    candidates.length > 0 && candidates.every(node => node.userNamespaceHandlers.includes(runtimeClass))
  if (everywhere) return { uid: NOBODY, userNamespace: true }
  return { uid: freeUid(sessionUid, isUidTaken), userNamespace: false }
}

// Starts at a place the session's own random uid decides, so that sessions created at one time do not ask for the same one.
function freeUid(sessionUid: string, isUidTaken: (uid: number) => boolean): number {
  const start = Number.parseInt(sessionUid.replaceAll('-', '').slice(0, 12), 16)
  const first = Number.isNaN(start) ? 0 : start % UID_COUNT
  for (let step = 0; step < UID_COUNT; step++) {
    const uid = UID_FIRST + ((first + step) % UID_COUNT)
    if (!isUidTaken(uid)) return uid
  }
  throw new Error('invariant violation: a billion pods exist at one time')
}
