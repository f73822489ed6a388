// Whether an HTTP upgrade may become a terminal socket (G40, G41): a column of guards, each naming its refusal.
import type { ProblemCode } from './problem.ts'

export const SUBPROTOCOL = 'cpc.v1'

/** What is looked at. Header values as received; absent is undefined. */
export interface UpgradeRequest {
  method: string
  /** Path and query. */
  url: string
  upgrade: string | undefined
  origin: string | undefined
  /** Sec-WebSocket-Protocol. */
  subprotocols: string | undefined
}

export type UpgradeDecision =
  | { kind: 'accept'; sessionName: string; origin: ClientOrigin }
  | { kind: 'refuse'; code: ProblemCode; detail: string; allow?: string }

/** `allowed`: a browser at an origin of the list. `none`: a program; only a native ticket will do (G41). */
export type ClientOrigin = 'allowed' | 'none'

/** Session names are DNS labels of at most 52 characters; longer ones are let through to be told that they do not exist. */
const PATH = /^\/ws\/terminal\/([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)$/

/** Decides on an upgrade. @param allowedOrigins exact strings, scheme and port included */
export function decideUpgrade(request: UpgradeRequest, allowedOrigins: ReadonlySet<string>): UpgradeDecision {
  const path = request.url.split('?', 1)[0] ?? ''
  const sessionName = PATH.exec(path)?.[1]
  if (sessionName === undefined) return refuse('not-found', 'Terminals are at /ws/terminal/{session}.')
  if (request.method !== 'GET') return { ...refuse('method-not-allowed', 'A WebSocket opens with GET.'), allow: 'GET' }
  if (request.upgrade?.toLowerCase() !== 'websocket') {
    return refuse('bad-request', 'Only an upgrade to websocket is offered here.')
  }
  if (request.origin !== undefined && !allowedOrigins.has(request.origin)) {
    return refuse(
      'origin-refused',
      `Pages of ${JSON.stringify(request.origin.slice(0, 200))} may not open terminals. The administrator lists allowed origins in CPC_ALLOWED_ORIGINS.`,
    )
  }
  if (!offers(request.subprotocols)) {
    return refuse('no-subprotocol', `Offer the subprotocol ${SUBPROTOCOL} in Sec-WebSocket-Protocol.`)
  }
  return { kind: 'accept', sessionName, origin: request.origin === undefined ? 'none' : 'allowed' }
}

function refuse(code: ProblemCode, detail: string) {
  return { kind: 'refuse', code, detail } as const
}

function offers(subprotocols: string | undefined): boolean {
  return (subprotocols ?? '').split(',').some(offer => offer.trim() === SUBPROTOCOL)
}
