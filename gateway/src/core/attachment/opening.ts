// From an open socket to an attached terminal: HELLO, ticket, ATTACH, exec, ATTACHED (SPEC section 2, G42, G50).
import {
  type AttachFrame,
  type AttachedFrame,
  type ClientFrame,
  type Decoded,
  type HelloFrame,
  LIMITS,
  type ServerFrame,
  closeNameOfError,
  encodeFrame,
} from '@cpc/protocol'
import { creditAt } from '../credit.ts'
import { GATEWAY_PEER, PROTOCOL_VERSIONS } from '../identity.ts'
import { TICKET_LIMITS } from '../limits/auth.ts'
import { SOCKET_LIMITS } from '../limits/socket.ts'
import type { Grant, Refusal } from '../ticket.ts'
import { finish } from './ending.ts'
import { heardAt } from './liveness.ts'
import type { Effect, OpenAttachment, Received, Step } from './state.ts'

type In<K extends OpenAttachment['kind']> = Extract<OpenAttachment, { kind: K }>

const [VERSION_MIN, VERSION_MAX] = PROTOCOL_VERSIONS

/** A socket that was just upgraded. */
export function openAttachment(nowMs: number): Step {
  const client = heardAt(nowMs)
  return [
    { kind: 'awaiting-hello', client, clientPauses: [] },
    [{ kind: 'arm', timer: 'phase', delayMs: LIMITS.HELLO_TIMEOUT_MS }],
  ]
}

/** The first frame (O1, O2). */
export function onHello(state: In<'awaiting-hello'>, frame: Decoded<ClientFrame>): Step {
  if (frame.type !== 'HELLO') return finish('protocol', `The first frame must be HELLO, not ${frame.type} (O1).`)
  const version = commonVersion(frame)
  if (version === undefined) {
    const message = `This gateway speaks versions ${VERSION_MIN} to ${VERSION_MAX} of cpc, the client ${frame.body.versions.join(' to ')}.`
    return finish('protocol', message, [
      { kind: 'to-client', bytes: encodeFrame({ type: 'ERROR', body: { code: 'version', message } }) },
    ])
  }
  const { ticket, client } = frame.body
  if (ticket === undefined) return finish('ticket', 'HELLO carries no ticket. Get one for this session first.')
  if (ticket.length > TICKET_LIMITS.TICKET_BYTES_MAX) return finish('ticket', 'This is no ticket of ours: too long.')
  const { client: liveness, clientPauses } = state
  return [
    { kind: 'verifying', client: liveness, clientPauses, early: undefined },
    [
      { kind: 'arm', timer: 'phase', delayMs: SOCKET_LIMITS.EXEC_OPEN_TIMEOUT_MS },
      { kind: 'note', note: { kind: 'hello', hello: { client } } },
      { kind: 'check-ticket', ticket },
    ],
  ]
}

function commonVersion(hello: Decoded<HelloFrame>): number | undefined {
  const [min, max] = hello.body.versions
  const common = Math.min(max, VERSION_MAX)
  return common >= Math.max(min, VERSION_MIN) ? common : undefined
}

/** A client may send ATTACH right behind HELLO; more it may not, since nothing is kept for strangers (G42). */
export function onEarlyFrame(state: In<'verifying'>, received: Received<ClientFrame>): Step {
  if (received.frame.type === 'DETACH') return finish('done', 'Detached.')
  if (received.frame.type === 'ATTACH' && state.early === undefined) return [{ ...state, early: received }, []]
  return finish('protocol', `${received.frame.type} before the ticket was verified (O2).`)
}

/** The ticket opens the session: WELCOME, and on with an ATTACH that came early. */
export function onGranted(state: In<'verifying'>, grant: Grant): Step {
  const { client, clientPauses, early } = state
  const welcome = encodeFrame({ type: 'WELCOME', body: { version: VERSION_MAX, server: GATEWAY_PEER } })
  const effects: Effect[] = [
    { kind: 'to-client', bytes: welcome },
    { kind: 'arm', timer: 'phase', delayMs: SOCKET_LIMITS.ATTACH_TIMEOUT_MS },
    { kind: 'arm', timer: 'client-silence', delayMs: LIMITS.PING_INTERVAL_MS },
  ]
  const next: In<'awaiting-attach'> = { kind: 'awaiting-attach', client, clientPauses, grant }
  if (!early) return [next, effects]
  const [attached, more] = onAttach(next, early.frame)
  return [attached, [...effects, ...more]]
}

export function onRefused(refusal: Refusal): Step {
  return finish(refusal.close, refusal.reason)
}

