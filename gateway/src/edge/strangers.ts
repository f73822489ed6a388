// Sockets without a verified ticket: counted in all and by address; the idle ones make room for who comes next (G40, G42).
import { SOCKET_LIMITS } from '../core/limits/socket.ts'
import type { ProblemCode } from '../core/problem.ts'

/** One of them, while it is one. */
export interface Stranger {
  /** `busy`: its ticket is being looked at, and it is not crowded out. `idle`: silent, or closing. */
  becomes(state: 'idle' | 'busy'): void
  /** Idempotent. */
  leave(): void
}

/** How to close one that has to make room; it must leave at once. */
type CrowdOut = () => void

/** The strangers of one address. Both sets are in the order of arrival. */
interface Group {
  all: Set<CrowdOut>
  idle: Set<CrowdOut>
}

export class Strangers {
  readonly #groups = new Map<string, Group>()
  #count = 0

  get count(): number {
    return this.#count
  }

  /** Why a stranger of this address may not come in; undefined: it may. */
  refusal(addressKey: string): { code: ProblemCode; detail: string } | undefined {
    const group = this.#groups.get(addressKey)
    if (isFull(group) && group.idle.size === 0) {
      return { code: 'too-many-sockets', detail: 'Too many tickets of this address are being looked at. Try again.' }
    }
    if (this.#count >= SOCKET_LIMITS.UNVERIFIED_MAX && this.#oldestIdle() === undefined) {
      return { code: 'busy', detail: 'Too many tickets are being looked at. Try again.' }
    }
    return undefined
  }

  /** Lets one in that was not refused; the oldest idle one goes for it where there is no room. */
  enter(addressKey: string, crowdOut: CrowdOut): Stranger {
    this.#makeRoom(addressKey)
    const group = this.#groups.get(addressKey) ?? { all: new Set(), idle: new Set() }
    this.#groups.set(addressKey, group)
    group.all.add(crowdOut)
    group.idle.add(crowdOut)
    this.#count += 1
    return {
      becomes: state => {
        if (!group.all.has(crowdOut)) return
        if (state === 'idle') group.idle.add(crowdOut)
        else group.idle.delete(crowdOut)
      },
      leave: () => {
        if (!group.all.delete(crowdOut)) return
        group.idle.delete(crowdOut)
        this.#count -= 1
        if (group.all.size === 0) this.#groups.delete(addressKey)
      },
    }
  }

  #makeRoom(addressKey: string): void {
    const group = this.#groups.get(addressKey)
    if (isFull(group)) first(group.idle)?.()
    else if (this.#count >= SOCKET_LIMITS.UNVERIFIED_MAX) this.#oldestIdle()?.()
  }

  /** Of the address that has most idle ones: who has one socket does not pay for who has many. */
  #oldestIdle(): CrowdOut | undefined {
    let most: Group | undefined
    for (const group of this.#groups.values()) if (group.idle.size > (most?.idle.size ?? 0)) most = group
    return most && first(most.idle)
  }
}

function isFull(group: Group | undefined): group is Group {
  return group !== undefined && group.all.size >= SOCKET_LIMITS.UNVERIFIED_PER_ADDRESS_MAX
}

function first(set: ReadonlySet<CrowdOut>): CrowdOut | undefined {
  for (const one of set) return one
  return undefined
}
