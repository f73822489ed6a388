// Drives the pure attachment machine in tests: sends events, keeps the state, collects what it wants done.
import {
  type AttachFrame,
  type AttachedBody,
  type ClientFrame,
  type Frame,
  type HelloFrame,
  type ServerFrame,
  decodeFrame,
  encodeFrame,
} from '@cpc/protocol'
import type { Attachment, AttachmentEvent, Effect } from '../src/core/attachment/state.ts'
import { openAttachment, step } from '../src/core/attachment/step.ts'
import type { Grant } from '../src/core/ticket.ts'

export const GRANT: Grant = {
  owner: 'octocat',
  jti: 'ticket-1',
  sessionName: 'demo',
  sessionUid: 'uid-1',
  podName: 'demo-12345678',
}

export const HELLO: HelloFrame = {
  type: 'HELLO',
  body: { versions: [1, 1], client: { name: 'test', version: '1' }, ticket: 'a.b.c' },
}
export const ATTACH: AttachFrame = { type: 'ATTACH', body: { cols: 80, rows: 24, mode: 'control' } }

export function attachedFrame(more: Partial<AttachedBody> = {}): ServerFrame {
  const body: AttachedBody = {
    clientId: 'c1',
    lease: 1,
    epoch: 'e1',
    resume: 'delta',
    from: 0,
    head: 0,
    inOff: 0,
    cols: 80,
    rows: 24,
    ...more,
  }
  return { type: 'ATTACHED', body }
}

export function out(off: number, bytes: number): ServerFrame {
  return { type: 'OUT', off, bytes: new Uint8Array(bytes) }
}

export class Bench {
  state: Attachment
  /** Effects of the last event. */
  effects: Effect[]
  /** Effects of all events. */
  readonly all: Effect[] = []
  nowMs = 0

  constructor() {
    const [state, effects] = openAttachment(this.nowMs)
    this.state = state
    this.effects = effects
    this.all.push(...effects)
  }

  do(event: AttachmentEvent): this {
    const [state, effects] = step(this.state, event, this.nowMs)
    this.state = state
    this.effects = effects
    this.all.push(...effects)
    return this
  }

  client(frame: ClientFrame | Frame): this {
    return this.do({ kind: 'client-message', bytes: encodeFrame(frame) })
  }

  holder(frame: ServerFrame): this {
    return this.do({ kind: 'holder-message', bytes: encodeFrame(frame) })
  }

  /** Frames of the last event's effects to one side. */
  sent(to: 'to-client' | 'to-holder'): Frame[] {
    return this.effects.flatMap(effect => (effect.kind === to ? [decodeFrame(effect.bytes)] : []))
  }

  kinds(): string[] {
    return this.effects.map(({ kind }) => kind)
  }

  closed(): { code: number; reason: string } | undefined {
    const close = this.all.find(effect => effect.kind === 'close-client')
    return close && { code: close.code, reason: close.reason }
  }

  /** Armed timers, in the order they were armed. */
  armed(): Extract<Effect, { kind: 'arm' }>[] {
    return this.effects.filter(effect => effect.kind === 'arm')
  }
}

/** As far as WELCOME. */
export function welcomed(): Bench {
  return new Bench().client(HELLO).do({ kind: 'ticket-granted', grant: GRANT })
}

/** As far as ATTACH at the holder. */
export function attaching(): Bench {
  return welcomed().client(ATTACH).do({ kind: 'exec-opened' })
}

/** A terminal that streams. */
export function attached(more: Partial<AttachedBody> = {}): Bench {
  return attaching()
    .holder({ type: 'WELCOME', body: { version: 1, server: { name: 'holder', version: '1' } } })
    .holder(attachedFrame(more))
}
