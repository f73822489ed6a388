// The Express application: the order of the guards, the routes, and one place where refusals become answers (G2, G10, G11).
import express, { type ErrorRequestHandler, type Express, type RequestHandler, type Response } from 'express'
import { addressKey, clientAddress } from '../../core/client-address.ts'
import { openApiDocument } from '../../core/openapi.ts'
import { PROBLEMS, Problem, problemBody, problemHeaders } from '../../core/problem.ts'
import { SECURITY_HEADERS } from '../../core/security-headers.ts'
import { asProblem } from '../cluster-failure.ts'
import type { Answer, CallerHandler, RestContext } from './context.ts'
import { readJsonBody } from './read-body.ts'
import * as sessions from './session-handlers.ts'

type Methods = Partial<Record<'GET' | 'POST' | 'DELETE', RequestHandler>>

export function createRestApp(context: RestContext): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.set('query parser', false)
  app.use(observed(context), securityHeaders, hostNeeded, addressLimit(context))

  const called = (handler: CallerHandler) => withCaller(handler, context)
  const openApi = openApiDocument()
  route(app, '/openapi.json', { GET: (_request, response) => void response.json(openApi) })
  route(app, '/api/v1/health', { GET: health(context) })
  route(app, '/api/v1/whoami', { GET: called(sessions.whoami) })
  route(app, '/api/v1/sessions', { GET: called(sessions.listSessions), POST: called(sessions.createSession) })
  route(app, '/api/v1/sessions/:id', { GET: called(sessions.getSession), DELETE: called(sessions.deleteSession) })
  route(app, '/api/v1/sessions/:id/ticket', { POST: called(sessions.createTicket) })

  app.use(() => {
    throw new Problem('not-found', 'This path is not served here. /openapi.json lists what is.')
  })
  app.use(refusals(context))
  return app
}

// --- guards ---

const securityHeaders: RequestHandler = (_request, response, next) => {
  response.set(SECURITY_HEADERS)
  next()
}

/** HTTP/1.1 asks for it; Node would refuse without headers and words. */
const hostNeeded: RequestHandler = (request, _response, next) => {
  if (request.headers.host !== undefined || request.httpVersion !== '1.1') next()
  else throw new Problem('bad-request', 'The request has no Host header.')
}

function addressLimit({ limits, trustedProxyHops }: RestContext): RequestHandler {
  return (request, response, next) => {
    const address = clientAddress(request.socket.remoteAddress, request.get('x-forwarded-for'), trustedProxyHops)
    const locals = response.locals as Locals
    locals.addressKey = addressKey(address)
    limits.use('address', locals.addressKey)
    next()
  }
}

/** What the guards leave for those after them. */
interface Locals {
  addressKey: string
  /** The route's pattern, for metrics: paths themselves would be unbounded. */
  route?: string
  owner?: string
}

function observed({ metrics, logger, nowMs, phase }: RestContext): RequestHandler {
  return (request, response, next) => {
    const startMs = nowMs()
    // A keep-alive connection would hold up the end of the process.
    if (phase() === 'draining') response.set('Connection', 'close')
    response.once('close', () => {
      const { route = 'none', owner } = response.locals as Locals
      const ms = Math.round(nowMs() - startMs)
      const method = ['GET', 'POST', 'DELETE'].includes(request.method) ? request.method : 'other'
      metrics.requests.inc({ method, route, status: String(response.statusCode) })
      metrics.requestSeconds.observe({ method, route }, ms / 1_000)
      logger.info({ method, route, status: response.statusCode, owner, ms }, 'request')
    })
    next()
  }
}

// --- routes ---

/** One path: its methods, and 405 for all others. */
function route(app: Express, path: string, methods: Methods): void {
  const allow = Object.keys(methods)
    .flatMap(method => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
    .join(', ')
  app.all(path, (request, response, next) => {
    const locals = response.locals as Locals
    locals.route = path
    const method = request.method === 'HEAD' ? 'GET' : request.method
    const handler = Object.hasOwn(methods, method) ? methods[method as keyof Methods] : undefined
    if (handler) return handler(request, response, next)
    throw new Problem('method-not-allowed', `${request.method.slice(0, 16)} is not allowed here; ${allow} is.`, {
      allow,
    })
  })
}

function health({ phase }: RestContext): RequestHandler {
  return (_request, response) => {
    const status = phase()
    response.status(status === 'ok' ? 200 : 503).json({ status })
  }
}

/** Authenticates, then reads the body, then handles: a stranger's body is never read. */
function withCaller(handler: CallerHandler, context: RestContext): RequestHandler {
  const { verifier, limits, metrics } = context
  return async (request, response) => {
    const locals = response.locals as Locals
    limits.look('refusedTokens', locals.addressKey)
    const caller = await verifier.verify(request.get('authorization')).catch((error: unknown) => {
      limits.count('refusedTokens', locals.addressKey)
      metrics.tokenRefusals.inc({ reason: error instanceof Problem ? error.code : 'error' })
      throw error
    })
    locals.owner = caller.owner
    limits.use('owner', caller.owner)
    request.body = await readJsonBody(request)
    answer(response, await handler(request, caller, context))
  }
}

function answer(response: Response, { status, headers = {}, body }: Answer): void {
  response.status(status).set(headers)
  if (body === undefined) response.end()
  else response.json(body)
}

// --- refusals ---

function refusals({ logger }: RestContext): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    const problem = toProblem(error)
    if (PROBLEMS[problem.code].status >= 500) {
      const cause = error instanceof Error ? (error.stack ?? error.message) : String(error)
      logger.error({ method: request.method, code: problem.code, problem: cause }, 'a request could not be answered')
    }
    if (response.headersSent) {
      response.destroy()
      return
    }
    const body = problemBody(problem.code, problem.message)
    // The rest of a body nobody wants to read would be taken for the next request.
    if (!request.complete) response.set('Connection', 'close')
    response.status(body.status).set(problemHeaders(problem.code, problem.headers)).type('application/problem+json')
    response.send(JSON.stringify(body))
  }
}

/** Problems as they are, the cluster's words, what Express finds malformed, and for everything else no words at all. */
function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  const known = asProblem(error, 'do what was asked')
  if (known instanceof Problem) return known
  const { status } = error as { status?: unknown }
  if (status === 400) return new Problem('bad-request', 'The request is malformed.')
  return new Problem('internal', 'The mistake is ours, and is in the log of the gateway. Try again.')
}
