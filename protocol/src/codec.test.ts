// The codec against its vectors and against noise.
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeClientFrame, decodeFrame, decodeHeader, decodeServerFrame, encodeFrame } from './codec.ts'
import type { Frame, FrameType } from './frame.ts'
import { FRAME_TYPES } from './frame.ts'
import { LIMITS } from './limits.ts'
import { ProtocolError } from './protocol-error.ts'
import type { BadFrameVector, FrameVector } from './vectors.ts'
import { badFrameVectors, frameVectors, fromHex, plain, toHex } from './vectors.ts'

function read(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}`, import.meta.url), 'utf8')) as unknown
}

const frames = read('frames.json') as FrameVector[]
const badFrames = read('bad-frames.json') as BadFrameVector[]
const fixed = frames.filter(({ frame }) => !('body' in frame))

describe('F1 to F6, by vectors', () => {
  it('[F6] vectors/ is what the code generates', () => {
    expect(frames).toEqual(frameVectors())
    expect(badFrames).toEqual(badFrameVectors())
    expect(read('limits.json')).toEqual(LIMITS)
  })
  it('[F1] every frame type has a vector', () => {
    expect(new Set(frames.map(({ frame }) => frame['type']))).toEqual(new Set(Object.keys(FRAME_TYPES)))
  })
  it.each(frames)('[F1] reads: $name', ({ hex, frame }) => {
    expect(plain(decodeFrame(fromHex(hex)))).toEqual(frame)
  })
  it.each(frames)('[F1] what was read is written back and means the same: $name', ({ hex }) => {
    const decoded = decodeFrame(fromHex(hex))
    expect(decodeFrame(encodeFrame(decoded))).toEqual(decoded)
  })
  it.each(fixed.filter(({ name }) => !/ignored|grow/.test(name)))('[F1] writes exactly: $name', ({ hex }) => {
    expect(toHex(encodeFrame(decodeFrame(fromHex(hex))))).toBe(hex)
  })
  it.each(badFrames)('[F6] refuses: $name', ({ hex, error }) => {
    expect(() => decodeFrame(fromHex(hex))).toThrow(
      expect.objectContaining({ kind: error, name: 'ProtocolError' }) as Error,
    )
  })
})

describe('F5, bounds', () => {
  it('[F5] refuses a frame above FRAME_BYTES_MAX', () => {
    const frame = new Uint8Array(LIMITS.FRAME_BYTES_MAX + 1)
    frame[0] = FRAME_TYPES.DETACH
    expect(() => decodeHeader(frame)).toThrow(expect.objectContaining({ kind: 'frame-too-large' }) as Error)
    expect(decodeHeader(frame.subarray(1).fill(FRAME_TYPES.DETACH, 0, 1)).type).toBe('DETACH')
  })
  it('[F6] accepts JSON of exactly JSON_BYTES_MAX and refuses to write more', () => {
    const text = '{"code":"x","message":""}'.padEnd(LIMITS.JSON_BYTES_MAX)
    const frame = Uint8Array.from([FRAME_TYPES.ERROR, 0, 0, 0, ...new TextEncoder().encode(text)])
    expect(decodeFrame(frame).type).toBe('ERROR')
    const body = { code: 'x', message: 'y'.repeat(LIMITS.JSON_BYTES_MAX) }
    expect(() => encodeFrame({ type: 'ERROR', body })).toThrow(ProtocolError)
  })
  it('[I4] [P7] accepts exactly the largest IN and OUT', () => {
    const bytes = new Uint8Array(LIMITS.IN_BYTES_MAX).fill(7)
    expect(decodeFrame(encodeFrame({ type: 'IN', lease: 1, off: 0, bytes }))).toMatchObject({ bytes })
    const out = new Uint8Array(LIMITS.OUT_BYTES_MAX).fill(8)
    expect(decodeFrame(encodeFrame({ type: 'OUT', off: 0, bytes: out }))).toMatchObject({ bytes: out })
  })
  it('[P8] decoded bytes are a view, not a copy', () => {
    const wire = encodeFrame({ type: 'OUT', off: 3, bytes: Uint8Array.of(1, 2, 3) })
    const decoded = decodeFrame(wire)
    if (decoded.type !== 'OUT') throw new Error('expected OUT')
    expect(decoded.bytes.buffer).toBe(wire.buffer)
    expect([...decoded.bytes]).toEqual([1, 2, 3])
  })
})

describe('directions', () => {
  const fromClient = ['HELLO', 'ATTACH', 'IN', 'ACK', 'RESIZE', 'KEEP_ALIVE', 'DETACH', 'PING', 'PONG']
  it.each(frames)('[F6] each side refuses what only it sends: $name', ({ hex, frame }) => {
    const type = frame['type'] as FrameType
    const bytes = fromHex(hex)
    const wrong = expect.objectContaining({ kind: 'wrong-direction' }) as Error
    if (fromClient.includes(type)) expect(decodeClientFrame(bytes).type).toBe(type)
    else expect(() => decodeClientFrame(bytes)).toThrow(wrong)
    if (fromClient.includes(type) && !type.startsWith('P')) expect(() => decodeServerFrame(bytes)).toThrow(wrong)
    else expect(decodeServerFrame(bytes).type).toBe(type)
  })
})

const offset = fc.integer({ min: 0, max: LIMITS.OFFSET_MAX })
const bytes = fc.uint8Array({ maxLength: 300 })
const header = { flags: fc.integer({ min: 0, max: 255 }), stream: fc.integer({ min: 0, max: 0xffff }) }
const anyFixedFrame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({
    type: fc.constant('IN' as const),
    ...header,
    lease: fc.integer({ min: 0, max: 0xffffffff }),
    off: offset,
    bytes,
  }),
  fc.record({ type: fc.constant('OUT' as const), ...header, off: offset, bytes }),
  fc.record({ type: fc.constant('ACK' as const), ...header, outOff: offset }),
  fc.record({ type: fc.constant('IN_ACK' as const), ...header, inOff: offset }),
  fc.record({ type: fc.constant('GAP' as const), ...header, from: offset, to: offset }),
  fc.record({ type: fc.constant('RESIZE' as const), ...header, cols: fc.nat(0xffff), rows: fc.nat(0xffff) }),
  fc.record({ type: fc.constant('PING' as const), ...header, opaque: fc.bigInt(0n, 2n ** 64n - 1n) }),
)

describe('properties', () => {
  it('[F1] [F4] any frame survives the round trip', () => {
    fc.assert(
      fc.property(anyFixedFrame, frame => {
        expect(decodeFrame(encodeFrame(frame))).toEqual(frame)
      }),
    )
  })
  it('[F6] random bytes behind any type give a frame or a ProtocolError', () => {
    const types = fc.oneof(fc.constantFrom(...Object.values(FRAME_TYPES)), fc.nat(255))
    fc.assert(
      fc.property(types, fc.uint8Array({ maxLength: 80 }), (type, rest) => {
        expectFrameOrProtocolError(Uint8Array.from([type, ...rest]))
      }),
      { numRuns: 2_000 },
    )
  })
  it('[F6] damaged JSON gives a frame or a ProtocolError', () => {
    const jsonFrames = frames.filter(({ frame }) => 'body' in frame).map(({ hex }) => hex)
    fc.assert(
      fc.property(fc.constantFrom(...jsonFrames), fc.nat(), fc.nat(255), fc.json(), (hex, at, byte, json) => {
        const damaged = fromHex(hex)
        damaged[at % damaged.length] = byte
        expectFrameOrProtocolError(damaged)
        expectFrameOrProtocolError(Uint8Array.from([...fromHex(hex).subarray(0, 4), ...new TextEncoder().encode(json)]))
      }),
      { numRuns: 1_000 },
    )
  })
})

function expectFrameOrProtocolError(wire: Uint8Array): void {
  try {
    const frame = decodeFrame(wire)
    expect(decodeFrame(encodeFrame(frame))).toEqual(frame)
  } catch (error) {
    expect(error).toBeInstanceOf(ProtocolError)
  }
}
