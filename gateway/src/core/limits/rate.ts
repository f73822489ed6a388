// How often one address or one owner may do what (G10). Token buckets: `burst` at once, `perSecond` in the long run.

export interface RateLimit {
  burst: number
  perSecond: number
}

export const RATE_LIMITS = {
  /**
   * Every REST request and socket upgrade of an address. High: whole offices, and clusters that hide addresses, sit
   * behind one; when a gateway restarts, each of their terminals comes back with a ticket and an upgrade.
   */
  address: { burst: 2_000, perSecond: 500 },
  /** Requests with a token that was refused, per address: guessing is pointless, this keeps it cheap. */
  refusedTokens: { burst: 30, perSecond: 1 },
  /** Every REST request of an owner. */
  owner: { burst: 100, perSecond: 30 },
  /** Sessions made by an owner; each one is a pod. */
  creations: { burst: 20, perSecond: 0.5 },
  /** Tickets of an owner: one for each reconnect of each terminal. */
  tickets: { burst: 100, perSecond: 10 },
} as const satisfies Record<string, RateLimit>

export type RateLimitName = keyof typeof RATE_LIMITS

/** Keys one limiter remembers; the one unused for longest makes room. 10,000 take about 2 MB. */
export const RATE_KEYS_MAX = 10_000
