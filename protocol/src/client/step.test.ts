// The client state machine, rule by rule. Runs across many connections are in test/exactly-once.test.ts.
import { describe, expect, it } from 'vitest'
import type { ServerFrame } from '../frame.ts'
import { FLAG_REPLY } from '../frame.ts'
import { LIMITS } from '../limits.ts'
import type { AttachedBody } from '../payloads.ts'
import type { ClientHappening } from './client-event.ts'
import type { ClientOptions, ClientState } from './client-state.ts'
import { initialState, inputRoom } from './client-state.ts'
import type { Effect } from './effect.ts'
import { step } from './step.ts'

const OPTIONS: ClientOptions = { client: { name: 'test', version: '1' }, mode: 'control', cols: 80, rows: 24 }

/** One client under a hand-driven clock and die; `effects` holds those of the last event. */
class Bench {
  state: ClientState
  effects: Effect[] = []
  atMs = 1_000
  roll = 0.5

  constructor(options: Partial<ClientOptions> = {}) {
    this.state = initialState({ ...OPTIONS, ...options }, 'k')
  }

  do(happening: ClientHappening, afterMs = 0): this {
    this.atMs += afterMs
    ;[this.state, this.effects] = step(this.state, { ...happening, atMs: this.atMs, roll: this.roll })
    return this
  }

  frame(frame: ServerFrame, connection = this.state.kept.connection): this {
    return this.do({ type: 'frame', connection, frame: { flags: 0, stream: 0, ...frame } })
  }

  closed(code: number, reason = ''): this {
    return this.do({ type: 'closed', connection: this.state.kept.connection, code, reason })
  }

  opened(): this {
    return this.do({ type: 'opened', connection: this.state.kept.connection, ticket: 't' })
  }

  attached(body: Partial<AttachedBody> = {}): this {
    return this.frame({ type: 'ATTACHED', body: { ...ATTACHED, ...body } })
  }

  type(text: string): this {
    return this.do({ type: 'typed', bytes: new TextEncoder().encode(text), flags: 0 })
  }

  out(off: number, bytes: number): this {
    return this.frame({ type: 'OUT', off, bytes: new Uint8Array(bytes) })
  }

  parsed(upTo: number): this {
    return this.do({ type: 'parsed', generation: this.state.kept.output.generation, upTo })
  }

  /** Effects of one type, of the last event. */
  of<T extends Effect['type']>(type: T): Extract<Effect, { type: T }>[] {
    return this.effects.filter((effect): effect is Extract<Effect, { type: T }> => effect.type === type)
  }

  get sent() {
    return this.of('send').map(({ frame }) => frame)
  }

  get reports() {
    return this.of('report').map(({ report }) => report)
  }

  /** What was started last for a timer. */
  timerMs(timer: string): number | undefined {
    return this.of('start-timer').find(effect => effect.timer === timer)?.ms
  }
}

const ATTACHED: AttachedBody = {
  clientId: 'c1',
  lease: 1,
  epoch: 'e1',
  resume: 'delta',
  from: 0,
  head: 0,
  inOff: 0,
  cols: 80,
  rows: 24,
}

function connecting(options: Partial<ClientOptions> = {}): Bench {
  return new Bench(options).do({ type: 'start' })
}

function attached(body: Partial<AttachedBody> = {}, options: Partial<ClientOptions> = {}): Bench {
  return connecting(options).opened().attached(body)
}

/** Attached, dropped, and with a new socket that has sent its ATTACH. */
function reopened(bench: Bench): Bench {
  return bench.closed(1006).do({ type: 'timer', timer: 'retry' }).opened()
}

