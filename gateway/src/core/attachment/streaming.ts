// An attached terminal: frames pass both ways, output as far as credit goes (SPEC C2 to C6, G51 to G54).
import {
  type AckFrame,
  type ClientFrame,
  type Decoded,
  type ExitFrame,
  LIMITS,
  type ServerFrame,
  closeNameOfError,
} from '@cpc/protocol'
import { afterAck, afterGap, afterSent, hasCredit } from '../credit.ts'
import { SOCKET_LIMITS } from '../limits/socket.ts'
import { finish } from './ending.ts'
import type { Attached, Effect, Open, Received, Step } from './state.ts'

type Streaming = Open & Attached

// --- from the client ---

export function onClientFrame(state: Streaming, received: Received<ClientFrame>, nowMs: number): Step {
  const { frame, bytes } = received
  switch (frame.type) {
    case 'IN':
    case 'RESIZE':
    case 'KEEP_ALIVE':
      return [state, [{ kind: 'to-holder', bytes }]]
    case 'ACK':
      return onAck(state, frame, bytes, nowMs)
    case 'DETACH':
      return finish('done', 'Detached.', [{ kind: 'to-holder', bytes }])
    default:
      return finish('protocol', `${frame.type} on a stream that is attached already.`)
  }
}

function onAck(state: Streaming, frame: Decoded<AckFrame>, bytes: Uint8Array, nowMs: number): Step {
  const outcome = afterAck(state.credit, frame.outOff, nowMs)
  switch (outcome.kind) {
    case 'stale':
      return [state, []]
    case 'beyond':
      return finish('protocol', `ACK of ${frame.outOff}, but only ${state.credit.sentOff} was sent (C3).`)
    case 'progress': {
      const [next, effects] = pump({ ...state, credit: outcome.credit }, nowMs, 'progress')
      return [next, [{ kind: 'to-holder', bytes }, ...effects]]
    }
  }
}

// --- from the holder ---

export function onHolderFrame(state: Streaming, received: Received<ServerFrame>, nowMs: number): Step {
  const { frame, bytes } = received
  switch (frame.type) {
    case 'OUT':
      if (frame.off !== state.nextOff) return hole(state, frame.off)
      return hold({ ...state, nextOff: frame.off + frame.bytes.length }, received, nowMs)
    case 'GAP':
      if (frame.from !== state.nextOff || frame.to < frame.from) return hole(state, frame.from)
      return hold({ ...state, nextOff: frame.to }, received, nowMs)
    case 'EXIT':
      return hold(state, received, nowMs)
    case 'EVENT':
      // A change of size belongs to its place in the output (S2); other events do not wait (C6).
      return frame.body.kind === 'resized' ? hold(state, received, nowMs) : [state, [{ kind: 'to-client', bytes }]]
    case 'IN_ACK':
      return [state, [{ kind: 'to-client', bytes }]]
    case 'ERROR':
      return finish(closeNameOfError(frame.body.code), frame.body.message, [{ kind: 'to-client', bytes }])
    default:
      return finish('upstream', `The holder sent ${frame.type} on a stream that is attached.`)
  }
}

function hole(state: Streaming, off: number): Step {
  return finish('upstream', `The holder's output jumped from ${state.nextOff} to ${off} (P1).`)
}

function hold(state: Streaming, received: Received<ServerFrame>, nowMs: number): Step {
  const heldBytes = state.heldBytes + received.bytes.length
  if (heldBytes > SOCKET_LIMITS.HELD_BYTES_MAX) {
    return finish('upstream', 'The exec went on sending after it was paused.')
  }
  return pump({ ...state, held: [...state.held, received], heldBytes }, nowMs, 'none')
}

// --- flow ---

/** Whether nothing more may be sent to the client: no credit, or its socket is full (G53). */
function isBlocked(state: Streaming): boolean {
  return !hasCredit(state.credit) || state.clientPauses.includes('client-backlog')
}

