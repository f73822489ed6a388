// Time for tests: a clock moved by hand, a clock that runs faster, and waiting for conditions.
import type { Clock } from '../src/core/clock.ts'

export interface ManualClock extends Clock {
  /** Moves time, firing the timers on the way in order. */
  advance(byMs: number): void
  readonly timers: number
}

export function createManualClock(): ManualClock {
  let nowMs = 0
  let timers: { dueMs: number; run: () => void }[] = []
  return {
    nowMs: () => nowMs,
    wallMs: () => 1_700_000_000_000 + nowMs,
    setTimer(run, delayMs) {
      const timer = { dueMs: nowMs + delayMs, run }
      timers.push(timer)
      return () => {
        timers = timers.filter(other => other !== timer)
      }
    },
    advance(byMs) {
      const endMs = nowMs + byMs
      for (;;) {
        const next = timers.filter(timer => timer.dueMs <= endMs).sort((a, b) => a.dueMs - b.dueMs)[0]
        if (next === undefined) break
        timers = timers.filter(timer => timer !== next)
        nowMs = next.dueMs
        next.run()
      }
      nowMs = endMs
    },
    get timers() {
      return timers.length
    },
  }
}

/** A real clock on which `factor` milliseconds pass in each real one. */
export function createFastClock(factor: number): Clock {
  return {
    nowMs: () => performance.now() * factor,
    wallMs: () => Date.now(),
    setTimer(run, delayMs) {
      const timer = setTimeout(run, delayMs / factor)
      return () => {
        clearTimeout(timer)
      }
    },
  }
}

/** Resolves when `holds` is true; looks every few milliseconds. Fails with what `describe` says. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  describe: () => string = () => String(holds),
  timeoutMs = 20_000,
): Promise<void> {
  const endMs = performance.now() + timeoutMs
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(`still not true after ${String(timeoutMs)} ms: ${describe()}`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

/** Lets everything that waits only on promises run. */
export async function settle(): Promise<void> {
  await new Promise(resolve => setImmediate(resolve))
}
