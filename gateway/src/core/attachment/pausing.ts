// When the client's socket is not read (G53): a set of reasons, so that one that ends does not lift another.
import type { Effect, OpenAttachment, PauseReason } from './state.ts'

/** Adds or takes away a reason. Effects only when the first comes or the last goes. */
export function withPause<S extends OpenAttachment>(
  state: S,
  reason: PauseReason,
  level: 'full' | 'drained',
): [S, Effect[]] {
  const others = state.clientPauses.filter(pause => pause !== reason)
  const clientPauses = level === 'full' ? [...others, reason] : others
  const was = state.clientPauses.length > 0
  const is = clientPauses.length > 0
  const effects: Effect[] = was === is ? [] : [{ kind: is ? 'pause-client' : 'resume-client' }]
  return [{ ...state, clientPauses }, effects]
}
