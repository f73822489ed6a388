// The one error a command throws on purpose: a sentence for the person, and the exit code.

/** `message` is a sentence: what is wrong, where, and what to do. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly exitCode: number
  /** The gateway's code, where it refused something. */
  readonly code: string | undefined

  constructor(message: string, exitCode = 1, code?: string) {
    super(message)
    this.exitCode = exitCode
    this.code = code
  }
}
