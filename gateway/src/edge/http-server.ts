// The public port: REST through Express, terminals through the upgrade event, and bounds on both (G10, G40).
import type { Logger } from '@cpc/kube'
import { type IncomingMessage, type Server, createServer } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Express } from 'express'
import { addressKey, clientAddress } from '../core/client-address.ts'
import { HTTP_LIMITS } from '../core/limits/http.ts'
import { parserProblem } from '../core/parser-problem.ts'
import {
  PROBLEMS,
  Problem,
  type ProblemCode,
  type ProblemHeaders,
  problemBody,
  problemHeaders,
} from '../core/problem.ts'
import { SECURITY_HEADERS } from '../core/security-headers.ts'
import { type UpgradeDecision, decideUpgrade } from '../core/upgrade.ts'
import { type DriveContext, driveAttachment } from './drive.ts'
import type { RequestLimits } from './request-limits.ts'
import type { Phase } from './rest/context.ts'
import { createSocketServer } from './terminal-socket.ts'

export interface HttpServerOptions {
  app: Express
  drive: DriveContext
  limits: RequestLimits
  allowedOrigins: ReadonlySet<string>
  trustedProxyHops: number
  phase: () => Phase
  logger: Logger
}

type Refusal = Extract<UpgradeDecision, { kind: 'refuse' }> & ProblemHeaders

/** Makes the server; the caller lets it listen. */
export function createHttpServer(options: HttpServerOptions): Server {
  const server = createServer(
    {
      maxHeaderSize: HTTP_LIMITS.HEADER_BYTES_MAX,
      headersTimeout: HTTP_LIMITS.HEADERS_TIMEOUT_MS,
      requestTimeout: HTTP_LIMITS.REQUEST_TIMEOUT_MS,
      keepAliveTimeout: HTTP_LIMITS.KEEP_ALIVE_TIMEOUT_MS,
      // The application asks for it itself, with the words and headers of its other answers (G11).
      requireHostHeader: false,
    },
    (request, response) => void options.app(request, response),
  )
  server.maxConnections = HTTP_LIMITS.CONNECTIONS_MAX
  server.on('clientError', (error, socket) => onClientError(error, socket))
  // An expectation nobody knows is passed over: Node would refuse it without our headers.
  server.on('checkExpectation', (request, response) => void options.app(request, response))
  const sockets = createSocketServer()
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // Until ws takes over, nobody else listens, and an unheard error would end the process.
    socket.on('error', () => socket.destroy())
    const { address, key } = addressOf(request, options)
    const decision = admit(request, key, options)
    if (decision.kind === 'refuse') {
      options.drive.metrics.upgradesRefused.inc({ code: decision.code })
      options.logger.info({ code: decision.code, address }, 'upgrade refused')
      refuse(socket, decision.code, decision.detail, decision)
      return
    }
    const { sessionName, origin } = decision
    sockets.handleUpgrade(request, socket, head, terminal => {
      driveAttachment(terminal, { sessionName, origin, address, addressKey: key }, options.drive)
    })
  })
  return server
}

function addressOf(request: IncomingMessage, { trustedProxyHops }: HttpServerOptions) {
  const forwarded = request.headers['x-forwarded-for']
  const header = Array.isArray(forwarded) ? forwarded.join(',') : forwarded
  const address = clientAddress(request.socket.remoteAddress, header, trustedProxyHops)
  return { address, key: addressKey(address) }
}

/** Everything that can be known before the handshake. */
function admit(
  request: IncomingMessage,
  key: string,
  options: HttpServerOptions,
): Refusal | Extract<UpgradeDecision, { kind: 'accept' }> {
  const { limits, drive, allowedOrigins, phase } = options
  try {
    limits.use('address', key)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return { kind: 'refuse', code: error.code, detail: error.message, ...error.headers }
  }
  const { headers, method = 'GET', url = '/' } = request
  const decision = decideUpgrade(
    {
      method,
      url,
      upgrade: headers.upgrade,
      origin: headers.origin,
      subprotocols: headers['sec-websocket-protocol'],
    },
    allowedOrigins,
  )
  if (decision.kind === 'refuse') return decision
  if (phase() === 'draining') {
    return { kind: 'refuse', code: 'draining', detail: 'This gateway is stopping. Try again.', retryAfterS: 1 }
  }
  const full = drive.registry.hasRoom(key)
  return full ? { kind: 'refuse', ...full, retryAfterS: 1 } : decision
}

/** Answers on the bare socket, since there is no response object for an upgrade. */
function refuse(socket: Duplex, code: ProblemCode, detail: string, extra: ProblemHeaders = {}): void {
  const body = JSON.stringify(problemBody(code, detail))
  const headers = {
    Connection: 'close',
    'Content-Type': 'application/problem+json',
    'Content-Length': String(Buffer.byteLength(body)),
    ...SECURITY_HEADERS,
    ...problemHeaders(code, extra),
  }
  const { status, title } = PROBLEMS[code]
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  socket.once('finish', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status} ${title}\r\n${lines.join('\r\n')}\r\n\r\n${body}`)
}

/** What Node's parser refuses: too many header bytes, a request that takes too long, garbage. */
function onClientError(error: Error & { code?: string }, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') socket.destroy()
  else {
    const { code, detail } = parserProblem(error.code)
    refuse(socket, code, detail)
  }
}
