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
  causes?: { reason?: string; message?: string; field?: string }[]
}

/** The API server answered, and its answer is a refusal. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  /** HTTP status, e.g. 409. */
  readonly code: number
  /** Machine reason, e.g. `Conflict`, `NotFound`, `AlreadyExists`, `Expired`; '' when the body had none. */
  readonly reason: string
  readonly details: StatusDetails
  /** `METHOD path` of the call that was refused. */
  readonly request: string

  constructor(request: string, code: number, status: StatusBody) {
    super(`${request}: ${String(code)}${status.reason ? ` ${status.reason}` : ''}: ${status.message ?? 'no message'}`)
    this.code = code
    this.reason = status.reason ?? ''
    this.details = status.details ?? {}
    this.request = request
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