describe('opening', () => {
  it('[O1] [O2] sends HELLO with the ticket, and ATTACH right behind it', () => {
    const bench = connecting()
    expect(bench.of('connect')).toEqual([{ type: 'connect', connection: 1 }])
    bench.opened()
    expect(bench.sent).toEqual([
      { type: 'HELLO', body: { versions: [1, 1], client: OPTIONS.client, ticket: 't' } },
      { type: 'ATTACH', body: { clientKey: 'k', cols: 80, rows: 24, mode: 'control' } },
    ])
    expect(bench.frame({ type: 'WELCOME', body: { version: 1, server: OPTIONS.client } }).state.phase).toBe('opening')
    expect(bench.attached().state.phase).toBe('attached')
  })
  it('[O2] a version that was not offered is a protocol error', () => {
    const bench = connecting().opened()
    bench.frame({ type: 'WELCOME', body: { version: 2, server: OPTIONS.client } })
    expect(bench.of('close')).toMatchObject([{ code: 4400 }])
  })
  it('[O9] every ATTACH carries the same key', () => {
    const bench = connecting().opened()
    expect(reopened(bench).sent[1]).toMatchObject({ body: { clientKey: 'k' } })
    expect(reopened(bench.attached()).sent[1]).toMatchObject({ body: { clientKey: 'k', clientId: 'c1' } })
  })
  it('[P3] a later ATTACH names client, epoch and the offset that was parsed', () => {
    const bench = attached().out(0, 100).parsed(60)
    expect(reopened(bench).sent[1]).toMatchObject({ body: { clientId: 'c1', epoch: 'e1', outOff: 60 } })
  })
  it('[L1] the lease is taken by one ATTACH only', () => {
    const bench = connecting({ takeover: true }).opened()
    expect(bench.sent[1]).toMatchObject({ body: { takeover: true } })
    expect(reopened(bench.attached()).sent[1]).not.toHaveProperty('body.takeover')
  })
  it('[P6] lossless is asked for each time', () => {
    expect(reopened(attached({}, { lossless: true })).sent[1]).toMatchObject({ body: { lossless: true } })
  })
  it('[F7] a frame of another stream, or OUT before ATTACHED, is a protocol error', () => {
    expect(
      attached()
        .frame({ type: 'OUT', stream: 1, off: 0, bytes: new Uint8Array(1) })
        .of('close'),
    ).toHaveLength(1)
    expect(connecting().opened().out(0, 1).of('close')).toMatchObject([{ code: 4400 }])
  })
})

describe('R1 to R3, tries', () => {
  it('[R1] the first drop of a stable connection is followed by a try at once', () => {
    const bench = attached().do({ type: 'timer', timer: 'stable' }).closed(1006)
    expect(bench.timerMs('retry')).toBe(0)
    expect(bench.state.phase).toBe('waiting')
  })
  it('[R1] further tries wait random(250 ms, min(30 s, 1 s × 2^n))', () => {
    for (const roll of [0, 0.5, 0.999]) {
      const bench = attached().do({ type: 'timer', timer: 'stable' })
      bench.roll = roll
      const delays = Array.from({ length: 9 }, () => {
        const ms = bench.closed(4502).timerMs('retry')
        bench.do({ type: 'timer', timer: 'retry' })
        return ms
      })
      const ceilings = [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]
      expect(delays).toEqual([0, ...ceilings.map(ceiling => 250 + roll * (ceiling - 250))])
    }
  })
  it('[R1] a connection that did not last 10 s does not reset the back-off', () => {
    const bench = attached()
    expect(bench.timerMs('stable')).toBe(10_000)
    expect(bench.closed(1006).timerMs('retry')).toBe(625)
    bench.do({ type: 'timer', timer: 'retry' }).opened().attached()
    expect(bench.closed(1006).timerMs('retry')).toBe(1_125)
  })
  it('[R1] a hint tries at once', () => {
    const bench = attached().closed(1006).do({ type: 'hint' })
    expect(bench.state.phase).toBe('connecting')
    expect(bench.of('connect')).toEqual([{ type: 'connect', connection: 2 }])
    expect(bench.of('stop-timer')).toContainEqual({ type: 'stop-timer', timer: 'retry' })
  })
  it('[R1] a hint while connected asks whether the socket lives, and drops it after 1.5 s without an answer', () => {
    const bench = attached().do({ type: 'hint' })
    expect(bench.sent).toMatchObject([{ type: 'PING' }])
    expect(bench.timerMs('pong')).toBe(LIMITS.VERIFY_TIMEOUT_MS)
    expect(bench.do({ type: 'hint' }).effects).toEqual([])
    bench.do({ type: 'timer', timer: 'pong' })
    expect([bench.state.phase, bench.of('close').length]).toEqual(['waiting', 1])
  })
  it('[R2] what comes from an older connection is ignored', () => {
    const bench = reopened(attached())
    const before = bench.state
    bench.frame({ type: 'OUT', off: 0, bytes: new Uint8Array(3) }, 1)
    bench.do({ type: 'closed', connection: 1, code: 4404, reason: '' })
    bench.do({ type: 'ticket-refused', connection: 1, code: 'x', message: '' })
    expect(bench.state).toBe(before)
  })
  it('[R3] each try is a new connection that asks for a ticket of its own', () => {
    const bench = attached()
    const connections = [1, 2, 3].map(() => {
      bench.closed(1006).do({ type: 'timer', timer: 'retry' })
      return bench.of('connect')[0]?.connection
    })
    expect(connections).toEqual([2, 3, 4])
  })
  it('[R1] a socket that does not open in 10 s is given up', () => {
    const bench = connecting()
    expect(bench.timerMs('open')).toBe(LIMITS.CONNECT_TIMEOUT_MS)
    bench.do({ type: 'timer', timer: 'open' })
    expect([bench.state.phase, bench.of('close').length]).toEqual(['waiting', 1])
  })
})

