// The machine's own clocks and timers.
import type { Clock } from '../core/clock.ts'

/** Monotonic and wall time of this process; timers keep it alive. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  setTimer: (run, delayMs) => {
    const timer = setTimeout(run, delayMs)
    return () => {
      clearTimeout(timer)
    }
  },
}
