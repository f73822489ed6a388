import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RATE_KEYS_MAX, RATE_LIMITS } from './limits/rate.ts'
import { RateLimiter } from './rate-limit.ts'

describe('rate limiter', () => {
  it('[G10] allows the burst, then says when the next is due', () => {
    const limiter = new RateLimiter({ burst: 2, perSecond: 4 })
    expect(limiter.take('a', 0)).toEqual({ kind: 'allowed' })
    expect(limiter.take('a', 0)).toEqual({ kind: 'allowed' })
    expect(limiter.take('a', 0)).toEqual({ kind: 'limited', retryAfterMs: 250 })
    expect(limiter.take('a', 249).kind).toBe('limited')
    expect(limiter.take('a', 500).kind).toBe('allowed')
  })

  it('[G10] one key does not use up another', () => {
    const limiter = new RateLimiter({ burst: 1, perSecond: 1 })
    limiter.take('a', 0)
    expect(limiter.take('a', 0).kind).toBe('limited')
    expect(limiter.take('b', 0).kind).toBe('allowed')
  })

  it('looking takes nothing', () => {
    const limiter = new RateLimiter({ burst: 1, perSecond: 1 })
    for (let look = 0; look < 5; look += 1) expect(limiter.peek('a', 0).kind).toBe('allowed')
    expect(limiter.keys).toBe(0)
  })

  it('[G10] remembers a bounded number of keys and forgets the one unused for longest', () => {
    const limiter = new RateLimiter({ burst: 1, perSecond: 0.001 }, 3)
    for (const key of ['a', 'b', 'c']) limiter.take(key, 0)
    limiter.take('a', 1)
    limiter.take('d', 2)
    expect(limiter.keys).toBe(3)
    expect(limiter.take('a', 3).kind).toBe('limited')
    expect(limiter.take('b', 3).kind).toBe('allowed')
  })

  it('[G10] stays within its bound under an attack from many addresses', () => {
    const limiter = new RateLimiter(RATE_LIMITS.address)
    for (let address = 0; address < 3 * RATE_KEYS_MAX; address += 1) limiter.take(String(address), address)
    expect(limiter.keys).toBe(RATE_KEYS_MAX)
  })

  it('[G10] never allows more than burst + rate × time, however it is asked', () => {
    fc.assert(
      fc.property(
        fc.record({ burst: fc.integer({ min: 1, max: 20 }), perSecond: fc.integer({ min: 1, max: 50 }) }),
        fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 200 }),
        (limit, pauses) => {
          const limiter = new RateLimiter(limit)
          let nowMs = 0
          let allowed = 0
          for (const pause of pauses) {
            nowMs += pause
            if (limiter.take('a', nowMs).kind === 'allowed') allowed += 1
            expect(allowed).toBeLessThanOrEqual(limit.burst + (nowMs / 1_000) * limit.perSecond + 1e-6)
          }
        },
      ),
    )
  })
})
