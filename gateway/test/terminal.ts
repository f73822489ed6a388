// A terminal as the console and cpc have it: the real client of @cpc/protocol over real WebSockets, with what it heard kept.
import { type ClientOptions, type End, type Report, TerminalClient, type TicketAnswer } from '@cpc/protocol'
import { WebSocket } from 'ws'
import { until } from './cluster.ts'

export interface TerminalOptions extends Partial<ClientOptions> {
  session: string
  token: string
  /** Base address of the gateway to use for the next connection. */
  url: () => string
}

export class Terminal {
  readonly client: TerminalClient
  readonly reports: Report[] = []
  end: End | undefined
  readonly #chunks: Uint8Array[] = []
  #sockets: WebSocket[] = []

  constructor({ session, token, url, ...options }: TerminalOptions) {
    this.client = new TerminalClient(
      {
        getTicket: () => getTicket(url(), session, token),
        openSocket: events => {
          const socket = new WebSocket(`${url().replace('http', 'ws')}/ws/terminal/${session}`, ['cpc.v1'], {
            perMessageDeflate: false,
          })
          this.#sockets.push(socket)
          socket.on('open', () => events.opened())
          socket.on('message', (data: Buffer, isBinary) => events.message(isBinary ? data : 'text'))
          socket.on('error', () => undefined)
          socket.on('close', (code, reason) => events.closed(code, reason.toString()))
          return {
            send: message => socket.send(message, () => undefined),
            close: (code, reason) => socket.close(code, reason),
          }
        },
        nowMs: () => performance.now(),
        random: Math.random,
        setTimer: (ms, fire) => setTimeout(fire, ms),
        clearTimer: timer => clearTimeout(timer as NodeJS.Timeout),
      },
      {
        output: (bytes, done) => {
          this.#chunks.push(Uint8Array.from(bytes))
          done()
        },
        changed: () => undefined,
        report: report => void this.reports.push(report),
        ended: end => (this.end = end),
      },
      { client: { name: 'gateway-test', version: '0' }, mode: 'control', cols: 120, rows: 40, ...options },
    )
    this.client.start()
  }

  /** All output so far, as Latin-1: one character a byte. */
  get text(): string {
    return Buffer.concat(this.#chunks).toString('latin1')
  }

  get connections(): number {
    return this.reports.filter(({ kind }) => kind === 'attached').length
  }

  attached(): Promise<true> {
    return until('the terminal to be attached', () => (this.client.status.phase === 'attached' ? true : undefined))
  }

  /** Waits for output that matches. */
  async sees(pattern: RegExp): Promise<RegExpExecArray> {
    return until(`${String(pattern)} in the output`, () => pattern.exec(this.text) ?? undefined)
  }

  /** Types as much as there is room for; returns how much that was. */
  type(text: string | Uint8Array): number {
    return this.client.type(typeof text === 'string' ? new TextEncoder().encode(text) : text)
  }

  /** Cuts the connection without a word, as a tunnel does. */
  cut(): void {
    for (const socket of this.#sockets.splice(0)) socket.terminate()
  }

  stop(): void {
    if (this.end === undefined) this.client.detach()
  }
}

async function getTicket(url: string, session: string, token: string): Promise<TicketAnswer> {
  const response = await fetch(`${url}/api/v1/sessions/${session}/ticket`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ client: 'native' }),
  })
  const body = (await response.json()) as { ticket?: string; code?: string; detail?: string }
  if (body.ticket !== undefined) return { kind: 'ticket', ticket: body.ticket }
  const message = body.detail ?? ''
  const isFinal = response.status === 401 || response.status === 403 || response.status === 404
  return isFinal ? { kind: 'refused', code: body.code ?? '', message } : { kind: 'unavailable', message }
}
