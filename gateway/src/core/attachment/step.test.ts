import { LIMITS, type ServerFrame, encodeFrame } from '@cpc/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  ATTACH,
  Bench,
  GRANT,
  HELLO,
  attached,
  attachedFrame,
  attaching,
  out,
  welcomed,
} from '../../../test/attachment-bench.ts'
import { unackedBytes, windowBytes } from '../credit.ts'
import { SOCKET_LIMITS } from '../limits/socket.ts'
import type { AttachmentEvent, Effect } from './state.ts'

describe('opening', () => {
  it('[O1] waits for HELLO 5 s, then closes with 4408', () => {
    const bench = new Bench()
    expect(bench.effects).toEqual([{ kind: 'arm', timer: 'phase', delayMs: LIMITS.HELLO_TIMEOUT_MS }])
    expect(bench.do({ kind: 'timer', timer: 'phase' }).closed()?.code).toBe(4408)
  })

  it.each([ATTACH, { type: 'PING', opaque: 1n } as const, { type: 'KEEP_ALIVE' } as const])(
    '[O1] refuses $type as first frame',
    frame => {
      expect(new Bench().client(frame).closed()).toMatchObject({
        code: 4400,
        reason: `The first frame must be HELLO, not ${frame.type} (O1).`,
      })
    },
  )

  it('[O2] no common version: ERROR version, then 4400', () => {
    const bench = new Bench().client({ ...HELLO, body: { ...HELLO.body, versions: [7, 9] } })
    expect(bench.sent('to-client')).toMatchObject([{ type: 'ERROR', body: { code: 'version' } }])
    expect(bench.closed()?.code).toBe(4400)
  })

  it('[O2] a wider range of versions is met with ours', () => {
    const bench = new Bench().client({ ...HELLO, body: { ...HELLO.body, versions: [1, 9] } })
    expect(bench.kinds()).toContain('check-ticket')
    bench.do({ kind: 'ticket-granted', grant: GRANT })
    expect(bench.sent('to-client')).toMatchObject([{ type: 'WELCOME', body: { version: 1 } }])
  })

  it('[O3] HELLO without a ticket is 4401', () => {
    const { ticket: _ticket, ...body } = HELLO.body
    expect(new Bench().client({ type: 'HELLO', body }).closed()?.code).toBe(4401)
  })

  it('[G42] before the ticket is verified nothing is opened, whatever the client sends', () => {
    const bench = new Bench().client(HELLO).client(ATTACH)
    expect(bench.all.map(({ kind }) => kind)).not.toContain('open-exec')
    expect(bench.all.map(({ kind }) => kind)).not.toContain('to-client')
  })

  it('[G42] one ATTACH may come early, nothing else', () => {
    const early = new Bench().client(HELLO).client(ATTACH)
    expect(early.closed()).toBeUndefined()
    expect(early.client(ATTACH).closed()?.code).toBe(4400)
    const typing = new Bench().client(HELLO).client({ type: 'IN', lease: 1, off: 0, bytes: new Uint8Array(1) })
    expect(typing.closed()?.code).toBe(4400)
  })

  it('[O3] an early ATTACH opens the exec once the ticket is verified', () => {
    const bench = new Bench().client(HELLO).client(ATTACH).do({ kind: 'ticket-granted', grant: GRANT })
    expect(bench.kinds()).toContain('open-exec')
    expect(bench.sent('to-client')).toMatchObject([{ type: 'WELCOME' }])
  })

  it('[O3] a refusal closes with its code and sentence', () => {
    const bench = new Bench().client(HELLO)
    bench.do({ kind: 'ticket-refused', refusal: { close: 'gone', reason: 'There is no session demo any more.' } })
    expect(bench.closed()).toEqual({ code: 4404, reason: 'There is no session demo any more.' })
  })

  it('a grant for a client that went away meanwhile changes nothing', () => {
    const bench = new Bench().client(HELLO).do({ kind: 'client-closed' }).do({ kind: 'ticket-granted', grant: GRANT })
    expect(bench.state.kind).toBe('closed')
    expect(bench.effects).toEqual([])
  })

  it('[O4] [G50] the holder gets HELLO of the gateway and ATTACH with jti and owner, whatever the client wrote there', () => {
    const bench = welcomed().client({
      type: 'ATTACH',
      body: { cols: 80, rows: 24, mode: 'view', clientId: 'c9', epoch: 'e9', outOff: 7, jti: 'forged', owner: 'root' },
    })
    bench.do({ kind: 'exec-opened' })
    const [hello, attach] = bench.sent('to-holder')
    expect(hello).toMatchObject({ type: 'HELLO', body: { client: { name: 'pocket-console-gateway' } } })
    expect(hello).not.toHaveProperty('body.ticket')
    expect(attach).toMatchObject({
      type: 'ATTACH',
      body: {
        cols: 80,
        rows: 24,
        mode: 'view',
        clientId: 'c9',
        epoch: 'e9',
        outOff: 7,
        jti: 'ticket-1',
        owner: 'octocat',
      },
    })
  })

  it('[F7] no frame but DETACH, PING and PONG between ATTACH and ATTACHED', () => {
    expect(attaching().client({ type: 'RESIZE', cols: 1, rows: 1 }).closed()?.code).toBe(4400)
    expect(attaching().client({ type: 'PONG', opaque: 1n }).closed()).toBeUndefined()
    expect(attaching().client({ type: 'DETACH' }).closed()?.code).toBe(1000)
  })

  it.each([
    ['ticket-used', 4401],
    ['too-many', 4429],
    ['unclaimed', 4502],
    ['version', 4400],
    ['replaced', 4409],
    ['too-slow', 4413],
    ['some-later-code', 4502],
  ])('[O4] [O6] ERROR %s of the holder closes with %i, and the client sees it', (code, close) => {
    const bench = attaching().holder({ type: 'ERROR', body: { code, message: 'because' } })
    expect(bench.sent('to-client')).toMatchObject([{ type: 'ERROR', body: { code } }])
    expect(bench.closed()).toEqual({ code: close, reason: 'because' })
    expect(bench.kinds()).toContain('close-exec')
  })

  it('a holder of an unknown version is 4502', () => {
    const bench = attaching().holder({ type: 'WELCOME', body: { version: 3, server: { name: 'h', version: '3' } } })
    expect(bench.closed()?.code).toBe(4502)
  })

  it.each([
    { title: 'verifying', bench: () => new Bench().client(HELLO), code: 4502 },
    { title: 'no ATTACH', bench: welcomed, code: 4408 },
    { title: 'exec not open', bench: () => welcomed().client(ATTACH), code: 4502 },
    { title: 'no ATTACHED', bench: attaching, code: 4502 },
  ])('every wait of the opening is bounded: $title', ({ bench, code }) => {
    const waiting = bench()
    expect(waiting.all.filter(effect => effect.kind === 'arm' && effect.timer === 'phase').length).toBeGreaterThan(0)
    expect(waiting.do({ kind: 'timer', timer: 'phase' }).closed()?.code).toBe(code)
  })

  it('[G57] an exec that is refused is 4502 with the reason', () => {
    const bench = welcomed()
      .client(ATTACH)
      .do({ kind: 'exec-refused', message: 'The Kubernetes API server does not answer.' })
    expect(bench.closed()).toEqual({ code: 4502, reason: 'The Kubernetes API server does not answer.' })
  })
})

