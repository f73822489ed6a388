// One WebSocket of the fake gateway: gateway and holder in one, by protocol/SPEC.md, over a FakeShell.
import type { ClientFrame, ServerFrame } from '@cpc/protocol'
import { decodeClientFrame, encodeFrame, LIMITS } from '@cpc/protocol'
import type { WebSocket } from 'ws'
import type { FakeShell } from './fake-shell.ts'

/** A client the holder knows (I1). */
export interface KnownClient {
  id: string
  next: number
}

export interface FakeSession {
  shell: FakeShell
  clients: Map<string, KnownClient>
  lease: number
  leaseOwner: string | undefined
  attachments: Set<FakeAttachment>
  /** Sizes in the order they were asked for. */
  sizes: { cols: number; rows: number }[]
  keepAlives: number
  epoch: string
}

const WINDOW_BYTES = 256 * 1024

export class FakeAttachment {
  private readonly socket: WebSocket
  private readonly session: FakeSession
  private client: KnownClient | undefined
  private sent = 0
  private acked = 0
  private exitSent = false

  constructor(socket: WebSocket, session: FakeSession, checkTicket: (ticket: string | undefined) => boolean) {
    this.socket = socket
    this.session = session
    const forget = session.shell.onChange(() => {
      this.pump()
    })
    socket.on('message', data => {
      const frame = decodeClientFrame(data as Buffer)
      if (frame.type === 'HELLO' && !checkTicket(frame.body.ticket)) socket.close(4401, 'The ticket was used.')
      else this.receive(frame)
    })
    socket.on('close', () => {
      forget()
      session.attachments.delete(this)
    })
  }

  send(frame: ServerFrame): void {
    this.socket.send(encodeFrame(frame))
  }

  /** As a network does, without a word. */
  cut(): void {
    this.socket.terminate()
  }

  close(code: number, reason: string): void {
    this.socket.close(code, reason)
  }

  get clientId(): string | undefined {
    return this.client?.id
  }

  private receive(frame: ClientFrame): void {
    switch (frame.type) {
      case 'HELLO':
        this.send({ type: 'WELCOME', body: { version: 1, server: { name: 'fake', version: '1' } } })
        return
      case 'ATTACH':
        this.attach(frame.body)
        return
      case 'IN':
        this.type(frame)
        return
      case 'ACK':
        this.acked = Math.max(this.acked, frame.outOff)
        this.pump()
        return
      case 'RESIZE':
        this.session.sizes.push({ cols: frame.cols, rows: frame.rows })
        return
      case 'PING':
        this.send({ type: 'PONG', opaque: frame.opaque })
        return
      case 'KEEP_ALIVE':
        this.session.keepAlives++
        return
      case 'DETACH':
        this.socket.close(1000, 'Detached.')
        return
      case 'PONG':
        return
    }
  }

  private attach(body: Extract<ClientFrame, { type: 'ATTACH' }>['body']): void {
    const { session } = this
    const id = body.clientId ?? `client-${session.clients.size + 1}`
    const client = session.clients.get(id) ?? { id, next: 0 }
    this.client = client
    session.clients.set(id, client)
    const busy = [...session.attachments].some(({ clientId }) => clientId !== id && clientId === session.leaseOwner)
    if (body.mode === 'control' && (!busy || body.takeover === true)) this.takeLease(id, body)
    session.attachments.add(this)
    const from = Math.max(session.shell.base, body.outOff ?? 0)
    this.sent = from
    this.acked = from
    this.send({
      type: 'ATTACHED',
      body: {
        clientId: id,
        lease: session.leaseOwner === id ? session.lease : 0,
        epoch: session.epoch,
        resume: body.outOff === from ? 'delta' : 'gap',
        from,
        head: session.shell.head,
        inOff: client.next,
        cols: body.cols,
        rows: body.rows,
      },
    })
    this.send({ type: 'IN_ACK', inOff: client.next })
    this.pump()
  }

  private takeLease(id: string, size: { cols: number; rows: number }): void {
    const { session } = this
    session.sizes.push({ cols: size.cols, rows: size.rows })
    if (session.leaseOwner === id) return
    session.lease++
    for (const other of session.attachments) {
      if (other.clientId === session.leaseOwner)
        other.send({ type: 'EVENT', body: { kind: 'lease', lease: 0, by: id } })
    }
    session.leaseOwner = id
  }

  private type(frame: Extract<ClientFrame, { type: 'IN' }>): void {
    const { client, session } = this
    if (!client || session.leaseOwner !== client.id || frame.lease !== session.lease) {
      this.send({ type: 'EVENT', body: { kind: 'input-refused', lease: frame.lease, from: frame.off } })
      return
    }
    const fresh = frame.bytes.subarray(Math.max(0, client.next - frame.off))
    client.next += fresh.length
    const inOff = client.next
    session.shell.write(fresh, () => {
      this.send({ type: 'IN_ACK', inOff })
    })
  }

  private pump(): void {
    const { shell } = this.session
    if (!this.client || this.socket.readyState !== this.socket.OPEN) return
    while (this.sent < shell.head && this.sent - this.acked < WINDOW_BYTES) {
      const bytes = shell.read(this.sent, LIMITS.OUT_BYTES_MAX)
      this.send({ type: 'OUT', off: this.sent, bytes })
      this.sent += bytes.length
    }
    shell.release(this.acked)
    if (shell.exitCode !== undefined && this.sent === shell.head && !this.exitSent) {
      this.exitSent = true
      this.send({ type: 'EXIT', body: { reason: 'Exited', exitCode: shell.exitCode, outHead: shell.head } })
    }
  }
}
