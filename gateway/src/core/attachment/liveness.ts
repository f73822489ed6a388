// Telling a quiet peer from a dead one: PING after silence, dead after more of it (T5, G55).
import { encodeFrame } from '@cpc/protocol'
import type { Liveness } from './state.ts'

export interface SilenceLimits {
  /** Silence after which PING is sent. */
  intervalMs: number
  /** Silence after the PING that means the peer is dead. */
  timeoutMs: number
}

export type SilenceVerdict =
  | { kind: 'dead' }
  | { kind: 'ping'; liveness: Liveness; againMs: number }
  /** Nothing to do until `againMs` from now. */
  | { kind: 'wait'; againMs: number }

/** A peer that was just heard. */
export function heardAt(nowMs: number): Liveness {
  return { heardMs: nowMs, pingedMs: undefined }
}

/** What a silence timer that fired means. */
export function judgeSilence(liveness: Liveness, limits: SilenceLimits, nowMs: number): SilenceVerdict {
  const { heardMs, pingedMs } = liveness
  if (pingedMs !== undefined) {
    const leftMs = pingedMs + limits.timeoutMs - nowMs
    return leftMs <= 0 ? { kind: 'dead' } : { kind: 'wait', againMs: leftMs }
  }
  const leftMs = heardMs + limits.intervalMs - nowMs
  if (leftMs > 0) return { kind: 'wait', againMs: leftMs }
  return { kind: 'ping', liveness: { heardMs, pingedMs: nowMs }, againMs: limits.timeoutMs }
}

/** A PING; its number is the time it was sent, which nobody else needs to understand. */
export function pingFrame(nowMs: number): Uint8Array {
  return encodeFrame({ type: 'PING', opaque: BigInt(Math.max(0, Math.floor(nowMs))) })
}
