import { describe, expect, it } from 'vitest'
import { aSession } from '../../test/objects.ts'
import { createSessionBody } from './api-schemas.ts'
import {
  ANNOTATION_IDEMPOTENCY_KEY,
  ANNOTATION_REQUEST,
  ANNOTATION_SLOT,
  type CreateRequest,
  createWaitMs,
  idempotencyKey,
  replayOf,
  sessionManifest,
  sessionName,
  slotOf,
} from './create-request.ts'
import { Problem } from './problem.ts'

function aRequest(more: Partial<CreateRequest> = {}): CreateRequest {
  return { owner: 'octocat', body: {}, bodyDigest: 'b'.repeat(64), keyDigest: undefined, ...more }
}

describe('create request', () => {
  it('[G1] the owner is the caller; a body that names one is refused', () => {
    expect(createSessionBody.safeParse({ owner: 'root' }).success).toBe(false)
    expect(sessionManifest(aRequest(), 's-1', 0).spec.owner).toBe('octocat')
  })

  it('takes over what was chosen and leaves the defaults to the API server', () => {
    const { spec, metadata } = sessionManifest(
      aRequest({ body: { name: 'x', image: 'debian', idleTimeoutSeconds: 60 } }),
      'x',
      3,
    )
    expect(spec).toEqual({ owner: 'octocat', image: 'debian', idleTimeoutSeconds: 60 })
    expect(metadata.annotations?.[ANNOTATION_SLOT]).toBe('3')
    expect(slotOf(sessionManifest(aRequest(), 'x', 3))).toBe(3)
  })

  it('[G7] the name is what was asked for, or follows from the key, or is random', () => {
    const keyDigest = 'abcdef0123456789abcdef0123456789'
    expect(sessionName(aRequest({ body: { name: 'mine' }, keyDigest }), 'f'.repeat(32))).toBe('mine')
    expect(sessionName(aRequest({ keyDigest }), 'f'.repeat(32))).toBe('s-abcdef0123456789abcd')
    expect(sessionName(aRequest(), 'f'.repeat(32))).toBe(`s-${'f'.repeat(20)}`)
  })

  it('[G7] knows a replay from a reused key and from a name that is taken', () => {
    const keyDigest = 'k'.repeat(64)
    const annotations = { [ANNOTATION_IDEMPOTENCY_KEY]: keyDigest, [ANNOTATION_REQUEST]: 'b'.repeat(64) }
    const existing = aSession({ annotations })
    expect(replayOf(existing, aRequest({ keyDigest })).kind).toBe('same')
    expect(replayOf(existing, aRequest({ keyDigest, bodyDigest: 'c' })).kind).toBe('key-reused')
    expect(replayOf(existing, aRequest()).kind).toBe('taken')
    expect(replayOf(existing, aRequest({ keyDigest: 'other' })).kind).toBe('taken')
    expect(replayOf(existing, aRequest({ keyDigest, owner: 'mallory' })).kind).toBe('taken')
    expect(replayOf(aSession(), aRequest()).kind).toBe('taken')
  })

  it.each(['', 'x'.repeat(256), 'tab\there', 'ümlaut'])('[G7] refuses the Idempotency-Key %j', key => {
    expect(() => idempotencyKey(key)).toThrow(Problem)
  })
  it('[G7] accepts printable keys', () => {
    expect(idempotencyKey(undefined)).toBeUndefined()
    expect(idempotencyKey('8e03978e-40d5-43dd')).toBe('8e03978e-40d5-43dd')
  })

  it.each([
    [undefined, 3_000],
    ['wait=0', 0],
    ['respond-async, wait=10', 10_000],
    ['wait=999999', 20_000],
    ['wait=abc', 3_000],
    ['await=7', 3_000],
  ])('[G6] Prefer: %s waits %i ms', (prefer, ms) => {
    expect(createWaitMs(prefer)).toBe(ms)
  })
})
