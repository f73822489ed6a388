// What the REST handlers need of the world, and the shape of a handler.
import type { KubeClient, Logger } from '@cpc/kube'
import type { Request } from 'express'
import type { GatewayMetrics } from '../metrics.ts'
import type { RequestLimits } from '../request-limits.ts'
import type { SessionDirectory } from '../session-directory.ts'
import type { SessionMaker } from '../session-maker.ts'
import type { Tickets } from '../tickets.ts'
import type { Caller, TokenVerifier } from '../token-verifier.ts'

/** `starting`: the cache is not filled yet. `draining`: SIGTERM came. */
export type Phase = 'starting' | 'ok' | 'draining'

export interface RestContext {
  client: KubeClient
  namespace: string
  directory: SessionDirectory
  maker: SessionMaker
  tickets: Tickets
  verifier: TokenVerifier
  limits: RequestLimits
  metrics: GatewayMetrics
  logger: Logger
  trustedProxyHops: number
  phase: () => Phase
  nowMs: () => number
}

/** An answer as data; `body` undefined: none. */
export interface Answer {
  status: number
  headers?: Record<string, string>
  body?: unknown
}

/** A handler of an authenticated request. Throws Problem, ApiError or TransportError for refusals. */
export type CallerHandler = (request: Request, caller: Caller, context: RestContext) => Promise<Answer> | Answer
