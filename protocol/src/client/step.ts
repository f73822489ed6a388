// The client's state machine: step(state, event) gives the next state and what to do (R4). Pure.
import { CLOSE_CODES } from '../close-codes.ts'
import type { Decoded, ServerFrame } from '../frame.ts'
import { STREAM_SHELL } from '../frame.ts'
import type { ExitBody } from '../payloads.ts'
import { attached } from './attachment.ts'
import type { ClientEvent, Moment, TimerName } from './client-event.ts'
import type { AttachedState, ClientState } from './client-state.ts'
import type { Step } from './connection.ts'
import { abandon, breach, closed, connect, end, open } from './connection.ts'
import type { Effect } from './effect.ts'
import { heard, hint, pingDue, pongMissed } from './liveness.ts'
import { moveTo, parsed, receive, sendAck, skip } from './output.ts'
import { eventCame, inputWritten, resized, takeOver, typed } from './typing.ts'

/** The next state and the effects to perform, in order. */
export function step(state: ClientState, event: ClientEvent): Step {
  // R2: whatever comes from an older connection, and everything after the end, is ignored.
  if ('connection' in event && event.connection !== state.kept.connection) return [state, []]
  if (state.phase === 'ended') return [state, []]
  if ('connection' in event) return networkDid(state, event)
  return event.type === 'timer' ? timerFired(state, event.timer, event) : callerWants(state, event)
}

type NetworkEvent = Extract<ClientEvent, { connection: number }>
type CallerEvent = Exclude<ClientEvent, NetworkEvent | { type: 'timer' }>

function networkDid(state: ClientState, event: NetworkEvent): Step {
  // A client that has given its connection up waits already, and must not be sent back to waiting.
  if (state.phase !== 'connecting' && !('link' in state)) return [state, []]
  switch (event.type) {
    case 'opened':
      return open(state, event.ticket, event.atMs)
    case 'ticket-refused':
      return end(state, { kind: 'refused', code: event.code, message: event.message })
    case 'closed':
      return closed(state, event.code, event.reason, event)
    case 'bad-frame':
      return breach(state, event.message, event)
    case 'frame':
      return frameCame(state, event.frame, event)
  }
}

function callerWants(state: ClientState, event: CallerEvent): Step {
  switch (event.type) {
    case 'start':
      return state.phase === 'idle' ? connect(state) : [state, []]
    case 'parsed':
      return parsed(state, event.generation, event.upTo)
    case 'typed':
      return typed(state, event.bytes, event.flags)
    case 'resized':
      return resized(state, event.cols, event.rows)
    case 'keep-alive':
      return [state, state.phase === 'attached' ? [{ type: 'send', frame: { type: 'KEEP_ALIVE' } }] : []]
    case 'hint':
      return hint(state, event)
    case 'take-over':
      return takeOver(state, event)
    case 'detach':
      return detach(state)
  }
}

function detach(state: ClientState): Step {
  const [next, effects] = end(state, { kind: 'detached' })
  const farewell: Effect[] = state.phase === 'attached' ? [{ type: 'send', frame: { type: 'DETACH' } }] : []
  return [next, [...farewell, { type: 'close', code: CLOSE_CODES.done.code, reason: 'Detached.' }, ...effects]]
}

function timerFired(state: ClientState, timer: TimerName, moment: Moment): Step {
  switch (timer) {
    case 'open':
      if (state.phase !== 'connecting') return [state, []]
      return abandon(state, CLOSE_CODES.done.code, 'The gateway cannot be reached.', moment)
    case 'retry':
      return state.phase === 'waiting' ? connect(state) : [state, []]
    case 'ack':
      return state.phase === 'attached' ? sendAck(state) : [state, []]
    case 'ping':
      return pingDue(state, moment)
    case 'pong':
      return pongMissed(state, moment)
    case 'stable':
      return [{ ...state, kept: { ...state.kept, tries: 0, protocolErrors: 0 } }, []]
  }
}

function frameCame(state: ClientState, frame: Decoded<ServerFrame>, moment: Moment): Step {
  if (!('link' in state)) return [state, []]
  if (frame.stream !== STREAM_SHELL) return breach(state, `Stream ${frame.stream} is not attached.`, moment)
  const [alive, effects] = heard(state, moment.atMs)
  const [next, more] = answer(alive, frame, moment)
  return [next, [...effects, ...more]]
}

/** Frames that mean the same before and after ATTACHED; the rest goes by phase. */
function answer(state: ClientState, frame: Decoded<ServerFrame>, moment: Moment): Step {
  switch (frame.type) {
    case 'PING':
      return [state, [{ type: 'send', frame: { type: 'PONG', opaque: frame.opaque } }]]
    case 'PONG':
      return [state, [{ type: 'report', report: { kind: 'latency', rttMs: roundTripMs(frame.opaque, moment) } }]]
    case 'ERROR':
      return 'link' in state ? [{ ...state, link: { ...state.link, error: frame.body } }, []] : [state, []]
    default:
      if (state.phase === 'opening') return openingFrame(state, frame, moment)
      return state.phase === 'attached' ? attachedFrame(state, frame, moment) : [state, []]
  }
}

function roundTripMs(opaque: bigint, { atMs }: Moment): number {
  return Math.max(0, Math.floor(atMs) - Number(opaque))
}

function openingFrame(state: Extract<ClientState, { phase: 'opening' }>, frame: ServerFrame, moment: Moment): Step {
  switch (frame.type) {
    case 'WELCOME':
      return frame.body.version === 1
        ? [state, []]
        : breach(state, `Version ${frame.body.version} was not offered.`, moment)
    case 'ATTACHED':
      return attached(state, frame.body, moment)
    case 'EXIT':
      // The session ended while this client was on its way in.
      return exited(state, frame.body)
    default:
      return breach(state, `${frame.type} came before ATTACHED.`, moment)
  }
}

function attachedFrame(state: AttachedState, frame: ServerFrame, moment: Moment): Step {
  switch (frame.type) {
    case 'OUT':
      return receive(state, frame, moment)
    case 'GAP':
      return skip(state, frame, moment)
    case 'IN_ACK':
      return inputWritten(state, frame.inOff, moment)
    case 'EVENT':
      return eventCame(state, frame.body)
    case 'EXIT':
      return exited(state, frame.body)
    default:
      return breach(state, `${frame.type} came after ATTACHED.`, moment)
  }
}

/** EXIT comes behind all output (T3, T4); what did not come before it never will. */
function exited(state: ClientState, exit: ExitBody): Step {
  const [complete, missing] = state.phase === 'attached' ? moveTo(state, exit.outHead) : [state, []]
  const [next, effects] = end(complete, { kind: 'exit', exit })
  return [
    next,
    [...missing, { type: 'close', code: CLOSE_CODES.done.code, reason: 'The session has ended.' }, ...effects],
  ]
}
