import { describe, expect, it } from 'vitest'
import { aSession } from '../../test/objects.ts'
import { type TicketClaims, decideTicket, ticketFitsSocket } from './ticket.ts'

const CLAIMS: TicketClaims = { jti: 'j', sub: 'octocat', session: 'demo', uid: 'uid-1', client: 'browser' }

describe('ticket', () => {
  it('[G30] [G43] opens the session it was made for', () => {
    expect(decideTicket(CLAIMS, aSession())).toEqual({
      kind: 'granted',
      grant: { owner: 'octocat', jti: 'j', sessionName: 'demo', sessionUid: 'uid-1', podName: 'demo-12345678' },
    })
  })

  it.each([
    ['no session', undefined, 'gone'],
    ['a younger session of the same name', aSession({ uid: 'uid-2' }), 'gone'],
    ['a session of somebody else', aSession({ owner: 'mallory' }), 'gone'],
    ['a session that ended', aSession({ phase: 'Ended' }), 'gone'],
    ['a session that is being deleted', aSession({ deletedAt: 'x' }), 'gone'],
    ['a session that is not ready', aSession({ phase: 'Preparing' }), 'forbidden'],
  ] as const)('[G43] %s', (_title, session, close) => {
    expect(decideTicket(CLAIMS, session)).toMatchObject({ kind: 'refused', refusal: { close } })
  })

  it('[G43] says why a session is not attachable, in the words of its Ready condition', () => {
    expect(decideTicket(CLAIMS, aSession({ phase: 'Pending' }))).toMatchObject({
      refusal: { reason: 'Unschedulable: No node can take the pod.' },
    })
  })

  it('[G41] a socket without Origin needs a native ticket', () => {
    expect(ticketFitsSocket(CLAIMS, { sessionName: 'demo', origin: 'none' })?.close).toBe('forbidden')
    expect(ticketFitsSocket({ ...CLAIMS, client: 'native' }, { sessionName: 'demo', origin: 'none' })).toBeUndefined()
    expect(ticketFitsSocket(CLAIMS, { sessionName: 'demo', origin: 'allowed' })).toBeUndefined()
    expect(
      ticketFitsSocket({ ...CLAIMS, client: 'native' }, { sessionName: 'demo', origin: 'allowed' }),
    ).toBeUndefined()
  })

  it('[O3] a ticket for another session is 4401', () => {
    expect(ticketFitsSocket(CLAIMS, { sessionName: 'other', origin: 'allowed' })?.close).toBe('ticket')
  })
})
