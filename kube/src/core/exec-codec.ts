// The exec channel protocol (v4 and v5.channel.k8s.io): one channel byte before the payload of each WebSocket message.
import { type StatusBody, parseStatus } from './api-error.ts'

export const EXEC_PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'] as const
export type ExecProtocol = (typeof EXEC_PROTOCOLS)[number]

/** Input is cut into messages of this size: a server reads each into memory whole. */
export const EXEC_INPUT_FRAME_BYTES_MAX = 32 * 1024
/** Longest status we collect. */
export const EXEC_STATUS_BYTES_MAX = 64 * 1024

const STDIN = 0
const STDOUT = 1
const STDERR = 2
const STATUS = 3
const CLOSE = 255

export type ExecFrame =
  | { kind: 'stdout' | 'stderr' | 'status'; payload: Buffer }
  /** v5: the peer closed one channel. */
  | { kind: 'closed'; channel: number }
  /** A channel we do not know, or a message without a channel byte: not for us, and no reason to end. */
  | { kind: 'ignored' }

/** How the process ended, or why we do not know. */
export type ExecExit =
  | { kind: 'exited'; exitCode: number }
  /** The server says the process could not be run or was lost: `reason`, `message` of its Status. */
  | { kind: 'failed'; reason: string; message: string; status: StatusBody }
  /** The connection ended before any status came; the process may still run. */
  | { kind: 'lost'; cause: 'closed-by-us' | 'dead-peer' | 'connection' | 'protocol'; message: string }

/** Reads one message. An empty payload is valid: the server opens with an empty stdout frame. */
export function decodeExecFrame(message: Buffer): ExecFrame {
  const channel = message[0]
  const payload = message.subarray(1)
  switch (channel) {
    case STDOUT:
      return { kind: 'stdout', payload }
    case STDERR:
      return { kind: 'stderr', payload }
    case STATUS:
      return { kind: 'status', payload }
    case CLOSE:
      return payload.length === 1 ? { kind: 'closed', channel: payload[0] ?? 0 } : { kind: 'ignored' }
    default:
      return { kind: 'ignored' }
  }
}

/** Messages that carry `chunk` to stdin; none for an empty chunk. */
export function* encodeExecInput(chunk: Uint8Array): Generator<Buffer> {
  for (let start = 0; start < chunk.length; start += EXEC_INPUT_FRAME_BYTES_MAX) {
    const part = chunk.subarray(start, start + EXEC_INPUT_FRAME_BYTES_MAX)
    const message = Buffer.allocUnsafe(part.length + 1)
    message[0] = STDIN
    message.set(part, 1)
    yield message
  }
}

/** v5: closes stdin. Exactly two bytes, or the server drops the connection. */
export function encodeInputEnd(): Buffer {
  return Buffer.from([CLOSE, STDIN])
}

/**
 * The exit that a complete Status means; undefined while `text` is not (yet) a Status.
 * @param text everything received on the status channel so far
 */
export function parseExecStatus(text: string): ExecExit | undefined {
  if (!isJson(text)) return undefined
  const status = parseStatus(text)
  if (status.status === 'Success') return { kind: 'exited', exitCode: 0 }
  const exitCode = status.reason === 'NonZeroExitCode' ? exitCodeOf(status) : undefined
  if (exitCode !== undefined) return { kind: 'exited', exitCode }
  const message = status.message ?? 'the server gave no message'
  return { kind: 'failed', reason: status.reason ?? 'Unknown', message, status }
}

function exitCodeOf(status: StatusBody): number | undefined {
  const text = status.details?.causes?.find(cause => cause.reason === 'ExitCode')?.message
  return text !== undefined && /^-?\d{1,10}$/.test(text) ? Number(text) : undefined
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