describe('bad input', () => {
  const anyState = [
    { title: 'before HELLO', bench: () => new Bench() },
    { title: 'after WELCOME', bench: welcomed },
    { title: 'attached', bench: () => attached() },
  ]
  const badMessages = [
    { title: 'truncated header', bytes: Uint8Array.of(1, 0) },
    { title: 'empty', bytes: new Uint8Array(0) },
    { title: 'unknown type', bytes: Uint8Array.of(0x33, 0, 0, 0) },
    { title: 'a frame only servers send', bytes: encodeFrame({ type: 'IN_ACK', inOff: 1 }) },
    { title: 'another stream', bytes: encodeFrame({ type: 'PING', opaque: 1n, stream: 3 }) },
    { title: 'truncated payload', bytes: Uint8Array.of(0x04, 0, 0, 0, 1) },
  ]
  it.each(
    anyState.flatMap(state => badMessages.map(bad => ({ ...state, ...bad, when: state.title, what: bad.title }))),
  )('[G44] [F8] $what $when is 4400 with a reason and ends the exec', ({ bench, bytes }) => {
    const broken = bench().do({ kind: 'client-message', bytes })
    expect(broken.closed()?.code).toBe(4400)
    expect(broken.closed()?.reason).not.toBe('')
    expect(broken.kinds()).toContain('close-exec')
  })

  it('[G54] what is not cpc.v1 from the holder is 4502, not the client’s fault', () => {
    expect(
      attached()
        .do({ kind: 'holder-message', bytes: Uint8Array.of(9) })
        .closed()?.code,
    ).toBe(4502)
    expect(attached().do({ kind: 'holder-broke', message: 'too long' }).closed()?.code).toBe(4502)
  })

  it.each([
    { title: 'a hole', frame: out(5, 1) },
    { title: 'an overlap', frame: out(0, 1), before: out(0, 1) },
    { title: 'a gap from elsewhere', frame: { type: 'GAP', from: 9, to: 12 } as ServerFrame },
    { title: 'a gap backwards', frame: { type: 'GAP', from: 1, to: 0 } as ServerFrame, before: out(0, 1) },
    { title: 'a second ATTACHED', frame: attachedFrame() },
  ])('[G54] $title in the output', ({ frame, before }) => {
    const bench = attached()
    if (before) bench.holder(before)
    expect(bench.holder(frame).closed()?.code).toBe(4502)
  })

  it('never throws and never says anything after the close, whatever bytes come', () => {
    const event = fc.oneof(
      fc.uint8Array({ maxLength: 64 }).map((bytes): AttachmentEvent => ({ kind: 'client-message', bytes })),
      fc.uint8Array({ maxLength: 64 }).map((bytes): AttachmentEvent => ({ kind: 'holder-message', bytes })),
      fc.constantFrom<AttachmentEvent>(
        { kind: 'client-message', bytes: encodeFrame(HELLO) },
        { kind: 'client-message', bytes: encodeFrame(ATTACH) },
        { kind: 'client-message', bytes: encodeFrame({ type: 'ACK', outOff: 10 }) },
        { kind: 'holder-message', bytes: encodeFrame(attachedFrame()) },
        { kind: 'holder-message', bytes: encodeFrame(out(0, 10)) },
        { kind: 'holder-message', bytes: encodeFrame({ type: 'EXIT', body: { reason: 'Idle', outHead: 10 } }) },
        { kind: 'ticket-granted', grant: GRANT },
        { kind: 'exec-opened' },
        { kind: 'exec-ended', message: 'gone' },
        { kind: 'session-over', message: 'over' },
        { kind: 'client-backlog', level: 'full' },
        { kind: 'client-backlog', level: 'drained' },
        { kind: 'holder-backlog', level: 'full' },
        { kind: 'timer', timer: 'stall' },
        { kind: 'timer', timer: 'grace' },
        { kind: 'timer', timer: 'client-silence' },
        { kind: 'timer', timer: 'holder-silence' },
        { kind: 'client-closed' },
      ),
    )
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), events => {
        const bench = new Bench()
        for (const each of events) {
          const wasClosed = bench.state.kind === 'closed'
          bench.do(each)
          if (wasClosed) expect(bench.effects).toEqual([])
        }
        const closes = bench.all.filter(effect => effect.kind === 'close-client')
        expect(closes.length).toBeLessThanOrEqual(1)
        for (const { reason } of closes) {
          expect(new TextEncoder().encode(reason).length).toBeLessThanOrEqual(LIMITS.CLOSE_REASON_BYTES_MAX)
        }
      }),
    )
  })
})

