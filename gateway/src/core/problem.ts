// Refusals as data (RFC 9457): one table of codes, so that status, title and type always belong together (G2).
import { HTTP_LIMITS } from './limits/http.ts'

/** Every code a client can meet, with its HTTP status and its title. Codes are stable; titles and details are for people. */
export const PROBLEMS = {
  'bad-request': { status: 400, title: 'The request is not right' },
  'bad-json': { status: 400, title: 'The body is not JSON' },
  'no-subprotocol': { status: 400, title: 'The subprotocol cpc.v1 is missing' },
  'token-missing': { status: 401, title: 'A token is needed' },
  'token-refused': { status: 401, title: 'The token was refused' },
  forbidden: { status: 403, title: 'The cluster does not allow it' },
  'origin-refused': { status: 403, title: 'This Origin is not allowed' },
  'not-found': { status: 404, title: 'There is nothing here' },
  'no-such-session': { status: 404, title: 'There is no such session' },
  'method-not-allowed': { status: 405, title: 'This method is not allowed here' },
  'request-timeout': { status: 408, title: 'The request took too long' },
  'name-taken': { status: 409, title: 'The name is taken' },
  conflict: { status: 409, title: 'It changed meanwhile' },
  'session-cap': { status: 409, title: 'Too many sessions' },
  'not-attachable': { status: 409, title: 'The session cannot be attached to' },
  'body-too-large': { status: 413, title: 'The body is too long' },
  'unsupported-media-type': { status: 415, title: 'The body must be JSON' },
  'invalid-session': { status: 422, title: 'The session is not valid' },
  'idempotency-key-reused': { status: 422, title: 'The Idempotency-Key belongs to another request' },
  'rate-limited': { status: 429, title: 'Too many requests' },
  'too-many-sockets': { status: 429, title: 'Too many sockets' },
  'headers-too-large': { status: 431, title: 'The headers are too long' },
  internal: { status: 500, title: 'The gateway made a mistake' },
  'gateway-not-permitted': { status: 502, title: 'The gateway lacks a permission' },
  'cluster-unavailable': { status: 503, title: 'The cluster does not answer' },
  starting: { status: 503, title: 'The gateway is starting' },
  draining: { status: 503, title: 'The gateway is stopping' },
  busy: { status: 503, title: 'The gateway is busy' },
} as const satisfies Record<string, { status: number; title: string }>

export type ProblemCode = keyof typeof PROBLEMS

/** Body of a refusal, as sent. */
export interface ProblemBody {
  type: string
  title: string
  status: number
  detail: string
  code: ProblemCode
}

/** Headers a refusal may need besides its body. */
export interface ProblemHeaders {
  retryAfterS?: number
  allow?: string
}

/** A refusal on its way to the client. Thrown by edge code, turned into a body in one place. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly code: ProblemCode
  readonly headers: ProblemHeaders

  /** @param detail a sentence: what is wrong, where, and what to do. Never holds a token, a ticket or terminal text. */
  constructor(code: ProblemCode, detail: string, headers: ProblemHeaders = {}) {
    super(detail)
    this.code = code
    this.headers = headers
  }
}

/** The body of a problem; `detail` is cut to its bound. */
export function problemBody(code: ProblemCode, detail: string): ProblemBody {
  const { status, title } = PROBLEMS[code]
  const cut = detail.slice(0, HTTP_LIMITS.DETAIL_CHARS_MAX)
  return { type: `https://pocketconsole.dev/problems/${code}`, title, status, detail: cut, code }
}

/** The HTTP headers of a problem. */
export function problemHeaders(code: ProblemCode, headers: ProblemHeaders): Record<string, string> {
  return {
    ...(headers.retryAfterS === undefined
      ? {}
      : { 'Retry-After': String(Math.max(1, Math.ceil(headers.retryAfterS))) }),
    ...(headers.allow === undefined ? {} : { Allow: headers.allow }),
    ...(PROBLEMS[code].status === 401 ? { 'WWW-Authenticate': 'Bearer realm="pocket-console"' } : {}),
  }
}
