// A short command in a container: its whole output, bounded in size and time.
import type { ExecExit } from '../core/exec-codec.ts'
import { TransportError } from '../core/transport-error.ts'
import { createDeadline } from './deadline.ts'
import { type ExecStream, type ExecTarget, openExec } from './exec-stream.ts'
import { systemClock } from './system-clock.ts'
import type { Transport } from './transport.ts'

export interface ExecCollectOptions {
  /** Sent, then stdin is closed (needs a server that speaks v5: Kubernetes 1.30). */
  stdin?: Uint8Array
  /** Each of stdout and stderr; default 1 MiB. */
  outputBytesMax?: number
  /** Whole command; default 30,000. */
  timeoutMs?: number
  signal?: AbortSignal
}

export interface ExecCollected {
  exit: ExecExit
  stdout: Buffer
  stderr: Buffer
  /** 'truncated': a stream passed outputBytesMax; the connection was dropped then, and `exit` is lost/closed-by-us. */
  output: 'complete' | 'truncated'
}

const OUTPUT_BYTES_MAX = 1024 * 1024
const TIMEOUT_MS = 30_000

/** Runs a command to its end. @throws ApiError | TransportError (failure 'timeout' at the deadline) */
export async function execCollect(
  transport: Transport,
  target: Omit<ExecTarget, 'stdin' | 'stderr'>,
  options: ExecCollectOptions = {},
): Promise<ExecCollected> {
  const { stdin, outputBytesMax = OUTPUT_BYTES_MAX, timeoutMs = TIMEOUT_MS, signal } = options
  const deadline = createDeadline(systemClock, timeoutMs, signal)
  const overflow = new AbortController()
  const stdout = createBoundedSink(outputBytesMax, () => overflow.abort())
  const stderr = createBoundedSink(outputBytesMax, () => overflow.abort())
  try {
    const stream = await openExec(
      transport,
      { ...target, stdin: stdin !== undefined, stderr: true },
      { onStdout: stdout.take, onStderr: stderr.take },
      { signal: AbortSignal.any([deadline.signal, overflow.signal]), connectTimeoutMs: timeoutMs },
    )
    sendAll(stream, stdin)
    const exit = await stream.exit
    const cause = deadline.cause()
    if (exit.kind === 'lost' && cause !== undefined) throw interrupted(cause, target.command)
    const output = overflow.signal.aborted ? 'truncated' : 'complete'
    return { exit, stdout: stdout.bytes(), stderr: stderr.bytes(), output }
  } finally {
    deadline.dispose()
  }
}

function sendAll(stream: ExecStream, stdin: Uint8Array | undefined): void {
  if (stdin === undefined) return
  stream.write(stdin)
  if (stream.endInput() === 'sent') return
  stream.close()
  throw new TransportError('exec: this server cannot close stdin (it speaks v4 only)', 'bad-response', 'maybe-sent')
}

function interrupted(cause: 'timeout' | 'aborted', command: readonly string[]): TransportError {
  const what = cause === 'timeout' ? 'the command did not end in time' : 'aborted by the caller'
  return new TransportError(`exec ${JSON.stringify(command[0])}: ${what}`, cause, 'maybe-sent')
}

function createBoundedSink(bytesMax: number, onOverflow: () => void): { take(chunk: Buffer): void; bytes(): Buffer } {
  const chunks: Buffer[] = []
  let room = bytesMax
  return {
    take(chunk) {
      const part = chunk.subarray(0, room)
      chunks.push(part)
      room -= part.length
      if (part.length < chunk.length) onOverflow()
    },
    bytes: () => Buffer.concat(chunks),
  }
}
