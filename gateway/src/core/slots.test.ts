import { describe, expect, it } from 'vitest'
import { aSession } from '../../test/objects.ts'
import { ANNOTATION_SLOT } from './create-request.ts'
import { SESSION_LIMITS } from './limits/sessions.ts'
import { type Lease, type SlotWish, slotLease, slotName, slotOrder, slotVerdict, takenOver } from './slots.ts'

const NOW = Date.parse('2026-11-22T12:00:00Z')

function aLease(more: { ageMs?: number; bound?: boolean; holder?: string } = {}): Lease {
  const lease = slotLease('slot-x-1', more.holder ?? 'demo', NOW - (more.ageMs ?? 0))
  const ownerReferences = [{ apiVersion: 'v', kind: 'TerminalSession', name: 'demo', uid: 'uid-1' }]
  return more.bound ? { ...lease, metadata: { ...lease.metadata, ownerReferences } } : lease
}

function inSlot(slot: number, more: Parameters<typeof aSession>[0] = {}) {
  return aSession({ ...more, annotations: { [ANNOTATION_SLOT]: String(slot) } })
}

const WISH: SlotWish = { owner: 'octocat', sessionName: 'new', slot: 1, nowMs: NOW }
const OLD = SESSION_LIMITS.SLOT_PENDING_MS + 1

describe('slots', () => {
  it('[G60] the name of a slot is a DNS label made of the owner’s hash and the number', () => {
    expect(slotName('0123456789abcdef0123456789', 7)).toBe('slot-0123456789abcdef0123-7')
  })

  it.each([
    { title: 'its live session has it', lease: aLease({ ageMs: OLD, bound: true }), session: inSlot(1), is: 'taken' },
    { title: 'its session ended', lease: aLease({ bound: true }), session: inSlot(1, { phase: 'Ended' }), is: 'free' },
    {
      title: 'its session failed',
      lease: aLease({ bound: true }),
      session: inSlot(1, { phase: 'Failed' }),
      is: 'free',
    },
    {
      title: 'its session is being deleted',
      lease: aLease({ bound: true }),
      session: inSlot(1, { deletedAt: 'x' }),
      is: 'free',
    },
    { title: 'its session is gone', lease: aLease({ bound: true }), session: undefined, is: 'free' },
    { title: 'a session is just being made in it', lease: aLease({ ageMs: 1_000 }), session: undefined, is: 'taken' },
    { title: 'a creation never came through', lease: aLease({ ageMs: OLD }), session: undefined, is: 'free' },
    { title: 'the name is now in another slot', lease: aLease({ ageMs: OLD }), session: inSlot(2), is: 'free' },
    {
      title: 'the name is now another owner’s',
      lease: aLease({ ageMs: OLD }),
      session: inSlot(1, { owner: 'eve' }),
      is: 'free',
    },
    { title: 'the name was made with kubectl', lease: aLease({ ageMs: OLD }), session: aSession(), is: 'free' },
    {
      title: 'another replica makes the same session',
      lease: aLease({ holder: 'new' }),
      session: undefined,
      is: 'ours',
    },
    {
      title: 'it has no time',
      lease: { ...aLease(), spec: { holderIdentity: 'demo' } },
      session: undefined,
      is: 'free',
    },
  ])('[G61] $is when $title', ({ lease, session, is }) => {
    expect(slotVerdict(lease, session, WISH)).toBe(is)
  })

  it('[G61] a slot is taken over only in the state it was seen in', () => {
    const lease = {
      ...aLease({ bound: true }),
      metadata: { ...aLease({ bound: true }).metadata, resourceVersion: '42', namespace: 'n' },
    }
    const next = takenOver(lease, slotLease(lease.metadata.name, 'new', NOW))
    expect(next.metadata).toMatchObject({ name: 'slot-x-1', resourceVersion: '42', namespace: 'n' })
    expect(next.metadata.ownerReferences).toBeUndefined()
    expect(next.spec).toEqual({ holderIdentity: 'new', acquireTime: '2026-11-22T12:00:00.000000Z' })
  })

  it('tries slots first that no live session is known to have', () => {
    expect(slotOrder(4, [inSlot(0), inSlot(2, { phase: 'Ended' }), inSlot(3)])).toEqual([1, 2, 0, 3])
    expect(slotOrder(2, [aSession()])).toEqual([0, 1])
  })
})
