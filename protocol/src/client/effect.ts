// What a terminal client wants done. The driver does it; `step` only says it (R4).
import type { ClientFrame } from '../frame.ts'
import type { AttachedBody, EventBody, ExitBody } from '../payloads.ts'
import type { TimerName } from './client-event.ts'

/** Why unacknowledged input was given up (I5, I6). */
export type InputLossReason =
  /** Another client has the lease now; the bytes were not accepted. */
  | 'lease'
  /** The holder no longer knew this client, or is another one; whether the bytes arrived is not known. */
  | 'new-client'

/** How a client ends. */
export type End =
  | { kind: 'exit'; exit: ExitBody }
  | { kind: 'detached' }
  /** A final close code; `reason` is a sentence, `error` the code of the ERROR before it, if there was one. */
  | { kind: 'closed'; code: number; reason: string; error?: string }
  /** No ticket is to be had; `code` is the gateway's, `message` a sentence. */
  | { kind: 'refused'; code: string; message: string }
  /** The other side broke the protocol twice in a row. */
  | { kind: 'protocol'; message: string }

/** What the caller is told besides output and state. */
export type Report =
  | { kind: 'attached'; attached: AttachedBody }
  /** Output from `from` up to `to` is gone (P4, P5). */
  | { kind: 'gap'; from: number; to: number }
  /** Another holder answered: what is on the screen belongs to a shell that is no more. */
  | { kind: 'restarted' }
  | { kind: 'event'; event: EventBody }
  | { kind: 'input-lost'; bytes: Uint8Array; reason: InputLossReason }
  /** There is room again after input was refused (R5). */
  | { kind: 'input-room' }
  /** Round trip of a PING to the gateway. */
  | { kind: 'latency'; rttMs: number }

export type Effect =
  /** Fetch a fresh ticket (R3) and open a socket; answer with `opened`, `ticket-refused` or `closed`. */
  | { type: 'connect'; connection: number }
  | { type: 'send'; frame: ClientFrame }
  | { type: 'close'; code: number; reason: string }
  /** Output for the caller, in order; answer with `parsed` up to `off + bytes.length`. Empty behind a gap. */
  | { type: 'deliver'; generation: number; off: number; bytes: Uint8Array }
  | { type: 'start-timer'; timer: TimerName; ms: number }
  | { type: 'stop-timer'; timer: TimerName }
  | { type: 'report'; report: Report }
  | { type: 'ended'; end: End }
