// What the API server says when it refuses: the Status body, read from untrusted JSON, as one typed error.

/** metav1.Status, the parts we read. */
export interface StatusBody {
  status?: string
  code?: number
  reason?: string
  message?: string
  details?: StatusDetails
}

export interface StatusDetails {
  name?: string
  group?: string
  kind?: string
  uid?: string
  retryAfterSeconds?: number
  causes?: StatusCause[]
}

interface StatusCause {
  reason?: string
  message?: string
  field?: string
}

/** Longest message or name we keep of a Status; the body itself may be anybody's. */
const STATUS_TEXT_CHARS_MAX = 4096
const STATUS_CAUSES_MAX = 32

/**
 * Reads a Status out of an answer's text. Anything that is no Status (a proxy's HTML page) becomes a Status whose
 * message is the beginning of that text, so that people still see it.
 */
export function parseStatus(text: string): StatusBody {
  const fallback: StatusBody = { message: cut(text.trim()) || 'empty answer' }
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return fallback
  }
  return statusFrom(body) ?? fallback
}

/** Takes the known fields of a Status out of parsed JSON; undefined when it is not one. */
export function statusFrom(body: unknown): StatusBody | undefined {
  if (!isRecord(body) || (body['kind'] !== 'Status' && typeof body['status'] !== 'string')) return undefined
  const status: StatusBody = {}
  if (typeof body['status'] === 'string') status.status = cut(body['status'])
  if (typeof body['code'] === 'number') status.code = body['code']
  if (typeof body['reason'] === 'string') status.reason = cut(body['reason'])
  if (typeof body['message'] === 'string') status.message = cut(body['message'])
  if (isRecord(body['details'])) status.details = detailsFrom(body['details'])
  return status
}

function detailsFrom(from: Record<string, unknown>): StatusDetails {
  const details: StatusDetails = {}
  for (const field of ['name', 'group', 'kind', 'uid'] as const) {
    const value = from[field]
    if (typeof value === 'string') details[field] = cut(value)
  }
  if (typeof from['retryAfterSeconds'] === 'number') details.retryAfterSeconds = from['retryAfterSeconds']
  if (Array.isArray(from['causes'])) {
    details.causes = from['causes'].slice(0, STATUS_CAUSES_MAX).filter(isRecord).map(causeFrom)
  }
  return details
}

function causeFrom(from: Record<string, unknown>): StatusCause {
  const cause: StatusCause = {}
  for (const field of ['reason', 'message', 'field'] as const) {
    const value = from[field]
    if (typeof value === 'string') cause[field] = cut(value)
  }
  return cause
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function cut(text: string): string {
  return text.length <= STATUS_TEXT_CHARS_MAX ? text : `${text.slice(0, STATUS_TEXT_CHARS_MAX)}…`
}

/** The API server answered, and its answer is a refusal. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  /** HTTP status, e.g. 409. */
  readonly code: number
  /** The server's own words, without our request before them: for conditions and problem documents. */
  readonly serverMessage: string
  /** Machine reason, e.g. `Conflict`, `NotFound`, `AlreadyExists`, `Expired`; '' when the body had none. */
  readonly reason: string
  readonly details: StatusDetails
  /** `METHOD path` of the call that was refused. */
  readonly request: string
  /** How long the server asked to wait before trying again, if it did. */
  readonly retryAfterMs: number | undefined

  constructor(request: string, code: number, status: StatusBody, retryAfterMs?: number) {
    super(`${request}: ${String(code)}${status.reason ? ` ${status.reason}` : ''}: ${status.message ?? 'no message'}`)
    this.code = code
    this.serverMessage = status.message ?? 'no message'
    this.reason = status.reason ?? ''
    this.details = status.details ?? {}
    this.request = request
    const seconds = status.details?.retryAfterSeconds
    this.retryAfterMs = retryAfterMs ?? (seconds === undefined ? undefined : seconds * 1000)
  }
}

/** 404. */
export function isNotFound(error: unknown): error is ApiError {
  return error instanceof ApiError && error.code === 404
}

/** 409 because the object changed meanwhile or another field manager owns the field (not: because it exists). */
export function isConflict(error: unknown): error is ApiError {
  return error instanceof ApiError && error.code === 409 && error.reason !== 'AlreadyExists'
}

/** 409 because an object of that name exists. */
export function isAlreadyExists(error: unknown): error is ApiError {
  return error instanceof ApiError && error.code === 409 && error.reason === 'AlreadyExists'
}

/** 410: the resource version or continue token is too old. */
export function isGone(error: unknown): error is ApiError {
  return error instanceof ApiError && (error.code === 410 || error.reason === 'Expired' || error.reason === 'Gone')
}

/** 403: RBAC, admission or quota says no. */
export function isForbidden(error: unknown): error is ApiError {
  return error instanceof ApiError && error.code === 403
}

/** 422 or 400: the object itself is wrong; repeating the call cannot help. */
export function isInvalid(error: unknown): error is ApiError {
  return error instanceof ApiError && (error.code === 422 || error.code === 400)
}

/** 403 or 409 because the namespace is being deleted. */
export function isNamespaceTerminating(error: unknown): error is ApiError {
  return (
    error instanceof ApiError && (error.details.causes ?? []).some(cause => cause.reason === 'NamespaceTerminating')
  )
}
