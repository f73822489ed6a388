// An HTTP server in this process whose every answer is the test's. For failures of the transport only: what a real API
// server says is tested against a real one.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Cluster, ConnectionCredentials, CredentialSource } from '../src/edge/cluster.ts'
import { createTransport, type Transport, type TransportOptions } from '../src/edge/transport.ts'

export type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void

export interface TestServer {
  readonly url: string
  readonly server: Server
  /** Every request so far: method, path with query, headers, body. */
  readonly requests: { method: string; path: string; headers: IncomingMessage['headers']; body: string }[]
  /** Connections accepted so far. */
  connections: number
  sockets: Set<Socket>
  handler: Handler
  close(): Promise<void>
}

/** Listens on a free port of the loopback. */
export async function startServer(handler: Handler, port = 0): Promise<TestServer> {
  const sockets = new Set<Socket>()
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      test.requests.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers, body })
      test.handler(request, response, body)
    })
  })
  server.on('connection', socket => {
    test.connections += 1
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
  })
  const test: TestServer = {
    url: '',
    server,
    requests: [],
    connections: 0,
    sockets,
    handler,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  return Object.assign(test, { url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}` })
}

export function sendJson(
  response: ServerResponse,
  body: unknown,
  code = 200,
  headers: Record<string, string> = {},
): void {
  response.writeHead(code, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

export function sendStatus(
  response: ServerResponse,
  code: number,
  reason: string,
  headers: Record<string, string> = {},
): void {
  const body = { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message: `it is ${reason}` }
  sendJson(response, body, code, headers)
}

export interface TestCredentials extends CredentialSource {
  token: string
  refreshes: number
}

/** Credentials whose token the test sets; `onRefresh` may change it. */
export function testCredentials(onRefresh: (credentials: TestCredentials) => void = () => undefined): TestCredentials {
  const give = (): Promise<ConnectionCredentials> =>
    Promise.resolve({
      headers: { authorization: `Bearer ${credentials.token}` },
      rejectUnauthorized: true,
      tlsVersion: '1',
    })
  const credentials: TestCredentials = {
    token: 'first',
    refreshes: 0,
    current: give,
    refresh() {
      credentials.refreshes += 1
      onRefresh(credentials)
      return give()
    },
  }
  return credentials
}

export function testTransport(
  server: Pick<TestServer, 'url'>,
  options: Partial<TransportOptions> & { credentials?: CredentialSource } = {},
): Transport {
  const { credentials = testCredentials(), ...rest } = options
  const cluster: Cluster = { server: server.url, namespace: 'default', credentials }
  return createTransport(cluster, { userAgent: 'test/1', ...rest })
}
