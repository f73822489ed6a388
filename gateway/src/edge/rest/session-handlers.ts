// What the session routes do (G1, G4 to G8, G31). Who calls is known; refusals are thrown.
import type { TerminalSession } from '@cpc/crds'
import { isConflict, isNotFound } from '@cpc/kube'
import type { Request } from 'express'
import type { z } from 'zod'
import { type CreateSessionBody, createSessionBody, createTicketBody } from '../../core/api-schemas.ts'
import { createWaitMs, idempotencyKey } from '../../core/create-request.ts'
import { HTTP_LIMITS } from '../../core/limits/http.ts'
import { Problem } from '../../core/problem.ts'
import { attachability, isOver, phaseOf, sessionView } from '../../core/session-view.ts'
import { digestOf } from '../digest.ts'
import { SESSIONS } from '../session-directory.ts'
import type { Caller } from '../token-verifier.ts'
import type { Answer, CallerHandler, RestContext } from './context.ts'

export const createSession: CallerHandler = async (request, caller, context) => {
  const { limits, maker, directory, metrics } = context
  const asked: unknown = request.body ?? {}
  parsed(createSessionBody, asked)
  const key = idempotencyKey(request.get('idempotency-key'))
  limits.use('creations', caller.owner)
  const { session, how } = await maker.make({
    owner: caller.owner,
    // As asked, checked but without the schema's defaults: those are the API server's to fill in.
    body: asked as CreateSessionBody,
    bodyDigest: digestOf(asked),
    keyDigest: key === undefined ? undefined : digestOf(caller.owner, key),
  })
  metrics.sessionsMade.inc({ result: how })
  return madeAnswer(await directory.waitFor(session, isSettled, createWaitMs(request.get('prefer'))))
}

function isSettled(session: TerminalSession): boolean {
  return phaseOf(session) === 'Ready' || isOver(session)
}

function madeAnswer(session: TerminalSession): Answer {
  const headers = { Location: `/api/v1/sessions/${session.metadata.name}` }
  const body = sessionView(session)
  if (isSettled(session)) return { status: 201, headers, body }
  return { status: 202, headers: { ...headers, 'Retry-After': String(HTTP_LIMITS.PREPARING_RETRY_AFTER_S) }, body }
}

export const listSessions: CallerHandler = (_request, caller, context) => {
  mustBeSynced(context)
  const owned = context.directory.listOwned(caller.owner)
  const items = owned.slice(0, HTTP_LIMITS.LIST_ITEMS_MAX).map(sessionView)
  return { status: 200, body: { items, truncated: owned.length > items.length } }
}

export const getSession: CallerHandler = async (request, caller, context) => {
  return { status: 200, body: sessionView(await owned(request, caller, context)) }
}

export const deleteSession: CallerHandler = async (request, caller, context) => {
  const session = await owned(request, caller, context)
  const { name, uid } = session.metadata
  try {
    const preconditions = uid === undefined ? {} : { uid }
    const options = { preconditions, timeoutMs: HTTP_LIMITS.CLUSTER_CALL_TIMEOUT_MS }
    await context.client.delete(SESSIONS, { namespace: context.namespace, name }, options)
  } catch (error) {
    // Gone already, or a younger session has the name now: either way the one that was meant is gone.
    if (isNotFound(error) || isConflict(error)) throw noSuchSession(name)
    throw error
  }
  return { status: 204 }
}

export const createTicket: CallerHandler = async (request, caller, context) => {
  const { client } = parsed(createTicketBody, request.body ?? {})
  context.limits.use('tickets', caller.owner)
  const name = sessionId(request)
  const session = mine(name, await context.directory.findAttachable(name), caller)
  const state = attachability(session)
  if (state.kind !== 'attachable') {
    const headers = state.kind === 'not-yet' ? { retryAfterS: HTTP_LIMITS.PREPARING_RETRY_AFTER_S } : {}
    throw new Problem('not-attachable', `${state.reason}: ${state.message}`, headers)
  }
  const claims = { sub: caller.owner, session: name, uid: session.metadata.uid ?? '', client }
  const { ticket, expiresAtMs } = await context.tickets.issue(claims)
  context.metrics.tickets.inc()
  return { status: 201, body: { ticket, expiresAt: new Date(expiresAtMs).toISOString() } }
}

export const whoami: CallerHandler = (_request, { owner, issuer, expiresAtMs }) => {
  return { status: 200, body: { owner, issuer, expiresAt: new Date(expiresAtMs).toISOString() } }
}

async function owned(request: Request, caller: Caller, context: RestContext): Promise<TerminalSession> {
  const name = sessionId(request)
  return mine(name, await context.directory.find(name), caller)
}

/** Somebody else's session is no session (G4). */
function mine(name: string, session: TerminalSession | undefined, caller: Caller): TerminalSession {
  if (session?.spec.owner !== caller.owner) throw noSuchSession(name)
  return session
}

function noSuchSession(name: string): Problem {
  return new Problem('no-such-session', `You have no session ${name}.`)
}

const SESSION_ID = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/

/** The id in the path. What cannot be a name is not looked up. */
function sessionId(request: Request): string {
  const id = request.params['id']
  if (typeof id === 'string' && SESSION_ID.test(id)) return id
  throw new Problem('no-such-session', 'No session has such a name: names are DNS labels, such as my-shell.')
}

function mustBeSynced({ directory }: RestContext): void {
  if (directory.hasSynced()) return
  throw new Problem('starting', 'The gateway has not read the sessions yet. Try again.', { retryAfterS: 1 })
}

/** The body as its schema has it. @throws Problem that names each wrong field */
function parsed<S extends z.ZodType>(schema: S, body: unknown): z.output<S> {
  const result = schema.safeParse(body)
  if (result.success) return result.data
  const wrong = result.error.issues.map(({ path, message }) => `${path.map(String).join('.') || 'body'}: ${message}`)
  throw new Problem('bad-request', `The body is not right. ${wrong.slice(0, 10).join('; ')}.`)
}
