// How long to wait before the next try (R1).
import { CLOSE_CODES } from '../close-codes.ts'
import { LIMITS } from '../limits.ts'

/** The exponent from which the cap rules anyway; keeps 2^n small. */
const EXPONENT_MAX = 16

/**
 * Milliseconds before the next try. `tries` counts the tries since the last stable connection: the one after a stable
 * connection goes at once, the others after full jitter. A restarting gateway's clients spread out instead (1012).
 */
export function retryDelayMs(tries: number, closeCode: number, roll: number): number {
  if (closeCode === CLOSE_CODES.restarting.code && tries <= 1) return roll * LIMITS.RESTART_JITTER_MS_MAX
  if (tries === 0) return 0
  const exponent = Math.min(tries - 1, EXPONENT_MAX)
  const ceilingMs = Math.min(LIMITS.BACKOFF_MS_MAX, LIMITS.BACKOFF_MS_BASE * 2 ** exponent)
  return LIMITS.BACKOFF_MS_MIN + roll * (ceilingMs - LIMITS.BACKOFF_MS_MIN)
}