describe('streaming', () => {
  it('[G50] passes frames unchanged, both ways', () => {
    const bench = attached()
    for (const frame of [
      { type: 'IN', lease: 1, off: 0, bytes: Uint8Array.of(1, 2), flags: 1 } as const,
      { type: 'RESIZE', cols: 100, rows: 30 } as const,
      { type: 'KEEP_ALIVE' } as const,
    ]) {
      bench.client(frame)
      expect(bench.effects).toEqual([{ kind: 'to-holder', bytes: encodeFrame(frame) }])
    }
    for (const frame of [
      out(0, 3),
      { type: 'IN_ACK', inOff: 2 } as const,
      { type: 'EVENT', body: { kind: 'idle-warning', remainingMs: 5 } } as const,
    ]) {
      bench.holder(frame)
      expect(bench.effects).toEqual([{ kind: 'to-client', bytes: encodeFrame(frame) }])
    }
  })

  it('[T5] PING of either side is answered at once and goes no further', () => {
    const bench = attached()
    expect(bench.client({ type: 'PING', opaque: 77n }).effects).toEqual([
      { kind: 'to-client', bytes: encodeFrame({ type: 'PONG', opaque: 77n }) },
    ])
    expect(bench.holder({ type: 'PING', opaque: 78n }).effects).toEqual([
      { kind: 'to-holder', bytes: encodeFrame({ type: 'PONG', opaque: 78n }) },
    ])
  })

  it('[C2] pauses the exec when credit is used up, and holds what still comes', () => {
    const bench = attached()
    let off = 0
    while (!bench.kinds().includes('pause-exec')) {
      bench.holder(out(off, 16_384))
      off += 16_384
    }
    expect(bench.armed()).toMatchObject([{ timer: 'stall', delayMs: LIMITS.STALL_TIMEOUT_MS }])
    expect(bench.holder(out(off, 16_384)).effects).toEqual([])
    const { state } = bench
    if (state.kind !== 'attached') throw new Error('not attached')
    expect(unackedBytes(state.credit)).toBeLessThan(windowBytes(state.credit) + LIMITS.OUT_BYTES_MAX)
    expect(state.heldBytes).toBe(16_384 + 12)
  })

  it('[C2] [G51] goes on with an ACK, in order, and tells the holder', () => {
    const bench = blocked()
    const held = bench.held()
    bench.client({ type: 'ACK', outOff: bench.sentOff() })
    expect(bench.kinds()).toContain('resume-exec')
    expect(bench.sent('to-holder')).toMatchObject([{ type: 'ACK' }])
    expect(bench.sent('to-client').map(frame => (frame as { off: number }).off)).toEqual(held)
    expect(bench.effects).toContainEqual({ kind: 'disarm', timer: 'stall' })
  })

  it('[C6] control frames are not held back by credit, but what belongs to the output keeps its place', () => {
    const bench = blocked()
    expect(bench.holder({ type: 'IN_ACK', inOff: 1 }).sent('to-client')).toHaveLength(1)
    const lease = { type: 'EVENT', body: { kind: 'lease', lease: 0 } } as const
    expect(bench.holder(lease).sent('to-client')).toHaveLength(1)
    const resized = { type: 'EVENT', body: { kind: 'resized', off: 1, cols: 2, rows: 3 } } as const
    expect(bench.holder(resized).sent('to-client')).toHaveLength(0)
    expect(bench.client({ type: 'PING', opaque: 1n }).sent('to-client')).toHaveLength(1)
  })

  it('[C3] an ACK beyond what was sent is 4400, a stale one is ignored', () => {
    expect(attached().holder(out(0, 10)).client({ type: 'ACK', outOff: 11 }).closed()?.code).toBe(4400)
    const bench = attached().holder(out(0, 10)).client({ type: 'ACK', outOff: 10 })
    expect(bench.client({ type: 'ACK', outOff: 4 }).effects).toEqual([])
  })

  it('[C4] credit starts at the offset of ATTACHED', () => {
    const bench = attached({ from: 5_000, head: 6_000 }).holder(out(5_000, 10))
    expect(bench.closed()).toBeUndefined()
    expect(bench.client({ type: 'ACK', outOff: 5_010 }).closed()).toBeUndefined()
  })

  it('[C5] no progress for 10 s out of credit is 4408; progress starts the time anew', () => {
    const bench = blocked()
    bench.client({ type: 'ACK', outOff: 1 })
    expect(bench.armed()).toMatchObject([{ timer: 'stall' }])
    expect(bench.do({ kind: 'timer', timer: 'stall' }).closed()?.code).toBe(4408)
    expect(bench.kinds()).toContain('close-exec')
  })

  it('[C5] a stall timer that fires after credit came back is no stall', () => {
    const bench = blocked()
    bench.client({ type: 'ACK', outOff: bench.sentOff() })
    expect(bench.do({ kind: 'timer', timer: 'stall' }).closed()).toBeUndefined()
  })

  it('[P5] GAP moves on without credit', () => {
    const bench = attached().holder(out(0, 10)).holder({ type: 'GAP', from: 10, to: 9_000_000 })
    expect(bench.sent('to-client')).toMatchObject([{ type: 'GAP' }])
    expect(bench.holder(out(9_000_000, 5)).sent('to-client')).toHaveLength(1)
    expect(bench.client({ type: 'ACK', outOff: 9_000_005 }).closed()).toBeUndefined()
  })

  it('[G52] what an exec sends after its pause is bounded', () => {
    const bench = blocked()
    const sentOff = bench.sentOff()
    for (let off = bench.nextOff(); !bench.closed(); off += 32_768) {
      expect(off).toBeLessThan(sentOff + SOCKET_LIMITS.HELD_BYTES_MAX)
      bench.holder(out(off, 32_768))
    }
    expect(bench.closed()?.code).toBe(4502)
  })

  it('[G53] a client that does not read its socket is not read either, nor is the exec', () => {
    const bench = attached().do({ kind: 'client-backlog', level: 'full' })
    expect(bench.kinds()).toEqual(expect.arrayContaining(['pause-client', 'pause-exec', 'arm']))
    expect(bench.holder(out(0, 5)).effects).toEqual([])
    bench.do({ kind: 'client-backlog', level: 'drained' })
    expect(bench.kinds()).toEqual(['resume-client', 'to-client', 'disarm', 'resume-exec'])
  })

  it('[G53] input for a pod that does not read pauses the client only', () => {
    const bench = attached().do({ kind: 'holder-backlog', level: 'full' })
    expect(bench.kinds()).toEqual(['pause-client'])
    bench.do({ kind: 'client-backlog', level: 'full' }).do({ kind: 'client-backlog', level: 'drained' })
    expect(bench.kinds()).not.toContain('resume-client')
    expect(bench.do({ kind: 'holder-backlog', level: 'drained' }).kinds()).toEqual(['resume-client'])
  })

  it('[P1] whatever the credit, the client gets every OUT once and in order', () => {
    const action = fc.oneof(
      { weight: 3, arbitrary: fc.integer({ min: 1, max: 32_768 }).map(bytes => ({ kind: 'out' as const, bytes })) },
      { weight: 1, arbitrary: fc.integer({ min: 1, max: 100_000 }).map(bytes => ({ kind: 'gap' as const, bytes })) },
      {
        weight: 3,
        arbitrary: fc.double({ min: 0, max: 1, noNaN: true }).map(share => ({ kind: 'ack' as const, share })),
      },
      {
        weight: 1,
        arbitrary: fc
          .constantFrom('full' as const, 'drained' as const)
          .map(level => ({ kind: 'backlog' as const, level })),
      },
    )
    fc.assert(
      fc.property(fc.array(action, { maxLength: 80 }), actions => {
        const bench = new StreamBench()
        for (const each of actions) {
          bench.nowMs += 7
          if (bench.state.kind !== 'attached') break
          const paused = bench.state.flow === 'blocked'
          if (each.kind === 'out' && !paused) bench.holder(out(bench.nextOff(), each.bytes))
          if (each.kind === 'gap' && !paused)
            bench.holder({ type: 'GAP', from: bench.nextOff(), to: bench.nextOff() + each.bytes })
          if (each.kind === 'ack') {
            const { ackedOff, sentOff } = bench.state.credit
            bench.client({ type: 'ACK', outOff: ackedOff + Math.floor((sentOff - ackedOff) * each.share) })
          }
          if (each.kind === 'backlog') bench.do({ kind: 'client-backlog', level: each.level })
        }
        bench.do({ kind: 'client-backlog', level: 'drained' })
        while (bench.state.kind === 'attached' && bench.state.held.length > 0) {
          bench.client({ type: 'ACK', outOff: bench.sentOff() })
        }
        expect(bench.closed()).toBeUndefined()
        expect(bench.received()).toBe(bench.nextOff())
      }),
    )
  })
})

