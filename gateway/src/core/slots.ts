// Who has which of an owner's slots (G60 to G62): what a Lease says, judged against the session it names.
import { APP_NAME, GROUP, type TerminalSession } from '@cpc/crds'
import { slotOf } from './create-request.ts'
import { SESSION_LIMITS } from './limits/sessions.ts'
import { isOver } from './session-view.ts'

/** A Lease of coordination.k8s.io/v1, the parts we use. Times are RFC 3339. */
export interface Lease {
  apiVersion?: string
  kind?: string
  metadata: {
    name: string
    namespace?: string
    uid?: string
    resourceVersion?: string
    labels?: Record<string, string>
    annotations?: Record<string, string>
    ownerReferences?: { apiVersion: string; kind: string; name: string; uid: string }[]
  }
  spec?: { holderIdentity?: string; acquireTime?: string }
}

/** Label of every slot Lease, so that people can list them. */
export const LABEL_SLOT = `${GROUP}/slot`

/** Name of slot `n` of an owner. @param ownerDigest hex SHA-256 of the owner */
export function slotName(ownerDigest: string, n: number): string {
  return `slot-${ownerDigest.slice(0, SESSION_LIMITS.SLOT_OWNER_HASH_CHARS)}-${n}`
}

/** Slot numbers in the order they are worth trying: those no live session of the owner is known to have come first. */
export function slotOrder(max: number, owned: readonly TerminalSession[]): number[] {
  const taken = new Set(owned.filter(session => !isOver(session)).map(slotOf))
  const numbers = Array.from({ length: max }, (_, n) => n)
  return [...numbers.filter(n => !taken.has(n)), ...numbers.filter(n => taken.has(n))]
}

/** The Lease that takes a slot for a session that is about to be made. @param nowMs since the epoch */
export function slotLease(name: string, sessionName: string, nowMs: number): Lease {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name,
      labels: { [LABEL_SLOT]: 'true', 'app.kubernetes.io/part-of': APP_NAME, 'app.kubernetes.io/component': 'gateway' },
    },
    spec: acquisition(sessionName, nowMs),
  }
}

/** That a Lease is taken for a session. MicroTime has six digits. @param nowMs since the epoch */
export function acquisition(sessionName: string, nowMs: number): NonNullable<Lease['spec']> {
  return { holderIdentity: sessionName, acquireTime: new Date(nowMs).toISOString().replace('Z', '000Z') }
}

/** `fresh` in the place of a Lease that is free; `resourceVersion` makes the replacement fail if somebody was faster. */
export function takenOver(lease: Lease, fresh: Lease): Lease {
  const { namespace, resourceVersion } = lease.metadata
  const kept = {
    ...(namespace === undefined ? {} : { namespace }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  }
  return { ...fresh, metadata: { ...fresh.metadata, ...kept } }
}

/** `ours`: the same session is being made by another replica, in this slot (G7). */
export type SlotVerdict = 'taken' | 'free' | 'ours'

/** The session that needs a slot, and the slot that is looked at. */
export interface SlotWish {
  owner: string
  sessionName: string
  slot: number
  /** Since the epoch. */
  nowMs: number
}

/**
 * Whether a slot that has a Lease is free (G61).
 * @param named the session whose name the Lease holds, or undefined if there is none
 */
export function slotVerdict(lease: Lease, named: TerminalSession | undefined, wish: SlotWish): SlotVerdict {
  if (named?.spec.owner === wish.owner && slotOf(named) === wish.slot) return isOver(named) ? 'free' : 'taken'
  if (!mayStillBeMade(lease, wish.nowMs)) return 'free'
  return lease.spec?.holderIdentity === wish.sessionName ? 'ours' : 'taken'
}

/** A Lease without an owner reference whose session nobody has seen: somebody may be just making it. */
export function mayStillBeMade(lease: Lease, nowMs: number): boolean {
  if ((lease.metadata.ownerReferences ?? []).length > 0) return false
  const acquiredMs = Date.parse(lease.spec?.acquireTime ?? '')
  return !Number.isNaN(acquiredMs) && nowMs - acquiredMs < SESSION_LIMITS.SLOT_PENDING_MS
}
