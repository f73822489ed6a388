// Codes of ERROR frames and the close code the gateway turns each into. A code nobody knows counts as a broken way to the pod.
import type { CloseName } from './close-codes.ts'

export const ERROR_CLOSE_NAMES = {
  /** No version both sides know (O2). */
  version: 'protocol',
  /** The other side broke a rule (F8). */
  protocol: 'protocol',
  /** The ticket's id was seen before (O4). */
  'ticket-used': 'ticket',
  /** All CLIENTS_MAX places are taken by attached clients (O6). */
  'too-many': 'tooMany',
  /** The same client attached over another connection (O7). */
  replaced: 'replaced',
  /** The pod belongs to no session yet (O8). */
  unclaimed: 'upstream',
  /** A lossless attachment made no progress (P6), or events piled up (E2). */
  'too-slow': 'tooSlow',
  /** A lossless attachment without the writer lease (P6). */
  'lease-needed': 'forbidden',
} as const satisfies Record<string, CloseName>

export type ErrorCode = keyof typeof ERROR_CLOSE_NAMES

/** The close that follows an ERROR with this code. */
export function closeNameOfError(code: string): CloseName {
  return Object.hasOwn(ERROR_CLOSE_NAMES, code) ? ERROR_CLOSE_NAMES[code as ErrorCode] : 'upstream'
}
