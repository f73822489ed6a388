// A holder and its gateway as one small model of SPEC.md, for simulations. It checks what the client may not do.
import type { AttachBody, ClientFrame, ServerFrame } from '../src/index.ts'
import { LIMITS } from '../src/index.ts'

/** Where a model sends frames; `close` is the gateway's. */
export interface Peer {
  send: (frame: ServerFrame) => void
  close: (code: number, reason: string) => void
}

interface KnownClient {
  id: string
  key: string | undefined
  peer: Peer | undefined
  next: number
  written: number
  /** Where the next OUT starts, what was acknowledged, and the window (C2). */
  cursor: number
  acked: number
}

export interface HolderOptions {
  ringBytes: number
  windowBytes: number
  /** Schedules the writing of accepted input to the pty. */
  later: (run: () => void) => void
  /** Answers ACK and IN_ACK more than once. */
  repeatAcks: boolean
}

export class SimulatedHolder {
  readonly options: HolderOptions
  epoch = 'epoch-1'
  /** Everything the pty printed and read. */
  printed: number[] = []
  readonly read: number[] = []
  /** What the client did that SPEC.md forbids. */
  readonly offences: string[] = []
  attaches = 0
  private readonly clients = new Map<string, KnownClient>()
  private leaseOwner: KnownClient | undefined
  private lease = 0

  constructor(options: HolderOptions) {
    this.options = options
  }

  print(bytes: number[]): void {
    for (const byte of bytes) this.printed.push(byte)
    for (const client of this.clients.values()) this.pump(client)
  }

  /** Another person takes the lease (L1, L2). */
  rivalTakesOver(): void {
    const rival: KnownClient = {
      id: `rival-${this.lease}`,
      key: undefined,
      peer: undefined,
      next: 0,
      written: 0,
      cursor: 0,
      acked: 0,
    }
    this.give(rival)
  }

  /** The holder starts anew: another epoch, nobody known (I6). */
  restart(): void {
    for (const client of this.clients.values()) client.peer?.close(4502, 'The holder is gone.')
    this.clients.clear()
    this.leaseOwner = undefined
    this.epoch = `${this.epoch}+`
    this.printed = []
  }

  /** Forgets detached clients, as after CLIENT_TTL_MS (O6). */
  forgetDetached(): void {
    for (const [id, client] of this.clients) if (!client.peer) this.clients.delete(id)
  }

  exit(exitCode: number): void {
    for (const { peer } of this.clients.values()) {
      peer?.send({ type: 'EXIT', body: { reason: 'Exited', exitCode, outHead: this.printed.length } })
    }
  }

  attach(peer: Peer, body: AttachBody): void {
    this.attaches++
    const client = this.clientFor(body)
    this.replace(client, peer)
    const free = !this.leaseOwner?.peer || this.leaseOwner === client
    if (body.mode === 'control' && (free || body.takeover === true)) this.give(client)
    const from = this.place(client, body)
    peer.send({
      type: 'ATTACHED',
      body: {
        clientId: client.id,
        lease: this.leaseOwner === client ? this.lease : 0,
        epoch: this.epoch,
        resume: from === (body.outOff ?? 0) ? 'delta' : 'gap',
        from,
        head: this.printed.length,
        inOff: client.next,
        cols: body.cols,
        rows: body.rows,
      },
    })
    peer.send({ type: 'IN_ACK', inOff: client.written })
    this.pump(client)
  }

  /** Where output goes on (P3, P4). */
  private place(client: KnownClient, { epoch, outOff }: AttachBody): number {
    const resumes = epoch === this.epoch && outOff !== undefined && outOff >= this.ringBase
    const from = resumes ? outOff : this.ringBase
    client.cursor = from
    client.acked = from
    return from
  }

  /** O7. */
  private replace(client: KnownClient, peer: Peer): void {
    const old = client.peer
    client.peer = peer
    if (!old || old === peer) return
    old.send({ type: 'ERROR', body: { code: 'replaced', message: 'Attached elsewhere.' } })
    old.close(4409, 'Attached elsewhere.')
  }

  detach(peer: Peer): void {
    for (const client of this.clients.values()) if (client.peer === peer) client.peer = undefined
  }

  receive(peer: Peer, frame: ClientFrame): void {
    if (frame.type === 'ATTACH') {
      this.attach(peer, frame.body)
      return
    }
    const client = [...this.clients.values()].find(one => one.peer === peer)
    if (!client) return
    if (frame.type === 'ACK') this.acknowledge(client, frame.outOff)
    if (frame.type === 'IN') this.type(client, frame)
    if (frame.type === 'DETACH') this.detach(peer)
  }

  private get ringBase(): number {
    return Math.max(0, this.printed.length - this.options.ringBytes)
  }

  private clientFor(body: AttachBody): KnownClient {
    const byId = body.epoch === this.epoch ? this.clients.get(body.clientId ?? '') : undefined
    const known = byId ?? [...this.clients.values()].find(({ key }) => key !== undefined && key === body.clientKey)
    if (known) return known
    const id = `client-${this.epoch}-${this.attaches}`
    const client = { id, key: body.clientKey, peer: undefined, next: 0, written: 0, cursor: 0, acked: 0 }
    this.clients.set(id, client)
    return client
  }

  private give(client: KnownClient): void {
    if (this.leaseOwner === client) return
    const loser = this.leaseOwner
    this.leaseOwner = client
    this.lease++
    loser?.peer?.send({ type: 'EVENT', body: { kind: 'lease', lease: 0, by: client.id } })
  }

  private acknowledge(client: KnownClient, outOff: number): void {
    if (outOff > client.cursor) this.offences.push(`[C3] ACK ${outOff} beyond ${client.cursor}`)
    client.acked = Math.max(client.acked, outOff)
    this.pump(client)
  }

  private type(client: KnownClient, frame: Extract<ClientFrame, { type: 'IN' }>): void {
    if (client !== this.leaseOwner || frame.lease !== this.lease) {
      client.peer?.send({ type: 'EVENT', body: { kind: 'input-refused', lease: frame.lease, from: frame.off } })
      return
    }
    if (frame.off > client.next) this.offences.push(`[I1] IN at ${frame.off} instead of ${client.next}`)
    const fresh = frame.bytes.subarray(Math.max(0, client.next - frame.off))
    client.next += fresh.length
    for (const byte of fresh) this.read.push(byte)
    if (client.next - client.written > LIMITS.INPUT_WINDOW_BYTES) this.offences.push('[I3] input window overrun')
    const { next } = client
    this.options.later(() => {
      client.written = Math.max(client.written, next)
      for (let times = this.options.repeatAcks ? 2 : 1; times > 0; times--) {
        client.peer?.send({ type: 'IN_ACK', inOff: client.written })
      }
    })
  }

  private pump(client: KnownClient): void {
    const { peer } = client
    if (!peer) return
    if (client.cursor < this.ringBase) {
      peer.send({ type: 'GAP', from: client.cursor, to: this.ringBase })
      client.cursor = this.ringBase
    }
    while (client.cursor < this.printed.length && client.cursor - client.acked < this.options.windowBytes) {
      const bytes = this.printed.slice(client.cursor, client.cursor + LIMITS.OUT_BYTES_MAX)
      peer.send({ type: 'OUT', off: client.cursor, bytes: Uint8Array.from(bytes) })
      client.cursor += bytes.length
    }
  }
}