describe('liveness', () => {
  it('[T5] PING after 15 s of silence, dead 10 s later', () => {
    const bench = attached()
    bench.nowMs = LIMITS.PING_INTERVAL_MS
    expect(bench.do({ kind: 'timer', timer: 'client-silence' }).sent('to-client')).toMatchObject([{ type: 'PING' }])
    expect(bench.armed()).toMatchObject([{ timer: 'client-silence', delayMs: LIMITS.PONG_TIMEOUT_MS }])
    bench.nowMs += LIMITS.PONG_TIMEOUT_MS
    expect(bench.do({ kind: 'timer', timer: 'client-silence' }).closed()?.code).toBe(4408)
  })

  it('[T5] anything heard counts', () => {
    const bench = attached()
    bench.nowMs = LIMITS.PING_INTERVAL_MS
    bench.do({ kind: 'timer', timer: 'client-silence' })
    bench.nowMs += 9_999
    bench.client({ type: 'KEEP_ALIVE' })
    bench.nowMs += 1
    bench.do({ kind: 'timer', timer: 'client-silence' })
    expect(bench.closed()).toBeUndefined()
    expect(bench.armed()).toMatchObject([{ timer: 'client-silence', delayMs: LIMITS.PING_INTERVAL_MS - 1 }])
  })

  it('[G55] a silent holder gets PING and is given up 30 s later with 4502', () => {
    const bench = attached()
    bench.nowMs = SOCKET_LIMITS.HOLDER_PING_INTERVAL_MS
    expect(bench.do({ kind: 'timer', timer: 'holder-silence' }).sent('to-holder')).toMatchObject([{ type: 'PING' }])
    bench.nowMs += SOCKET_LIMITS.HOLDER_PONG_TIMEOUT_MS
    expect(bench.do({ kind: 'timer', timer: 'holder-silence' }).closed()?.code).toBe(4502)
  })

  it('a peer that is not read is not taken for dead', () => {
    const bench = blocked()
    bench.do({ kind: 'holder-backlog', level: 'full' })
    for (let round = 0; round < 10; round += 1) {
      bench.nowMs += 20_000
      bench.do({ kind: 'timer', timer: 'holder-silence' }).do({ kind: 'timer', timer: 'client-silence' })
    }
    expect(bench.closed()).toBeUndefined()
  })
})

