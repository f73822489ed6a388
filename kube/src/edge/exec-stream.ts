// One process in a container over a WebSocket: bytes both ways with real back-pressure, liveness by ping, the exit as a value.
import type { Clock } from '../core/clock.ts'
import type { StatusBody } from '../core/api-error.ts'
import type { Transport } from './transport.ts'

export interface ExecTarget {
  namespace: string
  pod: string
  container: string
  /** argv; no shell involved. */
  command: readonly string[]
  stdin: boolean
  /** Whether stderr is carried as a stream of its own. */
  stderr: boolean
}

/** How the process ended, or why we do not know. */
export type ExecExit =
  | { kind: 'exited'; exitCode: number }
  /** The server says the process could not be run or was lost: `reason`, `message` of its Status. */
  | { kind: 'failed'; reason: string; message: string; status: StatusBody }
  /** The connection ended before any status came; the process may still run. */
  | { kind: 'lost'; cause: 'closed-by-us' | 'dead-peer' | 'connection' | 'protocol'; message: string }

export interface ExecHandlers {
  /** Bytes of stdout, in order. At most 64 KiB more may arrive after `pause()`. The chunk is the receiver's to keep. */
  onStdout(chunk: Buffer): void
  onStderr?(chunk: Buffer): void
}

export interface ExecOptions {
  signal?: AbortSignal
  /** For the upgrade. Default EXEC_CONNECT_TIMEOUT_MS. */
  connectTimeoutMs?: number
  clock?: Clock
}

export interface ExecStream {
  readonly protocol: 'v5.channel.k8s.io' | 'v4.channel.k8s.io'
  /** Bytes written by us that the kernel has not taken yet. */
  readonly bufferedBytes: number
  /** Sends to stdin, cut into frames of at most 32 KiB. Returns `bufferedBytes` after it. After the end: ignored, returns 0. */
  write(chunk: Uint8Array): number
  /** Resolves when `bufferedBytes` is at or below `belowBytes` (default 64 KiB), or the stream ended. */
  drained(belowBytes?: number): Promise<void>
  /** Closes the process's stdin. 'unsupported' on v4, where that is not possible without losing the output. */
  endInput(): 'sent' | 'unsupported'
  /** Stops reading from the connection, so that TCP pushes back to the process. */
  pause(): void
  resume(): void
  /** Drops the connection. `exit` then is `lost/closed-by-us` unless the exit is known already. Idempotent. */
  close(): void
  /** Settles once, after the last output was delivered. Never rejects. */
  readonly exit: Promise<ExecExit>
}

/** Time for the whole upgrade. */
export const EXEC_CONNECT_TIMEOUT_MS = 15_000
/** A ping so often keeps middleboxes from cutting a quiet stream. */
export const EXEC_PING_INTERVAL_MS = 15_000
/** So long without a pong: the peer is gone. Generous: a process that does not read stdin delays pongs. */
export const EXEC_DEAD_AFTER_MS = 60_000
/** Largest frame we accept; the server sends 32 KiB frames. */
export const EXEC_FRAME_BYTES_MAX = 1024 * 1024

/**
 * Starts a process. The handlers are called from before the promise resolves.
 * @throws ApiError when the server refuses (403, 404, 400 container not found …), TransportError when there is no answer.
 */
export async function openExec(
  transport: Transport,
  target: ExecTarget,
  handlers: ExecHandlers,
  options: ExecOptions = {},
): Promise<ExecStream> {
  throw new Error('body follows' + String([transport, target, handlers, options]))
}
