// The world of a TerminalClient on Node: tickets over REST, sockets of `ws`, the clock.
import type { ClientWorld, SocketEvents, TerminalSocket, TicketAnswer } from '@cpc/protocol'
import { CLOSE_CODES, LIMITS } from '@cpc/protocol'
import { WebSocket } from 'ws'
import { Failure } from '../core/failure.ts'
import { terminalUrl } from '../core/gateway-url.ts'
import { isPassing, refusalSentence } from '../core/problem.ts'
import { isRecord, overSentence, sessionPromise, sessionSentence } from '../core/session.ts'
import type { Answer, GatewayApi } from './gateway-api.ts'

const SUBPROTOCOL = 'cpc.v1'
/** The code of a ticket refused because the session is not, or no longer, attachable. */
const NOT_ATTACHABLE = 'not-attachable'

/** @param name the session's name */
export function terminalWorld(api: GatewayApi, name: string): ClientWorld {
  return {
    getTicket: signal => getTicket(api, name, signal),
    openSocket: events => openSocket(terminalUrl(api.base, name), events),
    nowMs: () => performance.now(),
    random: () => Math.random(),
    setTimer: (ms, fire) => setTimeout(fire, ms),
    clearTimer: timer => {
      clearTimeout(timer as NodeJS.Timeout)
    },
  }
}

async function getTicket(api: GatewayApi, name: string, signal: AbortSignal): Promise<TicketAnswer> {
  let answer: Answer
  try {
    answer = await api.requestTicket(name, signal)
  } catch (error) {
    return { kind: 'unavailable', message: error instanceof Error ? error.message : String(error) }
  }
  if (answer.kind === 'ok') return readTicket(answer.body)
  const { refusal } = answer
  const message = refusalSentence(refusal)
  if (isPassing(refusal)) return { kind: 'unavailable', message }
  if (refusal.code === NOT_ATTACHABLE) return await whetherComing(api, name, message)
  return { kind: 'refused', code: refusal.code, message }
}

function readTicket(body: unknown): TicketAnswer {
  if (isRecord(body) && typeof body['ticket'] === 'string') return { kind: 'ticket', ticket: body['ticket'] }
  return { kind: 'unavailable', message: 'What answered is no gateway of Pocket Console. Check CPC_GATEWAY_URL.' }
}

/** A session that is being prepared is worth waiting for; one that is over is not. */
async function whetherComing(api: GatewayApi, name: string, message: string): Promise<TicketAnswer> {
  try {
    const session = await api.getSession(name)
    if (sessionPromise(session) !== 'over') return { kind: 'unavailable', message: sessionSentence(session) }
    return { kind: 'refused', code: NOT_ATTACHABLE, message: overSentence(session) }
  } catch (error) {
    const text = error instanceof Failure ? error.message : message
    return { kind: 'unavailable', message: text }
  }
}

function openSocket(url: URL, events: SocketEvents): TerminalSocket {
  const socket = new WebSocket(url, [SUBPROTOCOL], {
    perMessageDeflate: false,
    maxPayload: LIMITS.FRAME_BYTES_MAX,
    handshakeTimeout: LIMITS.CONNECT_TIMEOUT_MS,
    followRedirects: false,
  })
  // What went wrong is told by `error`, that it is over by `close`, which always follows.
  let trouble = ''
  let code: number | undefined
  socket.on('open', events.opened)
  socket.on('message', (data, isBinary) => {
    events.message(isBinary ? (data as Buffer) : 'text')
  })
  socket.on('unexpected-response', (_request, response) => {
    trouble = `The gateway refused the socket with HTTP ${response.statusCode ?? '?'}.`
    code = upgradeCloseCode(response.statusCode ?? 0)
    response.destroy()
    socket.terminate()
  })
  socket.on('error', error => {
    if (trouble === '') trouble = error.message
  })
  socket.on('close', (closeCode, reason) => {
    events.closed(code ?? closeCode, reason.length > 0 ? reason.toString('utf8') : trouble)
  })
  return {
    send: message => {
      if (socket.readyState === WebSocket.OPEN) socket.send(message)
    },
    close: (closeCode, reason) => {
      closeSocket(socket, closeCode, reason)
    },
  }
}

/** An upgrade that is refused for good, as against a proxy or gateway that is busy. */
function upgradeCloseCode(status: number): number {
  if (status === 404) return CLOSE_CODES.gone.code
  return status === 400 || status === 401 || status === 403 ? CLOSE_CODES.forbidden.code : CLOSE_CODES.abnormal.code
}

/** How long the other side may take to answer a close, before the connection is cut. */
const CLOSE_TIMEOUT_MS = 1_000

function closeSocket(socket: WebSocket, code: number, reason: string): void {
  if (socket.readyState === WebSocket.CONNECTING) {
    socket.terminate()
    return
  }
  socket.close(code, reason)
  setTimeout(() => {
    socket.terminate()
  }, CLOSE_TIMEOUT_MS).unref()
}
