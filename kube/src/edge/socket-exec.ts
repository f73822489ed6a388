// The life of an exec's WebSocket after it was made: channels, back-pressure, pings, and how it ended.
import type WebSocket from 'ws'
import type { Clock } from '../core/clock.ts'
import {
  decodeExecFrame,
  encodeExecInput,
  encodeInputEnd,
  EXEC_STATUS_BYTES_MAX,
  type ExecExit,
  type ExecProtocol,
  parseExecStatus,
} from '../core/exec-codec.ts'
import type { ExecHandlers, ExecStream } from './exec-stream.ts'

/** A ping so often keeps middleboxes from cutting a quiet stream. */
export const EXEC_PING_INTERVAL_MS = 15_000
/** So long without a pong or data: the peer is gone. Generous: a process that does not read stdin delays pongs. */
export const EXEC_DEAD_AFTER_MS = 60_000
/** After the status, the server closes; it gets so long before we do. */
const EXEC_CLOSE_GRACE_MS = 5_000
/** `drained` without an argument. */
const DRAINED_BELOW_BYTES = 64 * 1024

/** Pings in a row without a sign of life. Counted, not timed: a machine that slept must not blame the peer. */
const SILENT_PINGS_MAX = EXEC_DEAD_AFTER_MS / EXEC_PING_INTERVAL_MS

type LostCause = Extract<ExecExit, { kind: 'lost' }>['cause']

export class SocketExec implements ExecStream {
  readonly exit: Promise<ExecExit>
  readonly #socket: WebSocket
  readonly #handlers: ExecHandlers
  readonly #clock: Clock
  readonly #settle: (exit: ExecExit) => void
  readonly #drainWaiters = new Set<{ belowBytes: number; resolve: () => void }>()
  #protocol: ExecProtocol = 'v4.channel.k8s.io'
  #input: 'open' | 'ended' = 'open'
  #status: Buffer[] = []
  #statusBytes = 0
  #result: ExecExit | undefined
  #silentPings = 0
  #cancelPing: () => void = () => undefined
  #cancelGrace: () => void = () => undefined

  /** Listens from here on; `begin` follows once the socket is open. */
  constructor(socket: WebSocket, handlers: ExecHandlers, clock: Clock) {
    this.#socket = socket
    this.#handlers = handlers
    this.#clock = clock
    const { promise, resolve } = Promise.withResolvers<ExecExit>()
    this.exit = promise
    this.#settle = resolve
    socket.on('message', data => this.#onMessage(data as Buffer))
    socket.on('pong', () => this.#heard())
    socket.on('ping', () => this.#heard())
    socket.on('error', error => this.#onError(error))
    socket.on('close', (code, reason) => this.#onClose(code, reason))
  }

  begin(protocol: ExecProtocol, signal: AbortSignal | undefined): void {
    this.#protocol = protocol
    this.#schedulePing()
    if (signal === undefined) return
    const onAbort = (): void => this.close()
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    void this.exit.then(() => signal.removeEventListener('abort', onAbort))
  }

  get protocol(): ExecProtocol {
    return this.#protocol
  }

  get bufferedBytes(): number {
    return this.#isOpen() ? this.#socket.bufferedAmount : 0
  }

  write(chunk: Uint8Array): number {
    if (this.#input === 'ended' || !this.#isOpen()) return 0
    for (const message of encodeExecInput(chunk)) this.#socket.send(message, () => this.#wakeDrained())
    return this.bufferedBytes
  }

  async drained(belowBytes = DRAINED_BELOW_BYTES): Promise<void> {
    if (!this.#isOpen() || this.bufferedBytes <= belowBytes) return
    await new Promise<void>(resolve => this.#drainWaiters.add({ belowBytes, resolve }))
  }

  endInput(): 'sent' | 'unsupported' {
    if (this.#protocol !== 'v5.channel.k8s.io') return 'unsupported'
    if (this.#input === 'open' && this.#isOpen()) this.#socket.send(encodeInputEnd(), () => this.#wakeDrained())
    this.#input = 'ended'
    return 'sent'
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#silentPings = 0
    this.#socket.resume()
  }

  close(): void {
    this.#end('closed-by-us', 'closed by us')
  }

  #isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN
  }

  #onMessage(message: Buffer): void {
    this.#heard()
    // What arrives after we gave the stream up is nobody's: its owner may be gone already.
    if (this.#result?.kind === 'lost') return
    const frame = decodeExecFrame(message)
    switch (frame.kind) {
      case 'stdout':
      case 'stderr':
        if (frame.payload.length > 0) this.#deliver(frame.kind, frame.payload)
        return
      case 'status':
        this.#onStatus(frame.payload)
        return
      case 'closed':
      case 'ignored':
        return
    }
  }

  #deliver(kind: 'stdout' | 'stderr', payload: Buffer): void {
    try {
      if (kind === 'stdout') this.#handlers.onStdout(payload)
      else this.#handlers.onStderr?.(payload)
    } catch (error) {
      // Thrown out of a socket's event, it would end the whole process.
      this.#end(
        'closed-by-us',
        `the receiver of ${kind} failed: ${error instanceof Error ? error.message : String(error)}`,
      )
    }
  }

  #onStatus(payload: Buffer): void {
    if (this.#result !== undefined) return
    this.#statusBytes += payload.length
    if (this.#statusBytes > EXEC_STATUS_BYTES_MAX) {
      this.#end('protocol', `the server's status is longer than ${EXEC_STATUS_BYTES_MAX} bytes`)
      return
    }
    this.#status.push(payload)
    this.#result = parseExecStatus(Buffer.concat(this.#status).toString('utf8'))
    if (this.#result === undefined) return
    this.#cancelGrace = this.#clock.setTimer(() => this.#socket.terminate(), EXEC_CLOSE_GRACE_MS)
  }

  #onError(error: Error): void {
    const { code } = error as { code?: unknown }
    const cause = typeof code === 'string' && code.startsWith('WS_ERR_') ? 'protocol' : 'connection'
    this.#end(cause, error.message)
  }

  #onClose(code: number, reason: Buffer): void {
    this.#cancelPing()
    this.#cancelGrace()
    const words = reason.length === 0 ? '' : `: ${reason.toString('utf8')}`
    this.#result ??= { kind: 'lost', cause: 'connection', message: `closed without a status (${code}${words})` }
    this.#settle(this.#result)
    this.#wakeDrained()
  }

  /** Gives the stream up: `exit` settles when the socket has closed. */
  #end(cause: LostCause, message: string): void {
    this.#result ??= { kind: 'lost', cause, message }
    this.#socket.terminate()
  }

  #heard(): void {
    this.#silentPings = 0
  }

  #schedulePing(): void {
    this.#cancelPing = this.#clock.setTimer(() => this.#ping(), EXEC_PING_INTERVAL_MS)
  }

  #ping(): void {
    if (!this.#isOpen()) return
    // While paused we hear nothing by our own choice; TCP keep-alive watches the peer then.
    if (!this.#socket.isPaused && ++this.#silentPings > SILENT_PINGS_MAX) {
      this.#end('dead-peer', `nothing heard for ${EXEC_DEAD_AFTER_MS / 1000} s`)
      return
    }
    this.#socket.ping()
    this.#schedulePing()
  }

  #wakeDrained(): void {
    for (const waiter of this.#drainWaiters) {
      if (this.#isOpen() && this.bufferedBytes > waiter.belowBytes) continue
      this.#drainWaiters.delete(waiter)
      waiter.resolve()
    }
  }
}
