// A short command in a container: its whole output, bounded in size and time.
import type { ExecExit, ExecTarget } from './exec-stream.ts'
import type { Transport } from './transport.ts'

export interface ExecCollectOptions {
  /** Sent, then stdin is closed. */
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
  /** 'truncated': a stream passed outputBytesMax; the command was cut off then. */
  output: 'complete' | 'truncated'
}

/** Runs a command to its end. @throws ApiError | TransportError (failure 'timeout' at the deadline) */
export async function execCollect(
  transport: Transport,
  target: Omit<ExecTarget, 'stdin' | 'stderr'>,
  options: ExecCollectOptions = {},
): Promise<ExecCollected> {
  throw new Error('body follows' + String([transport, target, options]))
}
