// What can happen to a terminal client. Time and chance come with each event, so that `step` has none of its own (R4).
import type { Decoded, ServerFrame } from '../frame.ts'

/** When an event happened and the die that was rolled for it. */
export interface Moment {
  /** Milliseconds on any clock that only grows. */
  atMs: number
  /** A fresh random number in [0, 1). */
  roll: number
}

/** Timers by purpose; starting one that runs replaces it. */
export type TimerName = 'open' | 'retry' | 'ack' | 'ping' | 'pong' | 'stable'

export type ClientHappening =
  | { type: 'start' }
  /** A ticket was fetched and the socket is open. */
  | { type: 'opened'; connection: number; ticket: string }
  /** The gateway refused a ticket for good: signed out, not the owner, session gone. */
  | { type: 'ticket-refused'; connection: number; code: string; message: string }
  | { type: 'frame'; connection: number; frame: Decoded<ServerFrame> }
  /** What arrived was not a frame (F8). */
  | { type: 'bad-frame'; connection: number; message: string }
  /** The socket closed, or never opened (1006). */
  | { type: 'closed'; connection: number; code: number; reason: string }
  /** The caller has parsed all output before `upTo`. */
  | { type: 'parsed'; generation: number; upTo: number }
  | { type: 'typed'; bytes: Uint8Array; flags: number }
  | { type: 'resized'; cols: number; rows: number }
  | { type: 'keep-alive' }
  /** Something suggests that now is a good time: online, visible, resumed, the user's "now" (R1). */
  | { type: 'hint' }
  /** Take the writer lease from whoever has it (L1). */
  | { type: 'take-over' }
  | { type: 'detach' }
  | { type: 'timer'; timer: TimerName }

export type ClientEvent = ClientHappening & Moment
