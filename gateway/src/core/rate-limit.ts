// Token buckets with a bounded number of keys (G10). Deterministic: time comes in with each call.
import { RATE_KEYS_MAX, type RateLimit } from './limits/rate.ts'

interface Bucket {
  tokens: number
  /** When `tokens` was right. */
  atMs: number
}

export type Take = { kind: 'allowed' } | { kind: 'limited'; retryAfterMs: number }

/** One limit over many keys. When `keysMax` are known, the one unused for longest is forgotten: it starts afresh. */
export class RateLimiter {
  readonly #limit: RateLimit
  readonly #keysMax: number
  /** In order of last use, since a Map keeps insertion order and `take` re-inserts. */
  readonly #buckets = new Map<string, Bucket>()

  constructor(limit: RateLimit, keysMax: number = RATE_KEYS_MAX) {
    this.#limit = limit
    this.#keysMax = keysMax
  }

  /** Keys remembered now. */
  get keys(): number {
    return this.#buckets.size
  }

  /** Takes one token of `key`, or says in how many milliseconds there will be one. `nowMs` is monotonic. */
  take(key: string, nowMs: number): Take {
    const tokens = this.#tokens(key, nowMs)
    const allowed = tokens >= 1
    this.#remember(key, { tokens: allowed ? tokens - 1 : tokens, atMs: nowMs })
    if (allowed) return { kind: 'allowed' }
    return { kind: 'limited', retryAfterMs: ((1 - tokens) / this.#limit.perSecond) * 1_000 }
  }

  /** As `take`, without taking: for a limit that only counts failures. */
  peek(key: string, nowMs: number): Take {
    const tokens = this.#tokens(key, nowMs)
    if (tokens >= 1) return { kind: 'allowed' }
    return { kind: 'limited', retryAfterMs: ((1 - tokens) / this.#limit.perSecond) * 1_000 }
  }

  #tokens(key: string, nowMs: number): number {
    const bucket = this.#buckets.get(key)
    if (!bucket) return this.#limit.burst
    const refilled = bucket.tokens + (Math.max(0, nowMs - bucket.atMs) / 1_000) * this.#limit.perSecond
    return Math.min(this.#limit.burst, refilled)
  }

  #remember(key: string, bucket: Bucket): void {
    this.#buckets.delete(key)
    this.#buckets.set(key, bucket)
    if (this.#buckets.size <= this.#keysMax) return
    const oldest = this.#buckets.keys().next()
    if (!oldest.done) this.#buckets.delete(oldest.value)
  }
}
