// One terminal socket as data: its states, what may happen to it, and what it wants done. No sockets, no timers, no clock.
import type { AttachBody, ClientFrame, Decoded, ExitBody, HelloBody, ServerFrame } from '@cpc/protocol'
import type { Credit } from '../credit.ts'
import type { Grant, Refusal } from '../ticket.ts'

// --- states ---

/** When the client was last heard, and since when an answer to a PING is due (T5). */
export interface Liveness {
  heardMs: number
  pingedMs: number | undefined
}

/** What every open state has. */
export interface Open {
  client: Liveness
  /** Why the client's socket is not read; empty: it is. */
  clientPauses: readonly PauseReason[]
}

export type PauseReason = 'client-backlog' | 'holder-backlog'

export type Attachment =
  | (Open & { kind: 'awaiting-hello' })
  /** `early`: an ATTACH that came before WELCOME. One frame is all that is kept. */
  | (Open & { kind: 'verifying'; early: Received<ClientFrame> | undefined })
  | (Open & { kind: 'awaiting-attach'; grant: Grant })
  /** The exec is being opened. */
  | (Open & { kind: 'opening'; grant: Grant; attach: AttachBody })
  /** ATTACH is at the holder. */
  | (Open & { kind: 'attaching'; grant: Grant; holder: Liveness })
  | (Open & Attached)
  | { kind: 'closed' }

export interface Attached {
  kind: 'attached'
  grant: Grant
  holder: Liveness
  /** `ended`: the exec is gone, and all it said is in `held`. */
  exec: 'open' | 'ended'
  /** `blocked`: no credit, or the client does not read; the exec is not read and the stall timer runs. */
  flow: 'flowing' | 'blocked'
  credit: Credit
  /** The offset the holder's next OUT must have (G54). */
  nextOff: number
  /** Frames in the holder's order that wait for credit (G52). */
  held: readonly Received<ServerFrame>[]
  heldBytes: number
  /** Seen in the cluster: the session is over (G56). */
  sessionOver: string | undefined
}

/** A frame as decoded, and the bytes it was decoded from: those are what is passed on. */
export interface Received<F extends ClientFrame | ServerFrame> {
  frame: Decoded<F>
  bytes: Uint8Array
}

export type OpenAttachment = Exclude<Attachment, { kind: 'closed' }>

// --- events ---

export type AttachmentEvent =
  /** A binary message of the client: one frame, or not. */
  | { kind: 'client-message'; bytes: Uint8Array }
  /** The client broke the framing itself: a text message, a message too long, a bad WebSocket. */
  | { kind: 'client-broke'; message: string }
  | { kind: 'client-closed' }
  /** What waits for the client's socket crossed its bound, or is half of it again (G53). */
  | { kind: 'client-backlog'; level: 'full' | 'drained' }
  | { kind: 'ticket-granted'; grant: Grant }
  | { kind: 'ticket-refused'; refusal: Refusal }
  | { kind: 'exec-opened' }
  | { kind: 'exec-refused'; message: string }
  /** One frame of the holder, without its length. */
  | { kind: 'holder-message'; bytes: Uint8Array }
  | { kind: 'holder-broke'; message: string }
  | { kind: 'holder-backlog'; level: 'full' | 'drained' }
  | { kind: 'exec-ended'; message: string }
  /** The session ended or was deleted; `message` says how. */
  | { kind: 'session-over'; message: string }
  | { kind: 'draining' }
  /** Another socket needs the place of this one, which has not shown a ticket (G42). */
  | { kind: 'crowded-out' }
  | { kind: 'timer'; timer: TimerName }

/** `phase`: for HELLO, ATTACH, ATTACHED. `stall`: out of credit. `grace`: EXIT after the session's end. */
export type TimerName = 'phase' | 'client-silence' | 'holder-silence' | 'stall' | 'grace'

// --- effects ---

export type Effect =
  | { kind: 'to-client'; bytes: Uint8Array }
  /** A frame; edge puts its length before it. */
  | { kind: 'to-holder'; bytes: Uint8Array }
  | { kind: 'check-ticket'; ticket: string }
  | { kind: 'open-exec'; grant: Grant }
  | { kind: 'pause-exec' }
  | { kind: 'resume-exec' }
  | { kind: 'close-exec' }
  | { kind: 'pause-client' }
  | { kind: 'resume-client' }
  | { kind: 'close-client'; code: number; reason: string }
  /** Arming an armed timer moves it. */
  | { kind: 'arm'; timer: TimerName; delayMs: number }
  | { kind: 'disarm'; timer: TimerName }
  | { kind: 'note'; note: Note }

/** Facts for the audit log and the metrics; never terminal bytes, never a ticket. */
export type Note =
  | { kind: 'hello'; hello: Pick<HelloBody, 'client'> }
  | { kind: 'attached'; grant: Grant; resume: string; mode: 'writer' | 'viewer' }
  | { kind: 'exit'; exit: ExitBody }
  | { kind: 'stalled' }

export type Step = [Attachment, Effect[]]
