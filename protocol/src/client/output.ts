// Output in order, without holes or doubles, and its acknowledgement (R6, C1, C3, P5).
import type { GapFrame, OutFrame } from '../frame.ts'
import { LIMITS } from '../limits.ts'
import type { Moment } from './client-event.ts'
import type { AttachedState, ClientState } from './client-state.ts'
import type { Step } from './connection.ts'
import { breach } from './connection.ts'
import type { Effect } from './effect.ts'

/** OUT: delivers what is new of it. */
export function receive(state: AttachedState, frame: OutFrame, moment: Moment): Step {
  if (frame.off > state.wireOff) {
    const message = `Output continues at ${frame.off} instead of ${state.wireOff}.`
    return breach(state, message, moment)
  }
  const end = frame.off + frame.bytes.length
  const { output } = state.kept
  const wireOff = Math.max(state.wireOff, end)
  if (end <= output.received) return acknowledge({ ...state, wireOff })
  const bytes = frame.bytes.subarray(output.received - frame.off)
  const kept = { ...state.kept, output: { ...output, received: end } }
  const deliver: Effect = { type: 'deliver', generation: output.generation, off: output.received, bytes }
  const [next, effects] = acknowledge({ ...state, kept, wireOff })
  return [next, [deliver, ...effects]]
}

/** GAP: the caller learns what is missing, and answers for it in order by an empty delivery. */
export function skip(state: AttachedState, frame: GapFrame, moment: Moment): Step {
  if (frame.from > frame.to || frame.from > state.wireOff) {
    return breach(state, `A gap from ${frame.from} to ${frame.to} does not follow ${state.wireOff}.`, moment)
  }
  const next = { ...state, wireOff: Math.max(state.wireOff, frame.to) }
  const [moved, effects] = moveTo(next, frame.to)
  const [acknowledged, more] = acknowledge(moved)
  return [acknowledged, [...effects, ...more]]
}

/** Leaves out everything up to `to` that was not received. */
export function moveTo<S extends ClientState>(state: S, to: number): [S, Effect[]] {
  const { output } = state.kept
  if (to <= output.received) return [state, []]
  const kept = { ...state.kept, output: { ...output, received: to } }
  return [
    { ...state, kept },
    [
      { type: 'report', report: { kind: 'gap', from: output.received, to } },
      { type: 'deliver', generation: output.generation, off: to, bytes: new Uint8Array() },
    ],
  ]
}

/** The caller has parsed everything before `upTo`. */
export function parsed(state: ClientState, generation: number, upTo: number): Step {
  const { output } = state.kept
  if (generation !== output.generation || upTo <= output.parsed || upTo > output.received) return [state, []]
  const next = { ...state, kept: { ...state.kept, output: { ...output, parsed: upTo } } }
  return next.phase === 'attached' ? acknowledge(next) : [next, []]
}

/** C1: an ACK at once when much has been parsed, else soon. */
function acknowledge(state: AttachedState): Step {
  const unacknowledged = ackable(state) - state.ackedOff
  if (unacknowledged >= LIMITS.ACK_BYTES) return sendAck(state)
  if (unacknowledged <= 0 || state.ackPending) return [state, []]
  return [{ ...state, ackPending: true }, [{ type: 'start-timer', timer: 'ack', ms: LIMITS.ACK_DELAY_MS }]]
}

/** Sends what can be acknowledged; also when the `ack` timer fires. */
export function sendAck(state: AttachedState): Step {
  const outOff = ackable(state)
  const quiet = { ...state, ackPending: false }
  if (outOff <= state.ackedOff) return [quiet, []]
  return [
    { ...quiet, ackedOff: outOff },
    [
      { type: 'stop-timer', timer: 'ack' },
      { type: 'send', frame: { type: 'ACK', outOff } },
    ],
  ]
}

/** Parsed, and received over this connection: an ACK beyond what was sent is a protocol error (C3). */
function ackable(state: AttachedState): number {
  return Math.min(state.kept.output.parsed, state.wireOff)
}
