// One signal for "the caller gave up" and "the time is over", which remembers which of the two it was.
import type { Clock } from '../core/clock.ts'

export interface Deadline {
  readonly signal: AbortSignal
  remainingMs(): number
  /** Undefined while neither happened. */
  cause(): 'timeout' | 'aborted' | undefined
  /** Fires the signal as the caller would. */
  abort(): void
  /** Ends the time limit; the caller's signal and `abort` still count. */
  lift(): void
  /** Stops the timer and lets go of the caller's signal. */
  dispose(): void
}

/** @param timeoutMs from now */
export function createDeadline(clock: Clock, timeoutMs: number, caller: AbortSignal | undefined): Deadline {
  const controller = new AbortController()
  const endsMs = clock.nowMs() + timeoutMs
  let cause: 'timeout' | 'aborted' | undefined

  function fire(why: 'timeout' | 'aborted'): void {
    cause ??= why
    controller.abort(
      new DOMException(why === 'timeout' ? 'the deadline passed' : 'aborted by the caller', 'AbortError'),
    )
  }

  const onAbort = (): void => fire('aborted')
  const cancelTimer = clock.setTimer(() => fire('timeout'), timeoutMs)
  if (caller?.aborted === true) onAbort()
  else caller?.addEventListener('abort', onAbort, { once: true })

  return {
    signal: controller.signal,
    remainingMs: () => endsMs - clock.nowMs(),
    cause: () => cause,
    abort: onAbort,
    lift: cancelTimer,
    dispose: () => {
      cancelTimer()
      caller?.removeEventListener('abort', onAbort)
    },
  }
}

/** Waits, or ends early when the signal fires. Never rejects. */
export async function sleep(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>(resolve => {
    const end = (): void => {
      cancel()
      signal.removeEventListener('abort', end)
      resolve()
    }
    const cancel = clock.setTimer(end, delayMs)
    signal.addEventListener('abort', end, { once: true })
  })
}