describe('ends', () => {
  const exit = { type: 'EXIT', body: { reason: 'Exited', exitCode: 3, outHead: 10 } } as const

  it('[T4] EXIT is passed on, then 1000', () => {
    const bench = attached().holder(out(0, 10)).holder(exit)
    expect(bench.sent('to-client')).toMatchObject([{ type: 'EXIT' }])
    expect(bench.closed()).toEqual({ code: 1000, reason: 'The shell exited with code 3.' })
    expect(bench.kinds()).toContain('close-exec')
  })

  it('[T4] EXIT waits for the output before it, even when the exec has ended', () => {
    const bench = blocked().holder(exit).do({ kind: 'exec-ended', message: 'over' })
    expect(bench.closed()).toBeUndefined()
    expect(bench.do({ kind: 'timer', timer: 'grace' }).closed()).toBeUndefined()
    bench.client({ type: 'ACK', outOff: bench.sentOff() })
    expect(bench.sent('to-client').at(-1)).toMatchObject({ type: 'EXIT' })
    expect(bench.closed()?.code).toBe(1000)
    expect(bench.kinds()).not.toContain('resume-exec')
  })

  it('[T6] DETACH reaches the holder, then 1000', () => {
    const bench = attached().client({ type: 'DETACH' })
    expect(bench.sent('to-holder')).toMatchObject([{ type: 'DETACH' }])
    expect(bench.closed()?.code).toBe(1000)
  })

  it('an exec that drops is 4502', () => {
    expect(attached().do({ kind: 'exec-ended', message: 'The way broke.' }).closed()).toEqual({
      code: 4502,
      reason: 'The way broke.',
    })
  })

  it('[G56] a session that is over: EXIT may come for 3 s, then 4404', () => {
    const bench = attached().do({ kind: 'session-over', message: 'The session was deleted.' })
    expect(bench.effects).toEqual([{ kind: 'arm', timer: 'grace', delayMs: SOCKET_LIMITS.SESSION_END_GRACE_MS }])
    expect(bench.do({ kind: 'session-over', message: 'again' }).effects).toEqual([])
    expect(bench.do({ kind: 'timer', timer: 'grace' }).closed()).toEqual({
      code: 4404,
      reason: 'The session was deleted.',
    })
    const ended = attached().do({ kind: 'session-over', message: 'It ended.' })
    expect(ended.do({ kind: 'exec-ended', message: 'x' }).closed()).toEqual({ code: 4404, reason: 'It ended.' })
    const exited = attached().do({ kind: 'session-over', message: 'It ended.' })
    expect(exited.holder({ ...exit, body: { ...exit.body, outHead: 0 } }).closed()?.code).toBe(1000)
  })

  it('[G56] a session that is over before it was attached is 4404 at once', () => {
    expect(attaching().do({ kind: 'session-over', message: 'Gone.' }).closed()).toEqual({ code: 4404, reason: 'Gone.' })
  })

  it('[G70] draining is 1012 in every state, and closes the exec', () => {
    for (const bench of [new Bench(), welcomed(), attaching(), attached(), blocked()]) {
      expect(bench.do({ kind: 'draining' }).closed()?.code).toBe(1012)
      expect(bench.kinds()).toContain('close-exec')
    }
  })

  it('[T6] a client that goes away ends the exec and nothing else', () => {
    expect(attached().do({ kind: 'client-closed' }).effects).toEqual([{ kind: 'close-exec' }])
  })
})

