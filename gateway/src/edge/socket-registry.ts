// Every terminal socket of this replica: counted against its bounds, found by session, told to leave when we do.
import type { AttachmentEvent } from '../core/attachment/state.ts'
import { SOCKET_LIMITS } from '../core/limits/socket.ts'
import type { ProblemCode } from '../core/problem.ts'
import type { Refusal } from '../core/ticket.ts'
import type { SocketMemory } from './metrics.ts'
import { Strangers } from './strangers.ts'

/** What the registry needs of a socket's driver. */
export interface Driver {
  dispatch(event: AttachmentEvent): void
  memory(): SocketMemory
  /** Ends at once, without waiting for the other side: its place is needed (G42). */
  crowdOut(): void
}

/** A socket's place. Every place is left exactly once. */
export interface Place {
  /** Until the ticket is verified: whether it may have to make room for another. */
  becomes(state: 'idle' | 'busy'): void
  /** The ticket is verified: the socket counts for its owner and session from now on. Undefined: it may stay. */
  verify(owner: string, sessionUid: string): Refusal | undefined
  /** Idempotent. */
  leave(): void
}

export class SocketRegistry {
  readonly #drivers = new Set<Driver>()
  readonly #bySession = new Map<string, Set<Driver>>()
  readonly #strangers = new Strangers()
  readonly #owners = new Map<string, number>()
  #verifiedCount = 0
  #emptied: (() => void) | undefined

  get counts(): { unverified: number; verified: number } {
    return { unverified: this.#strangers.count, verified: this.#verifiedCount }
  }

  /** Whether a stranger of this address may have a socket (G40). */
  hasRoom(addressKey: string): { code: ProblemCode; detail: string } | undefined {
    return this.#strangers.refusal(addressKey)
  }

  /** Takes a place for a socket that was just upgraded. */
  enter(driver: Driver, addressKey: string): Place {
    this.#drivers.add(driver)
    const stranger = this.#strangers.enter(addressKey, () => driver.crowdOut())
    let release = () => stranger.leave()
    return {
      becomes: state => stranger.becomes(state),
      verify: (owner, sessionUid) => {
        const refusal = this.#refusal(owner)
        if (refusal) return refusal
        release()
        release = this.#countVerified(driver, owner, sessionUid)
        return undefined
      },
      leave: () => {
        if (!this.#drivers.delete(driver)) return
        release()
        if (this.#drivers.size === 0) this.#emptied?.()
      },
    }
  }

  /** Tells the sockets of a session that it is over (G56). */
  sessionOver(sessionUid: string, message: string): void {
    for (const driver of [...(this.#bySession.get(sessionUid) ?? [])])
      driver.dispatch({ kind: 'session-over', message })
  }

  /** Tells every socket to come back elsewhere (G70). Resolves when the last has left. */
  async drain(): Promise<void> {
    const emptied = new Promise<void>(resolve => (this.#emptied = resolve))
    for (const driver of [...this.#drivers]) driver.dispatch({ kind: 'draining' })
    if (this.#drivers.size > 0) await emptied
  }

  /** Bytes held for all sockets. */
  memory(): SocketMemory {
    const total = { clientBufferedBytes: 0, heldBytes: 0, holderBufferedBytes: 0 }
    for (const driver of this.#drivers) {
      const { clientBufferedBytes, heldBytes, holderBufferedBytes } = driver.memory()
      total.clientBufferedBytes += clientBufferedBytes
      total.heldBytes += heldBytes
      total.holderBufferedBytes += holderBufferedBytes
    }
    return total
  }

  #refusal(owner: string): Refusal | undefined {
    if ((this.#owners.get(owner) ?? 0) >= SOCKET_LIMITS.ATTACHMENTS_PER_OWNER_MAX) {
      return {
        close: 'tooMany',
        reason: `You have ${SOCKET_LIMITS.ATTACHMENTS_PER_OWNER_MAX} terminals open here. Close one.`,
      }
    }
    if (this.#verifiedCount >= SOCKET_LIMITS.ATTACHMENTS_MAX) {
      return { close: 'busy', reason: 'This gateway serves as many terminals as it can. Try again.' }
    }
    return undefined
  }

  #countVerified(driver: Driver, owner: string, sessionUid: string): () => void {
    const drivers = this.#bySession.get(sessionUid) ?? new Set()
    this.#bySession.set(sessionUid, drivers.add(driver))
    this.#verifiedCount += 1
    count(this.#owners, owner, 1)
    return () => {
      this.#verifiedCount -= 1
      count(this.#owners, owner, -1)
      drivers.delete(driver)
      if (drivers.size === 0) this.#bySession.delete(sessionUid)
    }
  }
}

/** Counts that are 0 are not kept: the map is as large as what is open. */
function count(counts: Map<string, number>, key: string, by: 1 | -1): void {
  const next = (counts.get(key) ?? 0) + by
  if (next > 0) counts.set(key, next)
  else counts.delete(key)
}
