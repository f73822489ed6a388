// /metrics, /healthz and /readyz on one port.
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { Registry } from 'prom-client'

export interface HttpServerOptions {
  port: number
  registry: Registry
  /** True once every cache is filled, and until the stop begins. */
  isReady: () => boolean
}

/** Milliseconds a request may take to arrive: probes and scrapes are small. */
const REQUEST_TIMEOUT_MS = 5000
/** Connections at one time: a kubelet, a Prometheus or two. */
const CONNECTIONS_MAX = 64

/** Listens. @returns the server, to be closed last */
export async function startHttpServer({ port, registry, isReady }: HttpServerOptions): Promise<Server> {
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    if (request.url === '/metrics') void answerMetrics(response, registry)
    else answer(response, ...answerTo(request.url, isReady))
  })
  server.maxConnections = CONNECTIONS_MAX
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, resolve)
  })
  return server
}

function answerTo(path: string | undefined, isReady: () => boolean): [status: number, text: string] {
  switch (path) {
    case '/healthz':
      // Answering at all shows that the event loop turns.
      return [200, 'ok']
    case '/readyz':
      return isReady() ? [200, 'ok'] : [503, 'the caches are not filled yet']
    default:
      return [404, 'there are /metrics, /healthz and /readyz']
  }
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`)
}

async function answerMetrics(response: ServerResponse, registry: Registry): Promise<void> {
  try {
    const text = await registry.metrics()
    response.writeHead(200, { 'content-type': registry.contentType }).end(text)
  } catch (error) {
    answer(response, 500, error instanceof Error ? error.message : String(error))
  }
}