describe('section 9, closing', () => {
  it.each([1001, 1006, 1011, 1013, 4408, 4429, 4502])('[X1] %i is followed by another try', code => {
    expect(attached().closed(code).state.phase).toBe('waiting')
  })
  it.each([1000, 4400, 4403, 4404, 4409, 4413])('[X1] %i ends, with a sentence', code => {
    const bench = attached().do({ type: 'timer', timer: 'stable' }).closed(code)
    expect(bench.of('ended')).toMatchObject([
      { end: { kind: 'closed', code, reason: expect.stringMatching(/\.$/) as string } },
    ])
  })
  it('[X1] [R9] replaced while stable ends; before, an own late ATTACH may have done it', () => {
    expect(attached().closed(4409).state.phase).toBe('waiting')
    expect(attached().do({ type: 'timer', timer: 'stable' }).closed(4409).state.phase).toBe('ended')
  })
  it('[X1] 1012 is followed by a try within 3 s', () => {
    const bench = attached().do({ type: 'timer', timer: 'stable' })
    bench.roll = 0.9
    expect(bench.closed(1012).timerMs('retry')).toBeCloseTo(2_700)
  })
  it('[X1] [R8] 4401 is followed by a try with a fresh ticket, the second in a row ends', () => {
    const bench = connecting().opened().closed(4401)
    expect(bench.timerMs('retry')).toBe(0)
    bench.do({ type: 'timer', timer: 'retry' }).opened().closed(4401, 'Used.')
    expect(bench.state).toMatchObject({ phase: 'ended', end: { kind: 'closed', code: 4401, reason: 'Used.' } })
  })
  it('[X1] 4401 counts anew after an ATTACHED', () => {
    const bench = connecting().opened().closed(4401).do({ type: 'timer', timer: 'retry' }).opened().attached()
    expect(bench.closed(4401).state.phase).toBe('waiting')
  })
  it('[X1] a ticket that is refused ends', () => {
    const bench = connecting().do({
      type: 'ticket-refused',
      connection: 1,
      code: 'not-found',
      message: 'No such session.',
    })
    expect(bench.of('ended')).toEqual([
      { type: 'ended', end: { kind: 'refused', code: 'not-found', message: 'No such session.' } },
    ])
  })
  it('[F8] an ERROR explains a close without a code of its own, and is named', () => {
    const error = { type: 'ERROR', body: { code: 'too-slow', message: 'You read too slowly.' } } as const
    expect(attached().frame(error).closed(1006).state).toMatchObject({
      end: { code: 4413, reason: 'You read too slowly.', error: 'too-slow' },
    })
    expect(attached().frame(error).closed(4403, 'Not allowed.').state).toMatchObject({
      end: { code: 4403, reason: 'Not allowed.', error: 'too-slow' },
    })
    expect(attached().frame(error).closed(4502, 'The exec broke.').state).toMatchObject({ cause: 'The exec broke.' })
  })
  it('[R8] broken frames are tried again once, then end', () => {
    const bench = attached().do({ type: 'bad-frame', connection: 1, message: 'Not a frame.' })
    expect(bench.of('close')).toMatchObject([{ code: 4400, reason: 'Not a frame.' }])
    expect(bench.state.phase).toBe('waiting')
    bench.do({ type: 'timer', timer: 'retry' }).opened().attached()
    bench.do({ type: 'bad-frame', connection: 2, message: 'Not a frame.' })
    expect(bench.state).toMatchObject({ phase: 'ended', end: { kind: 'protocol' } })
  })
  it('[T4] EXIT ends, and nothing happens afterwards', () => {
    const bench = attached().frame({ type: 'EXIT', body: { reason: 'Exited', exitCode: 3, outHead: 0 } })
    expect(bench.state).toMatchObject({ end: { kind: 'exit', exit: { exitCode: 3 } } })
    const before = bench.state
    expect(bench.closed(1000).do({ type: 'hint' }).type('x').state).toBe(before)
  })
  it('[T4] output missing before EXIT is reported', () => {
    const bench = attached().frame({ type: 'EXIT', body: { reason: 'Idle', outHead: 7 } })
    expect(bench.reports).toEqual([{ kind: 'gap', from: 0, to: 7 }])
  })
  it('[T6] detach says DETACH before it closes', () => {
    const bench = attached().do({ type: 'detach' })
    expect(bench.effects.slice(0, 2)).toMatchObject([
      { type: 'send', frame: { type: 'DETACH' } },
      { type: 'close', code: 1000 },
    ])
    expect(bench.state).toMatchObject({ phase: 'ended', end: { kind: 'detached' } })
  })
})

