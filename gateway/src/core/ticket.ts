// What a ticket says, and whether it opens this socket to this session (G30, G41, G43). Signatures are edge/'s business.
import type { CloseName } from '@cpc/protocol'
import type { TerminalSession } from '@cpc/crds'
import { z } from 'zod'
import { attachability } from './session-view.ts'
import type { ClientOrigin } from './upgrade.ts'

/** `typ` header of a ticket: nothing else has it. */
export const TICKET_TYPE = 'cpc-ticket+jwt'
export const TICKET_ISSUER = 'pocket-console/gateway'
export const TICKET_AUDIENCE = 'cpc.v1'

/** Claims of a ticket whose signature, time, issuer and audience have been checked. */
export const ticketClaims = z.object({
  jti: z.string().min(1).max(128),
  sub: z.string().min(1).max(256),
  session: z.string().min(1).max(253),
  uid: z.string().min(1).max(64),
  client: z.enum(['browser', 'native']),
})
export type TicketClaims = z.infer<typeof ticketClaims>

/** What a verified ticket opens. */
export interface Grant {
  owner: string
  /** The ticket's id, for the holder to consume (O4). */
  jti: string
  sessionName: string
  sessionUid: string
  podName: string
}

/** A close of leg 1: its row in the table and a sentence. */
export interface Refusal {
  close: CloseName
  reason: string
}

export type TicketDecision = { kind: 'granted'; grant: Grant } | { kind: 'refused'; refusal: Refusal }

/** The socket a ticket came over. */
export interface SocketFacts {
  sessionName: string
  origin: ClientOrigin
}

/** Checks that need no session: done before one is looked up (O3). */
export function ticketFitsSocket(claims: TicketClaims, socket: SocketFacts): Refusal | undefined {
  if (claims.session !== socket.sessionName) {
    return { close: 'ticket', reason: 'The ticket is for another session. Get one for this session.' }
  }
  if (socket.origin === 'none' && claims.client !== 'native') {
    return {
      close: 'forbidden',
      reason: 'A browser ticket needs an Origin. Programs ask for a ticket with client: native.',
    }
  }
  return undefined
}

/** Whether the ticket's session is still the one it was made for, and attachable (G43). */
export function decideTicket(claims: TicketClaims, session: TerminalSession | undefined): TicketDecision {
  if (session?.metadata.uid !== claims.uid || session.spec.owner !== claims.sub) {
    return refused('gone', `There is no session ${claims.session} any more.`)
  }
  const state = attachability(session)
  if (state.kind === 'over') return refused('gone', `${state.reason}: ${state.message}`)
  if (state.kind === 'not-yet') return refused('forbidden', `${state.reason}: ${state.message}`)
  return {
    kind: 'granted',
    grant: {
      owner: claims.sub,
      jti: claims.jti,
      sessionName: claims.session,
      sessionUid: claims.uid,
      podName: state.podName,
    },
  }
}

function refused(close: CloseName, reason: string): TicketDecision {
  return { kind: 'refused', refusal: { close, reason } }
}
