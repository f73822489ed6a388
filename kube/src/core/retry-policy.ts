// Decides whether one API call is tried again, and when. Pure: the transport asks after every attempt.
import type { Random } from './clock.ts'
import type { TransportFailure } from './transport-error.ts'

/** Attempts of one call, the first included. With the pauses below that is about 8 s of trying. */
export const CALL_ATTEMPTS_MAX = 6
/** First pause; doubles. */
const PAUSE_BASE_MS = 250
const PAUSE_MAX_MS = 5_000
/** A server that asks for more gets no second attempt from inside a call: the caller decides. */
const RETRY_AFTER_MS_MAX = 30_000

/**
 * How often the same request may take effect.
 * 'repeatable': twice is as good as once. 'once': only a request that surely had no effect is sent again.
 * 'never': the caller has a back-off of its own; only new credentials are worth a second attempt.
 */
export type Repeatability = 'repeatable' | 'once' | 'never'

export type AttemptOutcome =
  | { kind: 'refused'; code: number; retryAfterMs: number | undefined }
  | { kind: 'no-answer'; failure: TransportFailure; sent: 'not-sent' | 'maybe-sent' }

export interface Attempt {
  repeatability: Repeatability
  /** 1 for the first. */
  number: number
  /** Whether this call has already read its credentials again. */
  credentials: 'initial' | 'refreshed'
  /** Milliseconds until the call's deadline. */
  remainingMs: number
}

export type RetryDecision = { kind: 'give-up' } | { kind: 'retry'; afterMs: number } | { kind: 'refresh-and-retry' }

const giveUp: RetryDecision = { kind: 'give-up' }

/** What to do after a failed attempt. */
export function decideRetry(attempt: Attempt, outcome: AttemptOutcome, random: Random): RetryDecision {
  if (outcome.kind === 'refused' && outcome.code === 401) {
    return attempt.credentials === 'initial' ? { kind: 'refresh-and-retry' } : giveUp
  }
  if (attempt.number >= CALL_ATTEMPTS_MAX || !mayRepeat(attempt.repeatability, outcome)) return giveUp
  const asked = outcome.kind === 'refused' ? (outcome.retryAfterMs ?? 0) : 0
  if (asked > RETRY_AFTER_MS_MAX) return giveUp
  const afterMs = Math.max(asked, pauseMs(attempt.number, random))
  return afterMs < attempt.remainingMs ? { kind: 'retry', afterMs } : giveUp
}

function mayRepeat(repeatability: Repeatability, outcome: AttemptOutcome): boolean {
  if (repeatability === 'never') return false
  if (outcome.kind === 'no-answer') {
    if (outcome.failure !== 'unreachable') return false
    return outcome.sent === 'not-sent' || repeatability === 'repeatable'
  }
  // 429 is said before the request is worked on, so repeating it is safe for every verb. Eviction also says 429, when
  // a disruption budget forbids it: nothing was applied there either.
  if (outcome.code === 429) return true
  // The others may come from a proxy that lost sight of a request which was applied.
  return [500, 502, 503, 504].includes(outcome.code) && repeatability === 'repeatable' && transient(outcome)
}

/** A bare 500 is most often an admission webhook's or a bug's final word; with Retry-After the server means "later". */
function transient(outcome: { code: number; retryAfterMs: number | undefined }): boolean {
  return outcome.code !== 500 || outcome.retryAfterMs !== undefined
}

/** Half of the doubled pause is chance, so that many clients do not return together. */
function pauseMs(attemptNumber: number, random: Random): number {
  const full = Math.min(PAUSE_MAX_MS, PAUSE_BASE_MS * 2 ** (attemptNumber - 1))
  return full * (0.5 + random() / 2)
}

/**
 * The Retry-After header in milliseconds: seconds or an HTTP date. Undefined when absent or unreadable.
 * @param wallMs now, for dates
 */
export function parseRetryAfter(header: string | undefined, wallMs: number): number | undefined {
  if (header === undefined) return undefined
  if (/^\d{1,9}$/.test(header.trim())) return Number(header.trim()) * 1000
  const date = Date.parse(header)
  return Number.isNaN(date) ? undefined : Math.max(0, date - wallMs)
}
