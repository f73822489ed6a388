// Frames to bytes and back (SPEC.md section 1). Strict and total: whatever arrives, decoding gives a frame or throws
// ProtocolError. Decoded `bytes` are views into what was given, never copies.
import type { ClientFrame, Decoded, Frame, FrameType, ServerFrame } from './frame.ts'
import { FRAME_TYPES } from './frame.ts'
import type { JsonSchema } from './json-payload.ts'
import { decodeJson, encodeJson } from './json-payload.ts'
import { LIMITS } from './limits.ts'
import * as payloads from './payloads.ts'
import { ProtocolError } from './protocol-error.ts'
import { readOffset, readU16, readU32, readU64, writeOffset, writeU16, writeU32, writeU64 } from './wire-integers.ts'

const HEADER = LIMITS.FRAME_HEADER_BYTES

type FrameOf<T extends FrameType> = Extract<Frame, { type: T }>
/** The fields of a frame besides its header. */
type Fields<T extends FrameType> = Omit<FrameOf<T>, 'type' | 'flags' | 'stream'>

/** How one frame type looks behind the header. */
interface Layout<T extends FrameType> {
  direction: 'from-client' | 'from-server' | 'both'
  /** Bytes of the fixed fields; a shorter payload is an error, a longer one is for later versions (F6). */
  fixedBytes: number
  read: (frame: Uint8Array) => Fields<T>
  /** A whole frame with room for the header, which the caller fills. */
  write: (fields: Fields<T>) => Uint8Array
}

/** A frame buffer with its header left blank. */
function blank(payloadBytes: number): Uint8Array {
  return new Uint8Array(HEADER + payloadBytes)
}

function empty(): Pick<Layout<'DETACH' | 'KEEP_ALIVE'>, 'fixedBytes' | 'read' | 'write'> {
  return { fixedBytes: 0, read: () => ({}), write: () => blank(0) }
}

function json<B>(schema: JsonSchema<B>) {
  return {
    fixedBytes: 0,
    read: (frame: Uint8Array) => ({ body: decodeJson(frame.subarray(HEADER), schema) }),
    write: (fields: { body: B }) => encodeJson(fields.body, HEADER),
  }
}

const opaque = {
  direction: 'both',
  fixedBytes: 8,
  read: (frame: Uint8Array) => ({ opaque: readU64(frame, HEADER) }),
  write: (fields: { opaque: bigint }) => {
    const frame = blank(8)
    writeU64(frame, HEADER, fields.opaque)
    return frame
  },
} as const

/** The raw bytes behind the fixed fields, bounded (P7, I4). */
function tail(frame: Uint8Array, at: number, bytesMax: number): Uint8Array {
  const bytes = frame.subarray(at)
  if (bytes.length > bytesMax) {
    throw new ProtocolError('bytes-too-large', `A frame carries ${bytes.length} bytes; ${bytesMax} are allowed.`)
  }
  return bytes
}

const LAYOUTS: { [T in FrameType]: Layout<T> } = {
  HELLO: { direction: 'from-client', ...json(payloads.helloSchema) },
  ATTACH: { direction: 'from-client', ...json(payloads.attachSchema) },
  IN: {
    direction: 'from-client',
    fixedBytes: 12,
    read: frame => ({
      lease: readU32(frame, HEADER),
      off: readOffset(frame, HEADER + 4),
      bytes: tail(frame, HEADER + 12, LIMITS.IN_BYTES_MAX),
    }),
    write: ({ lease, off, bytes }) => {
      const frame = blank(12 + bytes.length)
      writeU32(frame, HEADER, lease)
      writeOffset(frame, HEADER + 4, off)
      frame.set(bytes, HEADER + 12)
      return frame
    },
  },
  ACK: {
    direction: 'from-client',
    fixedBytes: 8,
    read: frame => ({ outOff: readOffset(frame, HEADER) }),
    write: ({ outOff }) => {
      const frame = blank(8)
      writeOffset(frame, HEADER, outOff)
      return frame
    },
  },
  RESIZE: {
    direction: 'from-client',
    fixedBytes: 4,
    read: frame => ({ cols: readU16(frame, HEADER), rows: readU16(frame, HEADER + 2) }),
    write: ({ cols, rows }) => {
      const frame = blank(4)
      writeU16(frame, HEADER, cols)
      writeU16(frame, HEADER + 2, rows)
      return frame
    },
  },
  KEEP_ALIVE: { direction: 'from-client', ...empty() },
  DETACH: { direction: 'from-client', ...empty() },
  WELCOME: { direction: 'from-server', ...json(payloads.welcomeSchema) },
  ATTACHED: { direction: 'from-server', ...json(payloads.attachedSchema) },
  OUT: {
    direction: 'from-server',
    fixedBytes: 8,
    read: frame => ({ off: readOffset(frame, HEADER), bytes: tail(frame, HEADER + 8, LIMITS.OUT_BYTES_MAX) }),
    write: ({ off, bytes }) => {
      const frame = blank(8 + bytes.length)
      writeOffset(frame, HEADER, off)
      frame.set(bytes, HEADER + 8)
      return frame
    },
  },
  IN_ACK: {
    direction: 'from-server',
    fixedBytes: 8,
    read: frame => ({ inOff: readOffset(frame, HEADER) }),
    write: ({ inOff }) => {
      const frame = blank(8)
      writeOffset(frame, HEADER, inOff)
      return frame
    },
  },
  EVENT: { direction: 'from-server', ...json(payloads.eventSchema) },
  EXIT: { direction: 'from-server', ...json(payloads.exitSchema) },
  GAP: {
    direction: 'from-server',
    fixedBytes: 16,
    read: frame => ({ from: readOffset(frame, HEADER), to: readOffset(frame, HEADER + 8) }),
    write: ({ from, to }) => {
      const frame = blank(16)
      writeOffset(frame, HEADER, from)
      writeOffset(frame, HEADER + 8, to)
      return frame
    },
  },
  ERROR: { direction: 'from-server', ...json(payloads.errorSchema) },
  PING: opaque,
  PONG: opaque,
}

