import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  actionOf,
  aPod,
  aSpec,
  kinds,
  NOW,
  planFor,
  POD_UID,
  readyObserved,
  writtenStatus,
} from '../../test/builders.ts'
import { deadlineAtCreation, deadlineFrom, expiryOf } from './lifetime.ts'

describe('[TS12] the lifetime', () => {
  it('counts from readiness, though the deadline counts from the start of the pod', () => {
    const spec = aSpec({ maxLifetimeSeconds: 100 })
    expect(deadlineFrom(spec, NOW - 4200, NOW)).toBe(5 + 100)
  })

  it('is on the pod from its creation, with the longest start on top', () => {
    expect(deadlineAtCreation(aSpec({ maxLifetimeSeconds: 100 }))).toBe(700)
  })

  it('the final deadline is always lower than the one at creation, as the API server wants it', () => {
    const times = fc.record({
      ageMs: fc.integer({ min: -5000, max: 10_000_000 }),
      lifetime: fc.integer({ min: 10, max: 604_800 }),
    })
    fc.assert(
      fc.property(times, ({ ageMs, lifetime }) => {
        const spec = aSpec({ maxLifetimeSeconds: lifetime })
        const final = deadlineFrom(spec, NOW - ageMs, NOW)
        expect(final).toBeLessThan(deadlineAtCreation(spec))
        expect(final).toBeGreaterThan(0)
        expect(expiryOf(spec, aPod({ activeDeadlineSeconds: final }))).toBeDefined()
      }),
    )
  })

  it('a pod with the deadline of its creation has no expiry yet', () => {
    expect(expiryOf(aSpec(), aPod())).toBeUndefined()
  })

  const session = { spec: aSpec({ maxLifetimeSeconds: 600 }) }
  const expiresAtMs = NOW
  const pod = { activeDeadlineSeconds: 600 }

  it('is watched: the operator wakes up two seconds before', () => {
    expect(planFor(readyObserved(pod, session), expiresAtMs - 60_000).requeueAfterMs).toBe(58_000)
  })

  it('then says Ending, and asks the holder to end', () => {
    const plan = planFor(readyObserved(pod, session), expiresAtMs - 2000)
    expect(kinds(plan)).toEqual(['writeStatus', 'endHolder'])
    expect(writtenStatus(plan)).toMatchObject({ phase: 'Ending', reason: 'Lifetime' })
    expect(actionOf(plan, 'endHolder').reason).toBe('Lifetime')
  })

  it('asks once', () => {
    const observed = { ...readyObserved(pod, session), memory: { endAsked: { podUid: POD_UID, ok: false } } }
    expect(kinds(planFor(observed, expiresAtMs))).toEqual(['writeStatus'])
  })

  it('deletes the pod if neither holder nor kubelet have ended it', () => {
    const observed = readyObserved(pod, session)
    expect(kinds(planFor(observed, expiresAtMs + 29_999))).not.toContain('deletePod')
    expect(kinds(planFor(observed, expiresAtMs + 30_000))).toEqual(['writeStatus', 'deletePod'])
  })
})
