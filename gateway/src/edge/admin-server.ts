// The private port: metrics and probes (G80). Nothing here tells about sessions or people.
import { type Server, createServer } from 'node:http'
import type { Registry } from 'prom-client'
import type { Phase } from './rest/context.ts'

/** Time for a scrape to arrive; nobody else should be here. */
const REQUEST_TIMEOUT_MS = 10_000

export interface AdminServerOptions {
  registry: Registry
  /** Called before each scrape. */
  beforeScrape: () => void
  phase: () => Phase
}

export function createAdminServer(options: AdminServerOptions): Server {
  return createServer(
    { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS },
    (request, response) => {
      void answerOf(request.url ?? '', options).then(({ status, text, type }) => {
        response.writeHead(status, { 'Content-Type': type ?? 'text/plain; charset=utf-8' }).end(text)
      })
    },
  )
}

interface Text {
  status: number
  text: string
  type?: string
}

async function answerOf(url: string, { registry, beforeScrape, phase }: AdminServerOptions): Promise<Text> {
  switch (url) {
    case '/healthz':
      return { status: 200, text: 'ok\n' }
    case '/readyz':
      return { status: phase() === 'ok' ? 200 : 503, text: `${phase()}\n` }
    case '/metrics':
      beforeScrape()
      return { status: 200, text: await registry.metrics(), type: registry.contentType }
    default:
      return { status: 404, text: 'metrics, healthz and readyz are here\n' }
  }
}
