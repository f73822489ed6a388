// The terminal socket's state machine: one event in, the next state and what is to be done out. Pure; edge/drive.ts performs it.
import {
  type ClientFrame,
  type Decoded,
  LIMITS,
  ProtocolError,
  STREAM_SHELL,
  type ServerFrame,
  decodeClientFrame,
  decodeServerFrame,
  encodeFrame,
} from '@cpc/protocol'
import { SOCKET_LIMITS } from '../limits/socket.ts'
import { abandon, finish } from './ending.ts'
import { heardAt, judgeSilence, pingFrame } from './liveness.ts'
import * as opening from './opening.ts'
import { withPause } from './pausing.ts'
import type { Attachment, AttachmentEvent, OpenAttachment, Received, Step, TimerName } from './state.ts'
import * as streaming from './streaming.ts'

export { openAttachment } from './opening.ts'

type EventOf<K extends AttachmentEvent['kind']> = Extract<AttachmentEvent, { kind: K }>
type Handlers = {
  [K in AttachmentEvent['kind']]: (state: OpenAttachment, event: EventOf<K>, nowMs: number) => Step
}

/** Applies one event. `nowMs` is monotonic. A closed attachment stays as it is. */
export function step(state: Attachment, event: AttachmentEvent, nowMs: number): Step {
  if (state.kind === 'closed') return [state, []]
  // The handler and its event agree by `event.kind`, which TypeScript cannot follow through the table.
  const handler = HANDLERS[event.kind] as (state: OpenAttachment, event: AttachmentEvent, nowMs: number) => Step
  return handler(state, event, nowMs)
}

const unchanged = (state: Attachment): Step => [state, []]

const HANDLERS: Handlers = {
  'client-message': (state, { bytes }, nowMs) => {
    const decoded = decode(bytes, decodeClientFrame)
    if (decoded.kind === 'broken') return finish('protocol', decoded.message)
    return onClientFrame({ ...state, client: heardAt(nowMs) }, decoded, nowMs)
  },
  'client-broke': (_state, { message }) => finish('protocol', message),
  'client-closed': () => abandon(),
  'client-backlog': (state, { level }, nowMs) => {
    const [paused, effects] = withPause(state, 'client-backlog', level)
    if (paused.kind !== 'attached') return [paused, effects]
    const [next, more] = streaming.pump(paused, nowMs, level === 'drained' ? 'progress' : 'none')
    return [next, [...effects, ...more]]
  },
  'ticket-granted': (state, { grant }) =>
    state.kind === 'verifying' ? opening.onGranted(state, grant) : unchanged(state),
  'ticket-refused': (state, { refusal }) =>
    state.kind === 'verifying' ? opening.onRefused(refusal) : unchanged(state),
  'exec-opened': (state, _event, nowMs) =>
    state.kind === 'opening' ? opening.onExecOpened(state, nowMs) : unchanged(state),
  'exec-refused': (_state, { message }) => finish('upstream', message),
  'holder-message': (state, { bytes }, nowMs) => {
    const decoded = decode(bytes, decodeServerFrame)
    if (decoded.kind === 'broken') return finish('upstream', `The holder sent what is not cpc.v1: ${decoded.message}`)
    return onHolderFrame(state, decoded, nowMs)
  },
  'holder-broke': (_state, { message }) => finish('upstream', `The holder sent what is not cpc.v1: ${message}`),
  'holder-backlog': (state, { level }) => withPause(state, 'holder-backlog', level),
  'exec-ended': (state, { message }) =>
    state.kind === 'attached' ? streaming.onExecEnded(state, message) : finish('upstream', message),
  'session-over': (state, { message }) =>
    state.kind === 'attached' ? streaming.onSessionOver(state, message) : finish('gone', message),
  draining: () => finish('restarting', 'The gateway is restarting. Come back at once; nothing is lost.'),
  'crowded-out': () => finish('stalled', 'No ticket was shown while others waited for this place. Try again.'),
  timer: (state, { timer }, nowMs) => TIMERS[timer](state, nowMs),
}

const TIMERS: Record<TimerName, (state: OpenAttachment, nowMs: number) => Step> = {
  phase: opening.onPhaseTimeout,
  stall: state => (state.kind === 'attached' && state.flow === 'blocked' ? streaming.onStall() : unchanged(state)),
  grace: state => (state.kind === 'attached' ? streaming.onGraceOver(state) : unchanged(state)),
  'client-silence': onClientSilence,
  'holder-silence': onHolderSilence,
}