/** Sends what may go, and starts or stops reading the exec. @param progress whether the client moved: it has a new chance */
export function pump(state: Streaming, nowMs: number, progress: 'progress' | 'none'): Step {
  const sent = sendHeld(state, nowMs)
  if ('code' in sent) return finish('upstream', sent.code)
  const [next, effects] = sent
  const exit = effects.length > 0 ? lastExit(state, next) : undefined
  if (exit)
    return finish('done', exitReason(exit), [...effects, { kind: 'note', note: { kind: 'exit', exit: exit.body } }])
  const [flowing, flowEffects] = withFlow(next, progress)
  return [flowing, [...effects, ...flowEffects]]
}

/** As many held frames as credit allows, in order. */
function sendHeld(state: Streaming, nowMs: number): [Streaming, Effect[]] | { code: string } {
  const effects: Effect[] = []
  let { credit } = state
  let count = 0
  let bytesSent = 0
  for (const { frame, bytes } of state.held) {
    if (frame.type === 'OUT' && isBlocked({ ...state, credit })) break
    if (frame.type === 'OUT') credit = afterSent(credit, frame.bytes.length, nowMs)
    if (frame.type === 'GAP') {
      const skipped = afterGap(credit, frame.to)
      if (!skipped) return { code: 'The holder reported more gaps than a client can follow.' }
      credit = skipped
    }
    effects.push({ kind: 'to-client', bytes })
    count += 1
    bytesSent += bytes.length
  }
  const held = count === 0 ? state.held : state.held.slice(count)
  return [{ ...state, credit, held, heldBytes: state.heldBytes - bytesSent }, effects]
}

/** EXIT, if it was among what was just sent; nothing follows it. */
function lastExit(before: Streaming, after: Streaming): Decoded<ExitFrame> | undefined {
  if (after.held.length > 0) return undefined
  const last = before.held.at(-1)?.frame
  return last?.type === 'EXIT' ? last : undefined
}

function exitReason({ body }: Decoded<ExitFrame>): string {
  if (body.reason !== 'Exited') return `The session is over: ${body.reason}.`
  return `The shell exited${body.exitCode === undefined ? '' : ` with code ${body.exitCode}`}.`
}

function withFlow(state: Streaming, progress: 'progress' | 'none'): [Streaming, Effect[]] {
  const flow = isBlocked(state) ? 'blocked' : 'flowing'
  const stall: Effect = { kind: 'arm', timer: 'stall', delayMs: LIMITS.STALL_TIMEOUT_MS }
  if (flow === state.flow) return [state, flow === 'blocked' && progress === 'progress' ? [stall] : []]
  const effects: Effect[] = flow === 'blocked' ? [stall] : [{ kind: 'disarm', timer: 'stall' }]
  if (state.exec === 'open') effects.push({ kind: flow === 'blocked' ? 'pause-exec' : 'resume-exec' })
  return [{ ...state, flow }, effects]
}

// --- endings ---

/** The exec is gone. If EXIT came before, the client still gets all of it; else the way to the pod broke. */
export function onExecEnded(state: Streaming, message: string): Step {
  if (hasExit(state)) return [{ ...state, exec: 'ended' }, [{ kind: 'disarm', timer: 'holder-silence' }]]
  if (state.sessionOver !== undefined) return finish('gone', state.sessionOver)
  return finish('upstream', message)
}

/** The session is over in the cluster; EXIT is probably on its way (G56). */
export function onSessionOver(state: Streaming, message: string): Step {
  if (state.sessionOver !== undefined) return [state, []]
  return [
    { ...state, sessionOver: message },
    [{ kind: 'arm', timer: 'grace', delayMs: SOCKET_LIMITS.SESSION_END_GRACE_MS }],
  ]
}

export function onGraceOver(state: Streaming): Step {
  if (hasExit(state)) return [state, []]
  return finish('gone', state.sessionOver ?? 'The session is over.')
}

export function onStall(): Step {
  return finish('stalled', `No progress for ${LIMITS.STALL_TIMEOUT_MS / 1_000} s while output waits (C5).`, [
    { kind: 'note', note: { kind: 'stalled' } },
  ])
}

function hasExit(state: Streaming): boolean {
  return state.held.some(({ frame }) => frame.type === 'EXIT')
}
