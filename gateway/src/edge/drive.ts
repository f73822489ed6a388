// Performs what core/attachment decides, for one socket: sends, timers, exec. Holds no rule of its own.
import { findCloseCode } from '@cpc/protocol'
import type { Logger } from '@cpc/kube'
import { openAttachment, step } from '../core/attachment/step.ts'
import type { Attachment, AttachmentEvent, Effect, Note, TimerName } from '../core/attachment/state.ts'
import { SOCKET_LIMITS } from '../core/limits/socket.ts'
import type { Grant, SocketFacts } from '../core/ticket.ts'
import { clusterFailure } from './cluster-failure.ts'
import type { GatewayMetrics, SocketMemory } from './metrics.ts'
import type { HolderStream, OpenHolder } from './pod-exec.ts'
import type { Driver, Place, SocketRegistry } from './socket-registry.ts'
import type { TerminalSocket } from './terminal-socket.ts'
import type { TicketGate } from './ticket-gate.ts'

export interface DriveContext {
  checkTicket: TicketGate
  openHolder: OpenHolder
  registry: SocketRegistry
  metrics: GatewayMetrics
  logger: Logger
  /** Monotonic. */
  nowMs: () => number
}

export interface SocketOrigin extends SocketFacts {
  address: string
  addressKey: string
}

/** Starts driving a socket that was just upgraded; it ends itself. */
export function driveAttachment(socket: TerminalSocket, origin: SocketOrigin, context: DriveContext): void {
  new AttachmentDriver(socket, origin, context).start()
}

class AttachmentDriver implements Driver {
  readonly #socket: TerminalSocket
  readonly #origin: SocketOrigin
  readonly #context: DriveContext
  readonly #place: Place
  readonly #timers = new Map<TimerName, NodeJS.Timeout>()
  #state: Attachment
  /** Events that came while one was being handled: at most a handful, each caused by an effect. */
  readonly #events: AttachmentEvent[] = []
  #busy = false
  #holder: HolderStream | undefined
  /** Messages given to the socket whose bytes the kernel has not taken yet. */
  #waitingMessages = 0
  #clientBacklog: 'full' | 'drained' = 'drained'
  #holderBacklog: 'full' | 'drained' = 'drained'
  #grant: Grant | undefined
  #outputBytes = 0
  #inputBytes = 0
  #startMs: number
  #closeCode = 0
  #closeReason = 'the client went away'

  constructor(socket: TerminalSocket, origin: SocketOrigin, context: DriveContext) {
    this.#socket = socket
    this.#origin = origin
    this.#context = context
    this.#startMs = context.nowMs()
    this.#place = context.registry.enter(this, origin.addressKey)
    this.#state = { kind: 'closed' }
  }

