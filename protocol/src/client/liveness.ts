// Whether the socket is alive (T5), and hints that now is a good time to look (R1).
import { CLOSE_CODES } from '../close-codes.ts'
import { LIMITS } from '../limits.ts'
import type { Moment } from './client-event.ts'
import type { ClientState, Link } from './client-state.ts'
import type { Step } from './connection.ts'
import { abandon, connect } from './connection.ts'
import type { Effect } from './effect.ts'

type Linked = Extract<ClientState, { link: Link }>

/** Anything that arrives proves the link alive. */
export function heard(state: ClientState, atMs: number): Step {
  if (!('link' in state)) return [state, []]
  const next = { ...state, link: { ...state.link, heardAtMs: atMs, probe: 'none' as const } }
  if (state.link.probe === 'none') return [next, []]
  return [
    next,
    [
      { type: 'stop-timer', timer: 'pong' },
      { type: 'start-timer', timer: 'ping', ms: LIMITS.PING_INTERVAL_MS },
    ],
  ]
}

/** The ping timer fired: wait on if something came since it was started, else ask. */
export function pingDue(state: ClientState, { atMs }: Moment): Step {
  if (!('link' in state) || state.link.probe !== 'none') return [state, []]
  const dueMs = state.link.heardAtMs + LIMITS.PING_INTERVAL_MS
  if (atMs < dueMs) return [state, [{ type: 'start-timer', timer: 'ping', ms: dueMs - atMs }]]
  const slept = atMs - dueMs >= LIMITS.SLEEP_MS_MIN
  return probe(state, atMs, slept ? 'urgent' : 'patient')
}

/** Nothing came after the PING. */
export function pongMissed(state: ClientState, moment: Moment): Step {
  if (!('link' in state)) return [state, []]
  return abandon(state, CLOSE_CODES.stalled.code, 'The gateway does not answer.', moment)
}

/** R1: a waiting client tries at once, a connected one makes sure that it still is. */
export function hint(state: ClientState, { atMs }: Moment): Step {
  if (state.phase === 'waiting') return connect(state)
  // A second hint does not put off the verdict of the first.
  if (!('link' in state) || state.link.probe === 'urgent') return [state, []]
  return probe(state, atMs, 'urgent')
}

function probe(state: Linked, atMs: number, patience: 'patient' | 'urgent'): Step {
  const timeoutMs = patience === 'urgent' ? LIMITS.VERIFY_TIMEOUT_MS : LIMITS.PONG_TIMEOUT_MS
  const effects: Effect[] = [
    // The PING carries its time, so that its PONG tells the round trip.
    { type: 'send', frame: { type: 'PING', opaque: BigInt(Math.max(0, Math.floor(atMs))) } },
    { type: 'stop-timer', timer: 'ping' },
    { type: 'start-timer', timer: 'pong', ms: timeoutMs },
  ]
  return [{ ...state, link: { ...state.link, probe: patience } }, effects]
}
