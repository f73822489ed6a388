import { LIMITS } from '@cpc/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Credit, afterAck, afterGap, afterSent, creditAt, hasCredit, unackedBytes, windowBytes } from './credit.ts'
import { SOCKET_LIMITS } from './limits/socket.ts'

/** Sends until credit is used up, in frames of `frameBytes`. */
function fill(credit: Credit, frameBytes: number, nowMs: number): Credit {
  let filled = credit
  while (hasCredit(filled)) filled = afterSent(filled, frameBytes, nowMs)
  return filled
}

function acked(credit: Credit, outOff: number, nowMs: number): Credit {
  const outcome = afterAck(credit, outOff, nowMs)
  if (outcome.kind !== 'progress') throw new Error(`expected progress, got ${outcome.kind}`)
  return outcome.credit
}

/** A client that parses `bytesPerMs` and acknowledges every `stepMs`, fed without pause for `durationMs`. */
function settle(bytesPerMs: number, stepMs: number, durationMs: number): Credit {
  let credit = creditAt(0)
  for (let nowMs = 0; nowMs < durationMs; nowMs += stepMs) {
    credit = fill(credit, 4_096, nowMs)
    const outOff = Math.min(credit.sentOff, credit.ackedOff + bytesPerMs * stepMs)
    if (outOff > credit.ackedOff) credit = acked(credit, outOff, nowMs + stepMs)
  }
  return credit
}

describe('credit', () => {
  it('[C2] a client that never acknowledges gets the window and less than one frame', () => {
    const filled = fill(creditAt(0), LIMITS.OUT_BYTES_MAX, 0)
    expect(unackedBytes(filled)).toBeLessThan(windowBytes(filled) + LIMITS.OUT_BYTES_MAX)
    expect(hasCredit(filled)).toBe(false)
  })

  it.each([
    { link: '100 kB/s', bytesPerMs: 100, least: 16 * 1024, most: 32 * 1024 },
    { link: '1 MB/s', bytesPerMs: 1_000, least: 150_000, most: 250_000 },
    { link: '100 MB/s', bytesPerMs: 100_000, least: LIMITS.WINDOW_BYTES_MAX, most: LIMITS.WINDOW_BYTES_MAX },
    { link: '1 kB/s', bytesPerMs: 1, least: LIMITS.WINDOW_BYTES_MIN, most: LIMITS.WINDOW_BYTES_MIN },
  ])('[C2] settles at what the client parses in 0.2 s, within its bounds: $link', ({ bytesPerMs, least, most }) => {
    const window = windowBytes(settle(bytesPerMs, 20, 20_000))
    expect(window).toBeGreaterThanOrEqual(least)
    expect(window).toBeLessThanOrEqual(most)
  })

  it('[C2] a shell that prints little does not shrink the window of a fast client', () => {
    const fast = settle(100_000, 20, 1_000)
    let credit = fast
    for (let nowMs = 2_000; nowMs < 60_000; nowMs += 500) {
      credit = acked(afterSent(credit, 1, nowMs), credit.sentOff + 1, nowMs + 25)
    }
    expect(windowBytes(credit)).toBe(windowBytes(fast))
  })

  it('[C3] lower and repeated ACKs are stale, one beyond what was sent is an error', () => {
    const credit = acked(afterSent(creditAt(100), 50, 0), 120, 1)
    expect(afterAck(credit, 120, 2).kind).toBe('stale')
    expect(afterAck(credit, 100, 2).kind).toBe('stale')
    expect(afterAck(credit, 151, 2).kind).toBe('beyond')
    expect(afterAck(credit, 150, 2).kind).toBe('progress')
  })

  it('[C4] a lost ACK costs nothing once the next arrives', () => {
    const credit = afterSent(afterSent(creditAt(0), 10_000, 0), 10_000, 0)
    expect(unackedBytes(acked(credit, 20_000, 5))).toBe(0)
  })

  it('[P5] bytes of a gap take no credit', () => {
    const before = afterSent(creditAt(0), 1_000, 0)
    const after = afterGap(before, 50_000_000)
    expect(after && unackedBytes(after)).toBe(1_000)
    expect(after && hasCredit(after)).toBe(true)
    expect(after && unackedBytes(acked(after, 50_000_000, 1))).toBe(0)
  })

  it('refuses a gap more than it can follow', () => {
    let credit: Credit | undefined = creditAt(0)
    for (let gap = 1; gap <= SOCKET_LIMITS.GAPS_MAX; gap += 1) credit = credit && afterGap(credit, gap * 10)
    expect(credit).toBeDefined()
    expect(credit && afterGap(credit, 100_000)).toBeUndefined()
  })

  it('[C2] whatever is sent, skipped and acknowledged, unacked is the bytes on their way', () => {
    const operation = fc.oneof(
      fc.record({ kind: fc.constant('send' as const), bytes: fc.integer({ min: 1, max: 32_768 }) }),
      fc.record({ kind: fc.constant('gap' as const), bytes: fc.integer({ min: 1, max: 1_000_000 }) }),
      fc.record({ kind: fc.constant('ack' as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
    )
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), operations => {
        let credit = creditAt(0)
        const sent: { off: number; bytes: number }[] = []
        operations.forEach((each, nowMs) => {
          if (each.kind === 'send') {
            sent.push({ off: credit.sentOff, bytes: each.bytes })
            credit = afterSent(credit, each.bytes, nowMs)
          } else if (each.kind === 'gap') {
            credit = afterGap(credit, credit.sentOff + each.bytes) ?? credit
          } else {
            const outOff = credit.ackedOff + Math.floor((credit.sentOff - credit.ackedOff) * each.share)
            const outcome = afterAck(credit, outOff, nowMs)
            if (outcome.kind === 'progress') credit = outcome.credit
          }
          const onTheWay = sent.reduce(
            (sum, { off, bytes }) => sum + Math.max(0, off + bytes - Math.max(off, credit.ackedOff)),
            0,
          )
          expect(unackedBytes(credit)).toBe(onTheWay)
          expect(windowBytes(credit)).toBeGreaterThanOrEqual(LIMITS.WINDOW_BYTES_MIN)
          expect(windowBytes(credit)).toBeLessThanOrEqual(LIMITS.WINDOW_BYTES_MAX)
        })
      }),
    )
  })
})
