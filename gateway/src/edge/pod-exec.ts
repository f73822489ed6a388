// Leg 2: the exec of `holder attach` in a session's pod, as frames (G50).
import { HOLDER_CONTAINER, HOLDER_PATH } from '@cpc/crds'
import { type ExecExit, type Transport, openExec } from '@cpc/kube'
import { LengthPrefixDecoder, ProtocolError, prependLength } from '@cpc/protocol'
import { SOCKET_LIMITS } from '../core/limits/socket.ts'

/** What arrives. Nothing more after `ended`. */
export interface HolderHandlers {
  onFrame(bytes: Uint8Array): void
  /** The stream is not cpc.v1. */
  onBroken(message: string): void
  /** The exec is over; `message` says how, `diagnostics` is the last of its stderr. */
  onEnded(message: string, diagnostics: string): void
}

/** An open exec. */
export interface HolderStream {
  /** Sends one frame; returns the bytes that wait. */
  send(frame: Uint8Array): number
  readonly bufferedBytes: number
  /** Resolves when at most `belowBytes` wait, or the exec ended. */
  drained(belowBytes: number): Promise<void>
  pause(): void
  resume(): void
  close(): void
}

/** Opens a stream to the holder of a pod. @throws ApiError, TransportError */
export type OpenHolder = (podName: string, handlers: HolderHandlers) => Promise<HolderStream>

/** What is kept of stderr: a sentence for the log. */
const DIAGNOSTICS_BYTES_MAX = 512

export function createHolderOpener(transport: Transport, namespace: string): OpenHolder {
  return async (podName, handlers) => {
    const decoder = new LengthPrefixDecoder()
    let diagnostics = Buffer.alloc(0)
    const target = {
      namespace,
      pod: podName,
      container: HOLDER_CONTAINER,
      command: [HOLDER_PATH, 'attach'],
      stdin: true,
      stderr: true,
    }
    const exec = await openExec(
      transport,
      target,
      {
        onStdout: chunk => decodeInto(decoder, chunk, handlers),
        onStderr: chunk => {
          diagnostics = Buffer.from(Buffer.concat([diagnostics, chunk]).subarray(-DIAGNOSTICS_BYTES_MAX))
        },
      },
      { connectTimeoutMs: SOCKET_LIMITS.EXEC_OPEN_TIMEOUT_MS },
    )
    void exec.exit.then(exit => handlers.onEnded(describeExit(exit), diagnostics.toString('latin1')))
    return {
      send: frame => exec.write(prependLength(frame)),
      get bufferedBytes() {
        return exec.bufferedBytes
      },
      drained: belowBytes => exec.drained(belowBytes),
      pause: () => exec.pause(),
      resume: () => exec.resume(),
      close: () => exec.close(),
    }
  }
}

function decodeInto(decoder: LengthPrefixDecoder, chunk: Buffer, handlers: HolderHandlers): void {
  try {
    for (const frame of decoder.push(chunk)) handlers.onFrame(frame)
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    handlers.onBroken(error.message)
  }
}

function describeExit(exit: ExecExit): string {
  switch (exit.kind) {
    case 'exited':
      return `The holder's attach ended with code ${exit.exitCode}.`
    case 'failed':
      return `The cluster ended the exec: ${exit.message}`
    case 'lost':
      return `The way to the pod broke: ${exit.message}`
  }
}
