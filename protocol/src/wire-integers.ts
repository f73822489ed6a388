// Big-endian integers in byte arrays. No DataView: these run once or twice per frame of output.
import { LIMITS } from './limits.ts'
import { ProtocolError } from './protocol-error.ts'

const TWO_32 = 0x1_0000_0000
/** Upper half of the largest allowed offset, 2^53 - 1. */
const OFFSET_HIGH_MAX = Math.floor(LIMITS.OFFSET_MAX / TWO_32)

/** The byte at `at`; callers have checked the length. */
function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0
}

export function readU16(bytes: Uint8Array, at: number): number {
  return (byteAt(bytes, at) << 8) | byteAt(bytes, at + 1)
}

export function readU32(bytes: Uint8Array, at: number): number {
  return readU16(bytes, at) * 0x1_0000 + readU16(bytes, at + 2)
}

/** An offset (F4). Throws ProtocolError above 2^53 - 1. */
export function readOffset(bytes: Uint8Array, at: number): number {
  const high = readU32(bytes, at)
  if (high > OFFSET_HIGH_MAX) {
    throw new ProtocolError('offset-too-large', `An offset is larger than 2^53 - 1 (byte ${String(at)} of the frame).`)
  }
  return high * TWO_32 + readU32(bytes, at + 4)
}

export function readU64(bytes: Uint8Array, at: number): bigint {
  return (BigInt(readU32(bytes, at)) << 32n) | BigInt(readU32(bytes, at + 4))
}

export function writeU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8
  bytes[at + 1] = value
}

export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  writeU16(bytes, at, value >>> 16)
  writeU16(bytes, at + 2, value)
}

export function writeOffset(bytes: Uint8Array, at: number, value: number): void {
  writeU32(bytes, at, Math.floor(value / TWO_32))
  writeU32(bytes, at + 4, value % TWO_32)
}

export function writeU64(bytes: Uint8Array, at: number, value: bigint): void {
  writeU32(bytes, at, Number((value >> 32n) & 0xffffffffn))
  writeU32(bytes, at + 4, Number(value & 0xffffffffn))
}
