// Bounds of the session cap (G60, G61).

export const SESSION_LIMITS = {
  /** How long a Lease whose session was never seen counts as taken: a creation takes at most REQUEST_TIMEOUT_MS; the rest is clock skew. */
  SLOT_PENDING_MS: 120_000,
  /** Hex digits of the owner's hash in a Lease's name: 80 bits, no two owners meet. */
  SLOT_OWNER_HASH_CHARS: 20,
  /** Highest value of CPC_SESSIONS_PER_OWNER_MAX: a creation may look at each slot. */
  SLOTS_PER_OWNER_MAX: 64,
} as const
