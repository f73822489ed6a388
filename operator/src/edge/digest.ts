// A short digest for fingerprints.
import { createHash } from 'node:crypto'

/** Hex digits kept: 128 bits, so that nobody can make two shapes with one fingerprint. */
const DIGITS = 32

export function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, DIGITS)
}
