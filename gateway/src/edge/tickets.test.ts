import { randomBytes } from 'node:crypto'
import { silentLogger } from '@cpc/kube'
import { LIMITS } from '@cpc/protocol'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterAll, describe, expect, it } from 'vitest'
import { makeFolder, makeKey, makeTicketKey, signToken } from '../../test/keys.ts'
import { AUTH_LIMITS, TICKET_LIMITS } from '../core/limits/auth.ts'
import { createTickets } from './tickets.ts'

const folder = makeFolder()
afterAll(() => folder.remove())

const CLAIMS = { sub: 'octocat', session: 'demo', uid: 'uid-1', client: 'native' } as const

/** A gateway's tickets with a clock of its own. */
async function replica(keyFile: string) {
  const clock = { nowMs: 0, wallMs: Date.parse('2026-11-22T12:00:00Z') }
  const tickets = await createTickets({
    keyFile,
    logger: silentLogger,
    onKeyError: () => undefined,
    nowMs: () => clock.nowMs,
    wallMs: () => clock.wallMs,
  })
  const pass = (ms: number) => {
    clock.nowMs += ms
    clock.wallMs += ms
  }
  return { ...tickets, clock, pass }
}

describe('tickets', () => {
  it('[G30] another replica with the same key accepts them', async () => {
    const keyFile = makeTicketKey(folder)
    const [a, b] = [await replica(keyFile), await replica(keyFile)]
    const { ticket, expiresAtMs } = await a.issue(CLAIMS)
    expect(await b.verify(ticket)).toMatchObject(CLAIMS)
    expect(expiresAtMs).toBe(a.clock.wallMs + TICKET_LIMITS.TTL_MS)
  })

  it('[G30] each has an id of its own, a type of its own, and holds no more than it must', async () => {
    const { issue } = await replica(makeTicketKey(folder))
    const [one, two] = [(await issue(CLAIMS)).ticket, (await issue(CLAIMS)).ticket]
    expect(decodeJwt(one).jti).not.toBe(decodeJwt(two).jti)
    expect(decodeProtectedHeader(one)).toEqual({ alg: 'HS256', typ: 'cpc-ticket+jwt' })
    expect(Object.keys(decodeJwt(one)).sort()).toEqual([
      'aud',
      'client',
      'exp',
      'iat',
      'iss',
      'jti',
      'session',
      'sub',
      'uid',
    ])
  })

  it('[G30] [O4] none is accepted at or after the time the holder remembers its id, even by a clock that is behind', async () => {
    const tickets = await replica(makeTicketKey(folder))
    const { ticket } = await tickets.issue(CLAIMS)
    tickets.pass(TICKET_LIMITS.TTL_MS - 1_000)
    expect(await tickets.verify(ticket)).toBeDefined()
    tickets.pass(LIMITS.TICKET_TTL_MS - TICKET_LIMITS.TTL_MS + 1_000)
    expect(await tickets.verify(ticket)).toBeUndefined()
  })

  it('[G30] a replica whose clock is 3 s behind accepts a fresh one', async () => {
    const keyFile = makeTicketKey(folder)
    const [a, b] = [await replica(keyFile), await replica(keyFile)]
    b.clock.wallMs -= 3_000
    expect(await b.verify((await a.issue(CLAIMS)).ticket)).toBeDefined()
  })

  it('[O3] refuses what is no ticket of ours', async () => {
    const tickets = await replica(makeTicketKey(folder))
    const { ticket } = await tickets.issue(CLAIMS)
    const foreign = await (await replica(makeTicketKey(folder, 'other.key'))).issue(CLAIMS)
    const [header = '', payload = '', signature = ''] = ticket.split('.')
    const forged = Buffer.from(JSON.stringify({ ...decodeJwt(ticket), sub: 'root' })).toString('base64url')
    for (const bad of [
      '',
      'x',
      `${header}.${payload}.`,
      `${header}.${forged}.${signature}`,
      foreign.ticket,
      await signToken(makeKey('ES256')),
    ]) {
      expect(await tickets.verify(bad)).toBeUndefined()
    }
  })

  it('[G32] when the key changes, tickets of the key before it still count for a minute', async () => {
    const keyFile = makeTicketKey(folder, 'rotating.key')
    const tickets = await replica(keyFile)
    const { ticket } = await tickets.issue(CLAIMS)
    folder.write('rotating.key', randomBytes(48))
    tickets.clock.nowMs += AUTH_LIMITS.KEY_RECHECK_MS
    const fresh = await tickets.issue(CLAIMS)
    expect(await tickets.verify(ticket)).toBeDefined()
    expect(await tickets.verify(fresh.ticket)).toBeDefined()
    tickets.clock.nowMs += TICKET_LIMITS.KEY_OVERLAP_MS
    expect(await tickets.verify(ticket)).toBeUndefined()
    expect(await tickets.verify(fresh.ticket)).toBeDefined()
  })

  it('a key that is too short is refused at the start', async () => {
    await expect(replica(folder.write('short.key', randomBytes(31)))).rejects.toThrow(/short\.key: has 31 bytes/)
  })
})
