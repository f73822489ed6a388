// Typed bytes that the holder may not have yet (section 5): an immutable queue of chunks with offsets.
import type { InFrame } from '../frame.ts'
import { LIMITS } from '../limits.ts'

interface Chunk {
  off: number
  bytes: Uint8Array
  flags: number
}

export interface InputQueue {
  /** Everything before it is in the pty, by IN_ACK. Room is counted from here, as the holder's own queue is (I3). */
  writtenOff: number
  /** Everything before it has been sent on this connection or accepted earlier. */
  sentOff: number
  /** The offset of the next byte typed. */
  nextOff: number
  /** The bytes from the first not yet accepted up to `nextOff`, without holes. */
  chunks: readonly Chunk[]
}

export function emptyQueue(off: number): InputQueue {
  return { writtenOff: off, sentOff: off, nextOff: off, chunks: [] }
}

/** Bytes that may still be typed (I3, R5). */
export function queueRoom(queue: InputQueue): number {
  return LIMITS.INPUT_WINDOW_BYTES - (queue.nextOff - queue.writtenOff)
}

/** Appends as much of `bytes` as there is room for. The bytes are copied, since the caller may reuse its buffer. */
export function append(queue: InputQueue, bytes: Uint8Array, flags: number): InputQueue {
  const taken = bytes.slice(0, Math.max(0, queueRoom(queue)))
  if (taken.length === 0) return queue
  const chunk = { off: queue.nextOff, bytes: taken, flags }
  return { ...queue, nextOff: queue.nextOff + taken.length, chunks: [...queue.chunks, chunk] }
}

/** What was written to the pty (IN_ACK): it makes room, and its bytes are forgotten. */
export function acknowledge(queue: InputQueue, writtenOff: number): InputQueue {
  if (writtenOff <= queue.writtenOff) return queue
  return { ...forget(queue, writtenOff), writtenOff }
}

/** Drops the bytes before `off`: the holder has them (I2). */
export function forget(queue: InputQueue, off: number): InputQueue {
  const chunks = queue.chunks
    .filter(chunk => chunk.off + chunk.bytes.length > off)
    .map(chunk => (chunk.off >= off ? chunk : { ...chunk, off, bytes: chunk.bytes.subarray(off - chunk.off) }))
  return { ...queue, chunks, sentOff: Math.max(queue.sentOff, off) }
}

/** Gives up the bytes from `off` on; the next byte typed takes that offset. Returns what was given up. */
export function giveUp(queue: InputQueue, off: number): [InputQueue, Uint8Array] {
  const lost = concat(
    queue.chunks
      .filter(chunk => chunk.off + chunk.bytes.length > off)
      .map(({ off: start, bytes }) => bytes.subarray(Math.max(0, off - start))),
  )
  const chunks = queue.chunks
    .filter(chunk => chunk.off < off)
    .map(chunk => ({ ...chunk, bytes: chunk.bytes.subarray(0, off - chunk.off) }))
  return [{ ...queue, chunks, sentOff: Math.min(queue.sentOff, off), nextOff: Math.min(queue.nextOff, off) }, lost]
}

/** What is kept is to be sent again from its first byte (I2). Neighbours are merged, since many were typed one by one. */
export function rewind(queue: InputQueue): InputQueue {
  const groups: Chunk[][] = []
  for (const chunk of queue.chunks) {
    const group = groups.at(-1)
    const groupBytes = group?.reduce((sum, { bytes }) => sum + bytes.length, 0) ?? 0
    const fits = group?.[0]?.flags === chunk.flags && groupBytes + chunk.bytes.length <= LIMITS.IN_BYTES_MAX
    if (group && fits) group.push(chunk)
    else groups.push([chunk])
  }
  const chunks = groups.flatMap(group => {
    const first = group[0]
    return first ? [{ ...first, bytes: concat(group.map(({ bytes }) => bytes)) }] : []
  })
  return { ...queue, chunks, sentOff: chunks[0]?.off ?? queue.nextOff }
}

/** IN frames for everything not yet sent, each at most IN_BYTES_MAX (I4), and the queue after sending them. */
export function pump(queue: InputQueue, lease: number): [InputQueue, InFrame[]] {
  const frames: InFrame[] = []
  for (const { off, bytes, flags } of queue.chunks) {
    const end = off + bytes.length
    for (let at = Math.max(off, queue.sentOff); at < end; at += LIMITS.IN_BYTES_MAX) {
      const part = bytes.subarray(at - off, Math.min(bytes.length, at - off + LIMITS.IN_BYTES_MAX))
      frames.push({ type: 'IN', flags, lease, off: at, bytes: part })
    }
  }
  return [{ ...queue, sentOff: queue.nextOff }, frames]
}

function concat(parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
