// Signing and verifying tickets (G30, G32). What a ticket opens is core/ticket.ts's business.
import type { Logger } from '@cpc/kube'
import { randomUUID } from 'node:crypto'
import { SignJWT, jwtVerify } from 'jose'
import { TICKET_LIMITS } from '../core/limits/auth.ts'
import { TICKET_AUDIENCE, TICKET_ISSUER, TICKET_TYPE, type TicketClaims, ticketClaims } from '../core/ticket.ts'
import { WatchedFile } from './watched-file.ts'

interface IssuedTicket {
  ticket: string
  expiresAtMs: number
}

export interface Tickets {
  issue(claims: Omit<TicketClaims, 'jti'>): Promise<IssuedTicket>
  /** The claims of a ticket whose signature and time are right; undefined for anything else. */
  verify(ticket: string): Promise<TicketClaims | undefined>
}

export interface TicketOptions {
  keyFile: string
  logger: Logger
  onKeyError: () => void
  nowMs: () => number
  /** Since the epoch. */
  wallMs: () => number
}

/** Keys in force: the current one, and for a while the one before. */
interface KeyRing {
  current: Uint8Array
  previous: { key: Uint8Array; untilMs: number } | undefined
}

/** @throws Error naming the key file when it cannot be used */
export async function createTickets(options: TicketOptions): Promise<Tickets> {
  const { keyFile, logger, nowMs, wallMs, onKeyError } = options
  let ring: KeyRing | undefined
  const file = await WatchedFile.open<KeyRing>({
    path: keyFile,
    logger,
    nowMs,
    onError: onKeyError,
    parse: content => (ring = nextRing(ring, content, nowMs())),
  })
  return {
    async issue(claims) {
      const { current } = await file.current()
      const issuedAtS = Math.floor(wallMs() / 1_000)
      const expiresAtS = issuedAtS + TICKET_LIMITS.TTL_MS / 1_000
      const { sub, ...more } = claims
      const ticket = await new SignJWT({ ...more })
        .setProtectedHeader({ alg: 'HS256', typ: TICKET_TYPE })
        .setIssuer(TICKET_ISSUER)
        .setAudience(TICKET_AUDIENCE)
        .setSubject(sub)
        .setJti(randomUUID())
        .setIssuedAt(issuedAtS)
        .setExpirationTime(expiresAtS)
        .sign(current)
      return { ticket, expiresAtMs: expiresAtS * 1_000 }
    },
    async verify(ticket) {
      const { current, previous } = await file.current()
      const claims = await claimsOf(ticket, current, wallMs())
      if (claims || !previous || previous.untilMs <= nowMs()) return claims
      return claimsOf(ticket, previous.key, wallMs())
    },
  }
}

function nextRing(ring: KeyRing | undefined, content: Buffer, nowMs: number): KeyRing {
  if (content.length < TICKET_LIMITS.KEY_BYTES_MIN) {
    throw new Error(`has ${content.length} bytes; a ticket key has at least ${TICKET_LIMITS.KEY_BYTES_MIN} random ones`)
  }
  const previous = ring && { key: ring.current, untilMs: nowMs + TICKET_LIMITS.KEY_OVERLAP_MS }
  return { current: Uint8Array.from(content), previous }
}

async function claimsOf(ticket: string, key: Uint8Array, wallMs: number): Promise<TicketClaims | undefined> {
  try {
    const { payload } = await jwtVerify(ticket, key, {
      algorithms: ['HS256'],
      typ: TICKET_TYPE,
      issuer: TICKET_ISSUER,
      audience: TICKET_AUDIENCE,
      maxTokenAge: TICKET_LIMITS.TTL_MS / 1_000,
      clockTolerance: TICKET_LIMITS.CLOCK_TOLERANCE_S,
      requiredClaims: ['exp', 'iat'],
      currentDate: new Date(wallMs),
    })
    const claims = ticketClaims.safeParse(payload)
    return claims.success ? claims.data : undefined
  } catch {
    return undefined
  }
}
