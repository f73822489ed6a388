// The thin driver around `step`: performs its effects in a world that is given to it. For the console, `cpc` and tests.
import { decodeServerFrame, encodeFrame } from '../codec.ts'
import { closeReason } from '../close-codes.ts'
import { FLAG_REPLY } from '../frame.ts'
import { LIMITS } from '../limits.ts'
import { ProtocolError } from '../protocol-error.ts'
import type { ClientHappening, TimerName } from './client-event.ts'
import type { ClientOptions, ClientState, ClientStatus } from './client-state.ts'
import { initialState, inputRoom, statusOf } from './client-state.ts'
import type { Effect, End, Report } from './effect.ts'
import { step } from './step.ts'

/** An open or opening WebSocket. */
export interface TerminalSocket {
  /** Sends one binary message. */
  send: (message: Uint8Array) => void
  /** Closes it; what was sent before still goes out. Nothing need be reported afterwards. */
  close: (code: number, reason: string) => void
}

/** What a socket tells. Each is called as the socket's own events come; `closed` at most once and last. */
export interface SocketEvents {
  opened: () => void
  /** A message: its bytes, or `text` for a text message, which is a protocol error (F2). */
  message: (message: Uint8Array | 'text') => void
  /** 1006 when it never opened or was cut. */
  closed: (code: number, reason: string) => void
}

export type TicketAnswer =
  | { kind: 'ticket'; ticket: string }
  /** Asking again is of no use: signed out, not the owner, session gone. `code` is the problem's code. */
  | { kind: 'refused'; code: string; message: string }
  /** The gateway is away or busy. */
  | { kind: 'unavailable'; message: string }

/** Everything the driver does not do itself. */
export interface ClientWorld {
  /** A fresh ticket (R3). The signal is aborted when the try is over. May reject: that counts as `unavailable`. */
  getTicket: (signal: AbortSignal) => Promise<TicketAnswer>
  /** Opens the session's WebSocket with subprotocol cpc.v1. */
  openSocket: (events: SocketEvents) => TerminalSocket
  /** Milliseconds of any clock that only grows. */
  nowMs: () => number
  /** In [0, 1). */
  random: () => number
  setTimer: (ms: number, fire: () => void) => unknown
  clearTimer: (timer: unknown) => void
}

/** What the caller hears. */
export interface ClientListener {
  /**
   * Output, in order. `done` is to be called once these bytes are parsed: the ACK, and so the next output, hangs on it.
   * `bytes` may be empty (behind a gap) and is a view that must not be changed.
   */
  output: (bytes: Uint8Array, done: () => void) => void
  /** The phase or the lease changed. */
  changed: (status: ClientStatus) => void
  report: (report: Report) => void
  /** Called once; nothing is called after it. */
  ended: (end: End) => void
}

/** One terminal attached to one session, across as many connections as it takes. */
export class TerminalClient {
  private readonly world: ClientWorld
  private readonly listener: ClientListener
  private state: ClientState
  private socket: TerminalSocket | undefined
  private tryAborter: AbortController | undefined
  private readonly timers = new Map<TimerName, unknown>()
  /** Effects not yet performed. A listener may call back in; its effects then wait their turn, so order is kept. */
  private readonly due: (Effect | { type: 'changed'; status: ClientStatus })[] = []
  private performing = false

  constructor(world: ClientWorld, listener: ClientListener, options: ClientOptions) {
    this.world = world
    this.listener = listener
    this.state = initialState(options, randomWord(world.random))
  }

  /** What to show now. */
  get status(): ClientStatus {
    return statusOf(this.state)
  }

  /** How many bytes `type` would accept now: 0 for a viewer, at most INPUT_WINDOW_BYTES. */
  get inputRoomBytes(): number {
    return inputRoom(this.state)
  }

  /** Begins the first try. */
  start(): void {
    this.happen({ type: 'start' })
  }

  /**
   * Input, also while disconnected (R5). Returns how many bytes were accepted; the report `input-room` says when to
   * come back with the rest. `reply` marks the terminal's own answers, which do not keep a session from being idle (T1).
   */
  type(bytes: Uint8Array, origin: 'person' | 'reply' = 'person'): number {
    const accepted = Math.min(bytes.length, this.inputRoomBytes)
    this.happen({ type: 'typed', bytes, flags: origin === 'reply' ? FLAG_REPLY : 0 })
    return accepted
  }

  resize(cols: number, rows: number): void {
    this.happen({ type: 'resized', cols, rows })
  }

  /** The user wants the session to stay, without typing (T1). */
  keepAlive(): void {
    this.happen({ type: 'keep-alive' })
  }

  /** Online again, visible again, or the user's "now": tries at once, or makes sure that the socket lives (R1). */
  hint(): void {
    this.happen({ type: 'hint' })
  }

