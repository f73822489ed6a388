// create, ls, get, rm, whoami: one request each, and its rendering.
import type { CreateOptions } from '../core/create-body.ts'
import { decideCreate } from '../core/create-body.ts'
import { EXIT } from '../core/exit-codes.ts'
import { Failure } from '../core/failure.ts'
import type { Session } from '../core/session.ts'
import { sessionPromise, sessionSentence } from '../core/session.ts'
import { renderSession, renderSessions } from '../core/session-text.ts'
import { parseDurationSeconds } from '../core/duration.ts'
import type { CommandContext } from './context.ts'

/** How often `create --wait` looks. */
const POLL_MS = 300

export interface CreateCommandOptions extends CreateOptions {
  wait?: boolean
  waitTimeout: string
  json?: boolean
}

/** Creates a session and prints its name, or all of it with --json. */
export async function createCommand(
  context: CommandContext,
  name: string | undefined,
  command: string[],
  options: CreateCommandOptions,
): Promise<void> {
  const decision = decideCreate(name, command, options)
  if (decision.kind === 'wrong') throw new Failure(decision.message, EXIT.usage)
  const waitSeconds = requiredSeconds('--wait-timeout', options.waitTimeout)
  const created = await create(context, name, decision.body)
  // The name goes out before the wait: whoever waits in vain must know what to remove.
  if (options.wait !== true) {
    context.print(options.json === true ? JSON.stringify(created, null, 2) : created.id)
    return
  }
  context.say(`Created session ${created.id}; waiting until it is ready.`)
  const ready = await waitUntilReady(context, created.id, waitSeconds)
  context.print(options.json === true ? JSON.stringify(ready, null, 2) : ready.id)
}

/** A name that is taken by a session that is over can be freed: that is worth a second request. */
async function create(context: CommandContext, name: string | undefined, body: unknown): Promise<Session> {
  try {
    return await context.api().createSession(body)
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'name-taken' || name === undefined) throw error
    const holder = await context
      .api()
      .getSession(name)
      .catch(() => undefined)
    throw new Failure(`${error.message}${holder ? ` ${takenBy(holder)}` : ''}`, error.exitCode, error.code)
  }
}

function takenBy(holder: Session): string {
  return sessionPromise(holder) === 'over'
    ? `That session is ${holder.phase}; to free its name: cpc rm ${holder.id}`
    : `It is yours and ${holder.phase}: cpc attach ${holder.id}`
}

async function waitUntilReady(context: CommandContext, name: string, waitSeconds: number): Promise<Session> {
  const untilMs = context.nowMs() + waitSeconds * 1_000
  for (;;) {
    const session = await context.api().getSession(name)
    const promise = sessionPromise(session)
    if (promise === 'ready') return session
    if (promise === 'over') throw new Failure(sessionSentence(session))
    if (context.nowMs() >= untilMs) {
      throw new Failure(`Not ready after ${waitSeconds} s. ${sessionSentence(session)}`, EXIT.timeout)
    }
    await context.sleep(POLL_MS)
  }
}

export async function listCommand(context: CommandContext, options: { json?: boolean }): Promise<void> {
  const sessions = await context.api().listSessions()
  if (options.json === true) context.print(JSON.stringify(sessions, null, 2))
  else if (sessions.length === 0) context.say('No sessions. Make one: cpc create --wait')
  else context.print(renderSessions(sessions, context.nowMs()))
}

export async function getCommand(context: CommandContext, name: string, options: { json?: boolean }): Promise<void> {
  const session = await context.api().getSession(name)
  context.print(options.json === true ? JSON.stringify(session, null, 2) : renderSession(session, context.nowMs()))
}

/** Deletes every session named, also when one of them fails; then the first failure is thrown. */
export async function removeCommand(context: CommandContext, names: string[]): Promise<void> {
  const failures: Failure[] = []
  for (const name of names) {
    try {
      await context.api().deleteSession(name)
      context.print(name)
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      failures.push(error)
    }
  }
  const [first, ...others] = failures
  for (const other of others) context.say(other.message)
  if (first) throw first
}

export async function whoamiCommand(context: CommandContext, options: { json?: boolean }): Promise<void> {
  const identity = await context.api().whoami()
  const { owner, issuer, expiresAt } = identity
  const text = `${String(owner)}, by ${String(issuer)}, until ${String(expiresAt)}`
  context.print(options.json === true ? JSON.stringify(identity, null, 2) : text)
}

/** A duration option as seconds, or a usage error. */
export function requiredSeconds(option: string, value: string): number {
  const seconds = parseDurationSeconds(value)
  if (seconds === undefined) {
    throw new Failure(`${option} ${value} is no duration; write for example 90s, 5m or 8h.`, EXIT.usage)
  }
  return seconds
}
