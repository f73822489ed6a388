// The caller's token: CPC_TOKEN, or what CPC_TOKEN_COMMAND prints, kept until shortly before it expires.
import type { ExecFileException } from 'node:child_process'
import { execFile } from 'node:child_process'
import { Failure } from '../core/failure.ts'
import { reusableUntilMs } from '../core/token-life.ts'
import type { Environment } from '../env.ts'

/** A token command that takes longer hangs. */
const TOKEN_COMMAND_TIMEOUT_MS = 30_000
/** A token of more bytes is no token. */
const TOKEN_BYTES_MAX = 16 * 1024

export type TokenSource = () => Promise<string>

/** Throws a Failure when there is no token to be had. */
export function tokenSource({ token, tokenCommand }: Environment): TokenSource {
  if (token !== undefined) return () => Promise.resolve(checked(token, 'CPC_TOKEN'))
  if (tokenCommand === undefined) {
    return () =>
      Promise.reject(
        new Failure(
          'No token. Set CPC_TOKEN, or CPC_TOKEN_COMMAND to a command that prints one; source .dev/env (written by make up) does.',
        ),
      )
  }
  let kept: { token: string; untilMs: number } | undefined
  return async () => {
    if (!kept || kept.untilMs <= Date.now()) {
      const fresh = checked(await runTokenCommand(tokenCommand), 'CPC_TOKEN_COMMAND')
      kept = { token: fresh, untilMs: reusableUntilMs(fresh) }
    }
    return kept.token
  }
}

function runTokenCommand(command: string): Promise<string> {
  const options = { timeout: TOKEN_COMMAND_TIMEOUT_MS, maxBuffer: TOKEN_BYTES_MAX, encoding: 'utf8' } as const
  return new Promise((resolve, reject) => {
    execFile('/bin/sh', ['-c', command], options, (error, stdout, stderr) => {
      if (!error) resolve(stdout.trim())
      else reject(new Failure(`CPC_TOKEN_COMMAND failed (${command}): ${lastLine(stderr) ?? endOf(error)}`))
    })
  })
}

function lastLine(text: string): string | undefined {
  const last = text.trim().split('\n').at(-1)
  return last === '' ? undefined : last
}

/** How a command ended that said nothing. */
function endOf({ code, signal, killed, message }: ExecFileException): string {
  if (killed === true) return `it took longer than ${TOKEN_COMMAND_TIMEOUT_MS / 1_000} s or printed too much.`
  if (signal) return `it was ended by ${signal}.`
  return typeof code === 'number' ? `it ended with code ${code} and printed nothing.` : message
}

/** A token goes into a header: anything but visible ASCII would break it, or be somebody's error message. */
function checked(token: string, source: string): string {
  if (/^[!-~]+$/.test(token) && token.length <= TOKEN_BYTES_MAX) return token
  throw new Failure(`${source} gave no token, but ${token === '' ? 'nothing' : 'text with blanks in it'}.`)
}
