// Sockets between a TerminalClient and a SimulatedHolder, on virtual time: they delay, and they break in every known way.
import type { ClientFrame, ServerFrame, SocketEvents, TerminalSocket } from '../src/index.ts'
import { decodeClientFrame, encodeFrame } from '../src/index.ts'
import type { Peer, SimulatedHolder } from './simulated-holder.ts'
import type { VirtualClock } from './virtual-clock.ts'

/**
 * `full`: both sides see it. `ghost`: the client sees it, the holder does not, and what was under way still arrives there.
 * `half-open`: neither sees it, and nothing passes any more. `restart`: the gateway says 1012. `exec`: it says 4502.
 */
export type Cut = 'full' | 'ghost' | 'half-open' | 'restart' | 'exec'

interface Link {
  events: SocketEvents
  peer: Peer
  toClient: 'open' | 'shut'
  toHolder: 'open' | 'shut'
  /** When the last frame of each direction arrives; the next may not overtake it. */
  clientAtMs: number
  holderAtMs: number
}

export interface NetworkOptions {
  /** A delay for one frame, in milliseconds. */
  delayMs: () => number
  /** Tries that fail before the socket opens. */
  refuse: () => boolean
}

export class SimulatedNetwork {
  private readonly clock: VirtualClock
  private readonly holder: SimulatedHolder
  private readonly options: NetworkOptions
  private current: Link | undefined
  /** Frames the client sent, as decoded. */
  readonly sent: ClientFrame[] = []

  constructor(clock: VirtualClock, holder: SimulatedHolder, options: NetworkOptions) {
    this.clock = clock
    this.holder = holder
    this.options = options
  }

  openSocket(events: SocketEvents): TerminalSocket {
    const link: Link = {
      events,
      peer: {
        send: frame => {
          this.toClient(link, frame)
        },
        close: (code, reason) => {
          this.arrive(link, 'client', () => {
            link.toClient = 'shut'
            events.closed(code, reason)
          })
        },
      },
      toClient: 'open',
      toHolder: 'open',
      clientAtMs: 0,
      holderAtMs: 0,
    }
    this.current = link
    this.clock.schedule(this.options.delayMs(), () => {
      if (this.options.refuse()) {
        link.toHolder = 'shut'
        link.toClient = 'shut'
        events.closed(1006, 'refused')
      } else if (link.toClient === 'open') events.opened()
    })
    return {
      send: bytes => {
        this.toHolder(link, bytes)
      },
      close: (code, reason) => {
        // As in life, what is on its way still comes, and so does the news of the end: a client must not listen any more.
        this.arrive(link, 'holder', () => {
          this.holder.detach(link.peer)
          link.peer.close(code, reason)
        })
      },
    }
  }

  cut(how: Cut): void {
    const link = this.current
    if (link?.toClient !== 'open') return
    link.toClient = 'shut'
    if (how !== 'ghost') link.toHolder = 'shut'
    if (how === 'full' || how === 'restart' || how === 'exec') this.holder.detach(link.peer)
    const codes = { full: 1006, ghost: 1006, restart: 1012, exec: 4502 }
    if (how !== 'half-open') link.events.closed(codes[how], how)
  }

  private toClient(link: Link, frame: ServerFrame): void {
    const bytes = encodeFrame(frame)
    this.arrive(link, 'client', () => {
      link.events.message(bytes)
    })
  }

  private toHolder(link: Link, bytes: Uint8Array): void {
    const frame = decodeClientFrame(bytes)
    this.sent.push(frame)
    this.arrive(link, 'holder', () => {
      if (frame.type === 'HELLO') {
        link.peer.send({ type: 'WELCOME', body: { version: 1, server: { name: 'gateway', version: '1' } } })
      } else if (frame.type === 'PING') link.peer.send({ type: 'PONG', opaque: frame.opaque })
      else this.holder.receive(link.peer, frame)
    })
  }

  private arrive(link: Link, side: 'client' | 'holder', run: () => void): void {
    const [way, at] = side === 'client' ? (['toClient', 'clientAtMs'] as const) : (['toHolder', 'holderAtMs'] as const)
    link[at] = Math.max(link[at], this.clock.nowMs + this.options.delayMs())
    this.clock.schedule(link[at] - this.clock.nowMs, () => {
      if (link[way] === 'open') run()
    })
  }
}
