// A gateway in this process, for the command line's own behaviour: REST over a few sessions, sockets onto real shells.
// What the real gateway does is tested against the real one.
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import type { FakeSession } from './fake-attachment.ts'
import { FakeAttachment } from './fake-attachment.ts'
import { FakeShell } from './fake-shell.ts'

export interface SeenRequest {
  method: string
  path: string
  authorization: string | undefined
  idempotencyKey: string | undefined
  body: unknown
}

export class FakeGateway {
  readonly seen: SeenRequest[] = []
  /** Sessions as the REST API tells them, by name. */
  readonly listed = new Map<string, Record<string, unknown>>()
  readonly sessions = new Map<string, FakeSession>()
  /** Whether new sockets are accepted. */
  mode: 'open' | 'away' = 'open'
  private tickets = 0
  private readonly unused = new Set<string>()
  private readonly server: Server
  private readonly sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: () => 'cpc.v1',
    perMessageDeflate: false,
  })

  constructor() {
    this.server = createServer((request, response) => {
      void this.answer(request, response)
    })
    this.server.on('upgrade', (request, socket, head) => {
      const session = this.sessions.get(decodeURIComponent(request.url?.split('/').at(-1) ?? ''))
      if (this.mode === 'away' || !session) {
        socket.destroy()
        return
      }
      this.sockets.handleUpgrade(request, socket, head, webSocket => {
        new FakeAttachment(webSocket, session, ticket => this.unused.delete(ticket ?? ''))
      })
    })
  }

  async start(): Promise<void> {
    await new Promise<void>(resolve => this.server.listen(0, '127.0.0.1', resolve))
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    for (const { shell } of this.sessions.values()) shell.end()
    for (const socket of this.sockets.clients) socket.terminate()
    this.server.closeAllConnections()
    await new Promise(resolve => this.server.close(resolve))
  }

  /** A session with a shell of its own. */
  addShell(name: string, command: string): FakeSession {
    const session: FakeSession = {
      shell: new FakeShell(command),
      clients: new Map(),
      lease: 0,
      leaseOwner: undefined,
      attachments: new Set(),
      sizes: [],
      keepAlives: 0,
      epoch: `epoch-${name}`,
    }
    this.sessions.set(name, session)
    this.list(name)
    return session
  }

  list(name: string, fields: Record<string, unknown> = {}): void {
    this.listed.set(name, { id: name, owner: 'dev', phase: 'Ready', createdAt: '2026-01-02T03:04:05Z', ...fields })
  }

  /** Ends all sockets of a session, as a network does. */
  cut(name: string): void {
    for (const attachment of this.sessions.get(name)?.attachments ?? []) attachment.cut()
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const text = Buffer.concat(chunks).toString()
    const path = request.url ?? ''
    this.seen.push({
      method: request.method ?? '',
      path,
      authorization: request.headers.authorization,
      idempotencyKey: request.headers['idempotency-key'] as string | undefined,
      body: text === '' ? undefined : (JSON.parse(text) as unknown),
    })
    const { status, body } = this.route(request.method ?? '', path, text)
    response.writeHead(status, { 'content-type': status < 400 ? 'application/json' : 'application/problem+json' })
    response.end(body === undefined ? undefined : JSON.stringify(body))
  }

  private route(method: string, path: string, text: string): { status: number; body?: unknown } {
    if (this.mode === 'away') return problem(503, 'draining', 'The gateway is stopping.')
    if (path === '/api/v1/whoami') {
      return { status: 200, body: { owner: 'dev', issuer: 'test', expiresAt: '2030-01-01T00:00:00Z' } }
    }
    if (path === '/api/v1/sessions') return method === 'POST' ? this.create(text) : this.all()
    const [, name = '', ticket] = /^\/api\/v1\/sessions\/([^/]+)(\/ticket)?$/.exec(path) ?? []
    const session = this.listed.get(name)
    if (!session) return problem(404, 'no-such-session', `There is no session ${name}.`)
    if (ticket !== undefined) return this.ticket(session)
    if (method !== 'DELETE') return { status: 200, body: session }
    this.listed.delete(name)
    return { status: 204 }
  }

  private create(text: string): { status: number; body: unknown } {
    const name = (JSON.parse(text) as { name?: string }).name ?? 'made-up'
    if (this.listed.has(name)) return problem(409, 'name-taken', `There is a session ${name} already.`)
    this.list(name, { phase: 'Pending', reason: 'Unschedulable', message: 'No node has room.' })
    return { status: 201, body: this.listed.get(name) }
  }

  private all(): { status: number; body: unknown } {
    return { status: 200, body: { items: [...this.listed.values()], truncated: false } }
  }

  private ticket(session: Record<string, unknown>): { status: number; body: unknown } {
    if (session['phase'] !== 'Ready') return problem(409, 'not-attachable', 'The session cannot be attached to.')
    const ticket = `ticket-${++this.tickets}`
    this.unused.add(ticket)
    return { status: 200, body: { ticket, expiresAt: '2030-01-01T00:00:00Z' } }
  }
}

function problem(status: number, code: string, detail: string): { status: number; body: unknown } {
  return { status, body: { type: `about:${code}`, title: code, status, detail, code } }
}