describe('output', () => {
  it('[R6] delivers each byte once, whatever overlaps', () => {
    const bench = attached().out(0, 10)
    expect(bench.of('deliver')).toMatchObject([{ off: 0, bytes: { length: 10 } }])
    reopened(bench.parsed(4)).attached({ from: 4, head: 20 })
    expect(bench.out(4, 3).of('deliver')).toEqual([])
    expect(bench.out(7, 8).of('deliver')).toMatchObject([{ off: 10, bytes: { length: 5 } }])
  })
  it('[R6] a hole makes it reconnect from its own offset', () => {
    const bench = attached().out(0, 10).parsed(10).out(11, 1)
    expect(bench.of('close')).toMatchObject([{ code: 4400 }])
    expect(bench.do({ type: 'timer', timer: 'retry' }).opened().sent[1]).toMatchObject({ body: { outOff: 10 } })
  })
  it('[P4] what left the ring before the first ATTACH, or between two, is a gap', () => {
    const bench = attached({ resume: 'gap', from: 50, head: 60 })
    expect(bench.reports).toContainEqual({ kind: 'gap', from: 0, to: 50 })
    expect(bench.of('deliver')).toMatchObject([{ off: 50, bytes: { length: 0 } }])
    reopened(bench.parsed(50).out(50, 10).parsed(60)).attached({ resume: 'gap', from: 100, head: 200 })
    expect(bench.reports).toContainEqual({ kind: 'gap', from: 60, to: 100 })
  })
  it('[P4] bytes that left the ring after they were received are no gap', () => {
    const bench = reopened(attached().out(0, 100).parsed(20)).attached({ resume: 'gap', from: 90, head: 200 })
    expect(bench.reports.map(({ kind }) => kind)).toEqual(['attached'])
    expect(bench.out(90, 20).of('deliver')).toMatchObject([{ off: 100, bytes: { length: 10 } }])
  })
  it('[P4] another epoch starts over, and says so', () => {
    const bench = reopened(attached().out(0, 10)).attached({ epoch: 'e2', clientId: 'c9', resume: 'gap' })
    expect(bench.reports).toContainEqual({ kind: 'restarted' })
    expect(bench.out(0, 5).of('deliver')).toMatchObject([{ generation: 2, off: 0 }])
    bench.do({ type: 'parsed', generation: 1, upTo: 10 })
    expect(bench.state.kept.output.parsed).toBe(0)
  })
  it('[P5] GAP is reported once and acknowledged in order', () => {
    const bench = attached().out(0, 10).frame({ type: 'GAP', from: 10, to: 40_000 })
    expect(bench.reports).toEqual([{ kind: 'gap', from: 10, to: 40_000 }])
    expect(bench.parsed(10).sent).toEqual([])
    expect(bench.parsed(40_000).sent).toEqual([{ type: 'ACK', outOff: 40_000 }])
    expect(bench.out(40_000, 1).of('deliver')).toHaveLength(1)
  })
  it('[C1] acknowledges after 16 KiB at once, else after 20 ms', () => {
    const bench = attached().out(0, 32_000)
    expect(bench.effects.map(({ type }) => type)).toEqual(['deliver'])
    expect(bench.parsed(100).timerMs('ack')).toBe(LIMITS.ACK_DELAY_MS)
    expect(bench.parsed(16_383).effects).toEqual([])
    expect(bench.parsed(16_384).sent).toEqual([{ type: 'ACK', outOff: 16_384 }])
    bench.parsed(20_000)
    expect(bench.do({ type: 'timer', timer: 'ack' }).sent).toEqual([{ type: 'ACK', outOff: 20_000 }])
    expect(bench.do({ type: 'timer', timer: 'ack' }).sent).toEqual([])
  })
  it('[C3] [R7] never acknowledges beyond what came over this connection', () => {
    const bench = reopened(attached().out(0, 30_000)).attached({ from: 0, head: 30_000 })
    expect(bench.parsed(30_000).sent).toEqual([])
    expect(bench.out(0, 20_000).sent).toEqual([{ type: 'ACK', outOff: 20_000 }])
  })
})

