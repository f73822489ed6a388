// A start that never succeeds must not wait for ever: the session fails with the reason it was waiting for.
import type { Input, Verdict } from './verdict.ts'

/** Seconds from creation to readiness, image pull included. After them the session has Failed. */
export const START_TIMEOUT_SECONDS = 600

/** Turns a wait that has lasted too long into a failure, and wakes a wait when it will have. */
export function givingUp({ session, nowMs }: Input, verdict: Verdict): Verdict {
  if (verdict.kind !== 'waiting' || session.status.readyAt !== undefined) return verdict
  const giveUpAtMs = session.createdAtMs + START_TIMEOUT_SECONDS * 1000
  if (nowMs < giveUpAtMs) return { ...verdict, wakeAtMs: Math.min(giveUpAtMs, verdict.wakeAtMs ?? giveUpAtMs) }
  const message = `Not ready within ${START_TIMEOUT_SECONDS} s, so it was given up. ${verdict.message}`
  return { kind: 'over', end: { reason: verdict.reason, outcome: 'Failed', message, endedAtMs: nowMs } }
}