  start(): void {
    const socket = this.#socket
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (isBinary) this.dispatch({ kind: 'client-message', bytes: data })
      else this.dispatch({ kind: 'client-broke', message: 'A text message; cpc.v1 is binary (F2).' })
    })
    socket.on('ping', (data: Buffer) => {
      if (this.#clientBacklog === 'drained') this.#write(done => socket.pong(data, false, done))
    })
    // ws has already begun to close when it reports an error; what is left is to stop the rest.
    socket.on('error', () => this.dispatch({ kind: 'client-broke', message: 'The WebSocket broke.' }))
    socket.on('close', () => this.#leave())
    const [state, effects] = openAttachment(this.#context.nowMs())
    this.#state = state
    this.#performAll(effects)
  }

  /** One event at a time; those that effects cause come after it. */
  dispatch(event: AttachmentEvent): void {
    this.#events.push(event)
    if (this.#busy) return
    this.#busy = true
    try {
      for (let next = this.#events.shift(); next; next = this.#events.shift()) {
        const [state, effects] = step(this.#state, next, this.#context.nowMs())
        this.#state = state
        this.#performAll(effects)
      }
    } catch (error) {
      this.#giveUp(error)
    } finally {
      this.#busy = false
    }
  }

  /** A mistake of ours: it costs this socket, and no other. */
  #giveUp(error: unknown): void {
    const problem = error instanceof Error ? error.stack : String(error)
    this.#context.logger.error({ ...this.#who(), problem }, 'a terminal was given up after a mistake of the gateway')
    this.#state = { kind: 'closed' }
    this.#events.length = 0
    this.#holder?.close()
    this.#socket.terminate()
  }

  memory(): SocketMemory {
    return {
      clientBufferedBytes: this.#socket.bufferedAmount,
      heldBytes: this.#state.kind === 'attached' ? this.#state.heldBytes : 0,
      holderBufferedBytes: this.#holder?.bufferedBytes ?? 0,
    }
  }

  crowdOut(): void {
    this.dispatch({ kind: 'crowded-out' })
    // The close frame is with the kernel by now; whoever does not answer it keeps nothing.
    this.#socket.terminate()
    this.#place.leave()
  }

  #performAll(effects: readonly Effect[]): void {
    // The performer and its effect agree by `effect.kind`, which TypeScript cannot follow through the table.
    for (const effect of effects) (this.#performers[effect.kind] as (effect: Effect) => void)(effect)
  }

  readonly #performers: { [K in Effect['kind']]: (effect: Extract<Effect, { kind: K }>) => void } = {
    'to-client': ({ bytes }) => this.#toClient(bytes),
    'to-holder': ({ bytes }) => this.#toHolder(bytes),
    'check-ticket': ({ ticket }) => void this.#checkTicket(ticket),
    'open-exec': ({ grant }) => void this.#openExec(grant),
    'pause-exec': () => this.#holder?.pause(),
    'resume-exec': () => this.#holder?.resume(),
    'close-exec': () => this.#holder?.close(),
    'pause-client': () => this.#socket.pause(),
    'resume-client': () => this.#socket.resume(),
    'close-client': ({ code, reason }) => this.#closeClient(code, reason),
    arm: ({ timer, delayMs }) => this.#arm(timer, delayMs),
    disarm: ({ timer }) => this.#disarm(timer),
    note: ({ note }) => this.#note(note),
  }

  // --- the client's socket ---

  #toClient(bytes: Uint8Array): void {
    this.#outputBytes += bytes.length
    this.#context.metrics.outputBytes.inc(bytes.length)
    this.#write(done => this.#socket.send(bytes, { binary: true, compress: false }, done))
  }

  /** Counts what waits for the kernel, and says so when it crosses its bound (G53). */
  #write(send: (done: () => void) => void): void {
    this.#waitingMessages += 1
    send(() => {
      this.#waitingMessages -= 1
      if (this.#clientBacklog === 'full' && this.#isBelow(0.5)) this.#setClientBacklog('drained')
    })
    if (this.#clientBacklog === 'drained' && !this.#isBelow(1)) this.#setClientBacklog('full')
  }

  #isBelow(share: number): boolean {
    const { CLIENT_BACKLOG_BYTES_MAX, CLIENT_BACKLOG_MESSAGES_MAX } = SOCKET_LIMITS
    const bytesOk = this.#socket.bufferedAmount <= CLIENT_BACKLOG_BYTES_MAX * share
    return bytesOk && this.#waitingMessages <= CLIENT_BACKLOG_MESSAGES_MAX * share
  }

  #setClientBacklog(level: 'full' | 'drained'): void {
    this.#clientBacklog = level
    this.dispatch({ kind: 'client-backlog', level })
  }

  #closeClient(code: number, reason: string): void {
    this.#closeCode = code
    this.#closeReason = reason
    this.#clearTimers()
    // A paused socket would never see the other side's close frame.
    if (this.#socket.isPaused) this.#socket.resume()
    this.#socket.close(code, reason)
    this.#place.becomes('idle')
  }

  // --- the ticket ---

  async #checkTicket(ticket: string): Promise<void> {
    this.#place.becomes('busy')
    const decision = await this.#context.checkTicket(ticket, this.#origin)
    if (this.#state.kind !== 'verifying') return
    const refusal =
      decision.kind === 'refused'
        ? decision.refusal
        : this.#place.verify(decision.grant.owner, decision.grant.sessionUid)
    if (refusal) this.dispatch({ kind: 'ticket-refused', refusal })
    else if (decision.kind === 'granted') this.#granted(decision.grant)
  }

  #granted(grant: Grant): void {
    this.#grant = grant
    this.dispatch({ kind: 'ticket-granted', grant })
  }

  // --- the holder ---

  async #openExec(grant: Grant): Promise<void> {
    const { openHolder, metrics, nowMs } = this.#context
    const startMs = nowMs()
    const observe = (result: string) => metrics.execSeconds.observe({ result }, (nowMs() - startMs) / 1_000)
    try {
      const holder = await openHolder(grant.podName, {
        onFrame: bytes => this.dispatch({ kind: 'holder-message', bytes }),
        onBroken: message => this.dispatch({ kind: 'holder-broke', message }),
        onEnded: (message, diagnostics) => this.#execEnded(message, diagnostics),
      })
      observe('opened')
      this.#holder = holder
      // The client may have gone while the exec was opened.
      if (this.#state.kind === 'opening') this.dispatch({ kind: 'exec-opened' })
      else holder.close()
    } catch (error) {
      observe('refused')
      const failure = clusterFailure(error)
      this.#context.logger.warn({ ...this.#who(), problem: failure?.message ?? String(error) }, 'exec refused')
      const message =
        failure?.kind === 'refused'
          ? `The exec was refused: ${failure.message}`
          : 'The Kubernetes API server does not answer.'
      this.dispatch({ kind: 'exec-refused', message })
    }
  }

  #execEnded(message: string, diagnostics: string): void {
    if (this.#state.kind !== 'closed') {
      this.#context.logger.info({ ...this.#who(), message, diagnostics }, 'exec ended')
    }
    this.dispatch({ kind: 'exec-ended', message })
  }

  #toHolder(frame: Uint8Array): void {
    const holder = this.#holder
    if (!holder) return
    this.#inputBytes += frame.length
    this.#context.metrics.inputBytes.inc(frame.length)
    if (holder.send(frame) <= SOCKET_LIMITS.HOLDER_BACKLOG_BYTES_MAX || this.#holderBacklog === 'full') return
    this.#holderBacklog = 'full'
    this.dispatch({ kind: 'holder-backlog', level: 'full' })
    void holder.drained(SOCKET_LIMITS.HOLDER_BACKLOG_BYTES_MAX / 2).then(() => {
      this.#holderBacklog = 'drained'
      this.dispatch({ kind: 'holder-backlog', level: 'drained' })
    })
  }

  // --- timers ---

  #arm(timer: TimerName, delayMs: number): void {
    this.#disarm(timer)
    this.#timers.set(
      timer,
      setTimeout(() => this.dispatch({ kind: 'timer', timer }), Math.max(0, delayMs)),
    )
  }

  #disarm(timer: TimerName): void {
    clearTimeout(this.#timers.get(timer))
    this.#timers.delete(timer)
  }

  #clearTimers(): void {
    for (const timer of [...this.#timers.keys()]) this.#disarm(timer)
  }

  // --- the record ---

  #who(): object {
    const { sessionName, address } = this.#origin
    const { owner, sessionUid, jti } = this.#grant ?? {}
    return { session: sessionName, sessionUid, owner, address, ticketId: jti }
  }

  #note(note: Note): void {
    const { logger, metrics } = this.#context
    const who = this.#who()
    switch (note.kind) {
      case 'hello':
        logger.debug({ ...who, client: note.hello.client }, 'hello')
        break
      case 'attached':
        metrics.attached.inc({ resume: note.resume })
        logger.info({ ...who, resume: note.resume, mode: note.mode }, 'terminal attached')
        break
      case 'exit':
        logger.info({ ...who, exit: note.exit }, 'session exited')
        break
      case 'stalled':
        metrics.stalls.inc()
        break
    }
  }

  #leave(): void {
    this.dispatch({ kind: 'client-closed' })
    this.#clearTimers()
    this.#place.leave()
    const { metrics, logger, nowMs } = this.#context
    metrics.closes.inc({ code: String(this.#closeCode) })
    const fields = {
      ...this.#who(),
      code: this.#closeCode,
      closeName: findCloseCode(this.#closeCode)?.name,
      reason: this.#closeReason,
      outputBytes: this.#outputBytes,
      inputBytes: this.#inputBytes,
      seconds: Math.round((nowMs() - this.#startMs) / 1_000),
    }
    if (this.#grant) logger.info(fields, 'terminal closed')
    else logger.debug(fields, 'socket closed without a ticket')
  }
}
