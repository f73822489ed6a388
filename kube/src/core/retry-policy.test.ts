import { describe, expect, it } from 'vitest'
import { type Attempt, type AttemptOutcome, CALL_ATTEMPTS_MAX, decideRetry, parseRetryAfter } from './retry-policy.ts'

const attempt: Attempt = { repeatability: 'repeatable', number: 1, credentials: 'initial', remainingMs: 30_000 }
const once: Attempt = { ...attempt, repeatability: 'once' }
const refused = (code: number, retryAfterMs?: number): AttemptOutcome => ({ kind: 'refused', code, retryAfterMs })
const noAnswer = (sent: 'not-sent' | 'maybe-sent'): AttemptOutcome => ({
  kind: 'no-answer',
  failure: 'unreachable',
  sent,
})
const decide = (state: Attempt, outcome: AttemptOutcome) => decideRetry(state, outcome, () => 0).kind

describe('whether a call is sent again', () => {
  it('[K6] never repeats what may have been applied unless twice is as good as once', () => {
    expect(decide(once, noAnswer('maybe-sent'))).toBe('give-up')
    expect(decide(once, noAnswer('not-sent'))).toBe('retry')
    expect(decide(attempt, noAnswer('maybe-sent'))).toBe('retry')
    for (const code of [502, 503, 504]) {
      expect(decide(once, refused(code, 1000))).toBe('give-up')
      expect(decide(attempt, refused(code))).toBe('retry')
    }
  })

  it('[K6] repeats 429 for every verb, 500 only when the server says later, and no other refusal', () => {
    expect(decide(once, refused(429))).toBe('retry')
    expect(decide(attempt, refused(500))).toBe('give-up')
    expect(decide(attempt, refused(500, 1000))).toBe('retry')
    for (const code of [400, 403, 404, 409, 410, 422]) expect(decide(attempt, refused(code, 1000))).toBe('give-up')
  })

  it('[K6] ends after the last attempt, and with the deadline', () => {
    expect(decide({ ...attempt, number: CALL_ATTEMPTS_MAX }, refused(429))).toBe('give-up')
    expect(decide({ ...attempt, remainingMs: 100 }, refused(429))).toBe('give-up')
    expect(decide({ ...attempt, remainingMs: 100 }, noAnswer('not-sent'))).toBe('give-up')
  })

  it('[K6] leaves calls alone whose caller has a back-off of its own', () => {
    const never: Attempt = { ...attempt, repeatability: 'never' }
    expect(decide(never, refused(429))).toBe('give-up')
    expect(decide(never, noAnswer('not-sent'))).toBe('give-up')
    expect(decide(never, refused(401))).toBe('refresh-and-retry')
  })

  it('[K3] answers 401 once with new credentials', () => {
    expect(decide(once, refused(401))).toBe('refresh-and-retry')
    expect(decide({ ...once, credentials: 'refreshed' }, refused(401))).toBe('give-up')
  })

  it('[K7] waits at least as long as the server asks, and gives up when that is too long', () => {
    expect(decideRetry(attempt, refused(429, 7000), () => 0.5)).toEqual({ kind: 'retry', afterMs: 7000 })
    expect(decide(attempt, refused(429, 29_000))).toBe('retry')
    expect(decide({ ...attempt, remainingMs: 100_000 }, refused(429, 31_000))).toBe('give-up')
    expect(decide({ ...attempt, remainingMs: 5000 }, refused(429, 7000))).toBe('give-up')
  })

  it('[K6] never repeats an answer that was received but is unusable, nor what the caller ended', () => {
    for (const failure of ['bad-response', 'aborted', 'timeout', 'credentials'] as const) {
      expect(decide(attempt, { kind: 'no-answer', failure, sent: 'not-sent' })).toBe('give-up')
    }
  })
})

describe('Retry-After', () => {
  it('[K7] reads seconds and dates, and nothing else', () => {
    expect(parseRetryAfter('3', 0)).toBe(3000)
    expect(parseRetryAfter('Thu, 01 Jan 1970 00:00:10 GMT', 4000)).toBe(6000)
    expect(parseRetryAfter('Thu, 01 Jan 1970 00:00:10 GMT', 40_000)).toBe(0)
    expect(parseRetryAfter('soon', 0)).toBeUndefined()
    expect(parseRetryAfter(undefined, 0)).toBeUndefined()
  })
})
