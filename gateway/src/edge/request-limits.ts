// The rate limits in force, one bounded table for each (G10).
import { RATE_LIMITS, type RateLimitName } from '../core/limits/rate.ts'
import { Problem } from '../core/problem.ts'
import { RateLimiter, type Take } from '../core/rate-limit.ts'

export interface RequestLimits {
  /** Counts one use. @throws Problem `rate-limited` with Retry-After */
  use(limit: RateLimitName, key: string): void
  /** Only looks, for a limit that counts failures. @throws Problem */
  look(limit: RateLimitName, key: string): void
  /** Counts one use and does not refuse: the refusal comes with the next look. */
  count(limit: RateLimitName, key: string): void
}

export function createRequestLimits(nowMs: () => number, onLimited: (limit: RateLimitName) => void): RequestLimits {
  const limiters = Object.fromEntries(
    Object.entries(RATE_LIMITS).map(([name, limit]) => [name, new RateLimiter(limit)]),
  ) as Record<RateLimitName, RateLimiter>
  const refuseIf = (limit: RateLimitName, take: Take) => {
    if (take.kind === 'allowed') return
    onLimited(limit)
    throw new Problem('rate-limited', WORDS[limit], { retryAfterS: take.retryAfterMs / 1_000 })
  }
  return {
    use: (limit, key) => refuseIf(limit, limiters[limit].take(key, nowMs())),
    look: (limit, key) => refuseIf(limit, limiters[limit].peek(key, nowMs())),
    count: (limit, key) => void limiters[limit].take(key, nowMs()),
  }
}

const WORDS: Record<RateLimitName, string> = {
  address: 'Too many requests from this address. Wait a moment, then try again.',
  refusedTokens: 'Too many refused tokens from this address. Get a valid one, wait a moment, then try again.',
  owner: 'Too many requests of yours. Wait a moment, then try again.',
  creations: 'Too many new sessions in a short time. Wait a moment, then try again.',
  tickets: 'Too many tickets in a short time. Wait a moment, then try again.',
}
