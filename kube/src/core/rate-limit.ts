// How long a failed key waits: its own doubling pause, and a token bucket over all keys.

const ITEM_BACKOFF_BASE_MS = 5
const ITEM_BACKOFF_MAX_MS = 1_000_000
const BUCKET_PER_SECOND = 10
const BUCKET_BURST = 100

export interface ItemBackoff {
  /** Counts one failure of the key and returns its pause. */
  next(key: string): number
  forget(key: string): void
  failures(key: string): number
}

/** Doubling pause per key. Holds one number per failing key, until `forget`. */
export function createItemBackoff(baseMs = ITEM_BACKOFF_BASE_MS, maxMs = ITEM_BACKOFF_MAX_MS): ItemBackoff {
  const failures = new Map<string, number>()
  return {
    next(key) {
      const count = failures.get(key) ?? 0
      failures.set(key, count + 1)
      return Math.min(maxMs, baseMs * 2 ** Math.min(count, 60))
    },
    forget: key => {
      failures.delete(key)
    },
    failures: key => failures.get(key) ?? 0,
  }
}

export interface TokenBucket {
  /** Takes one token, going into debt if need be; returns the wait until that debt is paid. */
  reserve(nowMs: number): number
  /** Takes one token if there is one. */
  tryTake(nowMs: number): boolean
}

/** A bucket that starts full. */
export function createTokenBucket(perSecond = BUCKET_PER_SECOND, burst = BUCKET_BURST): TokenBucket {
  let tokens = burst
  let filledMs: number | undefined

  function fill(nowMs: number): void {
    const elapsedMs = Math.max(0, nowMs - (filledMs ?? nowMs))
    tokens = Math.min(burst, tokens + (elapsedMs * perSecond) / 1000)
    filledMs = nowMs
  }

  return {
    reserve(nowMs) {
      fill(nowMs)
      tokens -= 1
      return tokens >= 0 ? 0 : (-tokens * 1000) / perSecond
    },
    tryTake(nowMs) {
      fill(nowMs)
      if (tokens < 1) return false
      tokens -= 1
      return true
    },
  }
}
