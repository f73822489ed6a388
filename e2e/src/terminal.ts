// A client of the terminal stream for journeys: the real library over a real socket, with all output kept for checks.
import {
  TerminalClient,
  type End,
  type Report,
  type SocketEvents,
  type TerminalSocket,
  type TicketAnswer,
} from '@cpc/protocol'
import { WebSocket } from 'ws'
import { cpc, env, eventually } from './world.ts'

export interface Terminal {
  readonly client: TerminalClient
  /** All output so far. */
  output(): Buffer
  readonly reports: readonly Report[]
  /** How often a socket was opened. */
  connections(): number
  ended(): End | undefined
  /** Types text in order, in as many pieces as the input window makes of it. */
  type(text: string): Promise<void>
}

const PROTOCOL = 'cpc.v1'

const TOKEN_KEPT_MS = 5 * 60_000
let kept: { readonly token: Promise<string>; readonly untilMs: number } | undefined

/** A token of these tests' owner; one serves many attachments. */
function currentToken(): Promise<string> {
  if (kept === undefined || performance.now() > kept.untilMs) {
    kept = { token: fetchToken(), untilMs: performance.now() + TOKEN_KEPT_MS }
  }
  return kept.token
}

async function fetchToken(): Promise<string> {
  const { stdout, stderr, exitCode } = await cpc('token', '--owner', 'e2e')
  if (exitCode !== 0) throw new Error(stderr)
  return stdout.trim()
}

function opener(session: string, opened: () => void): (events: SocketEvents) => TerminalSocket {
  return events => {
    opened()
    const url = `${env.gatewayUrl.replace(/^http/, 'ws')}/ws/terminal/${session}`
    const socket = new WebSocket(url, PROTOCOL, { perMessageDeflate: false })
    socket.on('open', () => events.opened())
    socket.on('message', (data, isBinary) => events.message(isBinary ? (data as Buffer) : 'text'))
    socket.on('close', (code, reason) => events.closed(code, reason.toString()))
    socket.on('error', () => undefined)
    return {
      send: message => socket.send(message),
      close: (code, reason) => socket.close(code, reason),
    }
  }
}

async function ticketFor(session: string, token: string, signal: AbortSignal): Promise<TicketAnswer> {
  const response = await fetch(`${env.gatewayUrl}/api/v1/sessions/${session}/ticket`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ client: 'native' }),
    signal,
  })
  const body = (await response.json()) as { ticket?: string; detail?: string; code?: string }
  if (body.ticket !== undefined) return { kind: 'ticket', ticket: body.ticket }
  if (response.status === 503 || response.status === 429) return { kind: 'unavailable', message: String(body.detail) }
  return { kind: 'refused', code: String(body.code), message: String(body.detail) }
}

export interface OpenOptions {
  readonly lossless: boolean
  /** Takes the output instead of keeping it. */
  readonly heard?: (bytes: Uint8Array) => void
}

/** Attaches to a session and stays attached through whatever happens to the connection. */
export async function openTerminal(session: string, options: OpenOptions): Promise<Terminal> {
  const { heard, lossless } = options
  const token = await currentToken()
  const chunks: Buffer[] = []
  const reports: Report[] = []
  let connections = 0
  let end: End | undefined
  const client = new TerminalClient(
    {
      getTicket: signal => ticketFor(session, token, signal),
      openSocket: opener(session, () => (connections += 1)),
      nowMs: () => performance.now(),
      random: () => Math.random(),
      setTimer: (ms, fire) => setTimeout(fire, ms),
      clearTimer: timer => clearTimeout(timer as NodeJS.Timeout),
    },
    {
      output: (bytes, done) => {
        if (heard === undefined) chunks.push(Buffer.from(bytes))
        else heard(bytes)
        done()
      },
      changed: () => undefined,
      report: report => reports.push(report),
      ended: reason => (end = reason),
    },
    { client: { name: 'e2e', version: '1' }, mode: 'control', takeover: true, cols: 120, rows: 40, lossless },
  )
  client.start()
  const type = async (text: string): Promise<void> => {
    let rest = Buffer.from(text)
    while (rest.length > 0) {
      const accepted = await eventually('room for input', () => Promise.resolve(client.type(rest) || undefined))
      rest = rest.subarray(accepted)
    }
  }
  return {
    client,
    output: () => Buffer.concat(chunks),
    reports,
    connections: () => connections,
    ended: () => end,
    type,
  }
}

/** Waits until the output matches. */
export function sees(terminal: Terminal, pattern: RegExp): Promise<RegExpMatchArray> {
  return eventually(`output to match ${String(pattern)}`, () =>
    Promise.resolve(terminal.output().toString('latin1').match(pattern) ?? undefined),
  )
}
