// What the API server's refusals mean for the caller (G3).
import { HTTP_LIMITS } from './limits/http.ts'
import { Problem } from './problem.ts'

/** A failed call to the API server, as plain data. */
export type ClusterFailure =
  /** It answered: HTTP status, Status reason, its own sentence, and the kind of object it speaks of, such as `namespaces`. */
  | { kind: 'refused'; status: number; reason: string; message: string; about?: string; retryAfterS?: number }
  /** It gave no usable answer. */
  | { kind: 'silent'; message: string }

/** How the API server begins when RBAC says no: then it is the gateway that may not, not the caller. */
const RBAC_REFUSAL = /User "[^"]*" cannot /

/** The problem a caller is told of a failed call. `doing` completes "The gateway could not …". */
export function clusterProblem(failure: ClusterFailure, doing: string): Problem {
  if (failure.kind === 'silent') return silent(doing)
  switch (failure.status) {
    case 400:
    case 422:
      return new Problem('invalid-session', inCharacters(failure.message))
    case 401:
      return notPermitted(doing, 'its own credentials were refused')
    case 403:
      return RBAC_REFUSAL.test(failure.message)
        ? notPermitted(doing, 'it lacks a permission in the session namespace')
        : new Problem('forbidden', failure.message)
    case 404:
      if (failure.about === 'namespaces') return notPermitted(doing, failure.message)
      return new Problem('no-such-session', 'It does not exist, or has been deleted.')
    case 409:
      return new Problem(failure.reason === 'AlreadyExists' ? 'name-taken' : 'conflict', failure.message)
    default:
      return silent(doing, failure.retryAfterS)
  }
}

/** The API server counts characters (maxLength) and then says bytes; everything else here says characters. */
function inCharacters(message: string): string {
  return message.replace(/(may not be more than \d+) bytes/g, '$1 characters')
}

function silent(doing: string, retryAfterS: number = HTTP_LIMITS.CLUSTER_RETRY_AFTER_S): Problem {
  return new Problem(
    'cluster-unavailable',
    `The gateway could not ${doing}: the Kubernetes API server does not answer. Nothing has to be restarted; try again.`,
    { retryAfterS },
  )
}

function notPermitted(doing: string, why: string): Problem {
  return new Problem(
    'gateway-not-permitted',
    `The gateway could not ${doing}: ${why}. Its administrator should look at its log, its Role and CPC_SESSION_NAMESPACE.`,
  )
}
