// The ways a terminal socket ends: always by a row of the close table, always with a sentence.
import { CLOSE_CODES, type CloseName, LIMITS, closeReason } from '@cpc/protocol'
import type { Effect, Step } from './state.ts'

/** Ends both legs. `before` is what is still to be said. */
export function finish(close: CloseName, reason: string, before: readonly Effect[] = []): Step {
  const { code } = CLOSE_CODES[close]
  const said = closeReason(reason, LIMITS.CLOSE_REASON_BYTES_MAX)
  return [{ kind: 'closed' }, [...before, { kind: 'close-exec' }, { kind: 'close-client', code, reason: said }]]
}

/** Ends leg 2 since leg 1 is gone. */
export function abandon(): Step {
  return [{ kind: 'closed' }, [{ kind: 'close-exec' }]]
}
