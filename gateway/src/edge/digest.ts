// Hashes and random numbers for core, which has none of its own.
import { createHash, randomBytes } from 'node:crypto'

/** Hex SHA-256 of a text. */
export function sha256Hex(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Hex SHA-256 of several values, such that no two lists of values share it. */
export function digestOf(...values: unknown[]): string {
  return sha256Hex(JSON.stringify(values))
}

/** 128 random bits in hex. */
export function randomHex(): string {
  return randomBytes(16).toString('hex')
}