  /** Takes the writer lease from whoever has it (L1). */
  takeOver(): void {
    this.happen({ type: 'take-over' })
  }

  /** Leaves; the shell does not notice (T6). */
  detach(): void {
    this.happen({ type: 'detach' })
  }

  private happen(happening: ClientHappening): void {
    const before = this.state
    const [state, effects] = step(before, { ...happening, atMs: this.world.nowMs(), roll: this.world.random() })
    this.state = state
    if (before.phase !== state.phase || before.kept.lease !== state.kept.lease) {
      this.due.push({ type: 'changed', status: statusOf(state) })
    }
    this.due.push(...effects)
    this.performDue()
  }

  private performDue(): void {
    if (this.performing) return
    this.performing = true
    try {
      for (let effect = this.due.shift(); effect; effect = this.due.shift()) this.perform(effect)
    } finally {
      this.performing = false
    }
  }

  private perform(effect: Effect | { type: 'changed'; status: ClientStatus }): void {
    switch (effect.type) {
      case 'send':
        this.socket?.send(encodeFrame(effect.frame))
        return
      case 'deliver':
        this.deliver(effect)
        return
      case 'connect':
        this.connect(effect.connection)
        return
      case 'close':
        this.dropSocket(effect.code, effect.reason)
        return
      case 'start-timer':
        this.startTimer(effect.timer, effect.ms)
        return
      case 'stop-timer':
        this.stopTimer(effect.timer)
        return
      case 'changed':
        this.listener.changed(effect.status)
        return
      case 'report':
        this.listener.report(effect.report)
        return
      case 'ended':
        this.dropSocket(1000, '')
        this.listener.ended(effect.end)
        return
    }
  }

  private deliver({ generation, off, bytes }: Extract<Effect, { type: 'deliver' }>): void {
    this.listener.output(bytes, () => {
      this.happen({ type: 'parsed', generation, upTo: off + bytes.length })
    })
  }

  private connect(connection: number): void {
    this.dropSocket(1000, '')
    const aborter = new AbortController()
    this.tryAborter = aborter
    const unavailable = (error: unknown): TicketAnswer => ({
      kind: 'unavailable',
      message: error instanceof Error ? error.message : 'No ticket could be fetched.',
    })
    void this.world
      .getTicket(aborter.signal)
      .catch(unavailable)
      .then(answer => {
        if (!aborter.signal.aborted) this.ticketCame(connection, answer)
      })
  }

  private ticketCame(connection: number, answer: TicketAnswer): void {
    switch (answer.kind) {
      case 'ticket':
        this.openSocket(connection, answer.ticket)
        return
      case 'refused':
        this.happen({ type: 'ticket-refused', connection, code: answer.code, message: answer.message })
        return
      case 'unavailable':
        this.happen({ type: 'closed', connection, code: 1006, reason: answer.message })
        return
    }
  }

  private openSocket(connection: number, ticket: string): void {
    this.socket = this.world.openSocket({
      opened: () => {
        this.happen({ type: 'opened', connection, ticket })
      },
      message: message => {
        this.messageCame(connection, message)
      },
      closed: (code, reason) => {
        this.happen({ type: 'closed', connection, code, reason })
      },
    })
  }

  private messageCame(connection: number, message: Uint8Array | 'text'): void {
    // R2, before decoding: an old socket may not even cost the work.
    if (connection !== this.state.kept.connection) return
    const event = decodeMessage(message)
    this.happen({ ...event, connection })
  }

  private dropSocket(code: number, reason: string): void {
    this.tryAborter?.abort()
    this.tryAborter = undefined
    this.socket?.close(code, closeReason(reason, LIMITS.CLOSE_REASON_BYTES_MAX))
    this.socket = undefined
  }

  private startTimer(name: TimerName, ms: number): void {
    this.stopTimer(name)
    const timer = this.world.setTimer(ms, () => {
      this.timers.delete(name)
      this.happen({ type: 'timer', timer: name })
    })
    this.timers.set(name, timer)
  }

  private stopTimer(name: TimerName): void {
    const timer = this.timers.get(name)
    if (timer !== undefined) this.world.clearTimer(timer)
    this.timers.delete(name)
  }
}

/**
 * A word for O9. It tells clients of one owner apart and protects nothing: what it opens, the owner's ticket opens too.
 * Hence ordinary randomness will do.
 */
function randomWord(random: () => number): string {
  const part = () => Math.floor(random() * 2 ** 48).toString(36)
  return `${part()}-${part()}-${part()}`
}

/** F2, F6: a frame, or what is wrong with it. */
function decodeMessage(message: Uint8Array | 'text') {
  if (message === 'text') return { type: 'bad-frame', message: 'A text message is no frame.' } as const
  try {
    return { type: 'frame', frame: decodeServerFrame(message) } as const
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    return { type: 'bad-frame', message: error.message } as const
  }
}
