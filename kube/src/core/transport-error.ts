// The call got no usable answer: the server could not be reached, was too slow, or sent something that is not an answer.

export type TransportFailure =
  /** No connection, or the connection broke before the answer was complete. */
  | 'unreachable'
  /** The deadline of the call passed. */
  | 'timeout'
  /** The caller's AbortSignal fired. */
  | 'aborted'
  /** The answer was larger than its limit, or not JSON. */
  | 'bad-response'
  /** The credentials could not be read. */
  | 'credentials'

/** `sent` tells whether the server may have seen the request: only 'not-sent' is safe to repeat for a POST. */
export class TransportError extends Error {
  override readonly name = 'TransportError'
  readonly failure: TransportFailure
  readonly sent: 'not-sent' | 'maybe-sent'

  constructor(message: string, failure: TransportFailure, sent: 'not-sent' | 'maybe-sent', cause?: unknown) {
    super(message, cause === undefined ? {} : { cause })
    this.failure = failure
    this.sent = sent
  }
}