class StreamBench extends Bench {
  constructor() {
    super()
    this.client(HELLO)
      .do({ kind: 'ticket-granted', grant: GRANT })
      .client(ATTACH)
      .do({ kind: 'exec-opened' })
      .holder(attachedFrame())
  }

  get #streaming() {
    if (this.state.kind !== 'attached') throw new Error(`the state is ${this.state.kind}`)
    return this.state
  }

  nextOff(): number {
    return this.#streaming.nextOff
  }

  sentOff(): number {
    return this.#streaming.credit.sentOff
  }

  held(): number[] {
    return this.#streaming.held.map(({ frame }) => (frame as { off: number }).off)
  }

  /** Where the output that reached the client ends; throws when it was not continuous. */
  received(): number {
    let at = 0
    for (const frame of this.#framesToClient()) {
      if (frame.type === 'OUT') {
        if (frame.off !== at) throw new Error(`OUT at ${frame.off} instead of ${at}`)
        at += frame.bytes.length
      }
      if (frame.type === 'GAP') at = frame.to
    }
    return at
  }

  #framesToClient(): ServerFrame[] {
    const copy = new Bench()
    copy.effects = this.all.filter((effect: Effect) => effect.kind === 'to-client')
    return copy.sent('to-client') as ServerFrame[]
  }
}

/** Out of credit, with one frame held. */
function blocked(): StreamBench {
  const bench = new StreamBench()
  let off = 0
  while (bench.state.kind === 'attached' && bench.state.held.length === 0) {
    bench.holder(out(off, 16_384))
    off += 16_384
  }
  return bench
}