// --- frames ---

type Decoding<F extends ClientFrame | ServerFrame> =
  ({ kind: 'frame' } & Received<F>) | { kind: 'broken'; message: string }

function decode<F extends ClientFrame | ServerFrame>(
  bytes: Uint8Array,
  decoder: (bytes: Uint8Array) => Decoded<F>,
): Decoding<F> {
  try {
    const frame = decoder(bytes)
    if (frame.stream === STREAM_SHELL) return { kind: 'frame', frame, bytes }
    return { kind: 'broken', message: `Stream ${frame.stream} is not attached; only stream 0 is (F7).` }
  } catch (error) {
    if (error instanceof ProtocolError) return { kind: 'broken', message: error.message }
    throw error
  }
}

function onClientFrame(state: OpenAttachment, received: Received<ClientFrame>, nowMs: number): Step {
  const { frame } = received
  if (state.kind === 'awaiting-hello') return opening.onHello(state, frame)
  if (frame.type === 'PONG') return [state, []]
  if (frame.type === 'PING') {
    return [state, [{ kind: 'to-client', bytes: encodeFrame({ type: 'PONG', opaque: frame.opaque }) }]]
  }
  switch (state.kind) {
    case 'verifying':
      return opening.onEarlyFrame(state, received)
    case 'awaiting-attach':
      return opening.onAttach(state, frame)
    case 'opening':
    case 'attaching':
      return opening.onFrameWhileAttaching(frame)
    case 'attached':
      return streaming.onClientFrame(state, received, nowMs)
  }
}

function onHolderFrame(state: OpenAttachment, received: Received<ServerFrame>, nowMs: number): Step {
  if (state.kind !== 'attaching' && state.kind !== 'attached') return [state, []]
  const heard = { ...state, holder: heardAt(nowMs) }
  const { frame } = received
  if (frame.type === 'PONG') return [heard, []]
  if (frame.type === 'PING') {
    return [heard, [{ kind: 'to-holder', bytes: encodeFrame({ type: 'PONG', opaque: frame.opaque }) }]]
  }
  return heard.kind === 'attaching'
    ? opening.onHolderAnswer(heard, received)
    : streaming.onHolderFrame(heard, received, nowMs)
}

// --- silence ---

const CLIENT_SILENCE = { intervalMs: LIMITS.PING_INTERVAL_MS, timeoutMs: LIMITS.PONG_TIMEOUT_MS }
const HOLDER_SILENCE = {
  intervalMs: SOCKET_LIMITS.HOLDER_PING_INTERVAL_MS,
  timeoutMs: SOCKET_LIMITS.HOLDER_PONG_TIMEOUT_MS,
}

function onClientSilence(state: OpenAttachment, nowMs: number): Step {
  // A client we do not read cannot be heard.
  const client = state.clientPauses.length > 0 ? heardAt(nowMs) : state.client
  const verdict = judgeSilence(client, CLIENT_SILENCE, nowMs)
  switch (verdict.kind) {
    case 'dead':
      return finish('stalled', 'The client answered no PING and was taken for dead (T5).')
    case 'wait':
      return [{ ...state, client }, [{ kind: 'arm', timer: 'client-silence', delayMs: verdict.againMs }]]
    case 'ping':
      return [
        { ...state, client: verdict.liveness },
        [
          { kind: 'to-client', bytes: pingFrame(nowMs) },
          { kind: 'arm', timer: 'client-silence', delayMs: verdict.againMs },
        ],
      ]
  }
}

function onHolderSilence(state: OpenAttachment, nowMs: number): Step {
  if (state.kind !== 'attaching' && state.kind !== 'attached') return [state, []]
  // Nor can a holder whose exec is paused.
  const holder = state.kind === 'attached' && state.flow === 'blocked' ? heardAt(nowMs) : state.holder
  const verdict = judgeSilence(holder, HOLDER_SILENCE, nowMs)
  switch (verdict.kind) {
    case 'dead':
      return finish('upstream', 'The holder in the pod does not answer (G55).')
    case 'wait':
      return [{ ...state, holder }, [{ kind: 'arm', timer: 'holder-silence', delayMs: verdict.againMs }]]
    case 'ping':
      return [
        { ...state, holder: verdict.liveness },
        [
          { kind: 'to-holder', bytes: pingFrame(nowMs) },
          { kind: 'arm', timer: 'holder-silence', delayMs: verdict.againMs },
        ],
      ]
  }
}