describe('input', () => {
  const bytesOf = (text: string) => new TextEncoder().encode(text)

  it('[I1] counts from 0 and sends at once', () => {
    const bench = attached().type('ab')
    expect(bench.sent).toEqual([{ type: 'IN', flags: 0, lease: 1, off: 0, bytes: bytesOf('ab') }])
    expect(bench.type('c').sent).toMatchObject([{ off: 2 }])
  })
  it('[I2] forgets what ATTACHED says was accepted and sends the rest again', () => {
    const bench = reopened(attached().type('abc').type('de')).attached({ inOff: 2 })
    expect(bench.sent).toMatchObject([{ type: 'IN', off: 2, bytes: bytesOf('cde') }])
  })
  it('[I2] an offset that cannot be is a protocol error', () => {
    expect(reopened(attached().type('abc')).attached({ inOff: 4 }).of('close')).toMatchObject([{ code: 4400 }])
    expect(attached().type('a').frame({ type: 'IN_ACK', inOff: 2 }).of('close')).toMatchObject([{ code: 4400 }])
    expect(connecting().opened().attached({ inOff: 5 }).of('close')).toMatchObject([{ code: 4400 }])
  })
  it('[I3] [R5] keeps at most 64 KiB unacknowledged, also while disconnected, and says when there is room', () => {
    const bench = attached().closed(1006)
    bench.do({ type: 'typed', bytes: new Uint8Array(LIMITS.INPUT_WINDOW_BYTES + 5), flags: 0 })
    expect(inputRoom(bench.state)).toBe(0)
    bench.do({ type: 'timer', timer: 'retry' }).opened().attached({ inOff: 0 })
    expect(bench.sent).toMatchObject([{ off: 0 }, { off: LIMITS.IN_BYTES_MAX }])
    bench.frame({ type: 'IN_ACK', inOff: 10 })
    expect([inputRoom(bench.state), bench.reports]).toEqual([10, [{ kind: 'input-room' }]])
    expect(bench.frame({ type: 'IN_ACK', inOff: 20 }).reports).toEqual([])
  })
  it('[I3] room is counted from what was written, not from what was accepted', () => {
    const bench = attached().do({ type: 'typed', bytes: new Uint8Array(LIMITS.INPUT_WINDOW_BYTES), flags: 0 })
    reopened(bench).attached({ inOff: LIMITS.INPUT_WINDOW_BYTES })
    expect(inputRoom(bench.state)).toBe(0)
    expect(inputRoom(bench.frame({ type: 'IN_ACK', inOff: 1_000 }).state)).toBe(1_000)
  })
  it('[I4] cuts large input into frames of 32 KiB', () => {
    const bench = attached().do({ type: 'typed', bytes: new Uint8Array(LIMITS.IN_BYTES_MAX + 1), flags: 0 })
    expect(bench.sent).toMatchObject([
      { bytes: { length: LIMITS.IN_BYTES_MAX } },
      { off: LIMITS.IN_BYTES_MAX, bytes: { length: 1 } },
    ])
  })
  it('[T1] a reply keeps its flag, also when it is sent again', () => {
    const reply = { type: 'typed', bytes: bytesOf('r'), flags: FLAG_REPLY } as const
    const bench = reopened(attached().type('a').do(reply).type('b')).attached()
    expect(bench.sent).toMatchObject([
      { flags: 0, off: 0 },
      { flags: FLAG_REPLY, off: 1 },
      { flags: 0, off: 2 },
    ])
  })
  it('[I5] a viewer types nothing', () => {
    for (const bench of [attached({ lease: 0 }), attached({}, { mode: 'view' })]) {
      expect(inputRoom(bench.state)).toBe(0)
      expect(bench.type('x').sent).toEqual([])
    }
  })
  it('[L2] [I5] the lease lost: what is under way may still be refused, what was not sent is lost', () => {
    const bench = attached()
      .type('abc')
      .frame({ type: 'EVENT', body: { kind: 'lease', lease: 0, by: 'c2' } })
    expect(bench.reports).toEqual([{ kind: 'event', event: { kind: 'lease', lease: 0, by: 'c2' } }])
    bench.frame({ type: 'EVENT', body: { kind: 'input-refused', lease: 1, from: 1 } })
    expect(bench.reports).toContainEqual({ kind: 'input-lost', bytes: bytesOf('bc'), reason: 'lease' })
    expect(bench.frame({ type: 'IN_ACK', inOff: 1 }).of('close')).toEqual([])
  })
  it('[I5] input typed under an older lease is not sent under a newer one', () => {
    const bench = reopened(attached().type('abc')).attached({ inOff: 1, lease: 3 })
    expect(bench.reports).toContainEqual({ kind: 'input-lost', bytes: bytesOf('bc'), reason: 'lease' })
    expect(bench.sent).toEqual([])
    expect(bench.type('z').sent).toMatchObject([{ off: 1, lease: 3 }])
  })
  it.each([{ clientId: 'c2' }, { epoch: 'e2', clientId: 'c2' }, { epoch: 'e2' }])(
    '[I6] with a new id or epoch (%o) unacknowledged input is reported, not sent',
    body => {
      const bench = reopened(attached().type('abc')).attached(body)
      expect(bench.reports).toContainEqual({ kind: 'input-lost', bytes: bytesOf('abc'), reason: 'new-client' })
      expect(bench.sent).toEqual([])
      expect(bench.type('z').sent).toMatchObject([{ off: 0 }])
    },
  )
  it('[R5] what was typed before the first ATTACHED is sent with it, or reported to a viewer', () => {
    expect(connecting().type('ls').opened().attached().sent).toMatchObject([
      { type: 'IN', off: 0, bytes: bytesOf('ls') },
    ])
    expect(connecting().type('ls').opened().attached({ lease: 0 }).reports).toContainEqual({
      kind: 'input-lost',
      bytes: bytesOf('ls'),
      reason: 'lease',
    })
  })
})

