// Tries, drops and ends: which connection there is, and when the next one comes (R1 to R3, X1).
import type { CloseKind } from '../close-codes.ts'
import { CLOSE_CODES, closeKind, findCloseCode } from '../close-codes.ts'
import { closeNameOfError } from '../error-codes.ts'
import { LIMITS } from '../limits.ts'
import { retryDelayMs } from './back-off.ts'
import type { ErrorBody } from '../payloads.ts'
import type { Moment, TimerName } from './client-event.ts'
import type { ClientState, Kept } from './client-state.ts'
import type { Effect, End } from './effect.ts'

export type Step = [ClientState, Effect[]]

/** 4401, or broken frames, so many times in a row without success between mean that trying again is of no use. */
const REPEATS_MAX = 2

/** Timers that belong to one connection. */
const LINK_TIMERS: TimerName[] = ['open', 'ack', 'ping', 'pong', 'stable']

/** The versions of cpc.v1 this client speaks (O2). */
const VERSIONS: [number, number] = [1, 1]

/** Starts the next try. */
export function connect(state: ClientState): Step {
  const connection = state.kept.connection + 1
  const kept = { ...state.kept, connection, tries: state.kept.tries + 1 }
  return [
    { phase: 'connecting', kept },
    [
      { type: 'stop-timer', timer: 'retry' },
      { type: 'start-timer', timer: 'open', ms: LIMITS.CONNECT_TIMEOUT_MS },
      { type: 'connect', connection },
    ],
  ]
}

/** The socket is open: HELLO, and ATTACH right behind it, which saves a round trip (O2). */
export function open(state: ClientState, ticket: string, atMs: number): Step {
  if (state.phase !== 'connecting') return [state, []]
  const { kept } = state
  return [
    { phase: 'opening', kept, link: { heardAtMs: atMs, probe: 'none', error: undefined } },
    [
      { type: 'stop-timer', timer: 'open' },
      { type: 'send', frame: { type: 'HELLO', body: { versions: VERSIONS, client: kept.client, ticket } } },
      { type: 'send', frame: { type: 'ATTACH', body: attachBody(kept) } },
      { type: 'start-timer', timer: 'ping', ms: LIMITS.PING_INTERVAL_MS },
    ],
  ]
}

/** Resumes behind what has been parsed, not what was received, so that a slow caller never has more than a window waiting. */
function attachBody(kept: Kept) {
  return {
    ...(kept.attachment ? { ...kept.attachment, outOff: kept.output.parsed } : {}),
    clientKey: kept.key,
    cols: kept.cols,
    rows: kept.rows,
    mode: kept.mode,
    ...(kept.takeover ? { takeover: true } : {}),
    ...(kept.lossless ? { lossless: true } : {}),
  }
}

/** The socket closed by itself or by the other side. An ERROR before it explains a close without a code of its own. */
export function closed(state: ClientState, code: number, reason: string, moment: Moment): Step {
  const error = 'link' in state ? state.link.error : undefined
  const bare = code === CLOSE_CODES.abnormal.code || code === NO_CODE
  const loss: Loss = {
    code: error && bare ? CLOSE_CODES[closeNameOfError(error.code)].code : code,
    reason: sentence(reason, error, code),
    ...(error ? { error: error.code } : {}),
  }
  return lose(state, loss, moment)
}

/** What a browser reports for a close frame without a code. */
const NO_CODE = 1005

/** How a connection was lost. */
interface Loss {
  code: number
  /** A sentence. */
  reason: string
  /** The code of the ERROR that came before. */
  error?: string
}

function sentence(reason: string, error: ErrorBody | undefined, code: number): string {
  if (reason !== '') return reason
  return error?.message ?? findCloseCode(code)?.meaning ?? `The connection was closed (${code}).`
}

/** Closes a connection that is no use any more, and tries again as after a drop. */
export function abandon(state: ClientState, code: number, reason: string, moment: Moment): Step {
  const [next, effects] = lose(state, { code: CLOSE_CODES.abnormal.code, reason }, moment)
  return [next, [{ type: 'close', code, reason }, ...effects]]
}

/** The other side broke a rule (F8, R6): once may be a cut; twice in a row is a mistake that trying again will not mend. */
export function breach(state: ClientState, message: string, moment: Moment): Step {
  const kept = { ...state.kept, protocolErrors: state.kept.protocolErrors + 1 }
  const close: Effect = { type: 'close', code: CLOSE_CODES.protocol.code, reason: message }
  if (kept.protocolErrors < REPEATS_MAX) return abandon({ ...state, kept }, close.code, message, moment)
  const [next, effects] = end({ ...state, kept }, { kind: 'protocol', message })
  return [next, [close, ...effects]]
}

/** Without its connection: ended, or waiting for the next try (X1). */
function lose(state: ClientState, loss: Loss, moment: Moment): Step {
  const kind = kindOf(loss.code, state.kept)
  const ticketRefusals = state.kept.ticketRefusals + (kind === 'fresh-ticket' ? 1 : 0)
  const kept = { ...state.kept, ticketRefusals }
  if (kind === 'final' || ticketRefusals >= REPEATS_MAX) return end({ ...state, kept }, { kind: 'closed', ...loss })
  const delayMs = kind === 'fresh-ticket' ? 0 : retryDelayMs(kept.tries, loss.code, moment.roll)
  return [
    { phase: 'waiting', kept, retryAtMs: moment.atMs + delayMs, cause: loss.reason },
    [...stopLink(), { type: 'start-timer', timer: 'retry', ms: delayMs }],
  ]
}

/** As the table says, but that an own ATTACH, late on its way, may replace a connection that is not yet stable (R9). */
function kindOf(code: number, { tries }: Kept): CloseKind {
  return code === CLOSE_CODES.replaced.code && tries > 0 ? 'retriable' : closeKind(code)
}

/** The last state. The caller closes the socket first where one is open. */
export function end(state: ClientState, reason: End): Step {
  return [
    { phase: 'ended', kept: state.kept, end: reason },
    [...stopLink(), { type: 'stop-timer', timer: 'retry' }, { type: 'ended', end: reason }],
  ]
}

function stopLink(): Effect[] {
  return LINK_TIMERS.map(timer => ({ type: 'stop-timer', timer }))
}
