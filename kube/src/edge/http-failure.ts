// What went wrong below HTTP, as a TransportError: above all whether the server may have seen the request.
import { TransportError } from '../core/transport-error.ts'
import type { Deadline } from './deadline.ts'

/** Failures that happen before a byte of the request leaves. */
const NOT_SENT_CODES = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_INVALID_ARG',
])

/** @param request `METHOD path`, for people */
export function transportErrorFrom(error: unknown, request: string, deadline: Deadline): TransportError {
  if (error instanceof TransportError) return error
  const sent = notSent(error) ? 'not-sent' : 'maybe-sent'
  const cause = deadline.cause()
  if (cause === 'timeout') return new TransportError(`${request}: no answer in time`, 'timeout', sent, error)
  if (cause === 'aborted') return new TransportError(`${request}: aborted by the caller`, 'aborted', sent, error)
  const failure = codeOf(error) === 'UND_ERR_HEADERS_TIMEOUT' ? 'timeout' : 'unreachable'
  return new TransportError(`${request}: ${reasonOf(error)}`, failure, sent, error)
}

function notSent(error: unknown): boolean {
  const code = codeOf(error)
  const { syscall } = (error ?? {}) as { syscall?: unknown }
  return NOT_SENT_CODES.has(code) || syscall === 'connect' || isCertificateProblem(code)
}

/** Handshake failures: OpenSSL's and Node's names for them. */
function isCertificateProblem(code: string): boolean {
  return /^(ERR_TLS|ERR_SSL|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_)/.test(code)
}

function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown }
  if (typeof code === 'string') return code
  // Several addresses were tried: they failed alike or the first says enough.
  const inner = error instanceof AggregateError ? (error.errors[0] as unknown) : undefined
  return inner === undefined ? '' : codeOf(inner)
}

function reasonOf(error: unknown): string {
  const code = codeOf(error)
  const message = error instanceof Error && error.message !== '' ? error.message : 'connection failed'
  return code === '' || message.includes(code) ? message : `${message} (${code})`
}