/** ATTACH: only now an exec is opened. */
export function onAttach(state: In<'awaiting-attach'>, frame: Decoded<ClientFrame>): Step {
  if (frame.type === 'DETACH') return finish('done', 'Detached.')
  if (frame.type !== 'ATTACH')
    return finish('protocol', `${frame.type} before ATTACH: the stream is not attached (F7).`)
  const { client, clientPauses, grant } = state
  return [
    { kind: 'opening', client, clientPauses, grant, attach: frame.body },
    [
      { kind: 'arm', timer: 'phase', delayMs: SOCKET_LIMITS.EXEC_OPEN_TIMEOUT_MS },
      { kind: 'open-exec', grant },
    ],
  ]
}

/** Between ATTACH and ATTACHED a client has nothing to say. */
export function onFrameWhileAttaching(frame: Decoded<ClientFrame>): Step {
  if (frame.type === 'DETACH') return finish('done', 'Detached.')
  return finish('protocol', `${frame.type} before ATTACHED: the stream is not attached yet (F7).`)
}

/** The exec runs: HELLO of our own, and ATTACH with who it is (O4, G50). */
export function onExecOpened(state: In<'opening'>, nowMs: number): Step {
  const { client, clientPauses, grant, attach } = state
  const hello = encodeFrame({ type: 'HELLO', body: { versions: [VERSION_MIN, VERSION_MAX], client: GATEWAY_PEER } })
  const body: AttachFrame['body'] = { ...attach, jti: grant.jti, owner: grant.owner }
  return [
    { kind: 'attaching', client, clientPauses, grant, holder: heardAt(nowMs) },
    [
      { kind: 'to-holder', bytes: hello },
      { kind: 'to-holder', bytes: encodeFrame({ type: 'ATTACH', body }) },
      { kind: 'arm', timer: 'phase', delayMs: SOCKET_LIMITS.ATTACHED_TIMEOUT_MS },
      { kind: 'arm', timer: 'holder-silence', delayMs: SOCKET_LIMITS.HOLDER_PING_INTERVAL_MS },
    ],
  ]
}

/** What the holder says until it has attached the client. */
export function onHolderAnswer(state: In<'attaching'>, received: Received<ServerFrame>): Step {
  const { frame, bytes } = received
  switch (frame.type) {
    case 'WELCOME':
      return onHolderWelcome(state, frame.body.version)
    case 'ATTACHED':
      return attached(state, frame, bytes)
    case 'ERROR':
      return finish(closeNameOfError(frame.body.code), frame.body.message, [{ kind: 'to-client', bytes }])
    case 'EXIT':
      return finish('done', `The session is over: ${frame.body.reason}.`, [{ kind: 'to-client', bytes }])
    default:
      return finish('upstream', `The holder sent ${frame.type} before ATTACHED.`)
  }
}

function onHolderWelcome(state: In<'attaching'>, version: number): Step {
  if (version >= VERSION_MIN && version <= VERSION_MAX) return [state, []]
  return finish('upstream', `The holder in the pod speaks version ${version} of cpc, which this gateway does not know.`)
}

function attached(state: In<'attaching'>, frame: Decoded<AttachedFrame>, bytes: Uint8Array): Step {
  const { client, clientPauses, grant, holder } = state
  const { from, lease, resume } = frame.body
  return [
    {
      kind: 'attached',
      client,
      clientPauses,
      grant,
      holder,
      exec: 'open',
      flow: 'flowing',
      credit: creditAt(from),
      nextOff: from,
      held: [],
      heldBytes: 0,
      sessionOver: undefined,
    },
    [
      { kind: 'disarm', timer: 'phase' },
      { kind: 'note', note: { kind: 'attached', grant, resume, mode: lease === 0 ? 'viewer' : 'writer' } },
      { kind: 'to-client', bytes },
    ],
  ]
}

/** The time for the current step of opening is over. */
export function onPhaseTimeout(state: OpenAttachment): Step {
  switch (state.kind) {
    case 'awaiting-hello':
      return finish('stalled', `No HELLO within ${LIMITS.HELLO_TIMEOUT_MS / 1_000} s (O1).`)
    case 'awaiting-attach':
      return finish('stalled', `No ATTACH within ${SOCKET_LIMITS.ATTACH_TIMEOUT_MS / 1_000} s.`)
    case 'verifying':
      return finish('upstream', 'The ticket could not be checked: the Kubernetes API server does not answer.')
    case 'opening':
      return finish('upstream', 'The exec into the pod took too long: API server or node do not answer.')
    case 'attaching':
      return finish('upstream', 'The holder in the pod did not attach in time.')
    case 'attached':
      return [state, []]
  }
}
