// The one error the codec throws: what arrived is not cpc.v1 (F8).

/** What is wrong with the bytes; stable, quoted by vectors/bad-frames.json. */
export type ProtocolErrorKind =
  | 'truncated-header'
  | 'unknown-type'
  | 'wrong-direction'
  | 'short-payload'
  | 'offset-too-large'
  | 'frame-too-large'
  | 'bytes-too-large'
  | 'json-too-large'
  | 'bad-json'

/** A received frame breaks a rule of SPEC.md section 1; the connection must end with 4400 (F8). */
export class ProtocolError extends Error {
  readonly kind: ProtocolErrorKind

  constructor(kind: ProtocolErrorKind, message: string) {
    super(message)
    this.name = 'ProtocolError'
    this.kind = kind
  }
}