const NAME_BY_BYTE = new Map<number, FrameType>(
  Object.entries(FRAME_TYPES).map(([type, byte]) => [byte, type as FrameType]),
)

/** The header of a frame, for a relay that looks no further. */
export interface FrameHeader {
  type: FrameType
  flags: number
  stream: number
}

/** Reads type, flags and stream. Throws ProtocolError for a frame that is too short, too long or of an unknown type. */
export function decodeHeader(frame: Uint8Array): FrameHeader {
  if (frame.length < HEADER) {
    throw new ProtocolError('truncated-header', `A frame of ${frame.length} bytes has no room for its header of 4.`)
  }
  if (frame.length > LIMITS.FRAME_BYTES_MAX) {
    throw new ProtocolError(
      'frame-too-large',
      `A frame is ${frame.length} bytes long; ${LIMITS.FRAME_BYTES_MAX} are allowed.`,
    )
  }
  const byte = frame[0] ?? 0
  const type = NAME_BY_BYTE.get(byte)
  if (!type) throw new ProtocolError('unknown-type', `No frame has type 0x${byte.toString(16).padStart(2, '0')}.`)
  return { type, flags: frame[1] ?? 0, stream: readU16(frame, 2) }
}

/**
 * Decodes one frame of either direction. `bytes` of IN and OUT are views into `frame`.
 * Throws ProtocolError, and nothing else, for anything that is not a frame (F4, F5, F6).
 */
export function decodeFrame(frame: Uint8Array): Decoded<Frame> {
  const header = decodeHeader(frame)
  const layout = LAYOUTS[header.type]
  const payloadBytes = frame.length - HEADER
  if (payloadBytes < layout.fixedBytes) {
    throw new ProtocolError(
      'short-payload',
      `${header.type} needs ${layout.fixedBytes} bytes of payload and has ${payloadBytes}.`,
    )
  }
  return { ...header, ...layout.read(frame) } as Decoded<Frame>
}

/** As decodeFrame, and refuses what only a server sends. */
export function decodeClientFrame(frame: Uint8Array): Decoded<ClientFrame> {
  return decodeFrom(frame, 'from-client') as Decoded<ClientFrame>
}

/** As decodeFrame, and refuses what only a client sends. */
export function decodeServerFrame(frame: Uint8Array): Decoded<ServerFrame> {
  return decodeFrom(frame, 'from-server') as Decoded<ServerFrame>
}

function decodeFrom(frame: Uint8Array, direction: 'from-client' | 'from-server'): Decoded<Frame> {
  const { type } = decodeHeader(frame)
  const allowed = LAYOUTS[type].direction
  if (allowed !== 'both' && allowed !== direction) {
    throw new ProtocolError('wrong-direction', `${type} does not travel in this direction.`)
  }
  return decodeFrame(frame)
}

/** Encodes one frame. Throws ProtocolError when the frame itself breaks a bound: that is a mistake of the caller. */
export function encodeFrame(frame: Frame): Uint8Array {
  // The layout and the fields agree by `frame.type`, which TypeScript cannot follow through the table.
  const layout = LAYOUTS[frame.type] as unknown as Layout<FrameType>
  const bytes = layout.write(frame)
  if (bytes.length > LIMITS.FRAME_BYTES_MAX) {
    throw new ProtocolError('frame-too-large', `${frame.type} would be ${bytes.length} bytes long.`)
  }
  bytes[0] = FRAME_TYPES[frame.type]
  bytes[1] = frame.flags ?? 0
  writeU16(bytes, 2, frame.stream ?? 0)
  return bytes
}
