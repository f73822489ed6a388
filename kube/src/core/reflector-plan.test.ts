import { describe, expect, it } from 'vitest'
import { afterList, afterWatch, firstPlan, type ReflectorPlan, type WatchOutcome } from './reflector-plan.ts'

const low = () => 0
const high = () => 0.999_999
const listed = (version: string) => ({ kind: 'listed', resourceVersion: version }) as const
const watching = afterList(firstPlan, listed('10'), low)
const ended = (change: Partial<WatchOutcome>): WatchOutcome => ({
  reason: 'error',
  resourceVersion: '20',
  lastedMs: 1_000,
  events: 1,
  opened: 'opened',
  retryAfterMs: undefined,
  ...change,
})

describe('reflector plan', () => {
  it('[K20] begins with a list, and [K21] watches from its version at once', () => {
    expect(firstPlan).toMatchObject({ action: { kind: 'list' }, afterMs: 0 })
    expect(watching).toMatchObject({
      action: { kind: 'watch', resourceVersion: '10', timeoutSeconds: 300 },
      afterMs: 0,
    })
    expect(afterList(firstPlan, listed('10'), high).action).toMatchObject({ timeoutSeconds: 599 })
  })

  it('[K22] judges silence after 90 to 120 s', () => {
    expect(watching.action).toMatchObject({ silenceMs: 90_000 })
    const { action } = afterList(firstPlan, listed('10'), high)
    expect(action.kind === 'watch' && action.silenceMs).toBeCloseTo(120_000, -1)
  })

  it('[K24] resumes from the last version, later and later, up to 30 s', () => {
    let plan = watching
    const pauses: number[] = []
    for (let count = 0; count < 8; count += 1) {
      plan = afterWatch(plan, ended({}), high)
      expect(plan.action).toMatchObject({ kind: 'watch', resourceVersion: '20' })
      pauses.push(Math.round(plan.afterMs))
    }
    expect(pauses).toEqual([800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000])
    expect(afterWatch(watching, ended({}), low).afterMs).toBe(400)
  })

  it('[K24] starts the pauses anew after a watch that was well', () => {
    const tired: ReflectorPlan = { ...watching, failures: 9 }
    expect(afterWatch(tired, ended({ lastedMs: 60_000 }), high).afterMs).toBeCloseTo(800, 0)
    expect(afterWatch(tired, ended({ reason: 'server-closed', lastedMs: 300_000 }), high)).toMatchObject({
      failures: 0,
      afterMs: 0,
    })
  })

  it('[K24] does not storm a server that ends watches at once, or refuses them after each list', () => {
    expect(afterWatch(watching, ended({ reason: 'server-closed', lastedMs: 10 }), low).afterMs).toBeGreaterThan(0)
    const refusedOnce = afterWatch(watching, ended({ opened: 'refused', reason: 'expired', events: 0 }), low)
    const listedAgain = afterList(refusedOnce, listed('30'), low)
    const refusedTwice = afterWatch(listedAgain, ended({ opened: 'refused', reason: 'expired', events: 0 }), high)
    expect(refusedTwice.afterMs).toBeGreaterThan(1000)
  })

  it('[K24] waits as long as the server asks, within reason', () => {
    expect(afterWatch(watching, ended({ retryAfterMs: 9000 }), low).afterMs).toBe(9000)
    expect(afterWatch(watching, ended({ retryAfterMs: 9_000_000 }), low).afterMs).toBe(30_000)
    expect(afterList(firstPlan, { kind: 'failed', retryAfterMs: 5000 }, low).afterMs).toBe(5000)
  })

  it('[K23] lists again when the version is gone, after a little chance', () => {
    expect(afterWatch(watching, ended({ reason: 'expired' }), high)).toMatchObject({ action: { kind: 'list' } })
    expect(afterWatch(watching, ended({ reason: 'expired' }), high).afterMs).toBeLessThanOrEqual(1000)
    expect(afterWatch(watching, ended({ reason: 'expired' }), low).afterMs).toBe(0)
  })

  it('[K25] lists again after two watches that were answered and brought nothing', () => {
    const deaf = ended({ reason: 'silent', events: 0, lastedMs: 100_000 })
    const one = afterWatch(watching, deaf, low)
    expect(one.action.kind).toBe('watch')
    expect(afterWatch(one, deaf, low).action.kind).toBe('list')
    expect(afterWatch(afterWatch(one, ended({ events: 1 }), low), deaf, low).action.kind).toBe('watch')
    const refused = ended({ opened: 'refused', events: 0 })
    expect(afterWatch(afterWatch(watching, refused, low), refused, low).action.kind).toBe('list')
    // An API server that is away is no reason to list.
    let away = watching
    for (let count = 0; count < 5; count += 1) away = afterWatch(away, ended({ opened: 'unavailable', events: 0 }), low)
    expect(away.action.kind).toBe('watch')
  })

  it('[K27] lists again when the watch cannot be read, since the same line would come again', () => {
    expect(afterWatch(watching, ended({ reason: 'unreadable' }), low)).toMatchObject({ action: { kind: 'list' } })
  })
})
