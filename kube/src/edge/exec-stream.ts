// One process in a container over a WebSocket: bytes both ways with real back-pressure, liveness by ping, the exit as a value.
import type { Clock } from '../core/clock.ts'
import { EXEC_PROTOCOLS, type ExecExit, type ExecProtocol } from '../core/exec-codec.ts'
import { objectPath } from '../core/resource.ts'
import { TransportError } from '../core/transport-error.ts'
import { pods } from '../resources.ts'
import { openExecSocket } from './exec-upgrade.ts'
import { SocketExec } from './socket-exec.ts'
import { systemClock } from './system-clock.ts'
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

export interface ExecHandlers {
  /** Bytes of stdout, in order. What was read already (at most about 64 KiB) still arrives after `pause()`. */
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
  readonly protocol: ExecProtocol
  /** Bytes written by us that the kernel has not taken yet. */
  readonly bufferedBytes: number
  /** Sends to stdin, cut into frames of at most 32 KiB. Returns `bufferedBytes` after it. After the end: ignored, returns 0. */
  write(chunk: Uint8Array): number
  /** Resolves when `bufferedBytes` is at or below `belowBytes` (default 64 KiB), or the stream ended. */
  drained(belowBytes?: number): Promise<void>
  /** Closes the process's stdin. 'unsupported' on v4, where that is not possible without losing the output. */
  endInput(): 'sent' | 'unsupported'
  /** Stops reading from the connection, so that TCP pushes back to the process. The exit, too, waits for `resume`. */
  pause(): void
  resume(): void
  /** Drops the connection. `exit` then is `lost/closed-by-us` unless the exit is known already. Idempotent. */
  close(): void
  /** Settles once, after the last output was delivered. Never rejects. */
  readonly exit: Promise<ExecExit>
}

/** Time for the whole upgrade. */
const EXEC_CONNECT_TIMEOUT_MS = 15_000

/**
 * Starts a process. Handlers may be called before the promise resolves.
 * @throws ApiError when the server refuses (403, 404, 400 container not found …), TransportError when there is no answer.
 */
export async function openExec(
  transport: Transport,
  target: ExecTarget,
  handlers: ExecHandlers,
  options: ExecOptions = {},
): Promise<ExecStream> {
  const { signal, connectTimeoutMs = EXEC_CONNECT_TIMEOUT_MS, clock = systemClock } = options
  const streams: SocketExec[] = []
  const socket = await openExecSocket(transport, execPath(target), {
    ...(signal === undefined ? {} : { signal }),
    timeoutMs: connectTimeoutMs,
    clock,
    prepare: candidate => streams.push(new SocketExec(candidate, handlers, clock)),
  })
  const stream = streams.at(-1)
  const protocol = EXEC_PROTOCOLS.find(known => known === socket.protocol)
  if (stream === undefined || protocol === undefined) {
    socket.terminate()
    throw new TransportError('exec: the server chose no channel protocol we speak', 'bad-response', 'maybe-sent')
  }
  stream.begin(protocol, signal)
  return stream
}

function execPath(target: ExecTarget): string {
  const query = new URLSearchParams({
    container: target.container,
    stdin: String(target.stdin),
    stdout: 'true',
    stderr: String(target.stderr),
    tty: 'false',
  })
  for (const word of target.command) query.append('command', word)
  return `${objectPath(pods, { namespace: target.namespace, name: target.pod }, 'exec')}?${query.toString()}`
}
