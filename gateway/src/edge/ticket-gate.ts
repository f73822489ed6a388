// Turns a ticket in HELLO into a grant: signature, then the socket, then the session, in that order (O3, G43).
import type { Logger } from '@cpc/kube'
import { type Refusal, type SocketFacts, type TicketDecision, decideTicket, ticketFitsSocket } from '../core/ticket.ts'
import { clusterFailure } from './cluster-failure.ts'
import type { SessionDirectory } from './session-directory.ts'
import type { Tickets } from './tickets.ts'

export type TicketGate = (ticket: string, socket: SocketFacts) => Promise<TicketDecision>

export function createTicketGate(
  tickets: Pick<Tickets, 'verify'>,
  directory: Pick<SessionDirectory, 'findAttachable'>,
  logger: Logger,
): TicketGate {
  return async (ticket, socket) => {
    const claims = await tickets.verify(ticket)
    if (!claims) return refused({ close: 'ticket', reason: 'The ticket is bad or has expired. Get a new one.' })
    const misfit = ticketFitsSocket(claims, socket)
    if (misfit) return refused(misfit)
    try {
      return decideTicket(claims, await directory.findAttachable(claims.session))
    } catch (error) {
      const failure = clusterFailure(error)
      logger.warn(
        { session: claims.session, problem: failure?.message ?? String(error) },
        'a session could not be looked up',
      )
      return refused({ close: 'upstream', reason: 'The Kubernetes API server does not answer. Try again.' })
    }
  }
}

function refused(refusal: Refusal): TicketDecision {
  return { kind: 'refused', refusal }
}
