// Credit of one client (SPEC C1 to C4): how many bytes may be on their way to it, from how fast it acknowledges.
import { LIMITS } from '@cpc/protocol'
import { SOCKET_LIMITS } from './limits/socket.ts'

/** Bytes that were never sent since the holder no longer had them: they take no credit. */
interface Gap {
  from: number
  to: number
}

/** How fast the client parses, measured while bytes are on their way to it. */
interface AckRate {
  bytesPerMs: number
  /** Bytes acknowledged in the running sample, and the busy time it has lasted. */
  sampleBytes: number
  sampleMs: number
  /** Whether the client was out of credit in the running sample: else the shell was the slow one. */
  limited: boolean
  /** Since when bytes have been on their way; undefined while none are. */
  busySinceMs: number | undefined
}

export interface Credit {
  /** Every byte before it was sent, or is in a gap. */
  readonly sentOff: number
  readonly ackedOff: number
  readonly gaps: readonly Gap[]
  readonly rate: AckRate
}

/** Window before anything was measured. */
const FIRST_WINDOW_BYTES = 64 * 1024
/** Shortest sample: below it a single scheduling delay would decide. */
const SAMPLE_MS_MIN = 10
/** Share of a new sample in the rate. */
const SAMPLE_WEIGHT = 0.5

/** Credit anew, at ATTACHED (C4). */
export function creditAt(off: number): Credit {
  const bytesPerMs = FIRST_WINDOW_BYTES / LIMITS.WINDOW_MS
  const rate = { bytesPerMs, sampleBytes: 0, sampleMs: 0, limited: false, busySinceMs: undefined }
  return { sentOff: off, ackedOff: off, gaps: [], rate }
}

/** `clamp(16 KiB, ackRate × 0.2 s, 1 MiB)` (C2). */
export function windowBytes(credit: Credit): number {
  const wanted = Math.round(credit.rate.bytesPerMs * LIMITS.WINDOW_MS)
  return Math.min(LIMITS.WINDOW_BYTES_MAX, Math.max(LIMITS.WINDOW_BYTES_MIN, wanted))
}

/** Bytes sent and not acknowledged. */
export function unackedBytes(credit: Credit): number {
  return credit.sentOff - credit.ackedOff - gapBytes(credit.gaps, credit.ackedOff)
}

/** Whether another OUT may be sent. The last one may overshoot the window, by less than a frame. */
export function hasCredit(credit: Credit): boolean {
  return unackedBytes(credit) < windowBytes(credit)
}

/** After sending `bytes` of output. */
export function afterSent(credit: Credit, bytes: number, nowMs: number): Credit {
  const sent = { ...credit, sentOff: credit.sentOff + bytes }
  const rate = { ...credit.rate, busySinceMs: credit.rate.busySinceMs ?? nowMs }
  return { ...sent, rate: { ...rate, limited: rate.limited || !hasCredit(sent) } }
}

/** After telling the client that bytes up to `to` are gone. `undefined` when it would be one gap too many. */
export function afterGap(credit: Credit, to: number): Credit | undefined {
  if (credit.gaps.length >= SOCKET_LIMITS.GAPS_MAX) return undefined
  return { ...credit, sentOff: to, gaps: [...credit.gaps, { from: credit.sentOff, to }] }
}

export type AckOutcome =
  | { kind: 'progress'; credit: Credit }
  /** Repeated, or overtaken by a later one: ignored (C3). */
  | { kind: 'stale' }
  /** Of bytes that were not sent: a protocol error (C3). */
  | { kind: 'beyond' }

/** What an ACK changes. */
export function afterAck(credit: Credit, outOff: number, nowMs: number): AckOutcome {
  if (outOff > credit.sentOff) return { kind: 'beyond' }
  if (outOff <= credit.ackedOff) return { kind: 'stale' }
  const gaps = credit.gaps.filter(gap => gap.to > outOff)
  const acked = { ...credit, ackedOff: outOff, gaps }
  const bytes = unackedBytes(credit) - unackedBytes(acked)
  const rate = { ...credit.rate, limited: credit.rate.limited || !hasCredit(credit) }
  return { kind: 'progress', credit: { ...acked, rate: measured(rate, bytes, unackedBytes(acked), nowMs) } }
}

function gapBytes(gaps: readonly Gap[], ackedOff: number): number {
  return gaps.reduce((sum, gap) => sum + Math.max(0, gap.to - Math.max(gap.from, ackedOff)), 0)
}

function measured(rate: AckRate, ackedBytes: number, leftBytes: number, nowMs: number): AckRate {
  const sampleBytes = rate.sampleBytes + ackedBytes
  const sampleMs = rate.sampleMs + Math.max(0, nowMs - (rate.busySinceMs ?? nowMs))
  const busySinceMs = leftBytes > 0 ? nowMs : undefined
  if (sampleMs < SAMPLE_MS_MIN) return { ...rate, sampleBytes, sampleMs, busySinceMs }
  const sampled = sampleBytes / sampleMs
  // A shell that prints little says nothing about how fast the client could be: only a faster sample counts then.
  const counts = rate.limited || sampled > rate.bytesPerMs
  const bytesPerMs = counts ? rate.bytesPerMs * (1 - SAMPLE_WEIGHT) + sampled * SAMPLE_WEIGHT : rate.bytesPerMs
  return { bytesPerMs, sampleBytes: 0, sampleMs: 0, limited: false, busySinceMs }
}
