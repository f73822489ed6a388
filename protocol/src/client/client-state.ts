// The states of a terminal client (R4): what it keeps for good, and what it has in each phase.
import type { ErrorBody } from '../payloads.ts'
import type { End } from './effect.ts'
import type { InputQueue } from './input-queue.ts'
import { emptyQueue, queueRoom } from './input-queue.ts'

export interface ClientOptions {
  /** Who this is, for the other side's logs (HELLO). */
  client: { name: string; version: string }
  mode: 'control' | 'view'
  /** Take the lease at the first ATTACH (L1). */
  takeover?: boolean
  /** Every byte or an error, never a gap (P6). */
  lossless?: boolean
  cols: number
  rows: number
}

/** What survives a connection. */
export interface Kept {
  client: { name: string; version: string }
  /** A random word, by which the holder knows this client before it knows its own id (O9). */
  key: string
  mode: 'control' | 'view'
  lossless: boolean
  cols: number
  rows: number
  /** Whether the next ATTACH takes the lease; only the next, or two clients would snatch it from each other for ever. */
  takeover: boolean
  /** The connection epoch: the number of the current or last try (R2). */
  connection: number
  /** Tries since the last stable connection (R1). */
  tries: number
  /** 4401 in a row without an ATTACHED between. */
  ticketRefusals: number
  /** Broken frames in a row without a stable connection between. */
  protocolErrors: number
  /** The holder's name for this client, and the holder's epoch; absent before the first ATTACHED. */
  attachment: { clientId: string; epoch: string } | undefined
  /** The lease last held; 0 for a viewer, undefined before the first ATTACHED. */
  lease: number | undefined
  output: OutputPosition
  input: InputQueue
  /** Input was refused for want of room; the caller is told once there is some. */
  wantsRoom: boolean
}

interface OutputPosition {
  /** Grows when another holder answers, so that `parsed` of an older shell is not taken for this one's. */
  generation: number
  /** The offset of the next byte to deliver (R6). */
  received: number
  /** Everything before it has been parsed by the caller. */
  parsed: number
}

/** What is known of an open socket. */
export interface Link {
  /** When anything last arrived (T5). */
  heardAtMs: number
  /** Whether a PING is out that nothing has followed, and how patiently its answer is awaited. */
  probe: 'none' | 'patient' | 'urgent'
  /** The ERROR that came; the close that follows it has the last word. */
  error: ErrorBody | undefined
}

export type ClientState =
  | { phase: 'idle'; kept: Kept }
  /** Getting a ticket and a socket. */
  | { phase: 'connecting'; kept: Kept }
  /** HELLO and ATTACH are out. */
  | { phase: 'opening'; kept: Kept; link: Link }
  | AttachedState
  /** Between two tries. `cause` is a sentence. */
  | { phase: 'waiting'; kept: Kept; retryAtMs: number; cause: string }
  | { phase: 'ended'; kept: Kept; end: End }

export interface AttachedState {
  phase: 'attached'
  kept: Kept
  link: Link
  /** Where the bytes received over this connection end; an ACK may not be beyond it (C3). */
  wireOff: number
  /** The last ACK sent, or `from` of ATTACHED (C4). */
  ackedOff: number
  /** The `ack` timer runs. */
  ackPending: boolean
}

/** @param key a random word, a new one for each client (O9) */
export function initialState(options: ClientOptions, key: string): ClientState {
  const kept: Kept = {
    client: options.client,
    key,
    mode: options.mode,
    lossless: options.lossless ?? false,
    cols: options.cols,
    rows: options.rows,
    takeover: options.takeover ?? false,
    connection: 0,
    tries: 0,
    ticketRefusals: 0,
    protocolErrors: 0,
    attachment: undefined,
    lease: undefined,
    output: { generation: 0, received: 0, parsed: 0 },
    input: emptyQueue(0),
    wantsRoom: false,
  }
  return { phase: 'idle', kept }
}

/** How many bytes `typed` would take now (R5): none for a viewer, nor after the end. */
export function inputRoom(state: ClientState): number {
  return state.phase === 'ended' || !mayType(state.kept) ? 0 : Math.max(0, queueRoom(state.kept.input))
}

/** Whether typing may be accepted at all (I5). Before the first ATTACHED the answer is not known; then it may. */
function mayType(kept: Kept): boolean {
  return kept.mode === 'control' && kept.lease !== 0
}

/** What a caller shows: the phase, and what belongs to it. */
export type ClientStatus =
  | { phase: 'idle' | 'connecting' | 'opening' }
  | { phase: 'attached'; lease: number }
  | { phase: 'waiting'; retryAtMs: number; cause: string }
  | { phase: 'ended'; end: End }

export function statusOf(state: ClientState): ClientStatus {
  switch (state.phase) {
    case 'attached':
      return { phase: 'attached', lease: state.kept.lease ?? 0 }
    case 'waiting':
      return { phase: 'waiting', retryAtMs: state.retryAtMs, cause: state.cause }
    case 'ended':
      return { phase: 'ended', end: state.end }
    case 'idle':
    case 'connecting':
    case 'opening':
      return { phase: state.phase }
  }
}
