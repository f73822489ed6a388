// Input, lease and size of an attached or disconnected client (sections 5 and 6).
import type { EventBody } from '../payloads.ts'
import type { Moment } from './client-event.ts'
import type { AttachedState, ClientState, Kept } from './client-state.ts'
import { inputRoom } from './client-state.ts'
import type { Step } from './connection.ts'
import { abandon, breach, connect } from './connection.ts'
import type { Effect, InputLossReason } from './effect.ts'
import { acknowledge, append, giveUp, pump } from './input-queue.ts'
import { CLOSE_CODES } from '../close-codes.ts'

/** A person typed: queued, and sent at once when attached. What there is no room for is refused; see `inputRoom` (R5). */
export function typed(state: ClientState, bytes: Uint8Array, flags: number): Step {
  const room = inputRoom(state)
  const wantsRoom = state.kept.wantsRoom || (bytes.length > room && state.phase !== 'ended')
  if (room === 0) return [{ ...state, kept: { ...state.kept, wantsRoom } }, []]
  const kept = { ...state.kept, input: append(state.kept.input, bytes, flags), wantsRoom }
  return flush({ ...state, kept })
}

/** Sends what waits, when there is a lease to send it under. */
export function flush(state: ClientState): Step {
  const lease = state.kept.lease ?? 0
  if (state.phase !== 'attached' || lease === 0) return [state, []]
  const [input, frames] = pump(state.kept.input, lease)
  return [{ ...state, kept: { ...state.kept, input } }, frames.map(frame => ({ type: 'send', frame }))]
}

/** IN_ACK (I2). */
export function inputWritten(state: AttachedState, inOff: number, moment: Moment): Step {
  if (inOff > state.kept.input.sentOff) {
    return breach(
      state,
      `Input was acknowledged up to ${inOff}, but only ${state.kept.input.sentOff} was sent.`,
      moment,
    )
  }
  return offerRoom({ ...state, kept: { ...state.kept, input: acknowledge(state.kept.input, inOff) } })
}

/** Tells the caller once that there is room again. */
export function offerRoom(state: ClientState): Step {
  if (!state.kept.wantsRoom || inputRoom(state) === 0) return [state, []]
  return [{ ...state, kept: { ...state.kept, wantsRoom: false } }, [{ type: 'report', report: { kind: 'input-room' } }]]
}

/** Gives up what was typed from `off` on, and says so (I5, I6). */
export function loseInput(kept: Kept, off: number, reason: InputLossReason): [Kept, Effect[]] {
  const [input, bytes] = giveUp(kept.input, off)
  const report: Effect[] = bytes.length > 0 ? [{ type: 'report', report: { kind: 'input-lost', bytes, reason } }] : []
  return [{ ...kept, input }, report]
}

/** EVENT: some change this client's own state; the caller hears of all. */
export function eventCame(state: AttachedState, event: EventBody): Step {
  const told: Effect = { type: 'report', report: { kind: 'event', event } }
  const [next, effects] = absorb(state, event)
  return [next, [told, ...effects]]
}

function absorb(state: AttachedState, event: EventBody): Step {
  if (event.kind === 'input-refused') {
    const [kept, lost] = loseInput(state.kept, event.from, 'lease')
    return [{ ...state, kept }, lost]
  }
  if (event.kind !== 'lease') return [state, []]
  if (event.lease === 0) {
    // What is under way is either written (IN_ACK) or refused; only what was never sent is lost already.
    const [kept, lost] = loseInput(state.kept, state.kept.input.sentOff, 'lease')
    return [{ ...state, kept: { ...kept, lease: 0 } }, lost]
  }
  const gained = { ...state, kept: { ...state.kept, lease: event.lease } }
  return [gained, [resizeEffect(gained.kept)]]
}

/** S1: only the lease holder's size counts; everybody's is remembered for the next ATTACH. */
export function resized(state: ClientState, cols: number, rows: number): Step {
  const kept = { ...state.kept, cols, rows }
  const honoured = state.phase === 'attached' && (kept.lease ?? 0) !== 0
  return [{ ...state, kept }, honoured ? [resizeEffect(kept)] : []]
}

function resizeEffect({ cols, rows }: Kept): Effect {
  return { type: 'send', frame: { type: 'RESIZE', cols, rows } }
}

/** L1: the lease is taken by an ATTACH, hence by a connection of its own. Who only watched wants to type from now on. */
export function takeOver(state: ClientState, moment: Moment): Step {
  const wanting = { ...state, kept: { ...state.kept, takeover: true, mode: 'control' as const } }
  if (state.phase === 'waiting') return connect(wanting)
  if (state.phase !== 'attached' && state.phase !== 'opening') return [wanting, []]
  const [lost, effects] = abandon(wanting, CLOSE_CODES.done.code, 'Attaching again to take the lease.', moment)
  const [next, more] = connect(lost)
  return [next, [...effects, ...more]]
}
