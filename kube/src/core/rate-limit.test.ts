import { describe, expect, it } from 'vitest'
import { createItemBackoff, createTokenBucket } from './rate-limit.ts'

describe('rate limits', () => {
  it('[K42] doubles the pause of one key to its limit, and forgets', () => {
    const backoff = createItemBackoff()
    const pauses = Array.from({ length: 20 }, () => backoff.next('a'))
    expect(pauses.slice(0, 4)).toEqual([5, 10, 20, 40])
    expect(pauses.at(-1)).toBe(1_000_000)
    expect(backoff.next('b')).toBe(5)
    expect(backoff.failures('a')).toBe(20)
    backoff.forget('a')
    expect(backoff.next('a')).toBe(5)
  })

  it('[K42] stays finite however often a key fails', () => {
    const backoff = createItemBackoff()
    for (let count = 0; count < 5000; count += 1) backoff.next('a')
    expect(backoff.next('a')).toBe(1_000_000)
  })

  it('[K42] lets a burst pass, then as many as the rate', () => {
    const bucket = createTokenBucket(10, 100)
    for (let count = 0; count < 100; count += 1) expect(bucket.reserve(0)).toBe(0)
    expect(bucket.reserve(0)).toBe(100)
    expect(bucket.reserve(0)).toBe(200)
    expect(bucket.reserve(1000)).toBe(0)
    expect(bucket.tryTake(1000)).toBe(true)
  })

  it('[K62] refuses when empty, and is not confused by time that goes back', () => {
    const bucket = createTokenBucket(1, 2)
    expect([bucket.tryTake(5000), bucket.tryTake(5000), bucket.tryTake(5000)]).toEqual([true, true, false])
    expect(bucket.tryTake(1000)).toBe(false)
    expect(bucket.tryTake(6000)).toBe(true)
  })
})
