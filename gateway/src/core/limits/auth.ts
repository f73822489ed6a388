// Bounds of tokens, tickets and key files (G20 to G32).
import { LIMITS } from '@cpc/protocol'

const KIB = 1024

export const AUTH_LIMITS = {
  /** Longest token that is looked at. */
  TOKEN_BYTES_MAX: 8 * KIB,
  /** How far clocks may differ, both ways. */
  CLOCK_TOLERANCE_S: 30,
  /** Longest life of a token, exp − iat: a stolen one is worth little the next day. */
  TOKEN_LIFETIME_S_MAX: 12 * 60 * 60,
  ISSUERS_MAX: 16,
  KEYS_PER_ISSUER_MAX: 32,
  /** Longest issuers, JWKS or PEM file. */
  KEY_FILE_BYTES_MAX: 256 * KIB,
  /** How often a key file is looked at, when it is used. */
  KEY_RECHECK_MS: 5_000,
  /** Weakest RSA key that is loaded. */
  RSA_BITS_MIN: 2_048,
} as const

export const TICKET_LIMITS = {
  /** How far the clocks of two replicas may differ. */
  CLOCK_TOLERANCE_S: 5,
  /** Life of a ticket. With the tolerance it is what the holder remembers ids for (O4), so none can be used twice. */
  TTL_MS: LIMITS.TICKET_TTL_MS - 5_000,
  /** Longest ticket that is looked at; ours have about 500 bytes. */
  TICKET_BYTES_MAX: 2 * KIB,
  /** Shortest key: what HS256 uses in full. */
  KEY_BYTES_MIN: 32,
  /** How long the key before the current one still counts: the life of the last ticket signed with it. */
  KEY_OVERLAP_MS: LIMITS.TICKET_TTL_MS,
} as const