describe('lease, size, time', () => {
  it('[S1] only the lease holder sends RESIZE; a viewer remembers for later', () => {
    expect(attached().do({ type: 'resized', cols: 100, rows: 30 }).sent).toEqual([
      { type: 'RESIZE', cols: 100, rows: 30 },
    ])
    const viewer = attached({ lease: 0 }).do({ type: 'resized', cols: 100, rows: 30 })
    expect(viewer.sent).toEqual([])
    viewer.frame({ type: 'EVENT', body: { kind: 'lease', lease: 5 } })
    expect(viewer.sent).toEqual([{ type: 'RESIZE', cols: 100, rows: 30 }])
  })
  it('[L1] taking over is an ATTACH of its own', () => {
    const bench = attached({ lease: 0 }).do({ type: 'take-over' })
    expect(bench.effects.map(({ type }) => type)).toContain('close')
    expect(bench.opened().sent[1]).toMatchObject({ body: { takeover: true, clientId: 'c1' } })
  })
  it('[L1] who only watched takes over by attaching for control', () => {
    const bench = attached({ lease: 0 }, { mode: 'view' }).do({ type: 'take-over' })
    expect(bench.opened().sent[1]).toMatchObject({ body: { takeover: true, mode: 'control' } })
  })
  it('[T1] KEEP_ALIVE is sent when attached, and not kept for later', () => {
    expect(attached().do({ type: 'keep-alive' }).sent).toEqual([{ type: 'KEEP_ALIVE' }])
    expect(connecting().do({ type: 'keep-alive' }).effects).toEqual([])
  })
  it('[E1] an event of an unknown kind is passed on and changes nothing', () => {
    const bench = attached()
    const { kept } = bench.state
    bench.frame({ type: 'EVENT', body: { kind: 'unknown', name: 'bell' } })
    expect(bench.state.kept).toEqual(kept)
  })
  it('[T5] answers PING at once, in any open phase', () => {
    for (const bench of [connecting().opened(), attached()]) {
      expect(bench.frame({ type: 'PING', opaque: 9n }).sent).toEqual([{ type: 'PONG', opaque: 9n }])
    }
  })
  it('[T5] asks after 15 s of silence, not before', () => {
    const bench = attached()
    bench.atMs += 10_000
    bench.out(0, 1)
    expect(bench.do({ type: 'timer', timer: 'ping' }, 5_000).effects).toEqual([
      { type: 'start-timer', timer: 'ping', ms: 10_000 },
    ])
    bench.do({ type: 'timer', timer: 'ping' }, 10_000)
    expect([bench.sent, bench.timerMs('pong')]).toMatchObject([[{ type: 'PING' }], LIMITS.PONG_TIMEOUT_MS])
  })
  it('[T5] anything that comes is an answer; nothing for 10 s means dead', () => {
    const bench = attached().do({ type: 'timer', timer: 'ping' }, 15_000)
    expect(bench.out(0, 1).of('stop-timer')).toContainEqual({ type: 'stop-timer', timer: 'pong' })
    bench.do({ type: 'timer', timer: 'ping' }, 15_000).do({ type: 'timer', timer: 'pong' }, 10_000)
    expect([bench.state.phase, bench.of('close').length]).toEqual(['waiting', 1])
  })
  it('[R1] after a sleep the answer is awaited for 1.5 s only', () => {
    expect(attached().do({ type: 'timer', timer: 'ping' }, 60_000).timerMs('pong')).toBe(LIMITS.VERIFY_TIMEOUT_MS)
  })
  it('[T5] a PONG tells the round trip', () => {
    const bench = attached().do({ type: 'hint' })
    const ping = bench.sent[0]
    bench.atMs += 12
    if (ping?.type !== 'PING') throw new Error('expected PING')
    expect(bench.frame({ type: 'PONG', opaque: ping.opaque }).reports).toEqual([{ kind: 'latency', rttMs: 12 }])
  })
})
