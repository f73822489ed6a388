// Typed bytes the client has no room for yet: a large paste, while the session reads slowly. Bounded, since reading the
// keyboard must go on: ctrl-] has to work whatever the session does.

/** The largest paste that is kept whole, besides the client's own window. */
export const BACKLOG_BYTES_MAX = 1024 * 1024

export interface Piece {
  bytes: Uint8Array
  origin: 'person' | 'reply'
}

export interface Backlog {
  pieces: readonly Piece[]
  bytes: number
}

export const EMPTY_BACKLOG: Backlog = { pieces: [], bytes: 0 }

/** The backlog with `piece` behind it, or undefined when it would be too long. */
export function addPiece(backlog: Backlog, piece: Piece): Backlog | undefined {
  if (piece.bytes.length === 0) return backlog
  const bytes = backlog.bytes + piece.bytes.length
  return bytes > BACKLOG_BYTES_MAX ? undefined : { pieces: [...backlog.pieces, piece], bytes }
}

/** The backlog after its first `taken` bytes of the first piece were taken. */
export function takeFromFirst(backlog: Backlog, taken: number): Backlog {
  const [first, ...rest] = backlog.pieces
  if (!first) return backlog
  const left = first.bytes.subarray(taken)
  const pieces = left.length > 0 ? [{ ...first, bytes: left }, ...rest] : rest
  return { pieces, bytes: backlog.bytes - taken }
}
