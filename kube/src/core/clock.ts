// The time and chance that core code is given instead of reading them itself. The real ones are in edge/system-clock.ts.

export interface Clock {
  /** Milliseconds on a monotonic clock: for durations and deadlines. */
  nowMs(): number
  /** Milliseconds since the epoch: for timestamps that people and the API server read. */
  wallMs(): number
  /** Runs `run` once after `delayMs`; the returned function cancels it. */
  setTimer(run: () => void, delayMs: number): () => void
}

/** Uniform in [0, 1). */
export type Random = () => number
