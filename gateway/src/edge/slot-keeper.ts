// Takes and gives back an owner's slots as Leases (G60 to G62). The rules are in core/slots.ts; here they meet the API server.
import type { TerminalSession } from '@cpc/crds'
import { isAlreadyExists, isConflict, isNotFound } from '@cpc/kube'
import { HTTP_LIMITS } from '../core/limits/http.ts'
import { slotLease, slotName, slotOrder, slotVerdict, takenOver } from '../core/slots.ts'
import { type Claim, type ClaimContext, LEASES, bindClaim, giveBackClaim } from './claims.ts'
import { sha256Hex } from './digest.ts'
import type { SessionDirectory } from './session-directory.ts'

const CALL = { timeoutMs: HTTP_LIMITS.CLUSTER_CALL_TIMEOUT_MS }

/** A slot that was taken for a session. */
export interface Slot extends Claim {
  number: number
}

export interface SlotKeeper {
  /** A slot for a session about to be made; undefined when the owner has all taken. @throws ApiError, TransportError */
  take(owner: string, sessionName: string): Promise<Slot | undefined>
  /** Ties the slot to the session, so that the cluster removes it with the session. Never throws. */
  bind(slot: Slot, session: TerminalSession): Promise<void>
  /** After a creation that did not happen. Never throws: what stays is free after SLOT_PENDING_MS. */
  giveBack(slot: Slot): Promise<void>
}

export interface SlotKeeperOptions extends ClaimContext {
  directory: Pick<SessionDirectory, 'listOwned' | 'find'>
  slotsPerOwnerMax: number
  /** Since the epoch. */
  wallMs: () => number
}

export function createSlotKeeper(options: SlotKeeperOptions): SlotKeeper {
  return {
    async take(owner, sessionName) {
      const digest = sha256Hex(owner)
      for (const number of slotOrder(options.slotsPerOwnerMax, options.directory.listOwned(owner))) {
        const slot = await tryTake(options, { owner, sessionName, number, name: slotName(digest, number) })
        if (slot) return slot
      }
      return undefined
    },
    bind: (slot, session) => bindClaim(options, slot, session),
    giveBack: slot => giveBackClaim(options, slot),
  }
}

interface Wish {
  owner: string
  sessionName: string
  number: number
  /** Of the Lease. */
  name: string
}

async function tryTake(options: SlotKeeperOptions, wish: Wish): Promise<Slot | undefined> {
  const { client, namespace, wallMs } = options
  try {
    const lease = await client.create(LEASES, slotLease(wish.name, wish.sessionName, wallMs()), { namespace, ...CALL })
    return { number: wish.number, lease, kind: 'taken' }
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
  }
  return tryTakeOver(options, wish)
}

/** The Lease exists: whose is it? If nobody's, replace it, unless somebody else is faster. */
async function tryTakeOver(options: SlotKeeperOptions, wish: Wish): Promise<Slot | undefined> {
  const { client, namespace, directory, wallMs } = options
  const { owner, sessionName, number, name } = wish
  try {
    const lease = await client.get(LEASES, { namespace, name }, CALL)
    const holder = lease.spec?.holderIdentity ?? ''
    const named = holder === '' ? undefined : await directory.find(holder)
    const verdict = slotVerdict(lease, named, { owner, sessionName, slot: number, nowMs: wallMs() })
    if (verdict === 'taken') return undefined
    if (verdict === 'ours') return { number, lease, kind: 'shared' }
    const replaced = await client.replace(LEASES, takenOver(lease, slotLease(name, sessionName, wallMs())), CALL)
    return { number, lease: replaced, kind: 'taken' }
  } catch (error) {
    // Gone or changed under our hands: somebody else is at it, the next slot may be quieter.
    if (isNotFound(error) || isConflict(error)) return undefined
    throw error
  }
}
