// One WATCH from its opening to its end: reads lines, guards against silence, and says why and where it ended.
import { ApiError, isGone } from '../core/api-error.ts'
import type { Clock } from '../core/clock.ts'
import { createLineFramer, type LineBatch } from '../core/line-framer.ts'
import type { KubeObject } from '../core/object.ts'
import type { ReflectorAction, WatchOutcome } from '../core/reflector-plan.ts'
import { parseWatchEvent, type WatchEvent } from '../core/watch-event.ts'
import type { ByteStream, Transport } from './transport.ts'

/** To the answer's headers, which the server sends at once. */
const WATCH_OPEN_TIMEOUT_MS = 30_000

export interface WatchSession<T> {
  transport: Transport
  path: string
  selectors: { labelSelector: string | undefined; fieldSelector: string | undefined }
  action: Extract<ReflectorAction, { kind: 'watch' }>
  signal: AbortSignal
  clock: Clock
  /** Called in order. What it throws ends the watch, which then resumes before that event. */
  onEvent(event: WatchEvent<T>): void
}

interface Progress {
  resourceVersion: string
  events: number
}

type End = Pick<WatchOutcome, 'reason'> & { error?: unknown; retryAfterMs?: number | undefined }

/** Runs one watch. Never rejects: every failure is an outcome. */
export async function runWatch<T extends KubeObject>(
  session: WatchSession<T>,
): Promise<{ outcome: WatchOutcome; error: unknown }> {
  const { clock, action } = session
  const startedMs = clock.nowMs()
  const progress: Progress = { resourceVersion: action.resourceVersion, events: 0 }
  let opened: WatchOutcome['opened'] = 'unavailable'
  let end: End
  try {
    const stream = await open(session)
    opened = 'opened'
    end = await follow(session, stream, progress)
  } catch (error) {
    end = endOf(error)
    if (error instanceof ApiError && error.code !== 429 && error.code !== 503) opened = 'refused'
  }
  const { reason, error, retryAfterMs } = end
  const outcome = { reason, ...progress, opened, retryAfterMs, lastedMs: clock.nowMs() - startedMs }
  return { outcome, error }
}

function open<T>({ transport, path, selectors, action, signal }: WatchSession<T>): Promise<ByteStream> {
  const { resourceVersion, timeoutSeconds } = action
  const query = { ...selectors, watch: true, allowWatchBookmarks: true, resourceVersion, timeoutSeconds }
  return transport.stream({ path, query, signal, timeoutMs: WATCH_OPEN_TIMEOUT_MS })
}

async function follow<T extends KubeObject>(
  session: WatchSession<T>,
  stream: ByteStream,
  progress: Progress,
): Promise<End> {
  const framer = createLineFramer()
  const guard = createSilenceGuard(session, stream)
  try {
    for await (const chunk of stream.chunks) {
      guard.heard()
      const end = takeAll(session, framer.push(chunk), progress)
      if (end !== undefined) return end
    }
    // A line without its end is dropped: the server sends that event again to whoever resumes before it.
    return { reason: 'server-closed' }
  } catch (error) {
    return guard.fired() ? { reason: 'silent', error: new Error('the watch was silent for too long') } : endOf(error)
  } finally {
    guard.dispose()
    stream.abort()
  }
}

interface SilenceGuard {
  heard(): void
  fired(): boolean
  dispose(): void
}

/** Aborts the stream when nothing was heard for the session's `silenceMs`. */
function createSilenceGuard<T>({ clock, action }: WatchSession<T>, stream: ByteStream): SilenceGuard {
  let fired = false
  const arm = (): (() => void) =>
    clock.setTimer(() => {
      fired = true
      stream.abort()
    }, action.silenceMs)
  let cancel = arm()
  return {
    heard: () => {
      cancel()
      cancel = arm()
    },
    fired: () => fired,
    dispose: () => cancel(),
  }
}

function takeAll<T extends KubeObject>(
  session: WatchSession<T>,
  batch: LineBatch,
  progress: Progress,
): End | undefined {
  for (const line of batch.lines) {
    const end = take(session, parseWatchEvent<T>(line), progress)
    if (end !== undefined) return end
  }
  if (batch.kind === 'lines') return undefined
  return { reason: 'unreadable', error: new Error('a line of the watch is too long') }
}

function take<T extends KubeObject>(
  session: WatchSession<T>,
  event: WatchEvent<T>,
  progress: Progress,
): End | undefined {
  session.onEvent(event)
  switch (event.kind) {
    case 'put':
    case 'delete':
    case 'bookmark':
      progress.resourceVersion = event.resourceVersion
      progress.events += 1
      return undefined
    case 'error':
      return endOf(new ApiError('WATCH', event.status.code ?? 500, event.status))
    case 'malformed':
      return { reason: 'unreadable', error: new Error(`the watch sent ${event.problem}`) }
    case 'ignored':
      return undefined
  }
}

function endOf(error: unknown): End {
  if (!(error instanceof ApiError)) return { reason: 'error', error }
  return { reason: isUnknownVersion(error) ? 'expired' : 'error', error, retryAfterMs: error.retryAfterMs }
}

/** Too old, from the future (a server restored from a backup), or not a version at all: only a list can help. */
function isUnknownVersion(error: ApiError): boolean {
  const tooLarge = (error.details.causes ?? []).some(cause => cause.reason === 'ResourceVersionTooLarge')
  return tooLarge || error.code === 400 || isGone(error)
}
