// The frames of cpc.v1 as a union, and the numbers they have on the wire (SPEC.md section 1).
import type { AttachBody, AttachedBody, ErrorBody, EventBody, ExitBody, HelloBody, WelcomeBody } from './payloads.ts'

/** Type bytes. 0x01… client to server, 0x41… server to client, 0x7e… both ways. */
export const FRAME_TYPES = {
  HELLO: 0x01,
  ATTACH: 0x02,
  IN: 0x03,
  ACK: 0x04,
  RESIZE: 0x05,
  KEEP_ALIVE: 0x06,
  DETACH: 0x07,
  WELCOME: 0x41,
  ATTACHED: 0x42,
  OUT: 0x43,
  IN_ACK: 0x44,
  EVENT: 0x45,
  EXIT: 0x46,
  GAP: 0x47,
  ERROR: 0x48,
  PING: 0x7e,
  PONG: 0x7f,
} as const

export type FrameType = keyof typeof FRAME_TYPES

/** Flag bit 0 of IN: the terminal's own answer to a query, not a person's input (T1). */
export const FLAG_REPLY = 0x01

/** The session's first shell, and the only stream of this version (F7). */
export const STREAM_SHELL = 0

/** What every frame has. Absent means 0 when encoding; decoding always fills both. */
interface Header {
  flags?: number
  stream?: number
}

export interface HelloFrame extends Header {
  type: 'HELLO'
  body: HelloBody
}
export interface AttachFrame extends Header {
  type: 'ATTACH'
  body: AttachBody
}
export interface InFrame extends Header {
  type: 'IN'
  lease: number
  off: number
  bytes: Uint8Array
}
export interface AckFrame extends Header {
  type: 'ACK'
  outOff: number
}
export interface ResizeFrame extends Header {
  type: 'RESIZE'
  cols: number
  rows: number
}
export interface KeepAliveFrame extends Header {
  type: 'KEEP_ALIVE'
}
export interface DetachFrame extends Header {
  type: 'DETACH'
}
export interface WelcomeFrame extends Header {
  type: 'WELCOME'
  body: WelcomeBody
}
export interface AttachedFrame extends Header {
  type: 'ATTACHED'
  body: AttachedBody
}
export interface OutFrame extends Header {
  type: 'OUT'
  off: number
  bytes: Uint8Array
}
export interface InAckFrame extends Header {
  type: 'IN_ACK'
  inOff: number
}
export interface EventFrame extends Header {
  type: 'EVENT'
  body: EventBody
}
export interface ExitFrame extends Header {
  type: 'EXIT'
  body: ExitBody
}
export interface GapFrame extends Header {
  type: 'GAP'
  from: number
  to: number
}
export interface ErrorFrame extends Header {
  type: 'ERROR'
  body: ErrorBody
}
export interface PingFrame extends Header {
  type: 'PING'
  /** Opaque u64. */
  opaque: bigint
}
export interface PongFrame extends Header {
  type: 'PONG'
  opaque: bigint
}

/** What a client sends. */
export type ClientFrame =
  HelloFrame | AttachFrame | InFrame | AckFrame | ResizeFrame | KeepAliveFrame | DetachFrame | PingFrame | PongFrame

/** What a gateway or holder sends. */
export type ServerFrame =
  | WelcomeFrame
  | AttachedFrame
  | OutFrame
  | InAckFrame
  | EventFrame
  | ExitFrame
  | GapFrame
  | ErrorFrame
  | PingFrame
  | PongFrame

export type Frame = ClientFrame | ServerFrame

/** A frame as decoded: flags and stream are always there. */
export type Decoded<F extends Frame> = F & { flags: number; stream: number }
