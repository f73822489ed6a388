// Leg 2: frames in a byte stream, each behind a u32 that counts its bytes (F3). A frame is refused by its declared length,
// before any of it is kept (F5), so a decoder never holds more than one frame.
import { LIMITS } from './limits.ts'
import { ProtocolError } from './protocol-error.ts'
import { readU32, writeU32 } from './wire-integers.ts'

/** Bytes of the prefix. */
export const LENGTH_PREFIX_BYTES = 4

/** The prefix for a frame of `frameBytes`, for a vectored write in front of it. */
export function encodeLengthPrefix(frameBytes: number): Uint8Array {
  const prefix = new Uint8Array(LENGTH_PREFIX_BYTES)
  writeU32(prefix, 0, frameBytes)
  return prefix
}

/** Prefix and frame in one array. */
export function prependLength(frame: Uint8Array): Uint8Array {
  const prefixed = new Uint8Array(LENGTH_PREFIX_BYTES + frame.length)
  writeU32(prefixed, 0, frame.length)
  prefixed.set(frame, LENGTH_PREFIX_BYTES)
  return prefixed
}

/**
 * Cuts a byte stream into frames, however it is chunked. A frame that lies in one chunk is a view into it; only a frame
 * that spans chunks is copied, into a buffer of its declared length.
 */
export class LengthPrefixDecoder {
  private readonly prefix = new Uint8Array(LENGTH_PREFIX_BYTES)
  private prefixFill = 0
  /** The frame being gathered over several chunks, allocated once its declared length is known to be allowed. */
  private partial: Uint8Array | undefined
  private partialFill = 0

  /** Bytes that belong to a frame not yet complete; not 0 at the end of a stream means that it was cut. */
  get pendingBytes(): number {
    return this.prefixFill + (this.partial ? LENGTH_PREFIX_BYTES + this.partialFill : 0)
  }

  /** The frames that `chunk` completes, in order. Throws ProtocolError on a declared length outside 4…FRAME_BYTES_MAX. */
  *push(chunk: Uint8Array): Generator<Uint8Array, void, void> {
    let at = 0
    while (at < chunk.length) {
      if (this.partial) {
        at += this.fill(this.partial, chunk, at)
        if (this.partialFill === this.partial.length) yield this.takePartial(this.partial)
        continue
      }
      at = this.readPrefix(chunk, at)
      if (this.prefixFill < LENGTH_PREFIX_BYTES) return
      const frameBytes = checkedLength(readU32(this.prefix, 0))
      this.prefixFill = 0
      if (chunk.length - at >= frameBytes) {
        const frame = chunk.subarray(at, at + frameBytes)
        at += frameBytes
        yield frame
      } else {
        this.partial = new Uint8Array(frameBytes)
        this.partialFill = 0
      }
    }
  }

  private readPrefix(chunk: Uint8Array, from: number): number {
    let at = from
    while (this.prefixFill < LENGTH_PREFIX_BYTES && at < chunk.length) {
      this.prefix[this.prefixFill++] = chunk[at++] ?? 0
    }
    return at
  }

  private fill(partial: Uint8Array, chunk: Uint8Array, at: number): number {
    const taken = chunk.subarray(at, at + partial.length - this.partialFill)
    partial.set(taken, this.partialFill)
    this.partialFill += taken.length
    return taken.length
  }

  private takePartial(frame: Uint8Array): Uint8Array {
    this.partial = undefined
    this.partialFill = 0
    return frame
  }
}

function checkedLength(frameBytes: number): number {
  if (frameBytes > LIMITS.FRAME_BYTES_MAX) {
    throw new ProtocolError(
      'frame-too-large',
      `A frame announces ${frameBytes} bytes; ${LIMITS.FRAME_BYTES_MAX} are allowed.`,
    )
  }
  if (frameBytes < LIMITS.FRAME_HEADER_BYTES) {
    throw new ProtocolError('truncated-header', `A frame announces ${frameBytes} bytes; its header alone has 4.`)
  }
  return frameBytes
}
