import { describe, expect, it } from 'vitest'
import { encodeClaim } from './claim.ts'

const claim = {
  sessionUid: 'b9a7c1de-0000-4000-8000-000000000000',
  idleTimeoutMs: 300_000,
  claimedAt: '2026-01-01T00:00:00Z',
  recording: { commands: true, output: false },
}

describe('[TS8] the claim annotation', () => {
  it('is one line of JSON with exactly the fields the holder reads', () => {
    const text = encodeClaim(claim)
    expect(text).not.toContain('\n')
    expect(JSON.parse(text)).toEqual(claim)
  })

  it('refuses a value the holder could not use', () => {
    expect(() => encodeClaim({ ...claim, idleTimeoutMs: 0 })).toThrow()
  })
})
