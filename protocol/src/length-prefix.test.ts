// Leg-2 framing over arbitrary chunking.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeLengthPrefix, LengthPrefixDecoder, prependLength } from './length-prefix.ts'
import { LIMITS } from './limits.ts'

describe('[F3] a u32 counts the frame', () => {
  it('[F3] any chunking gives the same frames', () => {
    const frames = fc.array(fc.uint8Array({ minLength: 4, maxLength: 200 }), { maxLength: 20 })
    fc.assert(
      fc.property(frames, fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (sent, sizes) => {
        const wire = Uint8Array.from(sent.flatMap(frame => [...prependLength(frame)]))
        const decoder = new LengthPrefixDecoder()
        const got: number[][] = []
        for (let at = 0, n = 0; at < wire.length; n++) {
          const size = sizes[n % sizes.length] ?? 1
          for (const frame of decoder.push(wire.subarray(at, at + size))) got.push([...frame])
          at += size
        }
        expect(got).toEqual(sent.map(frame => [...frame]))
        expect(decoder.pendingBytes).toBe(0)
      }),
    )
  })
  it('[F5] refuses 100 MB by its declared length, before any of it came', () => {
    const decoder = new LengthPrefixDecoder()
    const tooLarge = expect.objectContaining({ kind: 'frame-too-large' }) as Error
    expect(() => [...decoder.push(encodeLengthPrefix(100 * 1024 * 1024))]).toThrow(tooLarge)
    expect(() => [...new LengthPrefixDecoder().push(encodeLengthPrefix(0xffffffff))]).toThrow(tooLarge)
  })
  it('[F5] accepts exactly FRAME_BYTES_MAX and nothing without a header', () => {
    const largest = new Uint8Array(LIMITS.FRAME_BYTES_MAX)
    expect([...new LengthPrefixDecoder().push(prependLength(largest))]).toHaveLength(1)
    for (const length of [0, 3]) {
      expect(() => [...new LengthPrefixDecoder().push(encodeLengthPrefix(length))]).toThrow(
        expect.objectContaining({ kind: 'truncated-header' }) as Error,
      )
    }
  })
  it('[F3] frames before a bad length are still given', () => {
    const decoder = new LengthPrefixDecoder()
    const frame = Uint8Array.of(6, 0, 0, 0)
    const got: Uint8Array[] = []
    expect(() => {
      for (const one of decoder.push(Uint8Array.from([...prependLength(frame), 0xff, 0, 0, 0]))) got.push(one)
    }).toThrow()
    expect(got).toEqual([frame])
  })
  it('[F3] a frame within one chunk is a view, and a cut stream is seen', () => {
    const decoder = new LengthPrefixDecoder()
    const wire = prependLength(Uint8Array.of(6, 0, 0, 0))
    const [frame] = [...decoder.push(wire)]
    expect(frame?.buffer).toBe(wire.buffer)
    expect([...decoder.push(wire.subarray(0, 6))]).toEqual([])
    expect(decoder.pendingBytes).toBe(6)
  })
})
