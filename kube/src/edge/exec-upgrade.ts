// Opens the WebSocket of an exec: credentials, one retry with fresh ones after 401, and the server's Status when it refuses.
import type { IncomingMessage } from 'node:http'
import WebSocket from 'ws'
import { ApiError, parseStatus } from '../core/api-error.ts'
import type { Clock } from '../core/clock.ts'
import { EXEC_PROTOCOLS } from '../core/exec-codec.ts'
import { tlsOptions } from './connection-pools.ts'
import { createDeadline, type Deadline } from './deadline.ts'
import { transportErrorFrom } from './http-failure.ts'
import type { Transport } from './transport.ts'

/** Largest frame we accept; the server sends 32 KiB frames. */
const EXEC_FRAME_BYTES_MAX = 1024 * 1024
/** Largest body of a refusal we read. */
const REFUSAL_BYTES_MAX = 64 * 1024
/** TCP keep-alive finds a dead peer even while the stream is paused and pongs cannot be read. */
const TCP_KEEP_ALIVE_MS = 30_000

export interface UpgradeOptions {
  signal?: AbortSignal
  timeoutMs: number
  clock: Clock
  /** Called with each socket before it connects, so that no message can be missed. */
  prepare(socket: WebSocket): void
}

/** @param pathAndQuery escaped. @throws ApiError | TransportError */
export async function openExecSocket(
  transport: Transport,
  pathAndQuery: string,
  options: UpgradeOptions,
): Promise<WebSocket> {
  const deadline = createDeadline(options.clock, options.timeoutMs, options.signal)
  try {
    return await upgrade(transport, pathAndQuery, 'current', { deadline, prepare: options.prepare })
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 401) throw error
    // Refused before anything ran, so a second attempt is safe.
    return await upgrade(transport, pathAndQuery, 'refreshed', { deadline, prepare: options.prepare })
  } finally {
    deadline.dispose()
  }
}

interface UpgradeAttempt {
  deadline: Deadline
  prepare(socket: WebSocket): void
}

async function upgrade(
  transport: Transport,
  pathAndQuery: string,
  freshness: 'current' | 'refreshed',
  { deadline, prepare }: UpgradeAttempt,
): Promise<WebSocket> {
  const name = `GET ${pathAndQuery.split('?', 1).join('')}`
  const credentials = await transport.credentials(freshness)
  const url = `${transport.server.replace(/^http/, 'ws').replace(/\/+$/, '')}${pathAndQuery}`
  const socket = new WebSocket(url, [...EXEC_PROTOCOLS], {
    ...tlsOptions(credentials),
    headers: { ...credentials.headers, 'user-agent': transport.userAgent },
    maxPayload: EXEC_FRAME_BYTES_MAX,
    perMessageDeflate: false,
    followRedirects: false,
  })
  prepare(socket)
  const abort = (): void => socket.terminate()
  deadline.signal.addEventListener('abort', abort, { once: true })
  try {
    if (deadline.signal.aborted) abort()
    await opened(socket, name)
    return socket
  } catch (error) {
    // `ws` insists on a listener for the error that ending a connecting socket raises.
    socket.on('error', () => undefined)
    socket.terminate()
    throw error instanceof ApiError ? error : transportErrorFrom(error, name, deadline)
  } finally {
    deadline.signal.removeEventListener('abort', abort)
  }
}

function opened(socket: WebSocket, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
    socket.once('upgrade', (response: IncomingMessage) => {
      response.socket.setKeepAlive(true, TCP_KEEP_ALIVE_MS)
    })
    socket.once('unexpected-response', (_request, response) => {
      readRefusal(response, name).then(reject, reject)
    })
  })
}

async function readRefusal(response: IncomingMessage, name: string): Promise<ApiError> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    length += chunk.length
    if (length > REFUSAL_BYTES_MAX) break
  }
  const text = Buffer.concat(chunks).subarray(0, REFUSAL_BYTES_MAX).toString('utf8')
  return new ApiError(name, response.statusCode ?? 0, parseStatus(text))
}
